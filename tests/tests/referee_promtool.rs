//! Our evaluator against Prometheus itself: `promtool test rules` evaluates the plan's three thresholds over random
//! series, and must agree with us at every evaluation about what fires.
//!
//! Deliberately without the plan's `rate()` expression: who measures error rates is not ours to test.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::process::{Command, Output};

use shared::detect::{Evaluator, Rule};
use shared::time::{Span, Ts};

/// What to do when promtool cannot be started: without its referee this test must fail, not pass.
const MISSING: &str = "the referee is missing: run `tests/parts` to fetch promtool into .parts/bin, \
                       or put Debian's package `prometheus` on this machine";

const SEED: u64 = 4;
/// Seconds between two evaluations.
const INTERVAL: usize = 5;
const SERIES: usize = 70;
/// 20 minutes: room for the longest hold to be reached, missed by one and reached again.
const EVALUATIONS: usize = 240;

/// A threshold of the plan as Prometheus and we express it.
struct Threshold {
    alert: &'static str,
    metric: &'static str,
    condition: &'static str,
    hold: &'static str,
    rule: Rule,
    /// What our evaluator is given for a sample.
    value: fn(f64) -> f64,
    /// Samples of which the condition is true, and of which it isn't: next to the threshold and far away.
    bad: &'static [f64],
    good: &'static [f64],
}

const THRESHOLDS: [Threshold; 3] = [
    Threshold {
        alert: "ServiceDown",
        metric: "probe_success",
        condition: "== 0",
        hold: "30s",
        rule: Rule { above: 0.0, hold: Span::secs(30) },
        value: |success| 1.0 - success,
        bad: &[0.0],
        good: &[1.0],
    },
    Threshold {
        alert: "ResponseSlow",
        metric: "probe_duration_seconds",
        condition: "> 0.5",
        hold: "2m",
        rule: Rule { above: 0.5, hold: Span::mins(2) },
        value: |seconds| seconds,
        bad: &[0.500_000_1, 0.6, 30.0],
        good: &[0.5, 0.499_999_9, 0.08],
    },
    Threshold {
        alert: "ErrorRateHigh",
        metric: "error_rate",
        condition: "> 0.005",
        hold: "5m",
        rule: Rule { above: 0.005, hold: Span::mins(5) },
        value: |rate| rate,
        bad: &[0.005_000_1, 0.01, 1.0],
        good: &[0.005, 0.004_999_9, 0.0, f64::NAN],
    },
];

/// A sample at every evaluation; none where the series has vanished.
type Samples = Vec<Option<f64>>;

/// Runs of bad and good samples, most of them about as long as the hold: that is where evaluators differ.
fn samples(random: &mut fastrand::Rng, threshold: &Threshold) -> Samples {
    let hold = threshold.rule.hold.0 as usize / 1_000 / INTERVAL;
    let mut samples = Samples::new();
    while samples.len() < EVALUATIONS {
        let near_hold = random.usize(hold.saturating_sub(2)..=hold + 4);
        let (values, n): (Option<&[f64]>, _) = match random.u8(0..10) {
            0..6 => (Some(threshold.bad), near_hold),
            6..9 => (Some(threshold.good), random.usize(1..4)),
            _ => (None, random.usize(1..4)),
        };
        samples.extend((0..n).map(|_| values.and_then(|values| random.choice(values).copied())));
    }
    samples.truncate(EVALUATIONS);
    samples
}

/// At which evaluations our evaluator fires.
fn ours(threshold: &Threshold, samples: &Samples) -> Vec<bool> {
    let mut evaluator = Evaluator::new(threshold.rule);
    let moments = (0..).map(|n| Ts(0) + Span::secs(INTERVAL as i64).times(n));
    let pairs = moments.zip(samples);
    pairs.map(|(at, value)| evaluator.observe(at, value.map(threshold.value)).firing()).collect()
}

/// The plan's thresholds as Prometheus rules.
fn rules() -> String {
    let mut yaml = "groups:\n- name: plan\n  interval: 5s\n  rules:\n".to_owned();
    for Threshold { alert, metric, condition, hold, .. } in &THRESHOLDS {
        let _ = writeln!(yaml, "  - {{alert: {alert}, expr: {metric} {condition}, for: {hold}}}");
    }
    yaml
}

/// The test file: all series, and for every evaluation which of them fire.
fn claims(series: &[Vec<Samples>], firing: &[Vec<Vec<bool>>]) -> String {
    let mut yaml = "rule_files: [rules.yml]\nevaluation_interval: 5s\ntests:\n".to_owned();
    yaml += "- interval: 5s\n  input_series:\n";
    for (threshold, all) in THRESHOLDS.iter().zip(series) {
        let metric = threshold.metric;
        for (i, samples) in all.iter().enumerate() {
            let values: Vec<String> = samples.iter().map(|sample| written(*sample)).collect();
            let values = values.join(" ");
            let _ = writeln!(yaml, "  - {{series: '{metric}{{i=\"{i}\"}}', values: '{values}'}}");
        }
    }
    yaml += "  alert_rule_test:\n";
    for (threshold, all) in THRESHOLDS.iter().zip(firing) {
        for n in 0..EVALUATIONS {
            let (at, alert) = (n * INTERVAL, threshold.alert);
            let fire = all.iter().enumerate().filter(|(_, fires)| fires[n]);
            let fire: Vec<String> =
                fire.map(|(i, _)| format!("{{exp_labels: {{i: '{i}'}}}}")).collect();
            let fire = fire.join(", ");
            let _ = writeln!(
                yaml,
                "  - {{eval_time: {at}s, alertname: {alert}, exp_alerts: [{fire}]}}"
            );
        }
    }
    yaml
}

/// A missing sample would be bridged by Prometheus' lookback of five minutes; a stale marker ends the series at once.
fn written(sample: Option<f64>) -> String {
    sample.map_or_else(|| "stale".into(), |value| value.to_string())
}

/// `promtool` of the provisioned parts, else of the machine.
fn promtool() -> Command {
    let provisioned = concat!(env!("CARGO_MANIFEST_DIR"), "/../.parts/bin/promtool");
    if Path::new(provisioned).exists() {
        Command::new(provisioned)
    } else {
        Command::new("promtool")
    }
}

fn judge(series: &[Vec<Samples>], firing: &[Vec<Vec<bool>>]) -> io::Result<Output> {
    let directory = tempfile::tempdir()?;
    std::fs::write(directory.path().join("rules.yml"), rules())?;
    std::fs::write(directory.path().join("claims.yml"), claims(series, firing))?;
    promtool().args(["test", "rules", "claims.yml"]).current_dir(&directory).output()
}

#[test]
fn prometheus_fires_exactly_when_we_do() {
    let mut random = fastrand::Rng::with_seed(SEED);
    let series: Vec<Vec<Samples>> = THRESHOLDS
        .iter()
        .map(|threshold| (0..SERIES).map(|_| samples(&mut random, threshold)).collect())
        .collect();
    let mut firing: Vec<Vec<Vec<bool>>> = THRESHOLDS
        .iter()
        .zip(&series)
        .map(|(threshold, all)| all.iter().map(|samples| ours(threshold, samples)).collect())
        .collect();
    for (threshold, all) in THRESHOLDS.iter().zip(&firing) {
        let fired = all.iter().filter(|fires| fires.contains(&true)).count();
        assert!(fired > SERIES / 4, "{} fires in {fired} series only", threshold.alert);
    }

    let verdict = judge(&series, &firing).expect(MISSING);
    let objection = String::from_utf8_lossy(&verdict.stderr);
    let objection: String = objection.chars().take(2_000).collect();
    assert!(verdict.status.success(), "seed {SEED}: promtool disagrees\n{objection}");

    // A referee who never objects is none: one evaluation of one series is claimed wrongly.
    let claim = &mut firing[0][0][EVALUATIONS / 2];
    *claim = !*claim;
    assert!(!judge(&series, &firing).unwrap().status.success(), "promtool accepts a wrong claim");
}
