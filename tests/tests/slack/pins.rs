//! Messages with a pin or a 📌 join the timeline, each once, in the name of whoever wrote it.

use tests::standin::slack::{ADA, BEN, BOT_USER, Fault, STRANGER, State};

use crate::office::Office;

async fn timeline(office: &Office) -> String {
    office.place.does("lead-developer", "incident timeline 1").await
}

#[tokio::test]
async fn a_pinned_message_joins_the_timeline_once() {
    let office = Office::open().await;
    office.types(ADA, "/incident", "declare p1 site down").await;
    let own = office.own_channel().await.id;
    let words = format!("the proxy &amp; its cache, says <@{ADA}|ada>");
    let ts = office.slack.state().writes(BEN, &own, &words);
    office.slack.state().faults.next("conversations.history", Fault::Status(503));
    let pin = office.slack.pin_event(ADA, &own, &ts).unwrap();
    office.send(&pin).await;
    office.room_says("senior-developer says: the proxy &amp; its cache, says @").await;
    for reaction in ["pushpin", "round_pushpin"] {
        let again = office.slack.reaction_event(ADA, &own, &ts, reaction).unwrap();
        office.send(&again).await;
    }
    office.send(&pin.retried(1, "http_timeout")).await;
    // The next one comes after all of those.
    let next = office.slack.state().writes(ADA, &own, "the next word");
    let pushed = office.slack.reaction_event(BEN, &own, &next, "pushpin").unwrap();
    office.send(&pushed).await;
    office.room_says("lead-developer says: the next word").await;
    let timeline = timeline(&office).await;
    assert_eq!(timeline.matches("the proxy & its cache").count(), 1, "{timeline}");
    assert!(
        timeline.contains("senior-developer says: the proxy & its cache, says @lead-developer")
    );
}

#[tokio::test]
async fn strangers_programs_and_other_reactions_change_nothing() {
    let office = Office::open().await;
    office.types(ADA, "/incident", "declare p1 site down").await;
    let own = office.own_channel().await.id;
    let write = |user: &str, words: &str| office.slack.state().writes(user, &own, words);
    let theirs = write(STRANGER, "a stranger's word");
    office.slack.state().channels.get_mut(&own).unwrap().members.push(STRANGER.into());
    let bens = write(BEN, "what Ben said");
    let ours = write(BOT_USER, "a program's word");
    let pushed = |user: &str, ts: &str, with: &str| {
        office.slack.reaction_event(user, &own, ts, with).unwrap()
    };
    for event in [pushed(ADA, &ours, "pushpin"), pushed(ADA, &bens, "eyes")] {
        office.send(&event).await;
    }
    office.send(&pushed(ADA, &theirs, "pushpin")).await;
    office.whispers(ADA, "whoever wrote it is not in the plan").await;
    office.send(&pushed(STRANGER, &bens, "pushpin")).await;
    office.whispers(STRANGER, "I don't know you yet").await;
    let elsewhere = office.slack.state().writes(ADA, "C0GENERAL", "lunch");
    let event = office.slack.reaction_event(ADA, "C0GENERAL", &elsewhere, "pushpin").unwrap();
    office.send(&event).await;
    let timeline = timeline(&office).await;
    for words in ["stranger's word", "what Ben said", "program's word", "lunch"] {
        assert!(!timeline.contains(words), "{timeline}");
    }
}

#[tokio::test]
async fn a_word_in_the_thread_of_a_p3_joins_too() {
    let office = Office::open().await;
    office.types(ADA, "/incident", "declare p3 a bit slow").await;
    office.room_says("a bit slow").await;
    let card = |state: &State| {
        let room = state.messages(tests::standin::slack::INCIDENTS);
        room.iter().find(|one| one.text.contains("incident 1")).map(|one| one.ts.clone())
    };
    let card = office.until("the card", card).await;
    let ts = office.slack.state().writes(BEN, tests::standin::slack::INCIDENTS, "it was the cron");
    {
        let mut state = office.slack.state();
        let room = state.channels.get_mut(tests::standin::slack::INCIDENTS).unwrap();
        let answer = room.messages.iter_mut().find(|one| one.ts == ts).unwrap();
        answer.thread_ts = Some(card);
    }
    let room = tests::standin::slack::INCIDENTS;
    office.send(&office.slack.reaction_event(ADA, room, &ts, "pushpin").unwrap()).await;
    office.room_says("senior-developer says: it was the cron").await;
}
