//! When machines may act: the freeze, arming with proof, leases with epochs, velocity limits.
//!
//! One journal, `safety`, holds it all: a turn is granted by the same conditional write as any other, and its number is
//! the lease's epoch, so an epoch can never go back.

mod arming;
mod backups;
mod care;
mod journal;
mod obligation;

pub use arming::{Disarmed, disarmed, dry};
pub use backups::{Agreement, BackupEvent, Backups, note};
pub use care::{CARE_EVERY, care};
pub use journal::{
    Asker, End, Freeze, Grant, Lease, SafetyEvent, Standing, freeze, grant, prepare, prove,
    release, settle_people, unfreeze,
};
pub use obligation::{Obligation, REMIND_EVERY, react, remind};

/// The journal's stream.
pub const SAFETY_STREAM: &str = "safety";
