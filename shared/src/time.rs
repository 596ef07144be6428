//! Moments and lengths of time, both in whole milliseconds.
//!
//! There is deliberately no clock here: every function of the domain is told the time.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Ts(pub i64);

impl Ts {
    /// The moment as RFC 3339 with seconds, e.g. `2026-11-22T03:04:05Z`.
    pub fn rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0).map_or_else(
            |_| format!("{} ms", self.0),
            |at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        )
    }

    /// The wall clock in UTC, e.g. `03:04:05`.
    pub fn clock(self) -> String {
        jiff::Timestamp::from_millisecond(self.0)
            .map_or_else(|_| self.0.to_string(), |at| at.strftime("%H:%M:%S").to_string())
    }

    /// The length from `earlier` to this moment; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Span {
        Span((self.0 - earlier.0).max(0))
    }
}

impl FromStr for Ts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let at: jiff::Timestamp = text
            .parse()
            .map_err(|_| format!("`{text}` is not a moment: write e.g. 2026-11-22T03:04:05Z"))?;
        Ok(Self(at.as_millisecond()))
    }
}

impl fmt::Display for Ts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl Add<Span> for Ts {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Ts {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Sub for Ts {
    type Output = Span;
    fn sub(self, earlier: Self) -> Span {
        Span(self.0 - earlier.0)
    }
}

/// A length of time in milliseconds; written `30s`, `2m`, `6h`, `30d`, `500ms` in the plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub i64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// `n` milliseconds.
    pub const fn millis(n: i64) -> Self {
        Self(n)
    }

    /// `n` seconds.
    pub const fn secs(n: i64) -> Self {
        Self(n * 1_000)
    }

    /// `n` minutes.
    pub const fn mins(n: i64) -> Self {
        Self(n * 60_000)
    }

    /// `n` hours.
    pub const fn hours(n: i64) -> Self {
        Self(n * 3_600_000)
    }

    /// `n` days of 24 hours.
    pub const fn days(n: i64) -> Self {
        Self(n * 86_400_000)
    }

    /// The length in seconds, with fractions.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1_000.0
    }

    /// The span as the standard library's type; negative spans are zero.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0.max(0) as u64)
    }

    /// This span `n` times.
    pub const fn times(self, n: i64) -> Self {
        Self(self.0.saturating_mul(n))
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

const UNITS: [(&str, i64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is not a length of time: write e.g. 30s, 2m, 6h, 30d or 500ms");
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: i64 = number.parse().map_err(|_| wrong())?;
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        number.checked_mul(*factor).map(Self).ok_or_else(wrong)
    }
}

/// People read `2 min 5 s`, not `125000`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let (days, hours) = (ms / 86_400_000, ms / 3_600_000 % 24);
        let (minutes, seconds) = (ms / 60_000 % 60, ms / 1_000 % 60);
        match (days, hours, minutes, seconds) {
            (0, 0, 0, 0) if ms > 0 => write!(f, "{ms} ms"),
            (0, 0, 0, _) => write!(f, "{seconds} s"),
            (0, 0, _, 0) => write!(f, "{minutes} min"),
            (0, 0, _, _) => write!(f, "{minutes} min {seconds} s"),
            (0, _, 0, _) => write!(f, "{hours} h"),
            (0, _, _, _) => write!(f, "{hours} h {minutes} min"),
            (_, 0, _, _) => write!(f, "{days} d"),
            (_, _, _, _) => write!(f, "{days} d {hours} h"),
        }
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

/// Milliseconds as a number (the ledger), or text with a unit (the plan).
impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl serde::de::Visitor<'_> for Either {
            type Value = Span;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length of time such as \"30s\", \"2m\", \"6h\" or \"30d\"")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Span, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_u64<E: serde::de::Error>(self, ms: u64) -> Result<Span, E> {
                Ok(Span(ms as i64))
            }
            fn visit_i64<E: serde::de::Error>(self, ms: i64) -> Result<Span, E> {
                Ok(Span(ms))
            }
        }
        from.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_written_with_a_unit_and_read_as_people_say_them() {
        for (text, said) in [
            ("30s", "30 s"),
            ("2m", "2 min"),
            ("6h", "6 h"),
            ("30d", "30 d"),
            ("500ms", "500 ms"),
            ("125s", "2 min 5 s"),
        ] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), said);
        }
        assert!("30".parse::<Span>().unwrap_err().contains("write e.g. 30s"));
        assert!("s".parse::<Span>().is_err());
        assert!("99999999999999999d".parse::<Span>().is_err());
    }
}
