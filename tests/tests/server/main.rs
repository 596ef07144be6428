//! The one-process server over real HTTP and a real file: what monitors, terminals and operators see of it.

mod acting;
mod beside;
mod harness;
mod storm;
mod webhooks;
