//! Waking people: what providers say of a page on its way, what is said on the phone and by text, and what is known of
//! everyone who was paged.
//!
//! Nothing a provider says is ever an acknowledgement. Delivered, picked up, listened to the end: only a person's own
//! act, a [`crate::incident::Wish`], stops the ladder.

use crate::id::PersonId;
use crate::incident::Incident;

mod delivery;
pub mod gsm;
mod proof;
mod stand;
pub mod text;
pub mod voice;
pub mod words;

pub use delivery::{Report, Stage};
pub use proof::stuck_since;
pub use stand::{Copy, Fate, Stand};

/// Which incident somebody means by a number: the code of a page of theirs, else the incident's own.
pub fn meant(live: &[&Incident], person: &PersonId, number: u32) -> u32 {
    let coded = live.iter().find(|one| one.page_code(person) == number);
    coded.map_or(number, |one| one.number)
}

/// How it stands with one person and one means, e.g. `twilio: no answer (copy 2)`.
pub fn says(stand: &Stand) -> String {
    let Some(copy) = stand.last() else { return "owed".into() };
    let fate = match &copy.fate {
        Fate::UnderWay => "under way".to_owned(),
        Fate::Taken => "sent".into(),
        Fate::NotTaken => "NOT sent".into(),
        Fate::Dry => "dry run, nobody was paged".into(),
        Fate::Said(stage) => stage.to_string(),
    };
    let by = copy.provider.as_ref().map_or_else(String::new, |it| format!("{it}: "));
    match stand.copies.len() {
        0 | 1 => format!("{by}{fate}"),
        copies => format!("{by}{fate} (copy {copies})"),
    }
}

/// Copies of one page before another means is tried; alternating providers take them.
pub const MAX_COPIES: u8 = 4;
