//! The official client before the stand-in: every reply is as its schemas want it, every refusal is an error to it, and
//! it asks for the same things as our hands do.
//!
//! What a rollback left behind is not among its calls: that path is known from Vercel's command-line tool only.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::{Arc, Mutex};

use axum::Router;
use functions::perform::{Hold, Perform};
use serde_json::{Value, json};
use shared::effect::{Act, Aim, Effect, Look};
use shared::id::EffectKey;
use tests::standin::vercel::{
    Call, End, Fault, PROJECT, PROJECT_ID, State, TEAM, TOKEN, Vercel, hands,
};
use tokio::net::TcpListener;

use crate::judge::{Judge, Refusal, Verdict, mended};

const PROJECT_OF: &str = "projectsGetProject";
const LIST: &str = "deploymentsGetDeployments";
const ROLL_BACK: &str = "projectsRequestRollback";
const PROMOTE: &str = "projectsRequestPromote";
const UNMOVED: &str = "projectsListPromoteAliases";
const ROLLING: &str = "rollingReleaseGetRollingRelease";
const INVALIDATE: &str = "edgeCacheInvalidateByTags";

/// What our hands say and the client has no words for. The command-line tool says both.
const UNKNOWN_PARAMETER: &str = "rollbackInfo";
const UNKNOWN_PATH: &str = "/rollback/aliases";

/// The stand-in, and the client in front of it.
async fn bench() -> (Vercel, Judge) {
    let provider = Vercel::start().await.unwrap();
    let judge = Judge::of(&provider.api_url());
    (provider, judge)
}

fn project() -> Value {
    json!({"idOrName": PROJECT, "teamId": TEAM})
}

fn list() -> Value {
    json!({"projectId": PROJECT, "target": "production", "state": "READY", "limit": 100,
           "teamId": TEAM})
}

fn to(deployment: &str) -> Value {
    json!({"projectId": PROJECT_ID, "deploymentId": deployment, "teamId": TEAM})
}

fn unmoved() -> Value {
    json!({"projectId": PROJECT_ID, "failedOnly": true, "limit": 20, "teamId": TEAM})
}

fn invalidate(tags: &Value) -> Value {
    json!({"projectIdOrName": PROJECT, "teamId": TEAM, "requestBody": {"tags": tags}})
}

#[tokio::test]
async fn it_accepts_the_lists_of_deployments() {
    let (provider, mut judge) = bench().await;
    let all = judge.accepts(LIST, list()).await;
    let ids: Vec<_> =
        all["deployments"].as_array().unwrap().iter().map(|one| &one["uid"]).collect();
    assert_eq!(ids, ["dpl_4", "dpl_3", "dpl_2", "dpl_1"]);
    assert_eq!(all["deployments"][0]["meta"]["schema"], "20260804");
    for odd in 0..2 {
        let mut state = provider.state();
        state.deployments[odd].checks = (odd == 0).then(|| "failed".into());
        state.deployments[odd].expiration = Some(state.now());
    }
    provider.state().page = 1;
    let mut asked = list();
    asked["rollbackCandidate"] = true.into();
    let page = judge.accepts(LIST, asked.clone()).await;
    assert_eq!(page["deployments"][0]["isRollbackCandidate"], true, "{page}");
    asked["until"] = page["pagination"]["next"].clone();
    let next = judge.accepts(LIST, asked).await;
    assert_eq!(next["deployments"][0]["uid"], "dpl_2", "{next}");
}

#[tokio::test]
async fn it_accepts_the_project_while_it_is_rolled_back_and_promoted() {
    let (provider, mut judge) = bench().await;
    let before = judge.accepts(PROJECT_OF, project()).await;
    assert_eq!(before["targets"]["production"]["id"], "dpl_4", "{before}");
    let mut asked = to("dpl_3");
    asked["description"] = "operations/7/0".into();
    assert_eq!(judge.accepts(ROLL_BACK, asked).await, Value::Null);
    for status in ["pending", "in-progress", "succeeded"] {
        let seen = judge.accepts(PROJECT_OF, project()).await;
        assert_eq!(seen["lastAliasRequest"]["jobStatus"], status, "{seen}");
        assert_eq!(seen["rollbackDescription"]["description"], "operations/7/0", "{seen}");
    }
    judge.accepts(PROMOTE, to("dpl_4")).await;
    assert_eq!(provider.state().last.as_ref().unwrap().kind, "promote");
    for end in [End::Fails, End::IsSkipped] {
        provider.state().end = end;
        judge.accepts(PROJECT_OF, project()).await;
        let seen = judge.accepts(PROJECT_OF, project()).await;
        assert_eq!(seen["lastAliasRequest"]["type"], "promote", "{seen}");
        provider.state().accept("promote", "dpl_4");
    }
    provider.state().production = "nothing".into();
    judge.accepts(PROJECT_OF, project()).await;
}

#[tokio::test]
async fn it_accepts_what_a_promotion_left_behind_and_what_it_waits_for() {
    let (provider, mut judge) = bench().await;
    let none = judge.accepts(ROLLING, project()).await;
    assert_eq!(none, json!({"rollingRelease": null}));
    assert_eq!(judge.accepts(UNMOVED, unmoved()).await["aliases"], json!([]));
    provider.state().end = End::LeavesOneBehind;
    judge.accepts(PROMOTE, to("dpl_3")).await;
    let left = judge.accepts(UNMOVED, unmoved()).await;
    assert_eq!(left["aliases"][0]["alias"], "www.concierge-transaction-flow.com", "{left}");
    assert_eq!(left["aliases"][0]["status"], "failed", "{left}");
    for _ in 0..3 {
        judge.accepts(PROJECT_OF, project()).await;
    }
    provider.state().rolling = Some(None);
    judge.accepts(PROMOTE, to("dpl_2")).await;
    let release = judge.accepts(ROLLING, project()).await;
    assert_eq!(release["rollingRelease"]["queuedDeploymentId"], "dpl_2", "{release}");
}

#[tokio::test]
async fn it_accepts_that_caches_forget() {
    let (provider, mut judge) = bench().await;
    for tags in [json!(["pages", "prices"]), json!("pages")] {
        provider.state().site.cached = true;
        judge.accepts(INVALIDATE, invalidate(&tags)).await;
        assert!(!provider.state().site.cached, "{tags}");
    }
}

#[tokio::test]
async fn every_refusal_is_an_error_of_its_own() {
    let (provider, mut judge) = bench().await;
    let status = |no: Refusal| (no.class, no.status.unwrap());
    let refused = |status: u64| ("SDKError".to_owned(), status);
    let nothing = invalidate(&json!([]));
    assert_eq!(status(judge.refuses(INVALIDATE, nothing).await), refused(400));
    let elsewhere = json!({"idOrName": "elsewhere", "teamId": TEAM});
    assert_eq!(status(judge.refuses(PROJECT_OF, elsewhere).await), refused(404));
    assert_eq!(status(judge.refuses(ROLL_BACK, to("dpl_9")).await), refused(410));
    assert_eq!(status(judge.refuses(ROLL_BACK, to("dpl_4")).await), refused(422));
    provider.state().hobby = true;
    let no = judge.refuses(ROLL_BACK, to("dpl_2")).await;
    assert!(no.says.contains("upgrade to pro"), "{no:?}");
    assert_eq!(status(no), refused(402));
    provider.state().accept("rollback", "dpl_3");
    assert_eq!(status(judge.refuses(PROMOTE, to("dpl_4")).await), refused(409));
    provider.state().reads_fail = Some(503);
    assert_eq!(status(judge.refuses(LIST, list()).await), refused(503));
    provider.state().faults = vec![Fault::RetryAfter(7), Fault::ResetIn(7), Fault::LoseReply];
    let no = judge.refuses(ROLL_BACK, to("dpl_3")).await;
    assert_eq!(no.retry_after.as_deref(), Some("7"), "{no:?}");
    assert_eq!(status(no), refused(429));
    assert_eq!(status(judge.refuses(PROMOTE, to("dpl_3")).await), refused(429));
    let mut stranger = Judge::with_token(&provider.api_url(), "somebody-elses");
    assert_eq!(status(stranger.refuses(PROJECT_OF, project()).await), refused(403));
}

#[tokio::test]
async fn a_reply_that_is_lost_is_no_answer_to_it() {
    let (provider, mut judge) = bench().await;
    provider.state().faults = vec![Fault::LoseReply];
    let no = judge.refuses(ROLL_BACK, to("dpl_3")).await;
    assert_eq!((no.class.as_str(), no.status), ("ConnectionError", None), "{no:?}");
    assert_eq!(
        provider.state().last.as_ref().unwrap().to,
        "dpl_3",
        "it is carried out all the same"
    );
}

/// JSON that is announced has to come; the command-line tool calls the body `{}` required.
#[tokio::test]
async fn a_call_without_arguments_has_an_empty_object_or_no_body_at_all() {
    let provider = Vercel::start().await.unwrap();
    let url =
        format!("{}/v10/projects/{PROJECT_ID}/promote/dpl_4?teamId={TEAM}", provider.api_url());
    let http = functions::http::client(&functions::http::Roots::default()).unwrap();
    let post = |body: Option<&'static str>| {
        let request = http.post(&url).bearer_auth(TOKEN);
        match body {
            Some(body) => request.header("content-type", "application/json").body(body).send(),
            None => request.send(),
        }
    };
    for (body, status) in [(Some(""), 400), (Some("[]"), 400), (Some("{}"), 201), (None, 201)] {
        provider.state().last = None;
        assert_eq!(post(body).await.unwrap().status(), status, "{body:?}");
    }
}

/// A referee who never objects is none: replies that lack something, say too much, or have it in the wrong shape.
#[tokio::test]
async fn it_objects_to_a_reply_that_is_not_as_it_should_be() {
    let provider = Vercel::start().await.unwrap();
    let (project_at, list_at) = (format!("/v9/projects/{PROJECT}"), "/v7/deployments");
    let liar = Liar::start().await;
    let mut judge = Judge::of(&liar.api);
    for (call, path, at, wrong) in [
        (PROJECT_OF, &*project_at, "/nodeVersion", json!("4.x")),
        (PROJECT_OF, &project_at, "/targets/production/id", Value::Null),
        (PROJECT_OF, &project_at, "/accountId", json!(4)),
        (PROJECT_OF, &project_at, "/autoAssignCustomDomains", json!("yes")),
        (LIST, list_at, "/deployments/0/readyState", json!("FINE")),
        (LIST, list_at, "/deployments/3/creator", json!({"name": "deployer"})),
        (LIST, list_at, "/pagination", Value::Null),
    ] {
        let mut reply = ask(&provider, path).await;
        *reply.pointer_mut(at).unwrap() = wrong;
        liar.says(&reply);
        let asked = if call == LIST { list() } else { project() };
        match judge.on(call, asked).await {
            Verdict::Refused(no) => assert_eq!(no.class, "ResponseValidationError", "{at}: {no:?}"),
            Verdict::Accepted { understood, said } => {
                let mended = mended(&understood, &said);
                assert!(mended.contains(at), "{at}: {mended}");
            }
        }
    }
}

async fn ask(provider: &Vercel, path: &str) -> Value {
    let url = format!("{}{path}?teamId={TEAM}&projectId={PROJECT}", provider.api_url());
    let http = functions::http::client(&functions::http::Roots::default()).unwrap();
    http.get(url).bearer_auth(TOKEN).send().await.unwrap().json().await.unwrap()
}

/// A server that says whatever it is told to.
struct Liar {
    api: String,
    reply: Arc<Mutex<String>>,
}

impl Liar {
    async fn start() -> Self {
        let reply = Arc::<Mutex<String>>::default();
        let told = Arc::clone(&reply);
        let answer = move || async move {
            ([("content-type", "application/json")], told.lock().unwrap().clone())
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        Self { api, reply }
    }

    fn says(&self, reply: &Value) {
        *self.reply.lock().unwrap() = reply.to_string();
    }
}

#[tokio::test]
async fn our_hands_ask_as_it_asks() {
    let (provider, mut judge) = bench().await;
    everything_our_hands_do(&provider).await;
    let ours = std::mem::take(&mut provider.state().calls);
    let mut judged = 0;
    for asked in ours.iter().filter(|asked| !asked.path.ends_with(UNKNOWN_PATH)) {
        allow_everything(&mut provider.state());
        let (call, request) = as_the_client_says(asked);
        judge.accepts(call, request).await;
        let theirs = provider.state().calls.pop().unwrap();
        let mut query = asked.query.clone();
        query.remove(UNKNOWN_PARAMETER);
        assert_eq!((&theirs.method, &theirs.path), (&asked.method, &asked.path));
        assert_eq!(theirs.query, query, "{}", asked.path);
        let body = if asked.body == json!({}) { &Value::Null } else { &asked.body };
        assert_eq!(&theirs.body, body, "{}", asked.path);
        judged += 1;
    }
    assert!(judged > 20, "our hands made {judged} calls");
}

/// Each call of ours at least once.
async fn everything_our_hands_do(provider: &Vercel) {
    let hands = hands(provider.plan().unwrap(), &provider.api_url(), TOKEN).unwrap();
    let key = EffectKey { stream: "operations".into(), turn: 7, position: 0 };
    let roll_back = Act::RollBack { from: "dpl_4".into(), to: "dpl_3".into() };
    let promote = Act::Promote { from: "dpl_3".into(), to: "dpl_4".into() };
    let looks = [Look::Deployments, Look::Survey(Aim::RollBack(None))];
    let effects = looks.into_iter().map(Effect::Look).chain(
        [roll_back, promote].into_iter().flat_map(|act| {
            [Effect::Act(act.clone()), Effect::Look(Look::Verify(act.clone())), Effect::Purge(act)]
        }),
    );
    provider.state().page = 2;
    for effect in effects {
        hands.perform(&key, &effect, &Hold::Free).await;
    }
    let calls = &provider.state().calls;
    let all = ["/rollback/dpl_3", UNKNOWN_PATH, "/promote/dpl_4", "/promote/aliases"];
    let rest = ["/rolling-release", "/invalidate-by-tags", "/v7/deployments", PROJECT];
    for end in all.into_iter().chain(rest) {
        assert!(calls.iter().any(|call| call.path.ends_with(end)), "our hands never call {end}");
    }
}

/// A state in which no call is refused.
fn allow_everything(state: &mut State) {
    state.last = None;
    state.deployments.iter_mut().for_each(|one| one.candidate = true);
}

/// A call of ours in the client's words.
fn as_the_client_says(asked: &Call) -> (&'static str, Value) {
    let mut request: Value =
        asked.query.iter().map(|(key, text)| (key.clone(), typed(text))).collect();
    let path: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
    let (call, names): (_, &[(&str, &str)]) = match path[1..] {
        ["deployments"] => (LIST, &[]),
        ["edge-cache", _] => (INVALIDATE, &[]),
        ["projects", project] => (PROJECT_OF, &[("idOrName", project)]),
        ["projects", project, "rolling-release"] => (ROLLING, &[("idOrName", project)]),
        ["projects", project, "promote", "aliases"] => (UNMOVED, &[("projectId", project)]),
        ["projects", project, "promote", to] => {
            (PROMOTE, &[("projectId", project), ("deploymentId", to)])
        }
        ["projects", project, "rollback", to] => {
            (ROLL_BACK, &[("projectId", project), ("deploymentId", to)])
        }
        _ => panic!("{} is new: which call of the client is it?", asked.path),
    };
    for (name, value) in names {
        request[name] = (*value).into();
    }
    if call == INVALIDATE {
        request["requestBody"] = asked.body.clone();
    }
    (call, request)
}

/// A parameter as a program has it.
fn typed(text: &str) -> Value {
    match text.parse::<i64>() {
        Ok(number) => number.into(),
        Err(_) if text == "true" => true.into(),
        Err(_) => text.into(),
    }
}
