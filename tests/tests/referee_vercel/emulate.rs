//! Our hands before `emulate`, the emulator of Vercel's own engineers: what is deployed is read from it as it is from
//! our stand-in, and what it does not have is a refusal, never a success.
//!
//! It knows no rollback, no promotion, no rolling release and no cache, and it lists a project's deployments by the
//! project's id only, where Vercel's client says "ID or name".
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use functions::perform::{Hold, Perform};
use functions::vendors::vercel::Vercel as Hands;
use serde_json::{Value, json};
use shared::effect::{Act, Aim, Deployment, Effect, Finding, Look, Outcome, Survey};
use shared::id::EffectKey;
use shared::plan::{built_in_text, read::read};
use tests::emulator::Emulator;
use tests::standin::vercel::{PROJECT, TOKEN, hands};

const TEAM: &str = "crew";

/// The emulator with two production deployments and a preview between them, and our hands before it.
struct Scene {
    emulator: Emulator,
    hands: Hands,
    older: String,
    live: String,
}

impl Scene {
    async fn new() -> Self {
        let emulator = Emulator::vercel(&seed()).await.unwrap();
        let older = deploy(&emulator, json!("production"), "20260801").await;
        deploy(&emulator, Value::Null, "20260802").await;
        let live = deploy(&emulator, json!("production"), "20260803").await;
        let project = project(&emulator).await;
        let mut plan = read("plan.toml", built_in_text()).unwrap();
        plan.hosting.team = Some(TEAM.into());
        plan.hosting.project = project["id"].as_str().unwrap().into();
        for component in &mut plan.components {
            // Nobody listens there, and nothing beyond this machine is asked.
            component.health_url = "http://127.0.0.1:9/health".into();
        }
        let hands = hands(plan, &emulator.url, TOKEN).unwrap();
        Self { emulator, hands, older, live }
    }

    async fn perform(&self, effect: Effect) -> Outcome {
        let key = EffectKey { stream: "operations".into(), turn: 7, position: 0 };
        self.hands.perform(&key, &effect, &Hold::Free).await
    }

    async fn look(&self, look: Look) -> Finding {
        match self.perform(Effect::Look(look)).await {
            Outcome::Done(finding) => finding,
            other => panic!("{other:?}"),
        }
    }

    fn roll_back(&self) -> Act {
        Act::RollBack { from: self.live.as_str().into(), to: self.older.as_str().into() }
    }

    fn promote(&self) -> Act {
        Act::Promote { from: self.live.as_str().into(), to: self.older.as_str().into() }
    }

    /// Nothing moved.
    async fn is_as_it_was(&self) {
        assert_eq!(project(&self.emulator).await["targets"]["production"]["id"], *self.live);
    }
}

fn seed() -> String {
    format!(
        "tokens:\n  {TOKEN}: {{login: deployer, scopes: [user]}}\nvercel:\n  users: [{{username: deployer, \
         name: Somebody Fictional, email: deployer@example.com}}]\n  teams: [{{slug: {TEAM}, name: Crew}}]\n  \
         projects: [{{name: {PROJECT}, team: {TEAM}, framework: nextjs}}]\n"
    )
}

async fn deploy(emulator: &Emulator, target: Value, schema: &str) -> String {
    let meta = json!({"githubCommitSha": format!("{schema}c0ffee"), "schema": schema});
    let wanted = json!({
        "name": PROJECT, "project": PROJECT, "target": target, "files": [], "meta": meta,
    });
    let url = format!("{}/v13/deployments?slug={TEAM}", emulator.url);
    let http = functions::http::client(&functions::http::Roots::default()).unwrap();
    let made = http.post(url).bearer_auth(TOKEN).json(&wanted).send().await.unwrap();
    // The next one is newer, and is seen to be.
    tokio::time::sleep(Duration::from_millis(5)).await;
    let made: Value = made.error_for_status().unwrap().json().await.unwrap();
    made["id"].as_str().unwrap().into()
}

async fn project(emulator: &Emulator) -> Value {
    let url = format!("{}/v9/projects/{PROJECT}?slug={TEAM}", emulator.url);
    let http = functions::http::client(&functions::http::Roots::default()).unwrap();
    http.get(url).bearer_auth(TOKEN).send().await.unwrap().json().await.unwrap()
}

fn never(outcome: Outcome) -> String {
    match outcome {
        Outcome::Never { why } => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_deployed_is_read_as_from_our_stand_in() {
    let scene = Scene::new().await;
    let Finding::Deployments(list) = scene.look(Look::Deployments).await else { panic!() };
    let seen = |one: &Deployment| (one.id.to_string(), one.current, one.candidate);
    let wanted = [(scene.live.clone(), true, true), (scene.older.clone(), false, true)];
    assert_eq!(list.iter().map(seen).collect::<Vec<_>>(), wanted);
    assert!(list[0].live_at > list[1].live_at, "{list:?}");
    assert_eq!(list[1].commit.as_deref(), Some("20260801c0ffee"));
    assert_eq!(list[1].by.as_deref(), Some("deployer"));
    // It says nothing of checks, and the live deployment nothing of its schema: nothing is taken for granted.
    assert!(list.iter().all(|one| !one.proven && one.schema_compatible.is_none()), "{list:?}");
}

#[tokio::test]
async fn a_survey_names_what_it_could_not_learn() {
    let scene = Scene::new().await;
    let Finding::Surveyed(seen) = scene.look(Look::Survey(Aim::RollBack(None))).await else {
        panic!()
    };
    let Survey { by, deployments, troubles, .. } = seen;
    assert_eq!((by.as_deref(), deployments.map(|list| list.len())), (Some("vercel"), Some(2)));
    assert_eq!(troubles.len(), 1);
    assert!(troubles[0].contains("refuses (HTTP 404, Not Found)"), "{troubles:?}");
}

#[tokio::test]
async fn a_change_it_does_not_know_is_refused_and_never_a_success() {
    let scene = Scene::new().await;
    for act in [scene.roll_back(), scene.promote()] {
        let why = never(scene.perform(Effect::Act(act.clone())).await);
        assert!(why.contains("refuses (HTTP 404, Not Found)"), "{why}");
        assert!(why.contains("hosting.project"), "{why}");
        match scene.look(Look::Verify(act.clone())).await {
            Finding::Verified { whole, says, tail } => {
                assert!(!whole && tail.is_empty(), "{says}");
                assert_eq!(says, format!("{} is live, not {}", scene.live, scene.older));
            }
            other => panic!("{other:?}"),
        }
        let why = never(scene.perform(Effect::Purge(act)).await);
        assert!(why.contains("knows no cache"), "{why}");
    }
    scene.is_as_it_was().await;
}

#[tokio::test]
async fn a_change_that_was_never_made_is_read_back_as_such() {
    let scene = Scene::new().await;
    let operation = EffectKey { stream: "operations".into(), turn: 7, position: 0 };
    let act = scene.roll_back();
    let found = scene.look(Look::ReadBack { operation: operation.clone(), act }).await;
    assert_eq!(found, Finding::ReadBack { applied: false });
    // Whether a promotion waits behind a rolling release is not to be had here: then nobody can tell.
    let act = scene.promote();
    let outcome = scene.perform(Effect::Look(Look::ReadBack { operation, act })).await;
    assert!(never(outcome).contains("HTTP 404"));
}
