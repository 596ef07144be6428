//! Bodies as their vendors publish them, where they lie beside the repository: they are others'
//! work and not committed.

use std::path::{Path, PathBuf};

use super::*;

/// `ALLCLEAR_SAMPLES`, else the folder beside the repository.
#[expect(clippy::disallowed_methods, reason = "tests only: where the samples lie is no setting")]
fn folder() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/samples");
    std::env::var_os("ALLCLEAR_SAMPLES").map_or(beside, PathBuf::from)
}

/// The arrival of a sample: when its newest time is plausible.
fn arrival(body: &str) -> Ts {
    let year = |year: &i32| body.contains(&format!("{year}-"));
    let newest = (2014..2040).rev().find(year).unwrap_or(2026);
    format!("{newest}-12-31T00:00:00Z").parse().unwrap()
}

/// What a file's name claims; a body that contradicts it is believed, and named here.
fn claims(label: &str, file: &str) -> Option<Health> {
    let a_test_alert = ["grafana/down-v12-1.json", "grafana/down-legacy-1.json"].contains(&file);
    let label = label.strip_prefix("captured-").unwrap_or(label);
    match label.rsplit_once('-')?.0 {
        _ if file == "grafana/down-legacy-3.json" => Some(Health::Degraded), // severity=warning
        _ if a_test_alert => Some(Health::Unknown),
        "up" | "degraded-up" | "info-up" | "up-legacy" => Some(Health::Up),
        "degraded" | "info" => Some(Health::Degraded),
        "down" | "down-legacy" => Some(Health::Down),
        _ => None,
    }
}

#[test]
fn the_published_bodies_mean_what_their_labels_say() {
    let folders = [
        ("alertmanager", Provider::Alertmanager),
        ("grafana", Provider::Grafana),
        ("uptimerobot", Provider::UptimeRobot),
        ("uptime-kuma", Provider::UptimeKuma),
        ("pingdom", Provider::Pingdom),
        ("aws-cloudwatch-sns", Provider::Cloudwatch),
        ("aws-sns", Provider::Cloudwatch),
    ];
    let (mut read, mut compared) = (0, 0);
    for (name, provider) in folders {
        for entry in std::fs::read_dir(folder().join(name)).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|kind| kind == "json") {
                read += 1;
                compared += usize::from(check(&path, name, provider));
            }
        }
    }
    note(&format!("{read} published bodies read, {compared} compared with their labels"));
}

/// Whether the file's label said anything to compare.
fn check(path: &Path, folder: &str, provider: Provider) -> bool {
    let body = std::fs::read_to_string(path).unwrap();
    let stem = path.file_stem().unwrap().to_str().unwrap();
    let signals = parse(&source(provider), Trust::Signed, arrival(&body), body.as_bytes()).unwrap();
    assert!(!signals.is_empty() && signals.iter().all(is_clean), "{}", path.display());
    let claimed = claims(stem, &format!("{folder}/{stem}.json"));
    for signal in &signals {
        assert!(claimed.is_none_or(|health| health == signal.health), "{stem}: {signal:?}");
    }
    claimed.is_some()
}

#[expect(clippy::print_stdout, reason = "a skipped check must be seen")]
fn note(text: &str) {
    println!("{text}");
}
