//! All input and output of All Clear.
//!
//! Everything here carries out what the domain decided, or carries the world's word to it; nothing here decides.

pub mod alone;
pub mod backup;
pub mod clock;
pub mod dead_man;
pub mod desk;
pub mod door;
pub mod http;
pub mod lambda;
pub mod outbox;
pub mod perform;
pub mod phone_tests;
pub mod prober;
pub mod proof;
pub mod routes;
pub mod server;
pub mod store;
#[cfg(test)]
mod testing;
pub mod vendors;
