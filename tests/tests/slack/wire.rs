//! What is not from Slack, what came before, and what comes while Slack is away.

use std::time::Duration;

use tests::standin::slack::{ADA, BEN, Fault, Header, INCIDENTS, STRANGER, State};

use crate::office::{Office, cards};

#[tokio::test]
async fn only_what_slack_signed_just_now_is_heard_and_only_once() {
    let office = Office::open().await;
    let typed = || office.slack.slash(ADA, INCIDENTS, "/incident", "declare p2 storage is slow");
    for (forged, what) in [
        (typed().signed_with("another secret"), "wrong secret"),
        (typed().stale(), "stale"),
        (typed().early(), "early"),
        (typed().tampered(), "tampered"),
        (typed().without(Header::Signature), "no signature"),
        (typed().without(Header::Timestamp), "no time"),
    ] {
        assert_eq!(office.slack.send(&forged, &office.url).await.unwrap().status, 401, "{what}");
    }
    assert_eq!(office.types(ADA, "/incident", "list").await, "No incidents. All clear.");
    let once = typed();
    let twice = office.slack.send_twice(&once, &office.url).await.unwrap();
    assert!(twice.iter().all(|reply| reply.status == 200), "{twice:?}");
    assert_eq!(office.send(&once).await.body, "", "a replay is taken and does nothing");
    let list = office.types(ADA, "/incident", "list").await;
    assert_eq!(list.lines().count(), 1, "{list}");
}

#[tokio::test]
async fn a_stranger_is_told_how_to_become_none_and_slips_are_asked_back() {
    let office = Office::open().await;
    let says = office.types(STRANGER, "/incident", "declare p1 site down").await;
    assert!(says.contains("I don't know you yet") && says.contains(STRANGER), "{says}");
    let says = office.types(ADA, "/incident", "declar p1 site down").await;
    assert!(says.contains("did you mean `/incident declare`"), "{says}");
    let says = office.types(ADA, "/backup", "list").await;
    assert!(says.contains("not connected in this version"), "{says}");
    let says = office.types(ADA, "/incident", "help ack").await;
    assert!(says.contains("stops the paging"), "{says}");
    assert!(office.types(ADA, "/incident", "").await.contains("lead-developer"));
    let (word, arabic) = ("🔥".repeat(5_000), "الموقع معطل");
    office.types(ADA, "/incident", &format!("declare p3 {arabic} {word}")).await;
    office.room_says(arabic).await;
}

#[tokio::test]
async fn what_slack_missed_follows_in_order_each_once() {
    let mut office = Office::open().await;
    office.types(ADA, "/incident", "declare p1 site down").await;
    office.room_says("site down").await;
    office.slack.goes_down();
    for word in ["first", "second", "third"] {
        let update = format!("--as senior-developer incident update 1 the {word} word");
        office.place.does("senior-developer", &update).await;
    }
    // The server dies, too, and nobody remembers anything but the disk.
    office.starts().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    office.slack.is_back();
    office.types(BEN, "/incident", "ack").await;
    office.card_says("incident 1", "senior-developer has it").await;
    let told = |state: &State| {
        let room: Vec<String> =
            state.messages(INCIDENTS).iter().map(|one| one.text.clone()).collect();
        let room = room.join("\n");
        let places: Option<Vec<usize>> = ["first", "second", "third"]
            .iter()
            .map(|it| room.find(&format!("says: the {it} word")))
            .collect();
        Some((places?, room))
    };
    let (places, room) = office.until("all three words", told).await;
    assert!(places.is_sorted(), "{room}");
    for word in ["first", "second", "third"] {
        assert_eq!(room.matches(&format!("says: the {word} word")).count(), 1, "{room}");
    }
    assert_eq!(cards(&office.slack.state()).len(), 1);
}

#[tokio::test]
async fn a_busy_slack_holds_up_no_order() {
    let office = Office::open().await;
    office.slack.state().faults.burst(2, "chat.postMessage", &Fault::RateLimited(Some(1)));
    let says = office.types(ADA, "/incident", "declare p1 site down").await;
    assert!(says.contains("P1"), "{says}");
    office.room_says("site down").await;
    office.slack.state().faults.burst(2, "chat.update", &Fault::Status(503));
    for _ in 0..5 {
        office.presses(ADA, "acknowledge").await;
    }
    office.card_says("incident 1", "lead-developer has it").await;
    let timeline = office.place.does("lead-developer", "incident timeline").await;
    assert_eq!(timeline.matches("lead-developer has it").count(), 1, "{timeline}");
}
