//! Routing controls: five endpoints, any of which may be gone, and a control plane that is not needed.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use functions::vendors::dns::DnsHands;
use shared::effect::{Act, Aim, Outcome};
use tests::standin::arc::Endpoint;
use tests::standin::stage::{PRIMARY, STANDBY, Stage};

use crate::scene::{act, done_by, lead_to, read_back, survey};

const SWITCHES: &str = "[\"routing-controls\"]";

/// Pairs whose primary's check hangs on its routing control, made as a user makes them.
pub async fn set_up(stage: &Stage) -> DnsHands {
    let hands = stage.hands(SWITCHES).unwrap();
    let seen = hands.setup().await;
    assert_eq!(seen.obstacles, Vec::<String>::new());
    let made = hands.set_up(|_| true, &functions::perform::Hold::Free).await.unwrap();
    assert!(made.left.is_as_planned(), "{made:?}");
    hands
}

fn are_on(stage: &Stage) -> [bool; 2] {
    [0, 1].map(|place| stage.cluster.is_on(&stage.controls[place]))
}

#[tokio::test]
async fn switches_move_traffic_while_the_control_plane_and_three_endpoints_are_gone() {
    let stage = Stage::start().await.unwrap();
    let hands = set_up(&stage).await;
    stage.route53.outage(true);
    for (place, how) in
        [(0, Endpoint::Unavailable), (2, Endpoint::Unavailable), (4, Endpoint::Unavailable)]
    {
        stage.cluster.set_endpoint(place, how);
    }
    assert_eq!(done_by(&act(&hands, Act::FailOver).await), "routing controls");
    assert_eq!(are_on(&stage), [false, true]);
    lead_to(&stage, STANDBY).await;
    assert!(read_back(&hands, Act::FailOver).await);
    assert_eq!(done_by(&act(&hands, Act::FailBack).await), "routing controls");
    lead_to(&stage, PRIMARY).await;
    assert_eq!((are_on(&stage), stage.cluster.dark()), ([true, false], 0));
}

#[tokio::test]
async fn nothing_is_set_up_while_a_switch_holds_traffic_or_cannot_be_read() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands(SWITCHES).unwrap();
    (0..5).for_each(|place| stage.cluster.set_endpoint(place, Endpoint::Unavailable));
    let obstacles = hands.setup().await.obstacles.join("; ");
    assert!(obstacles.contains("the routing controls cannot be read"), "{obstacles}");
    (0..5).for_each(|place| stage.cluster.set_endpoint(place, Endpoint::Up));
    stage.cluster.add_control("primary", false);
    let obstacles = hands.setup().await.obstacles.join("; ");
    assert!(obstacles.contains("kept from the primary by the routing controls"), "{obstacles}");
}

#[tokio::test]
async fn an_endpoint_whose_answer_is_lost_is_followed_by_the_next() {
    let stage = Stage::start().await.unwrap();
    let hands = set_up(&stage).await;
    (0..4).for_each(|place| stage.cluster.set_endpoint(place, Endpoint::Mute));
    act(&hands, Act::FailOver).await;
    lead_to(&stage, STANDBY).await;
    (0..5).for_each(|place| stage.cluster.set_endpoint(place, Endpoint::Broken));
    let outcome = act(&hands, Act::FailBack).await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    (0..5).for_each(|place| stage.cluster.set_endpoint(place, Endpoint::Up));
    assert!(!read_back(&hands, Act::FailBack).await);
}

#[tokio::test]
async fn a_safety_rule_of_the_cluster_is_never_overridden() {
    let stage = Stage::start().await.unwrap();
    let hands = set_up(&stage).await;
    let strange = stage.cluster.add_control("elsewhere", true);
    stage.cluster.keep_one_on(&[&stage.controls[0], &format!("{strange}-that-is-off")]);
    let outcome = act(&hands, Act::FailOver).await;
    assert!(
        matches!(&outcome, Outcome::Never { why } if why.contains("a safety rule of the cluster forbids it")),
        "{outcome:?}"
    );
    assert_eq!(are_on(&stage), [true, false]);
    lead_to(&stage, PRIMARY).await;
}

#[tokio::test]
async fn switches_that_nothing_watches_are_passed_over() {
    let stage = Stage::start().await.unwrap();
    let hands = stage.hands("[\"routing-controls\", \"records\"]").unwrap();
    assert_eq!(survey(&hands, Aim::FailOver).await.by.as_deref(), Some("records"));
    assert_eq!(done_by(&act(&hands, Act::FailOver).await), "records");
    assert_eq!(are_on(&stage), [true, false]);
    lead_to(&stage, STANDBY).await;
}
