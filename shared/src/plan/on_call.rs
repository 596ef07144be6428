//! Who is on call when, as the plan says it.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::{Clock, Date, Zone};
use crate::id::PersonId;

/// The rotation: one after the other, for so many days each. It has no end and no beginning, so that there is somebody at
/// every moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnCall {
    /// Where the clock hangs that people hand over by.
    pub zone: Zone,
    /// The people in their order: whoever comes next is the backup.
    pub people: Vec<PersonId>,
    /// The day of a hand-over to the first of them; its day of the week is that of every hand-over where `days` is 7.
    pub start: Date,
    /// The time of the hand-over.
    pub hand_over: Clock,
    /// The length of a shift in days of the calendar: 1 is daily, 7 weekly. On the days when clocks change, a shift is an
    /// hour shorter or longer.
    pub days: u32,
    /// Days on which somebody else takes a shift.
    #[serde(default)]
    pub holidays: Vec<Holiday>,
    /// Who takes over from whoever it would be, for a while.
    #[serde(default)]
    pub overrides: Vec<Override>,
}

/// Days off, midnight to midnight by the rotation's clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// Whose; absent: everybody's but the substitute's.
    #[serde(default)]
    pub person: Option<PersonId>,
    /// The first day.
    pub from: Date,
    /// The last day.
    pub until: Date,
    /// Who takes their shifts.
    pub substitute: PersonId,
}

impl Holiday {
    /// Whether that person is off on that day.
    pub fn frees(&self, person: &PersonId, day: jiff::civil::Date) -> bool {
        let theirs = match &self.person {
            Some(whose) => whose == person,
            None => self.substitute != *person,
        };
        theirs && self.from.0 <= day && day <= self.until.0
    }
}

/// Somebody is on call, whoever's turn it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Who.
    pub person: PersonId,
    /// From when, by the rotation's clock, e.g. `2026-12-24T09:00`.
    pub from: Local,
    /// Until when, by the rotation's clock.
    pub until: Local,
}

/// What a wall clock and a calendar show: `YYYY-MM-DDTHH:MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Local(pub jiff::civil::DateTime);

impl std::str::FromStr for Local {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        jiff::civil::DateTime::strptime("%Y-%m-%dT%H:%M", text.replace(' ', "T"))
            .map(Self)
            .map_err(|_| format!("`{text}` is not a day and a time: write e.g. 2026-12-24T09:00"))
    }
}

impl Serialize for Local {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0.strftime("%Y-%m-%dT%H:%M"))
    }
}

impl<'de> Deserialize<'de> for Local {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
