//! Sets up, ahead of the disaster, what a failover needs: failover records, health checks.
