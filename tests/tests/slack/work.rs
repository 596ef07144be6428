//! An incident from the first word to the report, by people in Slack and nothing else.

use tests::standin::slack::{ADA, BEN};

use crate::office::{Office, cards};

#[tokio::test]
async fn an_incident_is_run_from_the_first_word_to_the_report() {
    let office = Office::open().await;
    let says = office.types(ADA, "/incident", "Declare p1 site down").await;
    assert!(says.contains("P1"), "{says}");
    office.room_says("site down").await;
    office
        .types(ADA, "/incident", &format!("page <@{BEN}|ben> I need a second pair of eyes"))
        .await;
    office.presses(ADA, "acknowledge").await;
    office.card_says("incident 1", "lead-developer has it").await;
    let says = office.types(ADA, "/incident", &format!("assign IC <@{BEN}|ben>")).await;
    assert!(says.contains("senior-developer"), "{says}");
    office.types(BEN, "/incident", "update users can’t pay – we are on it").await;
    let says = office.types(ADA, "/rollback", "“site down since the deploy”").await;
    assert!(says.contains("dpl_3"), "{says}");
    office.presses(ADA, "approve").await;
    office.whispers(ADA, "another person must approve it").await;
    office.presses(BEN, "approve").await;
    office.presses(ADA, "run").await;
    office.card_says("Operation 1", "VERIFIED").await;
    assert_eq!(office.place.vercel().state().production, "dpl_3");
    let writes = office.place.vercel().writes();
    assert_eq!(writes.iter().filter(|path| path.contains("/rollback/")).count(), 1);
    office.types(BEN, "/incident", "mitigated").await;
    office.types(BEN, "/incident", "resolve —without-evidence “we saw it work”").await;
    office.card_says("incident 1", "resolved").await;
    let says = office.types(BEN, "/incident", "report 1").await;
    assert!(says.contains("allclear report 1"), "{says}");
    let in_slack = said_by_people(&office).await;
    assert_eq!(in_slack, said_by_people(&run_in_a_terminal().await).await);
    let state = office.slack.state();
    assert_eq!(cards(&state).len(), 2, "one card an incident, one an operation");
    let news = state.everything().into_iter().filter(|one| one.text.starts_with("Timeline"));
    let news: Vec<&str> = news.map(|one| one.text.as_str()).collect();
    let update = news.iter().filter(|text| text.contains("users can't pay")).count();
    assert_eq!(update, 1, "{news:#?}");
}

/// The very same, typed in a terminal beside a server.
async fn run_in_a_terminal() -> Office {
    let office = Office::open().await;
    let (ada, ben) = ("lead-developer", "senior-developer");
    let place = &office.place;
    place.does(ada, "incident declare p1 site down").await;
    place.does(ada, "incident page senior-developer \"I need a second pair of eyes\"").await;
    place.does(ada, "incident ack").await;
    place.does(ada, "incident assign IC senior-developer").await;
    place.does(ben, "incident update \"users can't pay - we are on it\"").await;
    let hash = place.plans("rollback \"site down since the deploy\"").await;
    let approve = format!("operation approve 1 --hash {hash}");
    place.refused(ada, &approve).await;
    place.does(ben, &approve).await;
    place.does_live(&format!("operation run 1 --hash {hash}")).await;
    place.does(ben, "incident mitigated").await;
    place.does(ben, "incident resolve --without-evidence \"we saw it work\"").await;
    office
}

/// What the ledger has of people, without the times and the face.
async fn said_by_people(office: &Office) -> Vec<String> {
    let timeline = office.place.does("lead-developer", "incident timeline 1").await;
    let lines = timeline.lines().filter_map(|line| line.split_once("@ PERSON"));
    let port = office.place.stage.primary.address.port().to_string();
    let face = |line: &str| {
        line.replace("(by slack)", "").replace("(by terminal)", "").replace(&port, "PORT")
    };
    lines.map(|(_, line)| face(line).trim().to_owned()).collect()
}
