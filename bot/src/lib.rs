//! What people talk to.
