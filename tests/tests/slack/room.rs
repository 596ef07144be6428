//! The own channel of a P1: made, furnished, found again, left; and what is said in it.

use std::time::Duration;

use tests::standin::slack::{
    ADA, BEN, BOT_USER, Channel, Fault, INCIDENTS, Message, Outcome, STRANGER, State,
};

use crate::office::{Office, cards, whole};

/// Waits until the incident's own channel is complete.
async fn furnished(office: &Office) -> Channel {
    let complete = |state: &State| {
        let own = state.channels.values().find(|one| one.name.starts_with("inc-"))?;
        let done = !own.pins.is_empty() && !own.purpose.is_empty() && !own.topic().is_empty();
        done.then(|| own.clone())
    };
    office.until("a channel with topic, purpose and pin", complete).await
}

/// How often each method was carried out.
fn carried_out(office: &Office, method: &str) -> usize {
    let state = office.slack.state();
    let done = |outcome: &Outcome| matches!(outcome, Outcome::Done | Outcome::DoneUnheard);
    state.calls.iter().filter(|call| call.method == method && done(&call.outcome)).count()
}

fn starting<'a>(channel: &'a Channel, begins: &str) -> Vec<&'a Message> {
    channel.messages.iter().filter(|one| one.text.starts_with(begins)).collect()
}

/// One of everything, whatever went wrong on the way.
fn assert_whole(channel: &Channel) {
    let card = &starting(channel, "! P1")[..];
    assert_eq!(card.len(), 1, "{:#?}", channel.messages);
    assert_eq!(channel.pins, [card[0].ts.as_str()]);
    assert_eq!(channel.topics.len(), 1, "{:?}", channel.topics);
    assert_eq!(starting(channel, "Runbook: ").len(), 1, "{:#?}", channel.messages);
    let news = starting(channel, "Timeline of incident 1");
    let declared = news.iter().filter(|one| one.text.contains("declared P1")).count();
    assert_eq!(declared, 1, "{news:#?}");
}

#[tokio::test]
async fn a_p1_gets_a_channel_with_topic_people_card_pin_and_checklist() {
    let office = Office::open().await;
    office.types(ADA, "/incident", "declare p1 site down").await;
    let own = furnished(&office).await;
    assert!(own.name.starts_with("inc-") && own.name.ends_with("-1-application-frontend"));
    assert!(own.topic().starts_with("! open, P1 · Application Frontend"), "{}", own.topic());
    assert!(own.purpose.contains("joins the timeline"), "{}", own.purpose);
    for user in [ADA, BEN, BOT_USER] {
        assert!(own.has(user), "{:?}", own.members);
    }
    assert!(!own.has(STRANGER));
    assert_whole(&own);
    let steps = starting(&own, "Runbook: ")[0];
    assert!(steps.text.contains("Roll back to the last deployment"), "{}", steps.text);
    office.card_says("incident 1", &format!("<#{}>", own.id)).await;
    assert_eq!(cards(&office.slack.state()).len(), 1);
    let threads = |state: &State| state.messages(INCIDENTS).iter().any(|it| it.thread_ts.is_some());
    assert!(!threads(&office.slack.state()), "news belong into the channel");
    // What is typed there is about that incident, however many there are.
    office.types(ADA, "/incident", "declare p1 database it is slow").await;
    let says = office.types_in(&own.id, BEN, "/incident", "ack").await;
    assert!(says.contains("incident 1"), "{says}");
    let says = office.types_in(&own.id, BEN, "/incident", "").await;
    assert!(says.contains("This is the room of incident 1"), "{says}");
    office.card_says("incident 1", "senior-developer has it").await;
    office.types_in(&own.id, BEN, "/incident", "assign IC lead-developer").await;
    let topic = |state: &State| {
        state.channels[&own.id].topic().contains("commander: lead-developer").then_some(())
    };
    office.until("the commander in the topic", topic).await;
    office.types_in(&own.id, BEN, "/incident", "update one word more").await;
    office.room_says("one word more").await;
    assert_eq!(office.slack.state().channels[&own.id].topics.len(), 2, "seldom set");
}

#[tokio::test]
async fn a_p3_has_a_thread_until_it_is_raised() {
    let office = Office::open().await;
    office.types(ADA, "/incident", "declare p3 a bit slow").await;
    office.room_says("a bit slow").await;
    let state_has_own =
        |state: &State| state.channels.values().any(|one| one.name.starts_with("inc-"));
    let in_thread = |state: &State| {
        state.messages(INCIDENTS).iter().any(|one| one.thread_ts.is_some()).then_some(())
    };
    office.until("news in the thread", in_thread).await;
    assert!(!state_has_own(&office.slack.state()));
    office.types(ADA, "/incident", "severity 1 p1 it is everything").await;
    let own = furnished(&office).await;
    let before = starting(&own, "Timeline").iter().any(|one| one.text.contains("a bit slow"));
    assert!(!before, "what the thread has is not told again: {:#?}", own.messages);
    let raised = |state: &State| {
        let own = &state.channels[&own.id].messages;
        own.iter().any(|one| one.text.contains("it is everything")).then_some(())
    };
    office.until("the raise in the channel", raised).await;
}

#[tokio::test]
async fn a_name_that_others_have_gets_a_number() {
    let office = Office::open().await;
    let day = functions::clock::now().rfc3339()[..10].replace('-', "");
    let name = format!("inc-{day}-1-application-frontend");
    office.slack.state().found("C0THEIRS", &name, &[STRANGER]);
    office.types(ADA, "/incident", "declare p1 site down").await;
    let another = format!("{name}-2");
    let own = office.until(&another, |state| state.named(&another).cloned()).await;
    let complete = |state: &State| (!state.channels[&own.id].pins.is_empty()).then_some(());
    office.until("a pin", complete).await;
    assert!(office.slack.state().messages("C0THEIRS").is_empty());
    assert_whole(&office.slack.state().channels[&own.id]);
}

#[tokio::test]
async fn lost_replies_make_nothing_twice() {
    let office = Office::open().await;
    for method in [
        "conversations.create",
        "conversations.invite",
        "conversations.setTopic",
        "conversations.setPurpose",
        "pins.add",
        "chat.postMessage",
    ] {
        office.slack.state().faults.next(method, Fault::LoseReply);
    }
    office.types(ADA, "/incident", "declare p1 site down").await;
    let own = furnished(&office).await;
    let left = |state: &State| (state.faults.left() == 0).then_some(());
    office.until("every fault met", left).await;
    assert_whole(&own);
    assert_eq!(cards(&office.slack.state()).len(), 1, "the card's reply was lost");
    let told = |state: &State, word: &str| {
        let all = state.everything().into_iter();
        all.filter(|one| one.text.starts_with("Timeline") && one.text.contains(word)).count()
    };
    for word in ["the only word", "the last word"] {
        office.slack.state().faults.burst(2, "chat.postMessage", &Fault::LoseReply);
        office.types(ADA, "/incident", &format!("update 1 {word}")).await;
        office.until(word, |state| (told(state, word) > 0).then_some(())).await;
    }
    office.slack.state().faults.clear();
    office.types(ADA, "/incident", "update 1 enough").await;
    office.until("enough", |state| (told(state, "enough") > 0).then_some(())).await;
    let state = office.slack.state();
    for word in ["the only word", "the last word", "enough"] {
        assert_eq!(told(&state, word), 1, "{word}");
    }
}

#[tokio::test]
async fn slack_killed_between_any_two_steps_makes_nothing_twice() {
    let mut office = Office::open().await;
    office.types(ADA, "/incident", "declare p3 the site is slow").await;
    office.room_says("the site is slow").await;
    // Every step is done, unheard, and then we are killed.
    for (method, wait) in [
        ("conversations.create", true),
        ("conversations.invite", true),
        ("chat.postMessage", true),
        ("conversations.setTopic", true),
        ("conversations.setPurpose", true),
        ("pins.add", false),
    ] {
        office.slack.state().faults.next(method, Fault::AcceptThenHang);
        if method == "conversations.create" {
            office.types(ADA, "/incident", "severity 1 p1 it is all of it").await;
        }
        let unheard = |state: &State| {
            let last = state.calls.iter().rfind(|call| call.method == method)?;
            (last.outcome == Outcome::DoneUnheard).then_some(())
        };
        office.until(method, unheard).await;
        office.slack.goes_down();
        office.starts().await;
        if wait {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        office.slack.is_back();
    }
    let own = furnished(&office).await;
    let complete = |state: &State| {
        let own = &state.channels[&own.id];
        let raised = starting(own, "Timeline").iter().any(|one| one.text.contains("all of it"));
        (raised && starting(own, "Runbook").len() == 1).then(|| own.clone())
    };
    let own = office.until("news and checklist", complete).await;
    assert_eq!(carried_out(&office, "conversations.create"), 1);
    assert_eq!(starting(&own, "! P1").len(), 1, "{:#?}", own.messages);
    assert_eq!((own.pins.len(), own.topics.len()), (1, 1));
    let raised = starting(&own, "Timeline").into_iter().filter(|it| it.text.contains("all of it"));
    assert_eq!(raised.count(), 1, "{:#?}", own.messages);
}

#[tokio::test]
async fn an_archived_channel_is_left_for_the_thread_and_that_is_said() {
    let office = Office::open().await;
    office.types(ADA, "/incident", "declare p1 site down").await;
    let own = furnished(&office).await;
    office.slack.state().channels.get_mut(&own.id).unwrap().archived = true;
    office.types(ADA, "/incident", "update 1 we go on elsewhere").await;
    let in_thread = |state: &State, says: &str| {
        let thread = state.messages(INCIDENTS).iter().filter(|one| one.thread_ts.is_some());
        thread.filter(|one| one.text.contains(says)).count()
    };
    let moved = |state: &State| (in_thread(state, "we go on elsewhere") == 1).then_some(());
    office.until("the news in the thread", moved).await;
    assert_eq!(in_thread(&office.slack.state(), "is_archived"), 1);
    office.types(ADA, "/incident", "ack 1").await;
    let more = |state: &State| (in_thread(state, "lead-developer has it") == 1).then_some(());
    office.until("more of it", more).await;
    assert_eq!(in_thread(&office.slack.state(), "is_archived"), 1, "said once");
}

#[tokio::test]
async fn without_the_scope_it_is_told_in_the_thread() {
    let office = Office::open().await;
    office.slack.state().without_scope(tests::standin::slack::BOT_TOKEN, "channels:manage");
    office.types(ADA, "/incident", "declare p1 site down").await;
    office.room_says("missing_scope").await;
    office.room_says("declared P1").await;
    let all = office.slack.state().messages(INCIDENTS).len();
    assert!(all >= 3, "card, why, news");
}

#[tokio::test]
async fn a_slack_that_was_away_for_all_of_it_gets_card_channel_and_news_each_once() {
    let office = Office::open().await;
    office.slack.goes_down();
    office.place.does("lead-developer", "incident declare p1 site down").await;
    office.place.does("lead-developer", "incident update 1 \"we are on it\"").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    office.slack.is_back();
    let own = furnished(&office).await;
    assert_whole(&own);
    let said = |word: &str| {
        starting(&own, "Timeline").iter().map(|it| it.text.matches(word).count()).sum::<usize>()
    };
    assert_eq!((said("declared P1"), said("we are on it")), (1, 1));
}

#[tokio::test]
async fn the_clock_of_a_live_card_goes_on_without_a_turn() {
    let office = Office::open().await;
    office.types(ADA, "/incident", "declare p3 a bit slow").await;
    office.types(ADA, "/incident", "ack 1").await;
    office.card_says("incident 1", "lead-developer has it").await;
    // What happened is told within this time; a card is touched later only by the clock.
    let settled = office.slack.state().now() + 40_000;
    let touched = || {
        let card = cards(&office.slack.state()).remove(0);
        card.edits.iter().filter(|edit| edit.at > settled).count()
    };
    let timeline = async || office.place.does("lead-developer", "incident timeline 1").await;
    let told = timeline().await;
    let begun = tokio::time::Instant::now();
    while touched() == 0 {
        assert!(begun.elapsed() < Duration::from_secs(150), "the clock stands");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!((timeline().await, touched()), (told, 1));
}

#[tokio::test]
async fn severity_freeze_and_a_call_off_ask_why() {
    let office = Office::open().await;
    office.types(ADA, "/incident", "declare p2 site down").await;
    office.presses(ADA, "severity").await;
    let form = office.form(ADA, "severity").await;
    let opened = office.slack.state().views[&form].earlier.len();
    assert_eq!(opened, 1, "it was opened before the store was asked");
    let filled = office.slack.submit(&form, &[("severity", "p1"), ("words", "worse")]).unwrap();
    assert_eq!(office.send(&filled).await.body, "");
    office.card_says("incident 1", "! P1").await;
    office.presses(ADA, "freeze").await;
    let form = office.form(ADA, "freeze").await;
    let filled = office.slack.submit(&form, &[("words", "we look ourselves")]).unwrap();
    assert_eq!(office.send(&filled).await.body, "");
    office.types(ADA, "/incident", "update 1 frozen now").await;
    office.card_says("incident 1", "FROZEN").await;
    office.presses(BEN, "unfreeze").await;
    office.types(ADA, "/rollback", "“site down since the deploy”").await;
    office.presses(ADA, "abort").await;
    let form = office.form(ADA, "abort").await;
    let filled = office.slack.submit(&form, &[("words", "it was the proxy")]).unwrap();
    assert_eq!(office.send(&filled).await.body, "");
    office.card_says("Operation 1", "it was the proxy").await;
    let whole_card = cards(&office.slack.state()).iter().map(whole).collect::<String>();
    assert!(!whole_card.contains("called off in Slack"), "{whole_card}");
}
