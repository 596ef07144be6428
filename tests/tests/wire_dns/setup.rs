//! Failover records and health checks, made ahead of a disaster.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use aws_sdk_route53::Client;
use functions::http::{self, Roots};
use functions::perform::{Hold, KillSwitch};
use functions::vendors::aws::Aws;
use functions::vendors::dns::DnsHands;
use functions::vendors::dns::setup::{Leads, Made, Setup};
use shared::effect::{Act, Finding, Toward};
use tests::standin::route53::{CLOUDFRONT, RecordSet};
use tests::standin::stage::{BUCKET, LATCH, PRIMARY, STANDBY, Stage, WWW, ZONE};

use crate::scene::{BOTH, LATCH_ONLY, RECORDS, act, changes, done_by, lead_to};

async fn set_up(hands: &DnsHands) -> Made {
    let seen = hands.setup().await;
    assert_eq!(seen.obstacles, Vec::<String>::new());
    made(hands, &seen).await.unwrap()
}

async fn made(hands: &DnsHands, seen: &Setup) -> Result<Made, String> {
    hands.set_up(|now| now.hash() == seen.hash(), &Hold::Free).await
}

/// What a person uses behind our back.
fn console(stage: &Stage) -> Client {
    let http = http::client(&Roots::default()).unwrap();
    Aws::from_environment(http, |name| stage.setting(name)).unwrap().route53()
}

async fn checks(stage: &Stage) -> Vec<String> {
    let all = console(stage).list_health_checks().send().await.unwrap().health_checks;
    all.into_iter().map(|check| check.id).collect()
}

/// How often a call was made.
fn calls(stage: &Stage, operation: &str) -> usize {
    stage.route53.calls().iter().filter(|call| call.operation == operation).count()
}

fn targets(setup: &Setup) -> Vec<&str> {
    setup.changes.iter().map(|change| change.target.as_str()).collect()
}

#[tokio::test]
async fn what_is_shown_is_made_and_no_visitor_moves() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(LATCH_ONLY).unwrap();
    let seen = hands.setup().await;
    assert_eq!((seen.obstacles.len(), seen.notes.len()), (0, 0), "{seen:?}");
    assert_eq!(changes(&stage) + calls(&stage, "CreateHealthCheck"), 0, "looking changes nothing");
    let says: Vec<String> = seen
        .changes
        .iter()
        .map(|one| format!("{}: {} → {}", one.target, one.before, one.after))
        .map(|line| line.replace(&stage.primary.address.port().to_string(), "PORT"))
        .collect();
    insta::assert_snapshot!(says.join("\n"), @"
    check of the primary's endpoint: none → https://127.0.0.2:PORT/health, every 30 s, 3 in a row
    check of the latch: none → https://latches.s3.us-west-2.amazonaws.com:443/initiate-failover, every 10 s, 3 in a row, inverted
    check of the primary as a whole: none → 2 of 2: primary's endpoint + latch
    check of the standby's endpoint: none → https://127.0.0.3:PORT/health, every 30 s, 3 in a row
    A concierge-transaction-flow.com: simple 127.0.0.2, 60 s → primary 127.0.0.2, 60 s, watched by primary as a whole
    A concierge-transaction-flow.com: none → secondary 127.0.0.3, 60 s, watched by standby's endpoint
    A www.concierge-transaction-flow.com: simple 127.0.0.2, 60 s → primary 127.0.0.2, 60 s, watched by primary as a whole
    A www.concierge-transaction-flow.com: none → secondary 127.0.0.3, 60 s, watched by standby's endpoint
    ");
    let made = set_up(&hands).await;
    assert!(made.left.is_as_planned(), "{made:?}");
    assert!(matches!(&made.proof, Finding::Verified { whole: true, .. }), "{made:?}");
    lead_to(&stage, PRIMARY).await;
    assert_eq!((changes(&stage), stage.route53.emptied()), (1, vec![]));
    // What was made is what the latch needs: no control plane from here on.
    stage.route53.outage(true);
    assert_eq!(done_by(&act(&hands, Act::FailOver).await), "latch");
    lead_to(&stage, STANDBY).await;
    act(&hands, Act::FailBack).await;
    lead_to(&stage, PRIMARY).await;
}

#[tokio::test]
async fn made_twice_it_is_made_once() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(BOTH).unwrap();
    set_up(&hands).await;
    let (checks, batches) = (calls(&stage, "CreateHealthCheck"), changes(&stage));
    let again = set_up(&hands).await;
    assert!(again.left.is_as_planned());
    assert_eq!((calls(&stage, "CreateHealthCheck"), changes(&stage)), (checks, batches));
    assert_eq!((checks, batches), (4, 1));
}

#[tokio::test]
async fn without_a_latch_the_primarys_endpoint_decides_alone() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(RECORDS).unwrap();
    let seen = hands.setup().await;
    assert_eq!(
        targets(&seen)[..2],
        ["check of the primary's endpoint", "check of the standby's endpoint"]
    );
    set_up(&hands).await;
    assert_eq!(calls(&stage, "CreateHealthCheck"), 2);
    lead_to(&stage, PRIMARY).await;
}

#[tokio::test]
async fn replies_that_are_lost_leave_nothing_double() {
    for lost in ["CreateHealthCheck", "ChangeResourceRecordSets"] {
        let stage = Stage::start().await.unwrap();
        let hands = stage.hands(BOTH).unwrap();
        stage.route53.lose_reply(lost, 1);
        let seen = hands.setup().await;
        let first = made(&hands, &seen).await;
        let made = set_up(&hands).await;
        assert!(made.left.is_as_planned(), "{lost}: {first:?} {made:?}");
        assert_eq!((calls(&stage, "CreateHealthCheck"), changes(&stage)), (4, 1), "{lost}");
        lead_to(&stage, PRIMARY).await;
    }
}

#[tokio::test]
async fn what_somebody_changed_is_shown_and_repaired() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(BOTH).unwrap();
    set_up(&hands).await;
    let records = stage.route53.records(&stage.zone);
    let primary = records.iter().find(|set| set.failover.as_deref() == Some("PRIMARY")).unwrap();
    let all = primary.health_check.clone().unwrap();
    stage.route53.edit_as_human(RecordSet { ttl: Some(300), ..primary.clone() });
    let switched_off = console(&stage).update_health_check().health_check_id(all).disabled(true);
    switched_off.send().await.unwrap();
    let seen = hands.setup().await;
    assert_eq!(targets(&seen), ["check of the primary as a whole", &format!("A {ZONE}")]);
    assert!(seen.changes[0].before.ends_with(", DISABLED"), "{seen:?}");
    assert!(seen.changes[1].before.contains("300 s"), "{seen:?}");
    assert!(set_up(&hands).await.left.is_as_planned());
    assert_eq!(calls(&stage, "CreateHealthCheck"), 4, "a check is changed, not made anew");
    assert_eq!(stage.route53.emptied(), Vec::<String>::new());
}

#[tokio::test]
async fn a_check_that_somebody_deleted_is_made_anew() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(BOTH).unwrap();
    set_up(&hands).await;
    for check in checks(&stage).await {
        console(&stage).delete_health_check().health_check_id(check).send().await.unwrap();
    }
    let made = set_up(&hands).await;
    assert!(made.left.is_as_planned(), "{made:?}");
    assert_eq!(checks(&stage).await.len(), 4);
    lead_to(&stage, PRIMARY).await;
}

#[tokio::test]
async fn nothing_is_made_that_would_move_a_visitor() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(BOTH).unwrap();
    let obstacle = async || hands.setup().await.obstacles.join("; ");
    stage.primary.says(None);
    assert!(obstacle().await.ends_with("answers HTTP 503"), "{}", obstacle().await);
    stage.primary.says(Some("{}"));
    stage.s3.put(BUCKET, LATCH, "somebody");
    let says = obstacle().await;
    assert!(says.contains("kept from the primary by the latch"), "{says}");
    stage.s3.delete(BUCKET, LATCH);
    stage.s3.outage(true);
    assert!(obstacle().await.contains("the latch cannot be read"), "{}", obstacle().await);
    stage.s3.outage(false);
    let seen = hands.setup().await;
    act(&stage.hands(RECORDS).unwrap(), Act::FailOver).await;
    let refused = made(&hands, &seen).await.unwrap_err();
    assert!(refused.contains(&format!("{WWW} leads to the standby")), "{refused}");
    stage.route53.edit_as_human(RecordSet::new(WWW, "A", 60, &["127.0.0.9"]));
    let says = obstacle().await;
    assert!(says.contains("leads to 127.0.0.9, not to the plan's primary"), "{says}");
    assert_eq!(calls(&stage, "CreateHealthCheck"), 0);
}

#[tokio::test]
async fn what_is_not_a_plain_record_is_left_to_people() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(BOTH).unwrap();
    let target = "d1.cloudfront.net";
    stage.route53.edit_as_human(RecordSet::alias(WWW, "AAAA", CLOUDFRONT, target, false));
    let says = hands.setup().await.obstacles.join("; ");
    assert!(says.contains("is an alias or routed by weight"), "{says}");
    stage.route53.edit_as_human(RecordSet::new(WWW, "AAAA", 60, &["2001:db8::1"]));
    let says = hands.setup().await.obstacles.join("; ");
    assert!(says.contains("has a record of type AAAA, the plan moves A"), "{says}");
}

#[tokio::test]
async fn what_changed_since_it_was_seen_is_not_made() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(BOTH).unwrap();
    let seen = hands.setup().await;
    stage.route53.edit_as_human(RecordSet::new(WWW, "A", 30, &[PRIMARY]));
    let refused = made(&hands, &seen).await.unwrap_err();
    assert!(refused.contains("no longer what you saw"), "{refused}");
    assert_eq!(calls(&stage, "CreateHealthCheck") + changes(&stage), 0);
}

#[tokio::test]
async fn what_could_not_be_seen_afterwards_is_not_called_made() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(RECORDS).unwrap();
    // The look after the writes gets no answer.
    let route53 = stage.route53.clone();
    let stands = move || {
        route53.lose_reply("ListHealthChecks", 1);
        Ok(())
    };
    let switch = KillSwitch::beside(Path::new("nowhere/allclear.db"));
    let hold = Hold::Alone { stands: Box::new(stands), switch };
    let made = hands.set_up(|_| true, &hold).await.unwrap();
    assert!(!made.left.is_as_planned(), "{made:?}");
    assert!(hands.setup().await.is_as_planned(), "it was made all the same");
}

#[tokio::test]
async fn the_status_says_where_names_lead_and_what_is_missing() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(BOTH).unwrap();
    let before = hands.status().await;
    assert_eq!(before.names[0], (ZONE.to_owned(), Leads::To(Toward::Primary)));
    assert!(!before.setup.changes.is_empty());
    set_up(&hands).await;
    stage.route53.set_accelerated_recovery(&stage.zone, "ENABLED");
    act(&hands, Act::FailOver).await;
    lead_to(&stage, STANDBY).await;
    let status = hands.status().await;
    assert_eq!(status.names[1], (WWW.to_owned(), Leads::To(Toward::Standby)));
    let means: Vec<String> =
        status.means.iter().map(|(label, text)| format!("{label}: {text}")).collect();
    let means = means.join("\n").replace(&stage.zone, "ZONE");
    insta::assert_snapshot!(means, @"
    check: primary's endpoint: 16 of 16 checkers find it
    check: latch: 16 of 16 checkers find it
    check: standby's endpoint: 16 of 16 checkers find it
    latch: s3://latches/initiate-failover is CLOSED: the standby is served until `allclear failback`
    zone: concierge-transaction-flow.com ZONE: accelerated recovery is on
    ");
    assert!(status.setup.changes.is_empty() && status.setup.obstacles.len() == 1);
}
