//! The whole of a complete outage, from a monitor's webhook to all clear, through every function.

use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use crate::cloud::Cloud;
use crate::policies;

/// As often as the vantage points look in these tests.
const PROBE_EVERY: Duration = Duration::from_millis(400);
/// What is only looked at, and asked for again where whoever looked was killed.
const LOOK: &str = "checking the critical path";
/// What the ledger says of it, in this order.
const STORY: [&str; 7] = [
    "pingdom 5 says down (shared secret only)",
    "declared P1: complete service outage, says pingdom",
    "rung 1 of the ladder: paging devops-engineer",
    "confirmed: 3 of 3 vantage points fail",
    "answers again since",
    "ALL CLEAR, seen by our own probes",
    "the report is written",
];

/// What a monitor of Pingdom sends.
pub fn alarm() -> Value {
    json!({ "check_id": 5, "current_state": "DOWN", "check_name": "Site" })
}

/// Lets the vantage points see the frontend like that until the ledger has a line.
pub async fn seen_until(cloud: &Cloud, ok: bool, wanted: &str) -> Vec<String> {
    let watch = async {
        loop {
            cloud.seen(ok).await;
            sleep(PROBE_EVERY).await;
        }
    };
    tokio::select! {
        () = watch => unreachable!("it never ends"),
        lines = cloud.until(wanted) => lines,
    }
}

/// Tells it, from the alarm to all clear, and gives the ledger's lines.
pub async fn tell(cloud: &Cloud) -> Vec<String> {
    let answer = cloud.post("pingdom", &alarm()).await;
    assert_eq!(answer.status(), 202, "{}", answer.text().await.unwrap());
    seen_until(cloud, false, "rung 1: devops-engineer by voice").await;
    seen_until(cloud, false, "confirmed: 3 of 3").await;
    seen_until(cloud, true, "the report is written").await
}

/// Every line of the story is there once, and the last look at least once and at most so often.
pub fn is_whole(lines: &[String], looks: usize) {
    let times = |wanted: &str| lines.iter().filter(|line| line.contains(wanted)).count();
    for wanted in STORY {
        assert_eq!(times(wanted), 1, "`{wanted}` in\n{}", lines.join("\n"));
    }
    assert!((1..=looks).contains(&times(LOOK)), "`{LOOK}` in\n{}", lines.join("\n"));
}

#[tokio::test]
async fn an_outage_is_told_from_the_webhook_to_all_clear_with_the_rights_of_the_roles_only() {
    let cloud = Cloud::deploy().await;
    let again = cloud.infra(&["outputs"]).await;
    assert!(again.contains("lambda-url"), "{again}");
    let lines = tell(&cloud).await;
    is_whole(&lines, 1);
    let same = cloud.post("pingdom", &alarm()).await.json::<Value>().await.unwrap();
    assert_eq!(same, json!({ "accepted": 1, "duplicate": true }));
    assert_eq!(cloud.invoke("sweep").await["unheard"], 0);
    assert!(cloud.invoke("probe").await["rounds"].as_u64().unwrap() > 0);
    policies::are_exact(&cloud).await;
}
