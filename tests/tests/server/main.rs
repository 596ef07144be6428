//! The one-process server over real HTTP and a real file: what monitors, terminals and operators see of it.

#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod acting;
mod beside;
mod harness;
mod storm;
mod webhooks;
