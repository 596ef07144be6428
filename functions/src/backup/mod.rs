//! Making backups and proving that they restore.
//!
//! `pg_dump` → hash and count → zstd → age → store, as one stream without scratch disk; the signed manifest is written
//! last and only once. A restore runs the other way, into a new database only. What makes a backup, [`shared::backup`]
//! says. Nothing here is asynchronous: it waits for programs and disks, and whoever hosts it gives it a thread.

mod bucket;
mod census;
mod cluster;
mod code;
mod configuration;
mod connection;
mod create;
mod failure;
mod files;
mod heartbeat;
mod keys;
mod restore;
mod session;
mod shelf;
mod specimen;
mod stream;
mod tools;
mod transfer;
mod unpack;
mod verify;

pub use census::take as count;
pub use cluster::Cluster;
pub use code::{CODE, code, live};
pub use configuration::{CONFIGURATION, collect};
pub use connection::Connection;
pub use create::{Job, create};
pub use failure::Failure;
pub use files::{Collected, Filing, Named, file, prints, unfile};
pub use heartbeat::{beat, last_beat};
pub use keys::{Identities, RECIPIENTS_MIN, Recipients, Signer, Trust};
pub use restore::{Restore, Restored, restore};
pub use session::Session;
pub use shelf::Shelf;
pub use specimen::{HEARTBEAT, specimen};
pub use stream::Dumped;
pub use tools::Tools;
pub use transfer::Taken;
pub use verify::{Scratch, verify};

#[cfg(test)]
mod tests;
