//! A vendor's public status, read from Statuspage's `summary.json`.
//!
//! Source: the Statuspage API's "Summary" call: `status.indicator` is one of none, minor, major, critical (and
//! maintenance while work is going on); `components` lists each part with its own status.

use serde::Deserialize;
use shared::effect::{Finding, Outcome};
use shared::plan::Vendor;

use crate::http::reason;

/// Parts that are named in what is said; the rest is counted.
const NAMED_PARTS: usize = 5;

#[derive(Deserialize)]
struct Summary {
    status: Status,
    #[serde(default)]
    components: Vec<Part>,
}

#[derive(Deserialize)]
struct Status {
    indicator: String,
    description: String,
}

#[derive(Deserialize)]
struct Part {
    name: String,
    status: String,
}

/// Asks a vendor's status page.
pub async fn look(http: &reqwest::Client, vendor: &Vendor) -> Outcome {
    let Some(url) = &vendor.status_url else {
        return Outcome::Never { why: format!("{} has no status page in the plan", vendor.name) };
    };
    match fetch(http, url).await {
        Ok(summary) => Outcome::Done(Finding::Vendor {
            vendor: vendor.id.clone(),
            working: is_working(&summary),
            says: says(&summary),
        }),
        Err(error) => Outcome::Never { why: reason(error) },
    }
}

async fn fetch(http: &reqwest::Client, url: &str) -> Result<Summary, reqwest::Error> {
    http.get(url).send().await?.error_for_status()?.json().await
}

/// Only what the vendor calls major counts as down: a minor trouble in one of its parts is always somewhere.
fn is_working(summary: &Summary) -> bool {
    !matches!(summary.status.indicator.as_str(), "major" | "critical")
}

fn says(summary: &Summary) -> String {
    let mut troubled = summary.components.iter().filter(|part| part.status != "operational");
    let mut said = vec![summary.status.description.clone()];
    for part in troubled.by_ref().take(NAMED_PARTS) {
        said.push(format!("{}: {}", part.name, part.status.replace('_', " ")));
    }
    match troubled.count() {
        0 => {}
        more => said.push(format!("and {more} more")),
    }
    said.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(indicator: &str) -> Summary {
        let text = format!(
            r#"{{"status": {{"indicator": "{indicator}", "description": "Some trouble"}},
                "components": [{{"name": "Edge", "status": "major_outage"}},
                               {{"name": "Builds", "status": "operational"}}]}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn only_major_trouble_counts_as_the_vendor_being_down() {
        let working = |indicator| is_working(&summary(indicator));
        assert!(working("none") && working("minor") && working("maintenance"));
        assert!(!working("major") && !working("critical"));
    }

    #[test]
    fn the_troubled_parts_are_named() {
        assert_eq!(says(&summary("minor")), "Some trouble; Edge: major outage");
    }
}
