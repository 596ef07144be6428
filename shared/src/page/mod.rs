//! Waking people: what providers say of a page on its way, and what is known of everyone who was paged.
//!
//! Nothing here is ever an acknowledgement. Delivered, picked up, listened to the end: only a person's own act, a
//! [`crate::incident::Wish`], stops the ladder.

mod delivery;
mod stand;

pub use delivery::{Report, Stage};
pub use stand::{Copy, Fate, Stand};

/// Copies of one page before another means is tried; alternating providers take them.
pub const MAX_COPIES: u8 = 4;
