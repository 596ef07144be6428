//! Slack itself is down, or somebody is not there any more.

use tests::standin::slack::{ADA, BEN, INCIDENTS, State};

use crate::office::Office;

fn room(state: &State) -> String {
    let texts = state.messages(INCIDENTS).iter().map(|one| one.text.as_str());
    texts.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_slack_that_is_down_is_said_once_and_back_once_and_misses_nothing() {
    let office = Office::over_socket().await;
    office.types(ADA, "/incident", "declare p1 site down").await;
    office.room_says("site down").await;
    assert_eq!(office.health().await["slack"], "ok");
    office.slack.goes_down();
    for word in ["first", "second", "third"] {
        let update = format!("incident update 1 the {word} word");
        office.place.does("senior-developer", &update).await;
    }
    office.health_says("slack", "down since ").await;
    office.slack.is_back();
    office.health_says("slack", "ok").await;
    office.room_says("the third word").await;
    let room = room(&office.slack.state());
    for word in ["first", "second", "third"] {
        assert_eq!(room.matches(&format!("says: the {word} word")).count(), 1, "{room}");
    }
    let log = office.log();
    for said in ["Slack is down", "Slack is back"] {
        assert_eq!(log.matches(said).count(), 1, "{said}:\n{log}");
    }
    office.slack.connected(2).await.unwrap();
    office.types(BEN, "/incident", "ack").await;
}
