//! Approvals that no longer hold, and many people at once.

use std::time::Duration;

use shared::time::Span;
use tests::standin::slack::{ADA, BEN, INCIDENTS, State};

use crate::office::Office;

/// Commands typed in the same moment.
const AT_ONCE: usize = 30;

/// An office with an incident, and a rollback that Ada planned and Ben approved.
async fn approved(office: &Office) {
    office.types(ADA, "/incident", "declare p1 site down").await;
    office.types(ADA, "/rollback", "“site down since the deploy”").await;
    office.presses(BEN, "approve").await;
    office.card_says("Operation 1", "senior-developer").await;
}

fn rollbacks(office: &Office) -> usize {
    let writes = office.place.vercel().writes();
    writes.iter().filter(|path| path.contains("/rollback/")).count()
}

#[tokio::test]
async fn an_approval_that_has_expired_runs_nothing() {
    let mut office = Office::open().await;
    office.stops();
    office.place.edits_plan(|text| text.replace("valid_for = \"15m\"", "valid_for = \"6s\""));
    office.starts().await;
    approved(&office).await;
    tokio::time::sleep(Duration::from_secs(7)).await;
    office.presses(ADA, "run").await;
    office.whispers(ADA, "older than 6 s: plan again").await;
    assert_eq!(
        (rollbacks(&office), office.place.vercel().state().production.as_str()),
        (0, "dpl_4")
    );
}

#[tokio::test]
async fn a_plan_is_read_from_the_home_tab_with_the_readers_own_code() {
    let office = Office::open().await;
    office.types(ADA, "/incident", "declare p1 site down").await;
    office.types(ADA, "/rollback", "“site down since the deploy”").await;
    office.send(&office.slack.home_event(BEN)).await;
    let waiting = |state: &State| {
        let home = state.home(BEN)?;
        let blocks = home.content["blocks"].as_array()?;
        let mut buttons = blocks.iter().map(|block| &block["accessory"]);
        let read = buttons.find(|button| button["action_id"] == "read")?;
        Some((home.id.clone(), read["value"].as_str()?.to_owned()))
    };
    let (home, plan) = office.until("a plan on the home tab", waiting).await;
    let press = office.slack.click_view(&home, "read", Some(&plan)).unwrap();
    assert_eq!(office.send(&press).await.status, 200);
    let form = office.form(BEN, "read").await;
    let code = |state: &State| {
        let says = state.views[&form].content.to_string();
        says.split_once("1 approve ").map(|(_, rest)| rest[..3].to_owned())
    };
    let code = office.until("a code in the form", code).await;
    let shown = office.place.does("senior-developer", "operation show 1").await;
    assert!(shown.contains(&format!("1 approve {code}")), "{code}: {shown}");
    let other = office.place.does("devops-engineer", "operation show 1").await;
    assert!(!other.contains(&format!("1 approve {code}")), "{code}: {other}");
}

#[tokio::test]
async fn an_approval_of_a_world_that_moved_on_runs_nothing() {
    let office = Office::open().await;
    approved(&office).await;
    // Somebody deploys meanwhile.
    office.place.vercel().state().production = "dpl_2".into();
    office.presses(ADA, "run").await;
    office.card_says("Operation 1", "changed since").await;
    assert_eq!(rollbacks(&office), 0);
}

#[tokio::test]
async fn thirty_commands_at_once_are_all_heard_and_each_once() {
    let office = Office::open().await;
    office.types(ADA, "/incident", "declare p3 storage is slow").await;
    let typed: Vec<_> = (0..AT_ONCE)
        .map(|number| {
            let who = if number % 2 == 0 { ADA } else { BEN };
            office.slack.slash(who, INCIDENTS, "/incident", &format!("update word {number}."))
        })
        .collect();
    let replies = futures_util::future::join_all(typed.iter().map(|one| office.send(one))).await;
    assert!(replies.iter().all(|reply| reply.status == 200 && !reply.body.is_empty()));
    let timeline = office.place.does("lead-developer", "incident timeline 1").await;
    for number in 0..AT_ONCE {
        let word = format!("word {number}.");
        assert_eq!(timeline.matches(&word).count(), 1, "{word}\n{timeline}");
    }
}

#[tokio::test]
async fn whoever_is_paged_by_name_is_in_the_timeline() {
    let office = Office::open().await;
    office.types(ADA, "/incident", "declare p2 storage is slow").await;
    let says = office.types(ADA, "/incident", &format!("page <@{BEN}|ben> nobody answers")).await;
    assert!(says.contains("P2"), "{says}");
    let timeline = office.place.does("lead-developer", "incident timeline 1").await;
    assert!(timeline.contains("nobody answers"), "{timeline}");
    let says = office.types(BEN, "/oncall", "now").await;
    assert!(says.contains("devops-engineer"), "{says}");
    let until = (functions::clock::now() + Span::hours(1)).rfc3339();
    let stands_in = format!("override <@{BEN}|ben> --until {until}");
    office.types(ADA, "/oncall", &stands_in).await;
    let says = office.types(BEN, "/incident", "").await;
    assert!(says.contains("You are senior-developer, first on call"), "{says}");
}
