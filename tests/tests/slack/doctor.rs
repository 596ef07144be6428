//! `allclear doctor` says what stands between us and Slack, and what to do about it.

use tests::standin::slack::{ADA, APP_TOKEN, BEN, BOT_TOKEN, BOT_USER, INCIDENTS, SIGNING_SECRET};

use crate::office::Office;

#[tokio::test]
async fn the_doctor_finds_everything_in_order() {
    let office = Office::closed(&[("SLACK_APP_TOKEN", APP_TOKEN)]).await;
    let says = office.does("doctor").await;
    for line in [
        "slack      token: allclear in the workspace All Clear",
        "slack      scopes: all that",
        "slack      room: a member of #incidents",
        "slack      socket: SLACK_APP_TOKEN opens one",
        "slack      signing secret: none: Slack is heard over the socket only",
    ] {
        assert!(says.contains(line), "{line}:\n{says}");
    }
    let people = "SLACK      people: ";
    assert_eq!(says.matches("SLACK ").count(), says.matches(people).count(), "{says}");
    assert!(says.contains("can't be understood in Slack"), "{says}");
    assert_eq!(office.slack.sockets_opened(), 0, "Slack would speak over it");
    assert!(office.slack.state().messages(INCIDENTS).is_empty(), "a doctor changes nothing");
}

#[tokio::test]
async fn the_doctor_says_what_is_wrong_and_what_to_do() {
    let office = Office::closed(&[("SLACK_APP_TOKEN", APP_TOKEN)]).await;
    {
        let mut state = office.slack.state();
        state.without_scope(BOT_TOKEN, "commands");
        state.revoke(APP_TOKEN);
        let members = &mut state.channels.get_mut(INCIDENTS).unwrap().members;
        members.retain(|one| one != BOT_USER);
        state.users.get_mut(BEN).unwrap().deleted = true;
        state.users.remove(ADA);
    }
    let says = office.does("doctor").await;
    for line in [
        "SLACK      scopes: commands not granted: bring the app up to infra/slack-manifest.yaml",
        "SLACK      room: not a member of #incidents: type /invite",
        "SLACK      socket: token_revoked: SLACK_APP_TOKEN is no longer good",
        &format!("SLACK      people: senior-developer's account {BEN} is deactivated"),
        &format!("SLACK      people: lead-developer's account {ADA} is unknown to Slack"),
    ] {
        assert!(says.contains(line), "{line}:\n{says}");
    }
    let json = office.does("--json doctor").await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let bad = json["slack"].as_array().unwrap().iter().filter(|found| found["ok"] == false);
    assert!(bad.count() >= 5, "{json}");
}

#[tokio::test]
async fn a_wrong_token_a_lacking_scope_and_a_dead_slack_are_told_apart() {
    let mut office = Office::closed(&[("SLACK_SIGNING_SECRET", SIGNING_SECRET)]).await;
    office.slack.state().without_scope(BOT_TOKEN, "users:read");
    let says = office.does("doctor").await;
    assert!(says.contains("slack      signing secret: set"), "{says}");
    assert!(says.contains("slack      socket: no SLACK_APP_TOKEN"), "{says}");
    assert!(says.contains("scopes: users:read not granted"), "{says}");
    assert!(says.contains("is not known yet: missing_scope: SLACK_BOT_TOKEN lacks"), "{says}");
    office.slack.state().revoke(BOT_TOKEN);
    let says = office.does("doctor").await;
    assert!(
        says.contains("SLACK      token: token_revoked: SLACK_BOT_TOKEN is no longer"),
        "{says}"
    );
    office.slack.goes_down();
    let says = office.does("doctor").await;
    assert!(says.contains("SLACK      token: Slack answers HTTP 503"), "{says}");
    office.slack.is_back();
    office.settings.retain(|(name, _)| *name != "SLACK_CHANNEL_ID");
    let says = office.does("doctor").await;
    assert!(says.contains("SLACK      settings: Slack is set up by half"), "{says}");
    assert!(says.contains("set SLACK_CHANNEL_ID"), "{says}");
}
