//! The whole of a complete outage, from a monitor's webhook to all clear, through every function.

use serde_json::json;
use tokio::time::{Duration, sleep};

use crate::cloud::Cloud;

/// As often as the plan of these tests probes.
const PROBE_EVERY: Duration = Duration::from_millis(400);

/// What a monitor of Pingdom sends.
pub fn alarm() -> serde_json::Value {
    json!({ "check_id": 5, "current_state": "DOWN", "check_name": "Site" })
}

/// Lets the vantage points see the frontend like that until a line says so.
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

#[tokio::test]
async fn an_outage_is_told_from_the_webhook_to_all_clear() {
    let cloud = Cloud::deploy().await;
    let answer = cloud.post("pingdom", &alarm()).await;
    assert_eq!(answer.status(), 202, "{}", answer.text().await.unwrap());
    let lines = seen_until(&cloud, false, "rung 1: ").await;
    println!("{}", lines.join("\n"));
    let lines = seen_until(&cloud, true, "all clear").await;
    println!("{}", lines.join("\n"));
}
