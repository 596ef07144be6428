//! How people are reached: what providers must be told, and when somebody would rather sleep.
//!
//! No secret stands here: tokens and keys are settings of the server.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::{ContactKind, Person, Plan, Severity};
use crate::id::PersonId;
use crate::time::{Span, Ts};

/// "Emergency: phone tree": the lines of the phone tree, without their secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phone {
    /// Where providers call us back, without a path. Signatures are checked against this, never against `Host`.
    pub callback_url: String,
    /// Where they call when that does not answer: in another Region.
    #[serde(default)]
    pub fallback_url: Option<String>,
    /// Who places calls, in this order; a copy goes to the next one.
    #[serde(default)]
    pub voice: Vec<Carrier>,
    /// Who sends text messages, in this order.
    #[serde(default)]
    pub sms: Vec<Carrier>,
    /// Who sends mail, in this order.
    #[serde(default)]
    pub mail: Vec<Carrier>,
    /// The number each provider calls and texts from, in E.164.
    #[serde(default)]
    pub from: BTreeMap<Carrier, String>,
    /// The address mail comes from.
    #[serde(default)]
    pub mail_from: Option<String>,
    /// The number that key 0 connects to: a conference, or somebody who always answers.
    #[serde(default)]
    pub conference: Option<String>,
    /// The language of whoever has none, e.g. `en`.
    #[serde(default = "english")]
    pub language: String,
    /// What carriers know of us; absent: nobody has looked.
    #[serde(default)]
    pub registration: Option<Registration>,
    /// How often everybody's phone is tested; absent: only by hand.
    #[serde(default)]
    pub test_every: Option<Span>,
    /// What is proven to the outside, so that somebody notices when this server can't page any more.
    #[serde(default)]
    pub dead_man: DeadMan,
    /// Own words by language: the sentence's name, then its text. See [`crate::page::voice`].
    #[serde(default)]
    pub texts: BTreeMap<String, BTreeMap<String, String>>,
}

/// The dead man's switch: a proof every so often that pages get out. Its absence is noticed outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeadMan {
    /// How often.
    pub every: Span,
    /// Longest time that nobody takes a page that is due.
    pub page_within: Span,
    /// Longest time since a canary came back, where canaries are sent.
    pub canary_within: Span,
}

impl Default for DeadMan {
    fn default() -> Self {
        let (every, page_within) = (Span::mins(1), Span::mins(2));
        Self { every, page_within, canary_within: Span::mins(15) }
    }
}

fn english() -> String {
    "en".into()
}

/// A company that brings pages to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carrier {
    /// Twilio: voice and text are one failure domain.
    Twilio,
    /// Vonage.
    Vonage,
    /// Amazon SNS: text only.
    Sns,
    /// Any mail server that speaks SMTP.
    Smtp,
}

impl Carrier {
    /// Its name, as the plan writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::Vonage => "vonage",
            Self::Sns => "sns",
            Self::Smtp => "smtp",
        }
    }

    /// Whether it can bring that.
    pub fn carries(self, kind: ContactKind) -> bool {
        match self {
            Self::Twilio | Self::Vonage => matches!(kind, ContactKind::Voice | ContactKind::Sms),
            Self::Sns => kind == ContactKind::Sms,
            Self::Smtp => kind == ContactKind::Mail,
        }
    }
}

/// What US carriers want of whoever sends them text messages (10DLC, or verification of a toll-free number).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Registration {
    /// It is done.
    Registered,
    /// It was asked for.
    Pending,
    /// It was refused, or not asked for: carriers may drop every message.
    None,
    /// No text goes to the US.
    NotNeeded,
}

impl Phone {
    /// Who carries that, in the plan's order. Slack is not a carrier's.
    pub fn carriers(&self, kind: ContactKind) -> &[Carrier] {
        match kind {
            ContactKind::Voice => &self.voice,
            ContactKind::Sms => &self.sms,
            ContactKind::Mail => &self.mail,
            ContactKind::Slack => &[],
        }
    }

    /// Who carries that copy, counted from 1.
    pub fn carrier(&self, kind: ContactKind, copy: u8) -> Option<Carrier> {
        let carriers = self.carriers(kind);
        let place = usize::from(copy.saturating_sub(1)).checked_rem(carriers.len())?;
        carriers.get(place).copied()
    }
}

/// Where a person would rather sleep: only P1 and P2 wake them, everything else waits until the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// The first quiet minute of the day, e.g. `22:00`.
    pub from: Clock,
    /// The first minute that is not quiet any more, e.g. `07:00`.
    pub until: Clock,
    /// Where the clock hangs; absent: where the person lives.
    #[serde(default)]
    pub zone: Option<Zone>,
}

impl QuietHours {
    /// When the quiet hours around that moment end; `None` outside of them. Where clocks are set forward over the end,
    /// it comes as much later; where they are set back over it, it comes the first time.
    pub fn until(&self, home: &Zone, now: Ts) -> Option<Ts> {
        let zone = self.zone.as_ref().unwrap_or(home);
        let local = zone.at(now);
        let time = local.time();
        let (from, until) = (self.from.0, self.until.0);
        let quiet =
            if from <= until { from <= time && time < until } else { from <= time || time < until };
        let day = if time < until { Some(local.date()) } else { local.date().tomorrow().ok() };
        quiet.then(|| zone.moment(day?.to_datetime(until))).flatten()
    }
}

/// A time of the day, `HH:MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clock(pub jiff::civil::Time);

impl Serialize for Clock {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0.strftime("%H:%M"))
    }
}

impl<'de> Deserialize<'de> for Clock {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        jiff::civil::Time::strptime("%H:%M", &text).map(Self).map_err(|_| {
            D::Error::custom(format!("`{text}` is not a time of day: write e.g. \"09:00\""))
        })
    }
}

/// A time zone by its name in the IANA database, e.g. `Europe/Berlin`. The database is part of the program, so that
/// every machine finds the same rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(jiff::tz::TimeZone);

/// The rules of every zone, as they were when this was built.
static ZONES: LazyLock<jiff::tz::TimeZoneDatabase> =
    LazyLock::new(jiff::tz::TimeZoneDatabase::bundled);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(jiff::tz::TimeZone::UTC);

    /// The zone of that name.
    pub fn named(name: &str) -> Option<Self> {
        ZONES.get(name).ok().map(Self)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The wall clock there.
    pub fn at(&self, now: Ts) -> jiff::civil::DateTime {
        let at = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
        self.0.to_datetime(at)
    }

    /// When a wall clock there shows that. A time that is skipped comes as much later as was skipped, one
    /// that comes twice is meant the first time (as RFC 5545 has it). `None` beyond the year 9999.
    pub fn moment(&self, local: jiff::civil::DateTime) -> Option<Ts> {
        let at = self.0.to_ambiguous_timestamp(local).compatible().ok()?;
        Some(Ts(at.as_millisecond()))
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::named(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "there is no time zone `{text}`: write e.g. \"Europe/Berlin\""
            ))
        })
    }
}

impl Person {
    /// Where their clock hangs; UTC when the plan does not say.
    pub fn home(&self) -> Zone {
        self.zone.clone().unwrap_or(Zone::UTC)
    }

    /// By which means a page of that severity goes to them, of those a rung names: their own order comes first.
    pub fn means<'a>(&'a self, severity: Severity, rung: &'a [ContactKind]) -> &'a [ContactKind] {
        self.order.get(&severity).map_or(rung, Vec::as_slice)
    }

    /// Until when a page of that severity waits; `None`: it goes at once. P1 and P2 always do.
    pub fn waits_until(&self, severity: Severity, now: Ts) -> Option<Ts> {
        if severity <= Severity::P2 {
            return None;
        }
        self.quiet_hours.as_ref()?.until(&self.home(), now)
    }
}

impl Plan {
    /// The language somebody is spoken to in, e.g. `en`.
    pub fn language_of(&self, person: &PersonId) -> &str {
        let own = self.person(person).and_then(|person| person.language.as_deref());
        own.or(self.phone.as_ref().map(|phone| phone.language.as_str())).unwrap_or("en")
    }
}
