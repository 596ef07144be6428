//! Metrics, as lines of the log that CloudWatch reads (its embedded metric format): no call, and no other permission.

use std::io::Write;

use serde_json::{Map, Value, json};
use shared::effect::{Lane, Outcome};
use shared::id::EffectKey;
use shared::time::{Span, Ts};

use crate::outbox::word;

const NAMESPACE: &str = "AllClear";

/// An effect was performed, and settled or put off.
pub fn performed(lane: Lane, key: &EffectKey, outcome: &Outcome, took: Span, at: Ts) {
    let about = json!({
        "lane": name(lane), "effect.key": key.to_string(), "incident.id": key.stream.as_str(),
        "effect.outcome": word(outcome),
    });
    emit(&["lane"], &[("Latency", "Milliseconds", took.0), ("Performed", "Count", 1)], &about, at);
}

/// What a lane owes at this moment, although it is due.
pub fn owed(lane: Lane, count: usize, at: Ts) {
    emit(&["lane"], &[("Owed", "Count", count as i64)], &json!({ "lane": name(lane) }), at);
}

/// A sweep went through. Without one of these for some minutes, or with `Proof` 0, the alarm `proof` fires.
pub fn swept(unheard: usize, proven: Option<bool>, at: Ts) {
    let proof = i64::from(proven != Some(false));
    emit(&[], &[("Proof", "Count", proof), ("Unheard", "Count", unheard as i64)], &json!({}), at);
}

fn name(lane: Lane) -> &'static str {
    match lane {
        Lane::Page => "page",
        Lane::Act => "act",
        Lane::Tell => "tell",
        Lane::Archive => "archive",
    }
}

fn emit(dimensions: &[&str], metrics: &[(&str, &str, i64)], about: &Value, at: Ts) {
    let line = line(dimensions, metrics, about, at).to_string();
    // The log is gone with the environment; nobody is left to be told that it can't be written.
    drop(writeln!(std::io::stdout().lock(), "{line}"));
}

/// A line of the embedded metric format.
fn line(dimensions: &[&str], metrics: &[(&str, &str, i64)], about: &Value, at: Ts) -> Value {
    let defined: Vec<Value> =
        metrics.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
    let values = metrics.iter().map(|(name, _, value)| ((*name).to_owned(), json!(value)));
    let mut line: Map<String, Value> = values.collect();
    line.extend(about.as_object().cloned().unwrap_or_default());
    let directive =
        json!({ "Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": defined });
    line.insert("_aws".into(), json!({ "Timestamp": at.0, "CloudWatchMetrics": [directive] }));
    line.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_a_line_that_cloudwatch_reads() {
        let line = line(&["lane"], &[("Owed", "Count", 3)], &json!({ "lane": "page" }), Ts(5));
        insta::assert_snapshot!(line, @r#"{"Owed":3,"_aws":{"CloudWatchMetrics":[{"Dimensions":[["lane"]],"Metrics":[{"Name":"Owed","Unit":"Count"}],"Namespace":"AllClear"}],"Timestamp":5},"lane":"page"}"#);
    }
}
