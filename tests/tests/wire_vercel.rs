//! The hosting provider's adapter on the wire, against the strict stand-in: what is asked for once, what counts as
//! success, and what people are told when it is none.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use functions::perform::{Hold, KillSwitch, Perform};
use functions::vendors::vercel::Vercel;
use functions::{clock, desk, http};
use shared::effect::{Act, Aim, Deployment, Effect, Finding, Look, Outcome, Survey};
use shared::engine::Engine;
use shared::id::EffectKey;
use shared::store::MemoryStore;
use shared::time::Span;
use tests::standin::vercel::{self as standin, End, Fault, PROJECT_ID, TOKEN};

/// The stand-in with the adapter in front of it.
struct Wire {
    provider: standin::Vercel,
    vercel: Vercel,
}

impl Wire {
    async fn new() -> Self {
        let provider = standin::Vercel::start().await.unwrap();
        let vercel = adapter(&provider, &provider.api_url(), TOKEN);
        Self { provider, vercel }
    }

    async fn after(change: impl FnOnce(&mut standin::State)) -> Self {
        let wire = Self::new().await;
        change(&mut wire.provider.state());
        wire
    }

    async fn perform(&self, effect: Effect) -> Outcome {
        self.vercel.perform(&key(), &effect, &Hold::Free).await
    }

    async fn act(&self, act: Act) -> Outcome {
        self.perform(Effect::Act(act)).await
    }

    async fn read_back(&self, act: Act) -> Outcome {
        self.perform(Effect::Look(Look::ReadBack { operation: key(), act })).await
    }

    async fn verified(&self, act: Act) -> (bool, String, Vec<String>) {
        match self.perform(Effect::Look(Look::Verify(act))).await {
            Outcome::Done(Finding::Verified { whole, says, tail }) => (whole, says, tail),
            other => panic!("{other:?}"),
        }
    }

    async fn deployments(&self) -> Vec<Deployment> {
        match self.perform(Effect::Look(Look::Deployments)).await {
            Outcome::Done(Finding::Deployments(list)) => list,
            other => panic!("{other:?}"),
        }
    }

    async fn survey(&self) -> Survey {
        match self.perform(Effect::Look(Look::Survey(Aim::RollBack(None)))).await {
            Outcome::Done(Finding::Surveyed(survey)) => survey,
            other => panic!("{other:?}"),
        }
    }

    /// What was live in the end, and the writes that were made.
    fn end(&self) -> (String, Vec<String>) {
        let live = self.provider.state().production.clone();
        (live, self.provider.writes())
    }
}

fn adapter(provider: &standin::Vercel, api: &str, token: &str) -> Vercel {
    standin::hands(provider.plan().unwrap(), api, token).unwrap()
}

fn key() -> EffectKey {
    EffectKey { stream: "operations".into(), turn: 7, position: 0 }
}

fn roll_back(to: &str) -> Act {
    Act::RollBack { from: "dpl_4".into(), to: to.into() }
}

fn promote(from: &str, to: &str) -> Act {
    Act::Promote { from: from.into(), to: to.into() }
}

fn rollback_path(to: &str) -> String {
    format!("/v1/projects/{PROJECT_ID}/rollback/{to}")
}

fn never(outcome: Outcome) -> String {
    match outcome {
        Outcome::Never { why } => why,
        other => panic!("{other:?}"),
    }
}

fn later(outcome: Outcome) -> (String, Span) {
    match outcome {
        Outcome::Later { why, after } => (why, after),
        other => panic!("{other:?}"),
    }
}

fn unknown(outcome: Outcome) -> String {
    match outcome {
        Outcome::Unknown { why } => why,
        other => panic!("{other:?}"),
    }
}

fn applied(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Done(Finding::ReadBack { applied }) => *applied,
        other => panic!("{other:?}"),
    }
}

fn is_changed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Done(Finding::Changed { .. }))
}

// ---- What is deployed ------------------------------------------------------------------------------------

#[tokio::test]
async fn deployments_are_listed_with_all_that_a_choice_needs() {
    let list = Wire::new().await.deployments().await;
    let ids: Vec<&str> = list.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["dpl_4", "dpl_3", "dpl_2", "dpl_1"]);
    let current: Vec<bool> = list.iter().map(|one| one.current).collect();
    assert_eq!(current, [true, false, false, false]);
    let candidates: Vec<bool> = list.iter().map(|one| one.candidate).collect();
    assert_eq!(candidates, [false, true, true, true]);
    assert!(list.iter().all(|one| one.proven && one.by.as_deref() == Some("deployer")));
    assert_eq!(list[1].commit.as_deref(), Some("3f6c2d8e9b1a4753"));
}

#[tokio::test]
async fn older_code_is_compatible_down_to_what_the_live_deployment_says() {
    let wire = Wire::new().await;
    let told: Vec<_> = wire.deployments().await.iter().map(|one| one.schema_compatible).collect();
    assert_eq!(told, [Some(true), Some(true), Some(false), Some(false)]);
    wire.provider.state().deployment("dpl_4").unwrap().meta.remove("schemaExpandOnlySince");
    let told: Vec<_> = wire.deployments().await.iter().map(|one| one.schema_compatible).collect();
    assert_eq!(told, [None; 4], "without the label nobody can tell");
}

#[tokio::test]
async fn a_deployment_that_expired_or_whose_checks_failed_is_no_candidate_and_not_proven() {
    let wire = Wire::after(|state| {
        let now = state.now();
        state.deployment("dpl_3").unwrap().expiration = Some(now - 60_000);
        state.deployment("dpl_2").unwrap().checks = Some("failed".into());
        state.deployment("dpl_1").unwrap().candidate = false;
    })
    .await;
    let list = wire.deployments().await;
    assert_eq!([list[1].candidate, list[2].candidate, list[3].candidate], [false, true, false]);
    assert_eq!([list[1].proven, list[2].proven], [true, false]);
}

#[tokio::test]
async fn a_long_list_is_read_in_pages_and_no_further_than_three_of_them() {
    let wire = Wire::after(|state| state.page = 1).await;
    assert_eq!(wire.deployments().await.len(), 3);
    let of = |wire: &Wire, candidates| {
        let state = wire.provider.state();
        let pages = state.calls.iter().filter(|call| {
            call.path == "/v7/deployments"
                && call.query.contains_key("rollbackCandidate") == candidates
        });
        pages.count()
    };
    assert_eq!((of(&wire, false), of(&wire, true)), (3, 3));
}

#[tokio::test]
async fn a_survey_names_what_stands_in_the_way() {
    let clear = Wire::new().await.survey().await;
    assert_eq!((clear.by.as_deref(), clear.troubles.len()), (Some("vercel"), 0));
    let wire = Wire::after(|state| {
        state.accept("rollback", "dpl_2");
        state.rolling = Some(None);
        state.paused = true;
    })
    .await;
    let troubles = wire.survey().await.troubles.join("; ");
    for word in ["a rollback to dpl_2 is under way", "is paused", "rolling release"] {
        assert!(troubles.contains(word), "{word}: {troubles}");
    }
}

#[tokio::test]
async fn an_api_that_is_away_is_said_with_the_other_way_out() {
    let wire = Wire::after(|state| state.reads_fail = Some(503)).await;
    let survey = wire.survey().await;
    assert!(survey.by.is_none() && survey.deployments.is_none());
    assert!(survey.troubles[0].contains("allclear failover"), "{:?}", survey.troubles);
    let gone = adapter(&wire.provider, "http://127.0.0.1:9", TOKEN);
    let (why, _) = later(gone.perform(&key(), &Effect::Act(roll_back("dpl_3")), &Hold::Free).await);
    assert!(why.contains("is away") && why.contains("allclear failover"), "{why}");
    assert_eq!(wire.end().1, Vec::<String>::new(), "nothing was written");
}

// ---- Moving production -----------------------------------------------------------------------------------

#[tokio::test]
async fn a_rollback_is_done_when_the_provider_says_so_of_our_request() {
    let wire = Wire::new().await;
    let Outcome::Done(Finding::Changed { by, changes }) = wire.act(roll_back("dpl_3")).await else {
        panic!()
    };
    assert_eq!(by, "vercel");
    let changes: Vec<_> =
        changes.iter().map(|one| (one.target.as_str(), one.after.as_str())).collect();
    assert_eq!(changes[0], ("production", "dpl_3"));
    assert!(changes[1].1.starts_with("off"), "{changes:?}");
    assert_eq!(wire.end(), ("dpl_3".into(), vec![rollback_path("dpl_3")]));
    let state = wire.provider.state();
    assert!(!state.auto_assign);
    assert_eq!(state.description.as_deref(), Some("operations/7/0"), "the operation's key");
}

#[tokio::test]
async fn undoing_a_rollback_promotes_what_was_rolled_back_from() {
    let wire = Wire::new().await;
    assert!(is_changed(&wire.act(roll_back("dpl_3")).await));
    assert!(is_changed(&wire.act(promote("dpl_3", "dpl_4")).await));
    assert_eq!(wire.end().0, "dpl_4");
    assert!(wire.provider.state().auto_assign);
}

#[tokio::test]
async fn promoting_what_is_live_keeps_a_rollback_for_good() {
    let wire = Wire::new().await;
    assert!(is_changed(&wire.act(roll_back("dpl_3")).await));
    assert!(is_changed(&wire.act(promote("dpl_3", "dpl_3")).await));
    assert!(wire.provider.state().auto_assign);
    let (live, writes) = wire.end();
    assert_eq!((live.as_str(), writes.len()), ("dpl_3", 2));
}

#[tokio::test]
async fn a_plan_whose_live_deployment_was_replaced_meanwhile_is_not_carried_out() {
    let wire = Wire::after(|state| state.production = "dpl_2".into()).await;
    let why = never(wire.act(roll_back("dpl_3")).await);
    assert_eq!(why, "dpl_2 is live meanwhile: plan again");
    assert!(wire.provider.writes().is_empty());
}

#[tokio::test]
async fn another_change_that_is_under_way_is_waited_for() {
    let wire = Wire::after(|state| state.accept("promote", "dpl_2")).await;
    let (why, _) = later(wire.act(roll_back("dpl_3")).await);
    assert!(why.contains("a promote to dpl_2 is under way"), "{why}");
    assert!(wire.provider.writes().is_empty());
}

#[tokio::test]
async fn each_refusal_says_what_to_do_and_is_no_success() {
    for (status, word) in [
        (401, "make a new one"),
        (402, "upgrade"),
        (403, "give it the plan's project and team"),
        (404, "hosting.project"),
        (422, "choose another one"),
    ] {
        let wire = Wire::after(|state| state.faults = vec![Fault::Refuse(status)]).await;
        let why = never(wire.act(roll_back("dpl_3")).await);
        assert!(why.contains(word) && why.contains("Refused on demand"), "{why}");
        assert_eq!(wire.end(), ("dpl_4".into(), vec![rollback_path("dpl_3")]));
    }
}

#[tokio::test]
async fn the_small_subscription_goes_back_one_deployment_only() {
    let wire = Wire::after(|state| state.hobby = true).await;
    let why = never(wire.act(roll_back("dpl_2")).await);
    assert!(why.contains("the deployment just before the live one"), "{why}");
    assert!(is_changed(&wire.act(roll_back("dpl_3")).await));
}

#[tokio::test]
async fn a_conflict_is_waited_for_and_not_counted_as_success() {
    let wire = Wire::after(|state| state.faults = vec![Fault::Refuse(409)]).await;
    let (why, _) = later(wire.act(roll_back("dpl_3")).await);
    assert!(why.contains("another change of production"), "{why}");
    assert_eq!(wire.end().0, "dpl_4");
}

#[tokio::test]
async fn a_limit_is_obeyed_as_long_as_it_asks() {
    for (fault, least, most) in [
        (Fault::RetryAfter(17), 17, 17),
        (Fault::ResetIn(40), 38, 40),
        (Fault::Refuse(429), 60, 60),
    ] {
        // An hour's difference of the clocks changes nothing: the limit is told by theirs.
        let wire = Wire::after(|state| (state.faults, state.skew) = (vec![fault], 3_600_000)).await;
        let (_, after) = later(wire.act(roll_back("dpl_3")).await);
        assert!((Span::secs(least).0..=Span::secs(most).0).contains(&after.0), "{after:?}");
    }
}

#[tokio::test]
async fn a_promotion_does_not_go_behind_a_rolling_release() {
    let wire = Wire::after(|state| state.rolling = Some(None)).await;
    let why = never(wire.act(promote("dpl_4", "dpl_3")).await);
    assert!(why.contains("complete or abort it"), "{why}");
    assert!(wire.provider.writes().is_empty());
}

#[tokio::test]
async fn a_promotion_that_was_queued_is_no_success_and_is_never_asked_for_twice() {
    let wire = Wire::after(|state| state.faults = vec![Fault::Queue]).await;
    let why = unknown(wire.act(promote("dpl_4", "dpl_3")).await);
    assert!(why.contains("complete that release"), "{why}");
    let why = never(wire.read_back(promote("dpl_4", "dpl_3")).await);
    assert!(why.contains("queued behind a rolling release"), "{why}");
    assert_eq!(wire.provider.writes().len(), 1);
}

#[tokio::test]
async fn the_success_of_another_deployment_is_not_ours() {
    let wire = Wire::after(|state| state.end = End::IsOvertaken).await;
    let why = unknown(wire.act(roll_back("dpl_3")).await);
    assert!(why.contains("dpl_1 is live"), "{why}");
}

#[tokio::test]
async fn an_earlier_success_of_the_same_move_is_not_ours() {
    let wire = Wire::after(|state| {
        // Yesterday somebody went from 4 to 3; the record is still there, and now it is asked for again.
        state.accept("rollback", "dpl_3");
        let last = state.last.as_mut().unwrap();
        (last.status, last.at) = ("succeeded", last.at - 86_400_000);
        state.end = End::NeverEnds;
    })
    .await;
    let why = unknown(wire.act(roll_back("dpl_3")).await);
    assert!(why.contains("is not done: dpl_4 is live"), "{why}");
}

#[tokio::test]
async fn what_the_provider_skipped_is_no_success() {
    let wire = Wire::after(|state| state.end = End::IsSkipped).await;
    let why = never(wire.act(roll_back("dpl_3")).await);
    assert!(why.contains("skipped") && why.contains("dpl_4 is live"), "{why}");
}

#[tokio::test]
async fn a_failed_rollback_names_what_did_not_move() {
    let wire = Wire::after(|state| state.end = End::Fails).await;
    let why = never(wire.act(roll_back("dpl_3")).await);
    assert!(why.contains("not moved: www.concierge-transaction-flow.com"), "{why}");
}

#[tokio::test]
async fn a_request_that_does_not_end_is_not_called_done() {
    let wire = Wire::after(|state| state.end = End::NeverEnds).await;
    let why = unknown(wire.act(roll_back("dpl_3")).await);
    assert!(why.contains("accepted but is not done"), "{why}");
    let (why, _) = later(wire.read_back(roll_back("dpl_3")).await);
    assert!(why.contains("not done yet"), "{why}");
}

#[tokio::test]
async fn clocks_that_differ_by_hours_change_no_verdict() {
    for skew in [-7_200_000, -200_000, 200_000, 7_200_000] {
        let wire = Wire::after(|state| state.skew = skew).await;
        assert!(is_changed(&wire.act(roll_back("dpl_3")).await), "{skew}");
        let other = Wire::after(|state| (state.skew, state.end) = (skew, End::IsSkipped)).await;
        assert!(never(other.act(roll_back("dpl_3")).await).contains("skipped"), "{skew}");
    }
}

#[tokio::test]
async fn nothing_is_written_once_the_right_to_act_is_gone() {
    let wire = Wire::new().await;
    let engine =
        Engine::open(wire.provider.plan().unwrap().into(), MemoryStore::default(), clock::now());
    let opened = desk::open(engine.unwrap(), clock::now).unwrap();
    let switch = KillSwitch::beside("/nowhere/allclear.db".as_ref());
    let hold = Hold::Lease { desk: opened.desk.clone(), key: key(), epoch: 1, switch };
    let (why, _) =
        later(wire.vercel.perform(&key(), &Effect::Act(roll_back("dpl_3")), &hold).await);
    assert!(why.contains("lease is over"), "{why}");
    assert!(wire.provider.writes().is_empty());
}

// ---- Lost replies ----------------------------------------------------------------------------------------

#[tokio::test]
async fn a_lost_reply_is_unknown_and_reading_back_finds_the_one_effect() {
    for act in [roll_back("dpl_3"), promote("dpl_4", "dpl_3")] {
        let wire = Wire::after(|state| state.faults = vec![Fault::LoseReply]).await;
        unknown(wire.act(act.clone()).await);
        assert!(applied(&wire.read_back(act).await));
        assert_eq!((wire.end().0.as_str(), wire.provider.writes().len()), ("dpl_3", 1));
    }
}

#[tokio::test]
async fn a_lost_request_is_unknown_and_reading_back_finds_none() {
    for act in [roll_back("dpl_3"), promote("dpl_4", "dpl_3")] {
        let wire = Wire::after(|state| state.faults = vec![Fault::LoseRequest]).await;
        unknown(wire.act(act.clone()).await);
        assert!(!applied(&wire.read_back(act).await));
        assert_eq!((wire.end().0.as_str(), wire.provider.writes().len()), ("dpl_4", 1));
    }
}

#[tokio::test]
async fn a_server_error_on_a_write_is_ambiguous() {
    let wire = Wire::after(|state| state.faults = vec![Fault::Refuse(502)]).await;
    let why = unknown(wire.act(roll_back("dpl_3")).await);
    assert!(why.contains("HTTP 502"), "{why}");
    assert!(!applied(&wire.read_back(roll_back("dpl_3")).await));
}

#[tokio::test]
async fn a_rollback_that_was_overwritten_since_is_known_by_its_description() {
    let wire = Wire::new().await;
    assert!(is_changed(&wire.act(roll_back("dpl_3")).await));
    assert!(is_changed(&wire.act(promote("dpl_3", "dpl_2")).await));
    assert!(applied(&wire.read_back(roll_back("dpl_3")).await));
    wire.provider.state().description = Some("by hand".into());
    let why = never(wire.read_back(roll_back("dpl_3")).await);
    assert!(why.contains("cannot be told: dpl_2 is live"), "{why}");
}

#[tokio::test]
async fn an_api_that_is_away_while_reading_back_is_asked_again() {
    let wire = Wire::after(|state| state.reads_fail = Some(500)).await;
    let (why, _) = later(wire.read_back(roll_back("dpl_3")).await);
    assert!(why.contains("is away"), "{why}");
}

// ---- Afterwards ------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_move_is_verified_whole_when_the_site_runs_the_build() {
    let wire = Wire::after(|state| state.site.lags = 1).await;
    assert!(is_changed(&wire.act(roll_back("dpl_3")).await));
    let (whole, says, tail) = wire.verified(roll_back("dpl_3")).await;
    assert!(whole && tail.is_empty(), "{tail:?}");
    assert!(says.contains("/health runs dpl_3"), "{says}");
}

#[tokio::test]
async fn who_does_not_follow_is_named_and_it_is_not_whole() {
    let behind = Wire::after(|state| state.end = End::LeavesOneBehind).await;
    assert!(is_changed(&behind.act(roll_back("dpl_3")).await));
    let (whole, _, tail) = behind.verified(roll_back("dpl_3")).await;
    assert_eq!((whole, tail), (false, vec!["www.concierge-transaction-flow.com".to_owned()]));

    let lagging = Wire::after(|state| state.site.lags = u32::MAX).await;
    assert!(is_changed(&lagging.act(roll_back("dpl_3")).await));
    let (whole, _, tail) = lagging.verified(roll_back("dpl_3")).await;
    assert!(!whole && tail[0].contains("still runs dpl_4"), "{tail:?}");

    let mute = Wire::after(|state| state.site.names_build = false).await;
    assert!(is_changed(&mute.act(roll_back("dpl_3")).await));
    let (whole, _, tail) = mute.verified(roll_back("dpl_3")).await;
    assert!(!whole && tail[0].contains("does not say which build"), "{tail:?}");
}

#[tokio::test]
async fn a_move_that_did_not_happen_fails_its_verification() {
    let (whole, says, tail) = Wire::new().await.verified(roll_back("dpl_3")).await;
    assert_eq!((whole, tail.len(), says.as_str()), (false, 0, "dpl_4 is live, not dpl_3"));
}

#[tokio::test]
async fn caches_are_told_to_forget_and_the_site_is_seen_to_have_forgotten() {
    let wire = Wire::new().await;
    let Outcome::Done(Finding::Purged { says }) =
        wire.perform(Effect::Purge(roll_back("dpl_3"))).await
    else {
        panic!()
    };
    assert!(says.contains("pages tagged pages") && says.contains("is fresh (MISS)"), "{says}");
    let state = wire.provider.state();
    let write = state.calls.iter().find(|call| call.method == "POST").unwrap();
    assert_eq!(write.body["tags"], serde_json::json!(["pages"]));
}

#[tokio::test]
async fn a_cache_that_does_not_forget_is_asked_again_and_one_that_is_not_there_is_said() {
    let stubborn = Wire::after(|state| state.site.stale = u32::MAX).await;
    let (why, _) = later(stubborn.perform(Effect::Purge(Act::FailOver)).await);
    assert!(why.contains("still comes from the cache"), "{why}");
    let none = Wire::after(|state| state.faults = vec![Fault::Refuse(404)]).await;
    let why = never(none.perform(Effect::Purge(Act::FailOver)).await);
    assert!(why.contains("knows no cache"), "{why}");
}

// ---- Credentials -----------------------------------------------------------------------------------------

#[tokio::test]
async fn without_a_token_there_is_no_adapter_and_a_wrong_one_is_named() {
    let provider = standin::Vercel::start().await.unwrap();
    let plan = provider.plan().unwrap().into();
    assert!(
        Vercel::from_environment(plan, http::client(&http::Roots::default()).unwrap(), |_| None)
            .is_none()
    );
    let wrong = adapter(&provider, &provider.api_url(), "wrong");
    let why = never(wrong.perform(&key(), &Effect::Look(Look::Deployments), &Hold::Free).await);
    assert!(why.contains("VERCEL_TOKEN") && !why.contains("Bearer"), "{why}");
}
