//! What holds for any trace of probes, checked against the raw probes: the oracle counts votes anew at every
//! evaluation and shares nothing with the code under test but the types.

use proptest::prelude::*;

use super::watch::tests::{detection, safety, thresholds};
use super::{News, Probe, Watch};
use crate::time::{Span, Ts};

const VANTAGES: i64 = 3;
const ROUND: Span = Span::secs(10);
const FRESH: Span = Span::secs(30);

/// What one vantage point meets in one round.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Luck {
    Healthy,
    Failing,
    NoControl,
    Silent,
}

/// What the world is like, in runs of rounds, with exceptions for single probes.
fn traces() -> impl Strategy<Value = Vec<[Luck; VANTAGES as usize]>> {
    let luck = || {
        prop_oneof![
            4 => Just(Luck::Healthy),
            5 => Just(Luck::Failing),
            1 => Just(Luck::NoControl),
            1 => Just(Luck::Silent),
        ]
    };
    let exception = prop::option::weighted(0.06, luck());
    prop::collection::vec((luck(), 1..120_usize), 1..6)
        .prop_flat_map(move |runs| {
            let world: Vec<Luck> =
                runs.into_iter().flat_map(|(luck, n)| std::iter::repeat_n(luck, n)).collect();
            let exceptions =
                prop::collection::vec(prop::array::uniform3(exception.clone()), world.len());
            (Just(world), exceptions)
        })
        .prop_map(|(world, exceptions)| {
            let rounds = world.into_iter().zip(exceptions);
            rounds.map(|(luck, exception)| exception.map(|e| e.unwrap_or(luck))).collect()
        })
}

/// What was heard, and what a recount of it says at every evaluation.
#[derive(Default)]
struct Oracle {
    heard: [Vec<(Ts, Luck)>; VANTAGES as usize],
    evaluations: Vec<(Ts, u32, u32)>,
    newest: Option<Luck>,
}

impl Oracle {
    /// Counts (fresh, failing) from the newest result of each.
    fn recount(&mut self, now: Ts) {
        let newest = self.heard.iter().filter_map(|results| results.last());
        let fresh: Vec<Luck> = newest
            .filter(|(at, luck)| now - *at <= FRESH && *luck != Luck::NoControl)
            .map(|(_, luck)| *luck)
            .collect();
        let failing = fresh.iter().filter(|luck| **luck == Luck::Failing).count();
        self.evaluations.push((now, fresh.len() as u32, failing as u32));
    }

    /// For how long up to now the condition was true at every evaluation.
    fn held(&self, condition: impl Fn(u32, u32) -> bool) -> Option<Span> {
        let (now, ..) = self.evaluations.last()?;
        let row =
            self.evaluations.iter().rev().take_while(|(_, fresh, bad)| condition(*fresh, *bad));
        row.last().map(|(first, ..)| *now - *first)
    }

    fn down_for(&self) -> Option<Span> {
        self.held(|fresh, failing| 2 * failing > fresh)
    }

    /// Vantage points with at least three failures in a row.
    fn sure(&self) -> usize {
        let row = |results: &&Vec<(Ts, Luck)>| {
            results.iter().rev().take_while(|(_, luck)| *luck == Luck::Failing).count() >= 3
        };
        self.heard.iter().filter(row).count()
    }
}

/// Plays a trace, each vantage point 3 s after the other, and shows every news to `check`.
fn play(trace: &[[Luck; VANTAGES as usize]], mut check: impl FnMut(&News, &Oracle)) {
    let mut watch = Watch::new(&detection(), &thresholds(), &safety(), Ts(0));
    let mut oracle = Oracle::default();
    for (n, round) in trace.iter().enumerate() {
        for (place, luck) in round.iter().enumerate() {
            let now = Ts(0) + ROUND.times(n as i64) + Span::secs(3 * place as i64);
            let vantage = detection().vantage_points[place].clone();
            let ok = *luck == Luck::Healthy;
            let probe = Probe { vantage, at: now, ok, latency_ms: None, why: None };
            oracle.recount(now);
            oracle.newest = (*luck != Luck::Silent).then_some(*luck);
            if let Some(luck) = oracle.newest {
                oracle.heard[place].push((now, luck));
                oracle.recount(now);
            }
            let news = match luck {
                Luck::Silent => watch.tick(now),
                luck => watch.probe(probe, *luck != Luck::NoControl, now),
            };
            for news in &news {
                check(news, &oracle);
            }
        }
    }
}

/// Where a listener stands who hears only the news.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Heard {
    Well,
    Suspected,
    Down,
    Certain,
    Recovering,
}

fn listen(heard: Heard, news: &News) -> Option<Heard> {
    match (heard, news) {
        (Heard::Well | Heard::Recovering, News::FirstFailure { .. }) => Some(Heard::Suspected),
        (Heard::Suspected, News::Down { .. }) => Some(Heard::Down),
        (Heard::Down | Heard::Certain, News::Certain { .. }) => Some(Heard::Certain),
        (Heard::Suspected | Heard::Down | Heard::Certain, News::Recovered { .. }) => {
            Some(Heard::Recovering)
        }
        (Heard::Recovering, News::Steady { .. }) => Some(Heard::Well),
        _ => None,
    }
}

proptest! {
    #[test]
    fn down_means_a_majority_failed_at_every_evaluation_for_the_hold(trace in traces()) {
        play(&trace, |news, oracle| {
            if matches!(news, News::Down { .. }) {
                assert!(oracle.down_for() >= Some(thresholds().down_for));
            }
        });
    }

    #[test]
    fn certain_means_a_quorum_a_longer_hold_and_failures_in_a_row(trace in traces()) {
        play(&trace, |news, oracle| {
            if let News::Certain { quorum, since } = news {
                let (_, fresh, failing) = oracle.evaluations[oracle.evaluations.len() - 1];
                assert!(fresh >= safety().quorum);
                assert!(oracle.sure() > fresh as usize / 2);
                assert!(oracle.down_for() >= Some(safety().act_after));
                assert_eq!((quorum.fresh, quorum.failing), (fresh, failing));
                assert!(Some(*since) <= quorum.held_since);
            }
        });
    }

    #[test]
    fn steady_means_a_healthy_majority_for_the_whole_hold(trace in traces()) {
        play(&trace, |news, oracle| {
            if let News::Steady { successes, .. } = news {
                assert!(*successes >= safety().up_successes);
                let up_for = oracle.held(|fresh, failing| 2 * (fresh - failing) > fresh);
                assert!(up_for >= Some(safety().up_for));
            }
        });
    }

    #[test]
    fn what_is_said_of_an_outage_follows_from_a_result_of_that_moment(trace in traces()) {
        play(&trace, |news, oracle| match news {
            News::Down { .. } | News::Certain { .. } => {
                assert_eq!(oracle.newest, Some(Luck::Failing));
            }
            News::Recovered { .. } => assert_eq!(oracle.newest, Some(Luck::Healthy)),
            _ => {}
        });
    }

    #[test]
    fn an_outage_is_never_missed(trace in traces()) {
        let mut down = false;
        play(&trace, |news, _| match news {
            News::Down { .. } => down = true,
            News::Recovered { .. } => down = false,
            _ => {}
        });
        let tail = trace.iter().rev().take_while(|round| **round == [Luck::Failing; 3]).count();
        assert!(tail < 5 || down, "{tail} rounds of failures at the end and nobody was paged");
    }

    #[test]
    fn the_news_come_in_a_legal_order(trace in traces()) {
        let (mut heard, mut blind) = (Heard::Well, false);
        play(&trace, |news, _| match news {
            News::Blind { .. } => assert!(!std::mem::replace(&mut blind, true)),
            News::Sighted { .. } => assert!(std::mem::replace(&mut blind, false)),
            news => {
                assert!(!blind, "{news:?} while blind");
                heard = listen(heard, news).unwrap_or_else(|| panic!("{news:?} after {heard:?}"));
            }
        });
    }

    #[test]
    fn two_outages_never_begin_at_the_same_moment(trace in traces()) {
        let mut last = None;
        play(&trace, |news, _| {
            if let News::FirstFailure { since } = news {
                assert!(last < Some(*since));
                last = Some(*since);
            }
        });
    }
}
