//! An incident: from the first suspicion to all clear.
