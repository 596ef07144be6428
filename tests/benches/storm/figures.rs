//! The storm's figures and goals.

use tests::bench::report::{Figure, Goal, print};
use tests::bench::{largest, median, percentile};

use crate::alerts::ALERTS;
use crate::kept::Kept;
use crate::load::Load;
use crate::sink::Notified;

/// Components that are down in a storm, the last one's included.
const OUTAGES: f64 = 5.0;

/// One server's round.
pub struct Round {
    /// Alerts sent.
    pub sent: f64,
    /// The storm's alerts by the clock.
    pub per_second: f64,
    /// All alerts by the server's processor time.
    pub per_cpu_second: f64,
    /// The most memory.
    pub peak_megabytes: f64,
    /// What was seen from outside.
    pub load: Load,
}

/// Prints what came of a storm of so many monitors.
pub fn show(monitors: usize, ours: &[(Round, Kept)], theirs: &[(Round, Notified)]) {
    let rounds = ours.len();
    let heading = |who| format!("{ALERTS} alerts of {monitors} monitors, {who}, {rounds} rounds");
    let our_rounds: Vec<&Round> = ours.iter().map(|(round, _)| round).collect();
    let their_rounds: Vec<&Round> = theirs.iter().map(|(round, _)| round).collect();
    // The goals are for monitors that fire again and again; a storm without repetition is shown beside it.
    let goals = monitors < ALERTS;
    let mut figures = speed(&our_rounds);
    figures.extend(kept(ours, goals));
    print(&heading("All Clear (durable)"), &figures);
    let mut figures = speed(&their_rounds);
    figures.extend(notified(theirs));
    print(&heading("Alertmanager (in memory)"), &figures);
    print("All Clear against Alertmanager", &compared(&our_rounds, &their_rounds, goals));
}

fn speed(rounds: &[&Round]) -> Vec<Figure> {
    let singles: Vec<f64> = rounds.iter().flat_map(|one| one.load.singles_ms.clone()).collect();
    vec![
        Figure::plain("accepted, median", middle(rounds, |one| one.per_second), "alerts/s"),
        Figure::plain(
            "accepted by its processor time, median",
            middle(rounds, |one| one.per_cpu_second),
            "alerts/CPU s",
        ),
        Figure::plain("single alerts beside the storm, p50", median(&singles), "ms"),
        Figure::plain("single alerts beside the storm, p99", percentile(&singles, 0.99), "ms"),
    ]
}

fn kept(ours: &[(Round, Kept)], goals: bool) -> Vec<Figure> {
    let worst = |of: fn(&(Round, Kept)) -> f64| largest(&ours.iter().map(of).collect::<Vec<_>>());
    let goal = |goal| if goals { goal } else { Goal::None };
    vec![
        Figure::new(
            "peak memory, worst",
            worst(|(round, _)| round.peak_megabytes),
            "MB",
            goal(Goal::AtMost(100.0)),
        ),
        Figure::new(
            "signals not kept, worst",
            worst(|(round, kept)| (round.sent - kept.signals).abs()),
            "lost",
            Goal::Exactly(0.0),
        ),
        Figure::new(
            "incidents, one per outage, most",
            worst(|(_, kept)| kept.incidents),
            "opened",
            Goal::Exactly(OUTAGES),
        ),
        Figure::new(
            "incidents, one per outage, fewest",
            -worst(|(_, kept)| -kept.incidents),
            "opened",
            Goal::Exactly(OUTAGES),
        ),
        Figure::plain("turns, most", worst(|(_, kept)| kept.turns), "turns"),
        Figure::plain("longest turn", worst(|(_, kept)| kept.longest_turn), "bytes"),
        Figure::new(
            "longest owed effect, which bounds every message",
            worst(|(_, kept)| kept.longest_effect),
            "bytes",
            Goal::AtMost(40_000.0),
        ),
        Figure::new(
            "pages of the last alert, fewest",
            -worst(|(_, kept)| -kept.frontend_pages),
            "sent",
            Goal::AtLeast(1.0),
        ),
        Figure::new(
            "the last alert: its page is owed on disk, worst",
            worst(|(round, _)| round.load.last_ms),
            "ms",
            goal(Goal::AtMost(100.0)),
        ),
        Figure::new(
            "the last alert: its page was taken and is on record, worst",
            worst(|(round, _)| round.load.told_ms),
            "ms",
            goal(Goal::AtMost(100.0)),
        ),
    ]
}

fn notified(theirs: &[(Round, Notified)]) -> Vec<Figure> {
    let worst =
        |of: fn(&(Round, Notified)) -> f64| largest(&theirs.iter().map(of).collect::<Vec<_>>());
    vec![
        Figure::plain("peak memory, worst", worst(|(round, _)| round.peak_megabytes), "MB"),
        Figure::plain("largest notification", worst(|(_, told)| told.largest as f64), "bytes"),
        Figure::plain("notifications, most", worst(|(_, told)| told.count as f64), "sent"),
        Figure::plain(
            "the last alert: its notification came, worst",
            worst(|(round, _)| round.load.told_ms),
            "ms",
        ),
    ]
}

fn compared(ours: &[&Round], theirs: &[&Round], goals: bool) -> Vec<Figure> {
    let ratio = |of: fn(&Round) -> f64| middle(ours, of) / middle(theirs, of);
    let goal = |goal| if goals { goal } else { Goal::None };
    vec![
        Figure::new("by the clock", ratio(|it| it.per_second), "times", goal(Goal::AtLeast(3.0))),
        Figure::new(
            "by processor time",
            ratio(|it| it.per_cpu_second),
            "times",
            goal(Goal::AtLeast(10.0)),
        ),
        Figure::plain("peak memory", ratio(|it| it.peak_megabytes), "times"),
    ]
}

fn middle(rounds: &[&Round], of: fn(&Round) -> f64) -> f64 {
    median(&rounds.iter().map(|round| of(round)).collect::<Vec<_>>())
}
