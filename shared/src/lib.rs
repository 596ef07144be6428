//! The domain of All Clear: decides everything, does nothing.
//!
//! No clock, no randomness, no input or output: time, ids and outcomes come in as values. What happened is a chain of
//! [`ledger`] turns; what is owed for it are [`effect`]s that other crates perform.

pub mod backup;
pub mod checklist;
pub mod detect;
pub mod effect;
pub mod engine;
pub mod grammar;
pub mod id;
pub mod incident;
pub mod ledger;
pub mod measures;
pub mod operation;
pub mod page;
pub mod plan;
pub mod roster;
pub mod safety;
pub mod signal;
pub mod store;
pub mod time;
pub mod timeline;
pub mod town;
