//! Lints the plan against its own contradictions and says what the system does about each.
