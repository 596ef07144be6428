//! What is half done is never called undone: it is unknown, and read back.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use functions::perform::{Hold, KillSwitch, Perform};
use functions::vendors::dns::DnsHands;
use shared::effect::{Act, Effect, Outcome};
use tests::standin::arc::Endpoint;
use tests::standin::route53::RecordSet;
use tests::standin::stage::{BUCKET, LATCH, PRIMARY, STANDBY, Stage, ZONE};
use tokio::time::Instant;

use crate::scene::{BOTH, RECORDS, act, changes, done_by, key, lead_to, read_back};
use crate::switches::set_up;

const CHANGE: &str = "ChangeResourceRecordSets";

/// Acts under a lease that is over after so many writes.
async fn act_for(hands: &DnsHands, act: Act, writes: u32) -> Outcome {
    let asked = AtomicU32::new(0);
    let stands = move || {
        let stands = asked.fetch_add(1, Ordering::Relaxed) < writes;
        stands.then_some(()).ok_or_else(|| "its lease is over".into())
    };
    let switch = KillSwitch::beside(Path::new("nowhere/allclear.db"));
    let hold = Hold::Alone { stands: Box::new(stands), switch };
    hands.perform(&key(), &Effect::Act(act), &hold).await
}

#[tokio::test]
async fn a_stranded_change_whose_lease_ends_before_it_is_sent_again_is_unknown() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(RECORDS).unwrap();
    stage.route53.strand();
    let outcome = act_for(&hands, Act::FailOver, 1).await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    assert_eq!(changes(&stage), 1);
    assert!(read_back(&hands, Act::FailOver).await);
}

#[tokio::test]
async fn records_that_refuse_after_the_latch_was_opened_leave_it_unknown() {
    let mut stage = Stage::start().await.unwrap();
    stage.set_up_pairs().await.unwrap();
    act(&stage.hands(RECORDS).unwrap(), Act::FailOver).await;
    let hands = stage.hands(BOTH).unwrap();
    assert_eq!(done_by(&act(&hands, Act::FailOver).await), "latch");
    let there = stage.route53.records(&stage.zone).into_iter();
    let top = there.filter(|set| set.name == format!("{ZONE}."));
    let primary = top.into_iter().find(|set| set.failover.as_deref() == Some("PRIMARY")).unwrap();
    let theirs = RecordSet { values: vec!["127.0.0.9".into()], ..primary };
    stage.route53.edit_before_next_change(theirs);
    let outcome = act(&hands, Act::FailBack).await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    assert!(!stage.s3.has(BUCKET, LATCH), "the latch was opened before");
    assert!(!read_back(&hands, Act::FailBack).await);
}

#[tokio::test]
async fn a_name_that_was_right_and_is_changed_meanwhile_is_no_success() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(RECORDS).unwrap();
    stage.route53.edit_as_human(RecordSet::new(ZONE, "A", 60, &[STANDBY]));
    stage.route53.edit_before_next_change(RecordSet::new(ZONE, "A", 60, &["127.0.0.9"]));
    let outcome = act(&hands, Act::FailOver).await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    assert!(!read_back(&hands, Act::FailOver).await);
}

#[tokio::test]
async fn a_latch_that_nothing_watches_is_no_proof_of_a_failover() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(BOTH).unwrap();
    stage.s3.put(BUCKET, LATCH, "somebody else");
    stage.route53.lose_request(CHANGE, 1);
    let outcome = act(&hands, Act::FailOver).await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    assert!(!read_back(&hands, Act::FailOver).await);
    lead_to(&stage, PRIMARY).await;
}

#[tokio::test]
async fn a_busy_control_plane_is_asked_again_before_anything_is_decided() {
    for drivers in [RECORDS, BOTH] {
        let stage = Stage::start().await.unwrap();
        let hands = stage.hands(drivers).unwrap();
        stage.route53.throttle(3);
        assert_eq!(done_by(&act(&hands, Act::FailOver).await), "records");
        lead_to(&stage, STANDBY).await;
        stage.route53.lose_reply("ListResourceRecordSets", 1);
        assert!(done_by(&act(&hands, Act::FailBack).await).ends_with("records"));
        assert!(!stage.s3.has(BUCKET, LATCH));
    }
}

#[tokio::test]
async fn the_latch_does_not_wait_for_a_control_plane_that_hangs() {
    let mut stage = Stage::start().await.unwrap();
    stage.set_up_pairs().await.unwrap();
    let hands = stage.hands(BOTH).unwrap();
    stage.route53.latency(Duration::from_secs(30));
    let begun = Instant::now();
    assert_eq!(done_by(&act(&hands, Act::FailOver).await), "latch");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    lead_to(&stage, STANDBY).await;
}

#[tokio::test]
async fn a_switch_whose_reply_was_lost_stays_unknown_when_the_lease_ends() {
    let stage = Stage::start().await.unwrap();
    let hands = set_up(&stage).await;
    (0..5).for_each(|place| stage.cluster.set_endpoint(place, Endpoint::Mute));
    let outcome = act_for(&hands, Act::FailOver, 1).await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    assert!(stage.cluster.is_on(&stage.controls[1]), "the first endpoint did it");
}
