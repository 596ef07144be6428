//! What is not from Slack, what came before, and what comes while Slack is away.

use std::time::Duration;

use tests::standin::slack::{
    ADA, BEN, BOT_USER, Fault, Header, INCIDENTS, SIGNING_SECRET, STRANGER, State, signature,
};

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
    assert!(says.contains("nowhere to keep backups"), "{says}");
    let says = office.types(ADA, "/backup", "create").await;
    assert!(says.contains("keys that chat must not have"), "{says}");
    let says = office.types(STRANGER, "/backup", "list").await;
    assert!(says.contains("I don't know you yet"), "{says}");
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
            state.everything().into_iter().map(|one| one.text.clone()).collect();
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

#[tokio::test]
async fn a_signature_in_other_letters_is_the_same_request() {
    let office = Office::open().await;
    let typed = office.slack.slash(ADA, INCIDENTS, "/incident", "declare p2 storage is slow");
    let body = typed.body();
    let seconds = functions::clock::now().0 / 1_000;
    let tag = signature(SIGNING_SECRET, seconds, body.as_bytes());
    let (first, repeated) = (tag.clone(), format!("v0={}", tag[3..].to_uppercase()));
    let listed = format!("{tag},v0=00");
    let mut answers = Vec::new();
    for tag in [first, repeated, listed] {
        let http = functions::http::client(&functions::http::Roots::default()).unwrap();
        let post = http.post(format!("{}/slack/commands", office.url)).body(body.clone());
        let post = post.header("x-slack-request-timestamp", seconds);
        let answer = post.header("x-slack-signature", tag).send().await.unwrap();
        answers.push((answer.status().as_u16(), answer.text().await.unwrap().is_empty()));
    }
    assert_eq!(answers, [(200, false), (200, true), (200, true)]);
}

#[tokio::test]
async fn a_backlog_that_breaks_off_in_the_middle_goes_on_where_it_was() {
    let mut office = Office::open().await;
    office.types(ADA, "/incident", "declare p1 site down").await;
    office.room_says("site down").await;
    office.stops();
    let words = "so we go on looking ".repeat(45);
    for number in 0..40 {
        let update = format!("incident update 1 \"word {number:02}: {words}\"");
        office.place.does("senior-developer", &update).await;
    }
    {
        let mut state = office.slack.state();
        let soon = || Fault::Delay(Duration::from_millis(1));
        for fault in [soon(), soon(), soon(), Fault::Status(503), soon(), Fault::Status(503)] {
            state.faults.next("chat.postMessage", fault);
        }
    }
    office.starts().await;
    office.room_says("says: word 39").await;
    let state = office.slack.state();
    let room: Vec<&str> = state.everything().into_iter().map(|one| one.text.as_str()).collect();
    let room = room.join("\n");
    let mut before = 0;
    for number in 0..40 {
        let line = format!("says: word {number:02}:");
        assert_eq!(room.matches(&line).count(), 1, "{line}");
        let place = room.find(&line).unwrap();
        assert!(place > before, "{line} is out of order");
        before = place;
    }
}

#[tokio::test]
async fn a_bot_that_is_not_invited_yet_tells_it_all_once_it_is() {
    let office = Office::open().await;
    let leave = |state: &mut State, in_room: bool| {
        let members = &mut state.channels.get_mut(INCIDENTS).unwrap().members;
        members.retain(|one| one != BOT_USER);
        members.extend(in_room.then(|| BOT_USER.to_owned()));
    };
    leave(&mut office.slack.state(), false);
    office.types(ADA, "/incident", "declare p1 site down").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(cards(&office.slack.state()).len(), 0);
    leave(&mut office.slack.state(), true);
    office.room_says("site down").await;
}

#[tokio::test]
async fn a_form_that_takes_long_and_is_refused_says_so() {
    let office = Office::open().await;
    office.types(ADA, "/incident", "declare p1 site down").await;
    office.card_says("incident 1", "open").await;
    // Every way to move our names is away, and it takes its time to say so.
    office.place.stage.route53.latency(Duration::from_secs(2));
    office.place.stage.route53.outage(true);
    office.presses(ADA, "plan-failover").await;
    let form = office.form(ADA, "plan-failover").await;
    let filled = office.slack.submit(&form, &[("words", "the site is down")]).unwrap();
    let reply = office.send(&filled).await;
    assert_eq!(reply.body, "", "the form closes: what it asks for takes longer than Slack waits");
    office.whispers(ADA, "Not done").await;
}
