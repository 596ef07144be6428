//! Backups as values: what one is called, what proves it, how old it may become, what it costs to lose.
//!
//! A backup is its **signed manifest**, written last; objects without one are strays. Listing, choosing, verifying and
//! restoring read manifests only. Making them is in `functions`.

mod agenda;
mod catalogue;
mod census;
mod host;
mod id;
mod level;
mod manifest;
mod meter;
mod pitr;
mod prune;
mod recipe;
mod retention;
mod seal;

pub use agenda::{Task, agenda};
pub use catalogue::{Catalogue, Entry, Refused, Stray};
pub use census::{Census, TableCensus};
pub use host::{Host, LAMBDA_MAX, LAMBDA_TIME};
pub use id::{BackupId, Wanted};
pub use level::{Check, DATA_EVERY, Due, Level, RESTORE_EVERY, due};
pub use manifest::{Child, Digest, FORMAT, Manifest, Object, Role, Source, Unsound};
pub use meter::{Meter, Reading, Speed};
pub use pitr::{HEARTBEAT_STALE, PITR, Recoverable, moment_id};
pub use prune::{Prune, STRAY_GRACE, restore_hash};
pub use recipe::recipe;
pub use retention::{Expiry, expired};
pub use seal::{CHECK, MANIFEST, Seal, compose, sealed_bytes, split};

#[cfg(test)]
mod tests;
