//! The outbox: lanes, limits and time-outs.

use std::sync::Mutex;

use shared::id::EffectKey;
use shared::plan::Plan;

use super::*;
use crate::desk::Opened;
use crate::testing;

/// Notes what it is asked to perform, and never answers acts.
#[derive(Default)]
struct Silent(Mutex<Vec<Effect>>);

impl Perform for Silent {
    async fn perform(&self, _: &EffectKey, effect: &Effect, _: &Hold) -> Outcome {
        self.0.lock().unwrap().push(effect.clone());
        std::future::pending().await
    }
}

/// Notes the keys of what it performs, and that is done.
#[derive(Clone, Default)]
struct Prompt(Arc<Mutex<Vec<String>>>);

impl Perform for Prompt {
    async fn perform(&self, key: &EffectKey, _: &Effect, _: &Hold) -> Outcome {
        self.0.lock().unwrap().push(key.to_string());
        Outcome::Done(shared::effect::Finding::Nothing)
    }
}

fn owed(effect: Effect) -> Owed {
    owed_by("abc", 1, effect)
}

fn owed_by(stream: &str, turn: u32, effect: Effect) -> Owed {
    let key = EffectKey { stream: stream.into(), turn, position: 0 };
    Owed { key, effect, attempts: 0 }
}

fn outbox(folder: &tempfile::TempDir) -> Outbox<Silent> {
    let Opened { desk, .. } = testing::desk();
    let switch = KillSwitch::beside(&folder.path().join("store"));
    Outbox { desk, performer: Silent::default(), switch }
}

fn page(plan: &Plan) -> Effect {
    Effect::Page(shared::effect::Page {
        person: plan.people[0].id.clone(),
        by: shared::plan::ContactKind::Voice,
        code: 123,
        copy: 1,
        rung: 0,
        incident: 1,
        severity: shared::plan::Severity::P1,
        component: "frontend".into(),
        not_before: None,
        test: false,
    })
}

#[tokio::test]
async fn the_kill_switch_stops_an_action_and_freezes_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = outbox(&folder);
    std::fs::write(outbox.switch.path(), "hands off").unwrap();
    let outcome = outbox.outcome(&owed(Effect::Act(Act::FailOver))).await;
    // The desk was asked nevertheless: had it been begun before, it would have to be read back.
    assert_eq!(outcome, Outcome::Done(shared::effect::Finding::WouldHave));
    assert!(outbox.desk.pulse().await.unwrap().frozen.unwrap().contains("hands off"));
    assert!(outbox.performer.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_action_that_is_not_armed_never_reaches_its_vendor() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = outbox(&folder);
    let outcome = outbox.outcome(&owed(Effect::Act(Act::FailOver))).await;
    assert_eq!(outcome, Outcome::Done(shared::effect::Finding::WouldHave));
    assert!(outbox.performer.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_card_is_shown_once_for_all_turns_that_owe_it_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let performer = Prompt::default();
    let switch = KillSwitch::beside(&folder.path().join("store"));
    let Opened { desk, .. } = testing::desk();
    let outbox = Outbox { desk, performer: performer.clone(), switch };
    let (sender, lane) = mpsc::channel(9);
    let card = || Effect::Tell(Tell::Card);
    let notice = Effect::Tell(Tell::Notice("mind this".into()));
    for one in [
        owed_by("abc", 1, card()),
        owed_by(OPERATIONS_STREAM, 1, card()),
        owed_by("xyz", 7, card()),
        owed_by("abc", 2, notice),
        owed_by(OPERATIONS_STREAM, 2, card()),
        owed_by("abc", 3, card()),
        owed_by("abc", 2, card()),
    ] {
        sender.send(one).await.unwrap();
    }
    drop(sender);
    run(outbox, vec![(Lane::Tell, lane)]).await;
    let shown = performer.0.lock().unwrap().join(" ");
    assert_eq!(shown, "abc/3/0 operations/1/0 xyz/7/0 abc/2/0 operations/2/0");
}

#[tokio::test]
async fn no_answer_means_unknown_for_a_page_and_never_for_a_look() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = outbox(&folder);
    tokio::time::pause();
    let paged = outbox.outcome(&owed(page(&testing::plan()))).await;
    assert_eq!(paged, Outcome::Unknown { why: "no answer in time".into() });
    let looked = outbox.outcome(&owed(Effect::Look(Look::Dns))).await;
    assert_eq!(looked, Outcome::Never { why: "no answer in time".into() });
}
