//! Slack itself is down, or somebody is not there any more.

use tests::standin::mail::Server;
use tests::standin::slack::{ADA, APP_TOKEN, BEN, Fault, State};

use crate::office::Office;

/// Everything that was posted, wherever.
fn told(state: &State) -> String {
    let texts = state.everything().into_iter().map(|one| one.text.as_str());
    texts.collect::<Vec<_>>().join("\n")
}

fn wrote(mail: &Server, subject: &str) -> bool {
    mail.letters().iter().any(|letter| letter.contains(subject))
}

#[tokio::test]
async fn a_slack_that_is_down_is_said_once_and_back_once_and_misses_nothing() {
    let mail = Server::start(&[]).await;
    let mut office =
        Office::closed(&[("SLACK_APP_TOKEN", APP_TOKEN), ("SMTP_URL", &mail.url)]).await;
    office.place.edits_plan(|text| {
        text.replace("mail_list = \"somebody@example.com\"", "mail_list = \"team@example.com\"")
    });
    office.starts().await;
    office.slack.connected(1).await.unwrap();
    office.room_says("Not everybody who would be paged can be reached").await;
    office.types(ADA, "/incident", "declare p1 site down").await;
    office.room_says("site down").await;
    assert_eq!(office.health().await["slack"], "ok");
    office.slack.goes_down();
    for word in ["first", "second", "third"] {
        let update = format!("incident update 1 the {word} word");
        office.place.does("senior-developer", &update).await;
    }
    office.health_says("slack", "down since ").await;
    let says = office.does("incident show 1").await;
    assert!(says.contains("down since ") && says.contains("told when it is back"), "{says}");
    let says = office.does("doctor").await;
    assert!(says.contains("SLACK      server: down since "), "{says}");
    office.slack.is_back();
    office.health_says("slack", "ok").await;
    // Not only the card, which shows the last of them.
    office.room_says("says: the third word").await;
    let told = told(&office.slack.state());
    for word in ["first", "second", "third"] {
        assert_eq!(told.matches(&format!("says: the {word} word")).count(), 1, "{told}");
    }
    let log = office.log();
    for said in ["Slack is down", "Slack is back"] {
        assert_eq!(log.matches(said).count(), 1, "{said}:\n{log}");
    }
    let says = office.does("incident show 1").await;
    assert!(!says.contains("down since "), "{says}");
    office
        .until("a letter that Slack is back", |_| wrote(&mail, "Slack is back").then_some(()))
        .await;
    let letters = mail.letters().join("\n");
    for subject in ["Subject: Slack is down", "Subject: Slack is back"] {
        assert_eq!(letters.matches(subject).count(), 1, "{subject}:\n{letters}");
    }
    assert!(letters.contains("To: team@example.com"), "{letters}");
    office.slack.connected(2).await.unwrap();
    office.types(BEN, "/incident", "ack").await;
}

#[tokio::test]
async fn who_is_gone_from_slack_approves_nothing_there() {
    let office = Office::over_socket().await;
    office.slack.state().faults.every("users.info", Fault::Status(503));
    office.types(ADA, "/incident", "declare p1 site down").await;
    office.types(ADA, "/rollback", "“site down since the deploy”").await;
    let says = office.types(BEN, "/incident", "ack").await;
    assert!(says.contains("senior-developer"), "an acknowledgement is never refused: {says}");
    office.presses(BEN, "approve").await;
    office.whispers(BEN, "does not say whether the accounts behind it are still active").await;
    let gone = |gone: bool| {
        let mut state = office.slack.state();
        state.faults.clear();
        state.users.get_mut(BEN).unwrap().deleted = gone;
    };
    gone(true);
    office.presses(BEN, "approve").await;
    office.whispers(BEN, "deactivated").await;
    let says = office.types(BEN, "/incident", "update all is well").await;
    assert!(says.contains("deactivated"), "{says}");
    let says = office.types(BEN, "/incident", "list").await;
    assert!(says.contains("Incident 1"), "looking changes nothing: {says}");
    office.slack.state().users.remove(ADA);
    let says = office.types(ADA, "/incident", "update all is well").await;
    assert!(says.contains("is unknown to Slack"), "{says}");
    let page = office.place.does("lead-developer", "--json operation show 1").await;
    let page: serde_json::Value = serde_json::from_str(&page).unwrap();
    assert_eq!(page["approvals"], serde_json::json!([]), "{page}");
    let hash = page["plan"].as_str().unwrap()[..12].to_owned();
    let approve = format!("operation approve 1 --hash {hash}");
    office.place.does("senior-developer", &approve).await;
}

#[tokio::test]
async fn an_approval_goes_with_whoever_gave_it() {
    let office = Office::over_socket().await;
    office.types(ADA, "/incident", "declare p1 site down").await;
    office.types(ADA, "/rollback", "“site down since the deploy”").await;
    office.presses(BEN, "approve").await;
    office.card_says("Operation 1", "senior-developer").await;
    office.slack.state().users.get_mut(BEN).unwrap().deleted = true;
    office.presses(ADA, "run").await;
    office.whispers(ADA, "senior-developer's approval does not count any more").await;
    assert_eq!(office.place.vercel().writes(), [""; 0]);
}
