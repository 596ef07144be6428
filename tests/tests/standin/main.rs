//! The strict stand-ins keep every rule the failover's safety rests on: a test against a lax one proves nothing.
//!
//! The rules' numbers (R1, C1 and so on) are those in the stand-in's own files.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod changes;
mod dns;
mod health;
mod neighbours;
mod records;
mod sdk;
mod world;
