//! When machines may act: the freeze, arming with proof, leases with epochs, velocity limits.
//!
//! One journal, `safety`, holds it all: a turn is granted by the same conditional write as any other, and its number is
//! the lease's epoch, so an epoch can never go back.

mod arming;
mod care;
mod journal;

pub use arming::{Disarmed, disarmed, dry};
pub use care::{CARE_EVERY, care};
pub use journal::{
    Asker, End, Freeze, Grant, Lease, Obligation, REMIND_EVERY, SafetyEvent, Standing, freeze,
    grant, prove, react, release, remind, settle_people, unfreeze,
};

/// The journal's stream.
pub const SAFETY_STREAM: &str = "safety";
