//! Each driver alone, and all of them in the plan's order.

use shared::effect::{Act, Aim};
use tests::standin::stage::{BUCKET, LATCH, PRIMARY, STANDBY, Stage, ZONE};

use crate::scene::{
    BOTH, LATCH_ONLY, RECORDS, act, changes, done_by, lead_to, read_back, survey, verify,
};

#[tokio::test]
async fn records_flip_in_one_batch_and_back() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(RECORDS).unwrap();
    let seen = survey(&hands, Aim::FailOver).await;
    let first = &seen.changes[0];
    assert_eq!((first.before.as_str(), first.after.as_str()), (PRIMARY, STANDBY));
    assert_eq!((seen.changes.len(), seen.by.as_deref()), (2, Some("records")));
    assert!(seen.preflight.unwrap().build.as_deref() == Some("b7"));
    assert_eq!(done_by(&act(&hands, Act::FailOver).await), "records");
    lead_to(&stage, STANDBY).await;
    let (whole, says, tail) = verify(&hands, Act::FailOver).await;
    assert!(whole && tail.is_empty(), "{says}");
    assert!(says.contains("3 of 3 public resolvers agree"), "{says}");
    assert!(survey(&hands, Aim::FailOver).await.changes.is_empty(), "it is done already");
    act(&hands, Act::FailBack).await;
    lead_to(&stage, PRIMARY).await;
    assert_eq!((changes(&stage), stage.route53.emptied()), (2, vec![]));
    let comment = stage.route53.calls().into_iter().find_map(|call| call.comment).unwrap();
    assert_eq!(comment, "allclear operations/3/0");
}

#[tokio::test]
async fn the_latch_moves_traffic_without_any_control_plane_and_holds_it() {
    let mut stage = Stage::start().await.unwrap();
    stage.set_up_pairs().await.unwrap();
    let hands = stage.hands(LATCH_ONLY).unwrap();
    stage.route53.outage(true);
    assert_eq!(done_by(&act(&hands, Act::FailOver).await), "latch");
    assert_eq!(stage.s3.body(BUCKET, LATCH).unwrap().trim(), "operations/3/0");
    lead_to(&stage, STANDBY).await;
    let (whole, says, _) = verify(&hands, Act::FailOver).await;
    assert!(whole, "{says}");
    assert!(read_back(&hands, Act::FailOver).await);
    assert_eq!(changes(&stage), 0);
    // The primary is well all the time: nothing goes back by itself.
    lead_to(&stage, STANDBY).await;
    act(&hands, Act::FailBack).await;
    lead_to(&stage, PRIMARY).await;
}

#[tokio::test]
async fn a_latch_that_nothing_watches_is_passed_over() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(BOTH).unwrap();
    assert_eq!(survey(&hands, Aim::FailOver).await.by.as_deref(), Some("records"));
    assert_eq!(done_by(&act(&hands, Act::FailOver).await), "records");
    assert!(!stage.s3.has(BUCKET, LATCH));
    lead_to(&stage, STANDBY).await;
}

#[tokio::test]
async fn when_the_latch_cannot_be_closed_the_records_are_edited_and_both_are_undone() {
    let mut stage = Stage::start().await.unwrap();
    stage.set_up_pairs().await.unwrap();
    let hands = stage.hands(BOTH).unwrap();
    stage.s3.slow_down(1);
    assert_eq!(done_by(&act(&hands, Act::FailOver).await), "records");
    lead_to(&stage, STANDBY).await;
    stage.s3.put(BUCKET, LATCH, "somebody else");
    let back = survey(&hands, Aim::FailBack).await;
    assert_eq!(back.by.as_deref(), Some("latch and records"));
    assert_eq!(done_by(&act(&hands, Act::FailBack).await), "latch and records");
    lead_to(&stage, PRIMARY).await;
    assert!(!stage.s3.has(BUCKET, LATCH) && stage.route53.emptied().is_empty());
}

#[tokio::test]
async fn a_pair_flips_by_records_too() {
    let mut stage = Stage::start().await.unwrap();
    stage.set_up_pairs().await.unwrap();
    let hands = stage.hands(RECORDS).unwrap();
    act(&hands, Act::FailOver).await;
    lead_to(&stage, STANDBY).await;
    act(&hands, Act::FailBack).await;
    lead_to(&stage, PRIMARY).await;
    let checked = stage.route53.records(&stage.zone);
    assert!(checked.iter().all(|set| set.health_check.is_some()), "{checked:?}");
}

#[tokio::test]
async fn a_standby_that_does_not_answer_is_named_before_anything_moves() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(RECORDS).unwrap();
    stage.standby.says(Some(r#"{"database": "down"}"#));
    let ill = survey(&hands, Aim::FailOver).await.preflight.unwrap();
    assert!(ill.answers && !ill.database);
    stage.standby.says(None);
    assert!(!survey(&hands, Aim::FailOver).await.preflight.unwrap().answers);
}

#[tokio::test]
async fn a_standby_that_calls_itself_healthy_behind_an_expired_certificate_is_refused() {
    let mut stage = Stage::start().await.unwrap();
    stage.let_the_standbys_certificate_expire().await.unwrap();
    let seen = survey(&stage.hands(RECORDS).unwrap(), Aim::FailOver).await;
    assert_eq!(seen.preflight, None);
    let says = seen.troubles.join("; ");
    assert!(says.contains("does not answer") && says.contains("certificate"), "{says}");
}

#[tokio::test]
async fn names_that_moved_to_a_dead_site_are_no_success() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(RECORDS).unwrap();
    act(&hands, Act::FailOver).await;
    stage.standby.says(None);
    let (whole, says, tail) = verify(&hands, Act::FailOver).await;
    assert!(!whole && tail.is_empty(), "{says}");
    assert!(says.ends_with("the site does not answer there: HTTP 503"), "{says}");
    assert_eq!(stage.knot.dig(ZONE, "A").await.unwrap(), [STANDBY]);
}
