//! Times as monitors write them: epochs of any unit, RFC 3339 of any precision, with and without a
//! zone.
//!
//! Words such as "5 minutes ago" and day-first dates are deliberately not understood: they count as
//! missing.

use std::borrow::Cow;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::TimeQuality;
use crate::time::{Span, Ts};

/// A time further than this before its arrival is no time of this news.
const OLDEST: Span = Span::days(400);
/// A time further than this after its arrival is none either; clocks and zones are wrong by less
/// than a day.
const NEWEST: Span = Span::days(1);
/// Digits of a second's fraction that the reader of times takes.
const FRACTION_DIGITS: usize = 9;

/// A moment with what it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// The moment.
    pub at: Ts,
    /// Whether it came with a zone; else it was taken for UTC.
    pub zoned: bool,
}

/// Reads a time; `None` when it is absent, unreadable, the "0001-01-01" of Go's zero time, or far
/// from its arrival.
pub(super) fn read(text: Option<&str>, received_at: Ts) -> Option<Moment> {
    let text = text?;
    if text.starts_with("0001-01-01") {
        return None;
    }
    let moment = match epoch(text) {
        Some(at) => Moment { at, zoned: true },
        None => written(text).or_else(|| written(&tidied(text)))?,
    };
    let plausible = received_at - OLDEST <= moment.at && moment.at <= received_at + NEWEST;
    plausible.then_some(moment)
}

/// What an event's times are worth: as much as the worst of those that are there.
pub(super) fn quality(moments: &[Option<Moment>]) -> TimeQuality {
    let worst = moments.iter().flatten().map(|moment| moment.zoned).min();
    match worst {
        None => TimeQuality::Missing,
        Some(true) => TimeQuality::Zoned,
        Some(false) => TimeQuality::AssumedUtc,
    }
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their magnitude.
fn epoch(text: &str) -> Option<Ts> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let count: i64 = whole.parse().ok()?;
    Some(Ts(match count {
        ..100_000_000_000 => count * 1_000 + millis_of(fraction),
        100_000_000_000..100_000_000_000_000 => count,
        100_000_000_000_000..100_000_000_000_000_000 => count / 1_000,
        _ => count / 1_000_000,
    }))
}

fn millis_of(fraction: &str) -> i64 {
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    digits.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
}

fn written(text: &str) -> Option<Moment> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(Moment { at: Ts(at.as_millisecond()), zoned: true });
    }
    let naive: DateTime = text.parse().ok()?;
    let at = naive.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(Moment { at: Ts(at.as_millisecond()), zoned: false })
}

/// Without the spaces that AWS prints after colons, and without digits beyond the nanosecond.
fn tidied(text: &str) -> Cow<'_, str> {
    let text = if text.contains(": ") { text.replace(": ", ":").into() } else { Cow::from(text) };
    let Some(point) = text.find('.') else { return text };
    let digits = text[point + 1..].bytes().take_while(u8::is_ascii_digit).count();
    if digits <= FRACTION_DIGITS {
        return text;
    }
    let (kept, rest) = (point + 1 + FRACTION_DIGITS, point + 1 + digits);
    format!("{}{}", &text[..kept], &text[rest..]).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-03-06T20:00:00Z.
    const NOW: Ts = Ts(1_772_827_200_000);

    fn at(text: &str) -> Option<(i64, bool)> {
        read(Some(text), NOW).map(|moment| (moment.at.0 - NOW.0, moment.zoned))
    }

    #[test]
    fn an_epochs_unit_follows_from_its_magnitude() {
        for text in ["1772827200", "1772827200000", "1772827200000000", "1772827200000000000"] {
            assert_eq!(at(text), Some((0, true)), "{text}");
        }
        assert_eq!(at("1772827200.2504"), Some((250, true)));
        assert_eq!(at("1772827200.5"), Some((500, true)));
    }

    #[test]
    fn any_fraction_and_any_offset_is_read() {
        for (text, ms) in [
            ("2026-03-06T20:00:00Z", 0),
            ("2026-03-06T20:00:00.1234567Z", 123),
            ("2026-03-06T20:00:00.123456789012345Z", 123),
            ("2026-03-06T16:00:00.804-04:00", 804),
            ("2026-03-06T23:00:00+0300", 0),
            ("2026-03-06T20:00:00.093+0000", 93),
            ("2026-03-06T20: 00: 15.490+0000", 15_490),
        ] {
            assert_eq!(at(text), Some((ms, true)), "{text}");
        }
    }

    #[test]
    fn a_time_without_a_zone_is_taken_for_utc_and_flagged() {
        assert_eq!(at("2026-03-06 20:00:01.5"), Some((1_500, false)));
        assert_eq!(at("2026-03-06T20:00:01"), Some((1_000, false)));
        assert_eq!(quality(&[]), TimeQuality::Missing);
        let flagged = read(Some("2026-03-06T20:00:01"), NOW);
        assert_eq!(quality(&[None, flagged]), TimeQuality::AssumedUtc);
        assert_eq!(quality(&[read(Some("1772827200"), NOW), flagged]), TimeQuality::AssumedUtc);
        assert_eq!(quality(&[read(Some("1772827200"), NOW), None]), TimeQuality::Zoned);
    }

    #[test]
    fn what_is_no_time_of_this_news_is_missing() {
        for text in [
            "0001-01-01T00:00:00Z",
            "0",
            "-5",
            "",
            ".",
            "soon",
            "2014-01-01T00:00:00Z",
            "2026-03-08T20:00:00Z",
            "99999999999999999999",
            "6 March 2026",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
        assert_eq!(read(None, NOW), None);
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_or_missing(text in "\\PC{0,40}|[0-9T:.+Z -]{0,40}") {
            read(Some(&text), NOW);
        }
    }
}
