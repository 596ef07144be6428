//! What goes wrong at Route 53, row by row of the failure list: one effect, or none, and never an empty name.

use std::time::Duration;

use functions::vendors::dns::Pace;
use shared::effect::{Act, Outcome};
use tests::standin::route53::RecordSet;
use tests::standin::stage::{BUCKET, LATCH, PRIMARY, STANDBY, Stage, ZONE};
use tokio::time::Instant;

use crate::scene::{LATCH_ONLY, RECORDS, act, changes, done_by, lead_to, read_back, verify};

const CHANGE: &str = "ChangeResourceRecordSets";

#[tokio::test]
async fn a_lost_reply_is_unknown_and_reading_back_finds_the_effect() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(RECORDS).unwrap();
    stage.route53.lose_reply(CHANGE, 1);
    let outcome = act(&hands, Act::FailOver).await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    assert!(read_back(&hands, Act::FailOver).await);
    assert_eq!(changes(&stage), 1);
    // Asked once more all the same, it changes nothing more.
    act(&hands, Act::FailOver).await;
    assert_eq!(changes(&stage), 1);
}

#[tokio::test]
async fn a_request_that_never_arrived_is_found_missing() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(RECORDS).unwrap();
    stage.route53.lose_request(CHANGE, 1);
    let outcome = act(&hands, Act::FailOver).await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    assert!(!read_back(&hands, Act::FailOver).await);
    assert_eq!(changes(&stage), 0);
}

#[tokio::test]
async fn a_latch_whose_reply_was_lost_is_closed_once() {
    let mut stage = Stage::start().await.unwrap();
    stage.set_up_pairs().await.unwrap();
    let hands = stage.hands(LATCH_ONLY).unwrap();
    stage.s3.lose_reply("PUT", 1);
    assert!(matches!(act(&hands, Act::FailOver).await, Outcome::Unknown { .. }));
    assert!(read_back(&hands, Act::FailOver).await);
    assert_eq!(done_by(&act(&hands, Act::FailOver).await), "latch");
    assert_eq!(stage.s3.body(BUCKET, LATCH).unwrap().trim(), "operations/3/0");
}

#[tokio::test]
async fn a_busy_zone_is_waited_for_but_not_for_ever() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(RECORDS).unwrap();
    stage.route53.prior_request_not_complete(3);
    assert_eq!(done_by(&act(&hands, Act::FailOver).await), "records");
    assert_eq!(changes(&stage), 1);
    stage.route53.prior_request_not_complete(100);
    let outcome = act(&hands, Act::FailBack).await;
    assert!(matches!(&outcome, Outcome::Never { why } if why.contains("busy")), "{outcome:?}");
    let calls = stage.route53.calls();
    let asked = calls.iter().filter(|call| call.operation == CHANGE).count();
    assert!(asked < 15, "asked {asked} times");
}

#[tokio::test]
async fn a_busy_zone_is_asked_at_growing_intervals() {
    let stage = Stage::start().await.unwrap();
    let mut hands = stage.hands(RECORDS).unwrap();
    hands.pace.busy = Duration::from_millis(40);
    stage.route53.prior_request_not_complete(4);
    assert_eq!(done_by(&act(&hands, Act::FailOver).await), "records");
    let calls = stage.route53.calls().into_iter().filter(|call| call.operation == CHANGE);
    let asked: Vec<_> = calls.map(|call| call.began).collect();
    let waits: Vec<_> = asked.windows(2).map(|two| two[1] - two[0]).collect();
    for (n, wait) in (0_u32..).zip(&waits) {
        assert!(*wait >= hands.pace.busy * 2_u32.pow(n), "{waits:?}");
    }
    assert_eq!(waits.len(), 4);
}

#[tokio::test]
async fn at_its_usual_pace_no_bucket_of_route_53_is_ever_empty() {
    let stage = Stage::start().await.unwrap();
    let mut hands = stage.hands(RECORDS).unwrap();
    hands.pace = Pace { cap: Duration::from_secs(8), ..Pace::default() };
    stage.route53.throttle_by_buckets();
    stage.route53.pending_polls(3);
    let begun = Instant::now();
    assert_eq!(done_by(&act(&hands, Act::FailOver).await), "records");
    let calls = stage.route53.calls();
    assert!(calls.iter().all(|call| call.outcome == "OK"), "{calls:?}");
    // One look at each name and one change at once; from then on less than twice a second.
    let at_once = hands.plan.dns.names.len() + 1;
    let later = calls.len() - at_once;
    assert!(later as f64 <= 2.0 * begun.elapsed().as_secs_f64(), "{later} calls");
}

#[tokio::test]
async fn throttling_loses_no_step() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(RECORDS).unwrap();
    let listed = act(&hands, Act::FailOver).await;
    assert_eq!(done_by(&listed), "records");
    stage.route53.throttle(1);
    let outcome = act(&hands, Act::FailBack).await;
    // A throttled look changes nothing and says so; a throttled change is waited for.
    if !matches!(outcome, Outcome::Done(_)) {
        assert_eq!(changes(&stage), 1, "{outcome:?}");
        act(&hands, Act::FailBack).await;
    }
    lead_to(&stage, PRIMARY).await;
}

#[tokio::test]
async fn somebody_elses_edit_in_between_stops_the_batch() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(RECORDS).unwrap();
    let theirs = RecordSet::new(ZONE, "A", 60, &["127.0.0.9"]);
    stage.route53.edit_before_next_change(theirs);
    let outcome = act(&hands, Act::FailOver).await;
    assert!(
        matches!(&outcome, Outcome::Never { why } if why.contains("plan again")),
        "{outcome:?}"
    );
    stage.knot.wait_for(ZONE, "A", &["127.0.0.9"]).await.unwrap();
    assert_eq!((changes(&stage), stage.route53.emptied()), (0, vec![]));
}

#[tokio::test]
async fn a_stranded_change_is_found_by_asking_and_submitted_again() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(RECORDS).unwrap();
    stage.route53.strand();
    assert_eq!(done_by(&act(&hands, Act::FailOver).await), "records");
    assert_eq!(changes(&stage), 2);
    lead_to(&stage, STANDBY).await;
    assert_eq!(stage.route53.emptied(), Vec::<String>::new());
}

#[tokio::test]
async fn a_change_that_stays_pending_is_not_verified() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(RECORDS).unwrap();
    stage.route53.pending_polls(10_000);
    act(&hands, Act::FailOver).await;
    let (whole, says, tail) = verify(&hands, Act::FailOver).await;
    assert!(!whole && tail.is_empty(), "{says}");
    assert!(says.contains("says 127.0.0.2"), "{says}");
}

#[tokio::test]
async fn an_alias_and_a_weighted_record_are_left_alone() {
    for strange in [
        RecordSet::alias(ZONE, "A", "Z2FDTNDATAQYW2", "d111.cloudfront.net", false),
        RecordSet::new(ZONE, "A", 60, &[PRIMARY]).weighted(10, "blue"),
    ] {
        let stage = Stage::start().await.unwrap();
        let zone = stage.route53.add_zone(ZONE);
        stage.route53.seed(&zone, &[strange]);
        let hands = Stage { zone, ..stage };
        let outcome = act(&hands.hands(RECORDS).unwrap(), Act::FailOver).await;
        assert!(matches!(&outcome, Outcome::Never { .. }), "{outcome:?}");
        assert_eq!(changes(&hands), 0);
    }
}

#[tokio::test]
async fn a_name_without_a_record_is_refused_and_not_made() {
    let stage = Stage::start().await.unwrap();
    let zone = stage.route53.add_zone(ZONE);
    stage.route53.seed(&zone, &[RecordSet::new(ZONE, "A", 60, &[PRIMARY])]);
    let stage = Stage { zone, ..stage };
    let outcome = act(&stage.hands(RECORDS).unwrap(), Act::FailOver).await;
    assert!(
        matches!(&outcome, Outcome::Never { why } if why.contains("has no record")),
        "{outcome:?}"
    );
    assert_eq!(changes(&stage), 0, "not even of the other name");
}

#[tokio::test]
async fn no_name_is_pointed_at_nothing() {
    let stage = Stage::start().await.unwrap();
    let mut hands = stage.hands(RECORDS).unwrap();
    let mut plan = (*hands.plan).clone();
    plan.dns.standby = String::new();
    hands.plan = plan.into();
    let outcome = act(&hands, Act::FailOver).await;
    assert!(
        matches!(&outcome, Outcome::Never { why } if why.contains("nothing that")),
        "{outcome:?}"
    );
    assert_eq!((changes(&stage), stage.route53.emptied()), (0, vec![]));
}

#[tokio::test]
async fn an_answer_is_never_taken_from_silence() {
    let mut stage = Stage::start().await.unwrap();
    let hands = stage.hands(RECORDS).unwrap();
    stage.knot.stop_following();
    act(&hands, Act::FailOver).await;
    let (whole, says, tail) = verify(&hands, Act::FailOver).await;
    assert!(!whole && tail.is_empty(), "{says}");
    assert!(says.starts_with("0 of 1 name servers"), "{says}");
}
