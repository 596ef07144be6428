//! C1 to C8, and the faults that tests inject.

use std::time::Duration;

use reqwest::Method;
use tests::standin::route53::RecordSet;

use crate::world::{PRIMARY, STANDBY, World, a, batch, code, text};

/// Moves `www` as the failover does.
fn flip(to: &RecordSet) -> String {
    batch(&[("DELETE", &a("www", PRIMARY)), ("CREATE", to)])
}

/// A world whose `www` is a simple record.
async fn simple() -> World {
    let world = World::new().await;
    world.route53.seed(&world.zone, &[a("www", PRIMARY)]);
    world
}

#[tokio::test]
async fn each_change_has_its_own_id_and_keeps_its_comment() {
    let world = World::new().await;
    let one = world.change(&[("CREATE", &a("one", PRIMARY))]).await.1;
    let two = world.change(&[("CREATE", &a("two", PRIMARY))]).await.1;
    let ids = [text(&one, "Id").unwrap(), text(&two, "Id").unwrap()];
    assert_ne!(ids[0], ids[1]);
    assert!(ids[0].starts_with("/change/C"));
    assert_eq!(text(&one, "Comment").unwrap(), "op-1");
    assert_eq!(text(&world.get(&ids[1][1..]).await.1, "Comment").unwrap(), "op-1");
    assert_eq!(code(&world.get("change/CNONE").await), "NoSuchChange");
    assert_eq!(world.route53.calls()[0].comment.as_deref(), Some("op-1"));
}

#[tokio::test]
async fn ids_come_with_and_without_their_prefix() {
    let world = World::new().await;
    for zone in [format!("%2Fhostedzone%2F{}", world.zone), format!("/hostedzone/{}", world.zone)] {
        assert_eq!(code(&world.get(&format!("hostedzone/{zone}")).await), "OK", "{zone}");
    }
    let change = world.change(&[("CREATE", &a("one", PRIMARY))]).await.1;
    let id = text(&change, "Id").unwrap().replace('/', "%2F");
    assert_eq!(code(&world.get(&format!("change/{id}")).await), "OK");
}

#[tokio::test]
async fn a_change_is_pending_for_some_polls_and_reaches_dns_with_the_last() {
    let world = simple().await;
    world.route53.pending_polls(2);
    let change = world.post(&world.rrset(), flip(&a("www", STANDBY))).await.1;
    assert_eq!(text(&change, "Status").unwrap(), "PENDING");
    let id = text(&change, "Id").unwrap();
    for (status, answer) in [("PENDING", PRIMARY), ("PENDING", PRIMARY), ("INSYNC", STANDBY)] {
        let polled = world.get(&id[1..]).await.1;
        assert_eq!(
            (text(&polled, "Status").unwrap().as_str(), world.www()),
            (status, vec![answer.into()])
        );
    }
    assert_eq!(world.route53.emptied(), [""; 0]);
}

#[tokio::test]
async fn a_later_change_in_sync_brings_the_earlier_ones_with_it() {
    let world = simple().await;
    world.route53.pending_polls(1);
    world.post(&world.rrset(), flip(&a("www", STANDBY))).await;
    world.route53.pending_polls(0);
    assert_eq!(world.www(), [PRIMARY]);
    assert_eq!(world.create(&[a("api", PRIMARY)]).await, "OK");
    assert_eq!(world.www(), [STANDBY]);
}

#[tokio::test]
async fn a_zone_processes_one_change_at_a_time() {
    let world = World::new().await;
    world.route53.latency(Duration::from_millis(100));
    let (one, two) = ([a("one", PRIMARY)], [a("two", PRIMARY)]);
    let mut codes: [String; 2] = tokio::join!(world.create(&one), world.create(&two)).into();
    codes.sort();
    assert_eq!(codes, ["OK", "PriorRequestNotComplete"]);
    assert_eq!(world.create(&[a("three", PRIMARY)]).await, "OK");
    world.route53.prior_request_not_complete(1);
    assert_eq!(world.create(&[a("four", PRIMARY)]).await, "PriorRequestNotComplete");
    assert_eq!(world.create(&[a("four", PRIMARY)]).await, "OK");
}

#[tokio::test]
async fn calls_are_throttled_on_demand_and_by_buckets() {
    let world = World::new().await;
    world.route53.throttle(1);
    let path = format!("hostedzone/{}", world.zone);
    let throttled = world.get(&path).await;
    assert_eq!((throttled.0, code(&throttled)), (400, "Throttling".to_owned()));
    assert_eq!(text(&throttled.1, "Message").unwrap(), "Rate exceeded");
    world.route53.throttle_by_buckets();
    let check = world.route53.add_endpoint_check("hc.example.com", "/");
    let status = format!("healthcheck/{check}/status");
    for _ in 0..4 {
        assert_eq!(code(&world.get(&status).await), "OK");
    }
    assert_eq!(code(&world.get(&status).await), "Throttling");
    assert_eq!(code(&world.get(&path).await), "OK");
}

#[tokio::test]
async fn a_lost_reply_hides_a_change_that_took_effect() {
    let world = simple().await;
    world.route53.lose_reply("ChangeResourceRecordSets", 1);
    let body = flip(&a("www", STANDBY));
    assert_eq!(world.call(Method::POST, &world.rrset(), body.clone()).await, None);
    assert_eq!(world.www(), [STANDBY]);
    let again = world.post(&world.rrset(), body).await;
    assert_eq!(code(&again), "InvalidChangeBatch");
    let calls = world.route53.calls();
    let effects = calls.iter().filter(|call| call.outcome == "OK").count();
    assert_eq!((calls.len(), effects, calls[0].answered), (2, 1, false));
}

#[tokio::test]
async fn a_lost_request_takes_no_effect() {
    let world = simple().await;
    world.route53.lose_request("ChangeResourceRecordSets", 1);
    let body = flip(&a("www", STANDBY));
    assert_eq!(world.call(Method::POST, &world.rrset(), body.clone()).await, None);
    assert_eq!((world.www(), world.route53.calls().len()), (vec![PRIMARY.to_owned()], 0));
    assert_eq!(code(&world.post(&world.rrset(), body).await), "OK");
}

#[tokio::test]
async fn a_stranded_change_is_in_sync_and_never_answered() {
    let world = simple().await;
    world.route53.strand();
    let change = world.post(&world.rrset(), flip(&a("www", STANDBY))).await.1;
    let polled = world.get(&text(&change, "Id").unwrap()[1..]).await.1;
    assert_eq!(text(&polled, "Status").unwrap(), "INSYNC");
    assert_eq!(world.route53.records(&world.zone), [a("www", STANDBY)]);
    assert_eq!(world.www(), [PRIMARY]);
    let new = a("www", STANDBY);
    assert_eq!(code(&world.change(&[("DELETE", &new), ("CREATE", &new)]).await), "OK");
    assert_eq!(world.www(), [STANDBY], "the same change again gets there");
}

#[tokio::test]
async fn a_human_edit_makes_the_exact_delete_fail() {
    let world = simple().await;
    world.route53.edit_before_next_change(a("www", "203.0.113.9"));
    assert_eq!(
        code(&world.post(&world.rrset(), flip(&a("www", STANDBY))).await),
        "InvalidChangeBatch"
    );
    assert_eq!(world.www(), ["203.0.113.9"]);
    world.route53.edit_as_human(a("www", PRIMARY));
    assert_eq!(world.www(), [PRIMARY]);
}

#[tokio::test]
async fn a_refused_batch_has_two_forms() {
    let world = simple().await;
    world.route53.bare_refusals(true);
    let (status, body) = world.change(&[("CREATE", &a("www", PRIMARY))]).await;
    assert!(status == 400 && body.contains("<InvalidChangeBatch xmlns="), "{body}");
    assert!(text(&body, "Message").unwrap().contains("already exists"));
    assert_eq!(text(&body, "Code"), None);
}

#[tokio::test]
async fn an_outage_of_the_control_plane_leaves_the_answers() {
    let world = simple().await;
    world.route53.outage(true);
    assert_eq!(world.create(&[a("api", PRIMARY)]).await, "ServiceUnavailable");
    assert_eq!(world.www(), [PRIMARY]);
}
