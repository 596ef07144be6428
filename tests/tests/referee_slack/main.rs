//! Slack as its own clients understand it: they call our stand-in, connect to its sockets, and check what it signs. An
//! emulator that others wrote is asked the same and gives its opinion.
//!
//! The stand-in is what the bot is tested against, so these tests ask whether it may be believed.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod blocks;
mod bolt;
mod client;
mod emulate;
mod raw;
mod sockets;
mod web;
