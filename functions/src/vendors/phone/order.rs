//! Which provider takes which copy of a page.
//!
//! A carrier is one failure domain: Twilio's calls and Twilio's messages share their fate, so that one score is kept for
//! both. Scores live in memory: they are a measurement of the last minutes, and every page is tried anyway.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use shared::plan::Carrier;

/// How often a provider did what it was asked, lately: 1 is always. One that was never measured is believed.
pub const UNMEASURED: f64 = 1.0;
/// How much the newest measurement counts. Two failures in a row bring a score below [`DOUBTFUL`].
const WEIGHT: f64 = 0.4;
/// Below this a provider is asked last: a single lost answer is no reason to change the order.
pub const DOUBTFUL: f64 = 0.5;

/// The order in which providers are asked: as configured, the doubtful ones last, the worst of them at the end. Every rung
/// begins with another one: a provider may say that all went well, and nobody was ever called.
pub fn order(scores: &BTreeMap<Carrier, f64>, configured: &[Carrier], rung: u32) -> Vec<Carrier> {
    let score = |carrier: &Carrier| scores.get(carrier).copied().unwrap_or(UNMEASURED);
    let (mut well, mut doubtful): (Vec<_>, Vec<_>) =
        configured.iter().partition(|carrier| score(carrier) >= DOUBTFUL);
    let first = (rung as usize).checked_rem(well.len()).unwrap_or(0);
    well.rotate_left(first);
    doubtful.sort_by(|one, other| score(other).total_cmp(&score(one)));
    well.extend(doubtful);
    well
}

/// Who takes the next copy: whoever had the fewest of them so far, so that no two in a row share their fate. Of what went
/// before a restart nothing is known but the number of this copy, counted from 1.
pub fn taker(ordered: &[Carrier], tried: &[Carrier], copy: u8) -> Option<Carrier> {
    if tried.is_empty() {
        let turn = usize::from(copy.saturating_sub(1)).checked_rem(ordered.len())?;
        return ordered.get(turn).copied();
    }
    let times = |carrier: &&Carrier| tried.iter().filter(|one| one == carrier).count();
    // The first of several with the fewest.
    ordered.iter().min_by_key(times).copied()
}

/// The measured scores.
#[derive(Debug, Default)]
pub struct Scores(Mutex<BTreeMap<Carrier, f64>>);

impl Scores {
    /// Takes in how it went once more.
    pub fn note(&self, carrier: Carrier, well: bool) {
        let mut scores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let score = scores.entry(carrier).or_insert(UNMEASURED);
        *score += WEIGHT * (f64::from(u8::from(well)) - *score);
    }

    /// The scores as they are.
    pub fn now(&self) -> BTreeMap<Carrier, f64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use shared::plan::Carrier::{Sns, Twilio, Vonage};

    use super::*;

    fn ordered(scores: &[(Carrier, f64)]) -> Vec<Carrier> {
        order(&scores.iter().copied().collect(), &[Twilio, Vonage, Sns], 0)
    }

    #[test]
    fn providers_that_do_well_keep_the_configured_order() {
        assert_eq!(ordered(&[]), [Twilio, Vonage, Sns]);
        assert_eq!(ordered(&[(Twilio, 0.6), (Vonage, 1.0)]), [Twilio, Vonage, Sns]);
    }

    #[test]
    fn the_doubtful_are_asked_last_and_never_dropped() {
        assert_eq!(ordered(&[(Twilio, 0.3)]), [Vonage, Sns, Twilio]);
        assert_eq!(ordered(&[(Twilio, 0.1), (Vonage, 0.4)]), [Sns, Vonage, Twilio]);
        assert_eq!(ordered(&[(Twilio, 0.2), (Vonage, 0.2), (Sns, 0.2)]), [Twilio, Vonage, Sns]);
    }

    #[test]
    fn every_rung_begins_with_another_one_that_does_well() {
        let first = |scores: &[(Carrier, f64)], rung| {
            order(&scores.iter().copied().collect(), &[Twilio, Vonage], rung)[0]
        };
        let firsts: Vec<_> = (0..4).map(|rung| first(&[], rung)).collect();
        assert_eq!(firsts, [Twilio, Vonage, Twilio, Vonage]);
        assert!((0..4).all(|rung| first(&[(Twilio, 0.1)], rung) == Vonage));
        assert_eq!(order(&BTreeMap::new(), &[], 3), []);
    }

    #[test]
    fn copies_go_around_so_that_the_next_one_never_shares_the_fate() {
        let both = [Twilio, Vonage];
        let takers: Vec<_> = (1..=4).filter_map(|copy| taker(&both, &[], copy)).collect();
        assert_eq!(takers, [Twilio, Vonage, Twilio, Vonage]);
        assert_eq!(taker(&both, &[Twilio], 2), Some(Vonage));
        assert_eq!(taker(&[Vonage, Twilio], &[Twilio], 2), Some(Vonage), "demoted in between");
        assert_eq!(taker(&both, &[Twilio, Vonage], 3), Some(Twilio));
        assert_eq!((taker(&[Sns], &[Sns], 4), taker(&[], &[], 1)), (Some(Sns), None));
    }

    #[test]
    fn two_failures_in_a_row_demote_and_two_successes_bring_back() {
        let scores = Scores::default();
        let first = || order(&scores.now(), &[Twilio, Vonage], 0)[0];
        scores.note(Twilio, false);
        assert_eq!(first(), Twilio);
        scores.note(Twilio, false);
        assert_eq!(first(), Vonage);
        scores.note(Twilio, true);
        assert_eq!(first(), Twilio, "a good measurement counts as much as a bad one");
    }
}
