//! Each role allows what its function calls, and nothing else.
//!
//! The emulator enforces the roles, so that a call too many fails the story; here the other half is held: no right that
//! no code uses. What the platform itself does in a role's name is named apart.

use std::collections::BTreeSet;

use functions::lambda::Function;
use functions::lambda::calls::NAMES;
use serde_json::Value;

use crate::cloud::Cloud;

/// Rights that the platform uses: logs, queues and streams that bring events, keys of secrets, what a name must be changed by.
const PLATFORM: [&str; 5] = ["Log", "Queue", "Stream", "Dead", "Key"];
/// Calls that a story without accidents has no reason to make: chunks and old deliveries, snapshots, what is left lying;
/// besides those of the hands that move names.
const NOT_IN_THE_STORY: [(&str, Function); 3] = [
    ("dynamodb:DeleteItem", Function::UptimeWebhook),
    ("dynamodb:DeleteItem", Function::Sweep),
    ("sqs:SendMessage", Function::Sweep),
];

pub async fn are_exact(cloud: &Cloud) {
    let seen = cloud.seen_calls().await;
    for function in Function::ALL {
        let allowed = cloud.role(function.name()).await;
        let calls: BTreeSet<_> = function.calls().into_iter().map(str::to_owned).collect();
        let zone = |call: &str| call.starts_with("route53:");
        let without_zone: BTreeSet<_> = calls.iter().filter(|it| !zone(it)).cloned().collect();
        assert_eq!(allowed, without_zone, "the role of {}", function.name());
        let made = seen.get(function.name()).cloned().unwrap_or_default();
        assert!(made.is_subset(&calls), "{} calls {made:?}", function.name());
        let spared = |call: &str| {
            let rare = call == "dynamodb:BatchGetItem" || NAMES.contains(&call);
            rare || NOT_IN_THE_STORY.contains(&(call, function))
        };
        let never: Vec<_> = calls.difference(&made).filter(|call| !spared(call)).collect();
        // Nobody called, and nobody looked.
        if !matches!(function, Function::Callbacks | Function::Status) {
            assert!(never.is_empty(), "{} never calls {never:?}", function.name());
        }
    }
}

/// What a policy allows, but for what the platform needs.
pub fn allowed(policy: &Value) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().unwrap().iter();
    let ours = statements.filter(|one| !PLATFORM.contains(&one["Sid"].as_str().unwrap_or("")));
    let actions = ours.flat_map(|one| match &one["Action"] {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    });
    let names = actions.map(|action| action.as_str().unwrap().to_owned());
    names.filter(|name| name != "sqs:SendMessageBatch").collect()
}
