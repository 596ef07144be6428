//! A bad day: every message comes twice, functions are killed in the middle, the table throttles and loses answers.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio::time::{Duration, sleep};

use crate::cloud::Cloud;
use crate::story;

/// A schedule's minute, in the hurry of these tests.
const SWEEP_EVERY: Duration = Duration::from_secs(2);
const KILL_EVERY: Duration = Duration::from_millis(2_500);

#[tokio::test]
async fn every_message_twice_repeats_no_effect() {
    let cloud = Cloud::deploy().await;
    cloud.relay_twice().await;
    story::is_whole(&story::tell(&cloud).await, 1);
    let performed = performed(&cloud.log());
    assert!(performed.len() > 8, "{performed:?}");
    let repeated: Vec<_> = performed.iter().filter(|(_, times)| **times > 1).collect();
    assert!(repeated.is_empty(), "performed more than once: {repeated:?}");
}

#[tokio::test]
async fn nothing_is_lost_when_functions_die_and_the_table_is_ill() {
    let cloud = Cloud::deploy().await;
    cloud.proxy.have_a_bad_day();
    let killer = async {
        loop {
            sleep(KILL_EVERY).await;
            cloud.kill_one();
        }
    };
    let schedule = async {
        loop {
            sleep(SWEEP_EVERY).await;
            cloud.invoke("sweep").await;
        }
    };
    let lines = tokio::select! {
        () = killer => unreachable!("it never ends"),
        () = schedule => unreachable!("it never ends"),
        lines = story::tell(&cloud) => lines,
    };
    story::is_whole(&lines, 3);
}

/// How often each effect was carried out; what was put off is to be tried again.
fn performed(log: &str) -> BTreeMap<String, u32> {
    let mut times = BTreeMap::new();
    for line in log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        if line["Performed"] == 1 && line["effect.outcome"] != "later" {
            *times.entry(line["effect.key"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    times
}
