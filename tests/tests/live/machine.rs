//! Nobody types anything: the real server sees an outage from three places and does what the runbook says.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::Duration;

use data_encoding::BASE64;
use functions::clock;
use functions::http::{self, Roots};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use tests::standin::stage::{BUCKET, LATCH, PRIMARY, STANDBY};
use tests::standin::vercel::{Deployed, Vercel};
use tokio::time::Instant;

use tests::place::Place;

/// Known to the server and to the probes elsewhere.
const KEY: &[u8] = b"a-key-that-only-the-probes-know!";
/// Where the other probes are; the server stands in `us-west-2`.
const ELSEWHERE: [&str; 2] = ["eu-west-1", "us-east-2"];
/// Far above what any of this takes.
const LIMIT: Duration = Duration::from_mins(1);
const EVERY: Duration = Duration::from_millis(200);

/// A server that is killed when its test is over.
struct Serving {
    child: Child,
    url: String,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _gone = self.child.kill().and_then(|()| self.child.wait());
    }
}

impl Serving {
    async fn start(place: &Place) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command =
            place.command("lead-developer", &format!("serve --listen 127.0.0.1:{port}"));
        command.env("ALLCLEAR_SECRET_GENERIC", format!("whsec_{}", BASE64.encode(KEY)));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let serving = Self { child, url: format!("http://127.0.0.1:{port}") };
        let ready = format!("{}/ready", serving.url);
        let http = http::client(&Roots::default()).unwrap();
        let begun = Instant::now();
        while !http.get(&ready).send().await.is_ok_and(|it| it.status().is_success()) {
            assert!(begun.elapsed() < LIMIT, "the server does not start");
            tokio::time::sleep(EVERY).await;
        }
        serving
    }

    /// What a probe elsewhere sees of the frontend.
    async fn hears(&self, vantage: &str, status: u16, number: usize) {
        let now = clock::now();
        let at = jiff::Timestamp::from_millisecond(now.0).unwrap();
        let body = json!({
            "type": "monitor.sample", "timestamp": at.to_string(),
            "data": {"monitor": "frontend", "component": "frontend", "vantage": vantage,
                     "http_status": status, "latency_ms": 80},
        });
        let (body, seconds) = (body.to_string(), (now.0 / 1_000).to_string());
        let id = format!("msg_{vantage}_{number}");
        let mut mac = Hmac::<Sha256>::new_from_slice(KEY).unwrap();
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        let signature = format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()));
        let sent = http::client(&Roots::default())
            .unwrap()
            .post(format!("{}/webhook/generic", self.url))
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature)
            .body(body)
            .send()
            .await
            .unwrap();
        assert!(sent.status().is_success(), "{}", sent.status());
    }

    /// Probes elsewhere go on seeing what they see, until it is so.
    async fn sees(&self, status: impl Fn() -> u16, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        for number in 0.. {
            for vantage in ELSEWHERE {
                self.hears(vantage, status(), number).await;
            }
            if is_so() {
                return;
            }
            assert!(begun.elapsed() < LIMIT, "nothing was done about it");
            tokio::time::sleep(EVERY).await;
        }
    }
}

/// A place whose people are in a hurry, and whose other parts are well whatever happens to the frontend.
async fn place(drivers: &str) -> Place {
    let place = Place::with(drivers).await;
    place.edits_plan(|text| {
        let port = place.stage.standby.address.port();
        let elsewhere = format!("https://{STANDBY}:{port}/");
        let lines = text.lines().map(|line| match line.split(" = ").next().unwrap_or_default() {
            "probe_every" => "probe_every = \"1s\"".into(),
            "probe_timeout" => "probe_timeout = \"1s\"".into(),
            "down_for" => "down_for = \"2s\"".into(),
            "act_after" => "act_after = \"3s\"".into(),
            "failover_block" => "failover_block = \"1s\"".into(),
            "control_site" => format!("control_site = \"{elsewhere}\""),
            _ => line.replace("https://api.concierge-transaction-flow.com/", &elsewhere),
        });
        lines.collect::<Vec<_>>().join("\n")
    });
    place
}

/// Two people prove by hand that it works, there and back: only then machines may do it.
async fn proves_failover(place: &Place) {
    let hash = place.plans("failover").await;
    place.does("lead-developer", &format!("operation run 1 --hash {hash}")).await;
    let hash = place.plans("failback").await;
    place.does("senior-developer", &format!("operation approve 2 --hash {hash}")).await;
    place.does("lead-developer", &format!("operation run 2 --hash {hash}")).await;
    place.leads_to(PRIMARY).await;
}

#[tokio::test]
async fn the_server_fails_over_and_nothing_goes_back_by_itself() {
    let place = place("[\"latch\", \"records\"]").await;
    place.sets_up().await;
    proves_failover(&place).await;
    let serving = Serving::start(&place).await;
    place.stage.primary.says(None);
    // Two places of three are not enough to act on.
    let begun = Instant::now();
    let closed = || place.stage.s3.has(BUCKET, LATCH);
    serving.sees(|| 200, || begun.elapsed() > Duration::from_secs(6)).await;
    assert!(!closed(), "one place alone saw it");
    serving.sees(|| 503, closed).await;
    place.leads_to(STANDBY).await;
    place.stage.primary.says(Some("{}"));
    tokio::time::sleep(Duration::from_secs(3)).await;
    place.leads_to(STANDBY).await;
    let story = place.does("lead-developer", "incident timeline").await;
    assert!(story.contains("the standby is healthy"), "{story}");
    let puts = place.stage.s3.calls().into_iter().filter(|(method, _)| method == "PUT").count();
    assert_eq!((puts, place.changes(), place.stage.route53.emptied()), (2, 1, vec![]));
    place.does("lead-developer", "verify").await;
}

#[tokio::test]
async fn the_server_rolls_back_the_deployment_that_broke_it() {
    let mut place = place("[\"records\"]").await;
    place.vercel = Some(Vercel::start().await.unwrap());
    let hash = place.plans("rollback").await;
    place.does_live(&format!("rollback run 1 --hash {hash}")).await;
    let hash = place.plans("rollback undo").await;
    place.does_live(&format!("rollback run 2 --hash {hash}")).await;
    deploys_the_fifth(&place);
    let serving = Serving::start(&place).await;
    let broken = || place.vercel().state().production == "dpl_5";
    place.stage.primary.says(None);
    serving.sees(|| 503, || !broken()).await;
    assert_eq!(place.vercel().state().production, "dpl_4");
    place.follows_production();
    let story = || place.does("lead-developer", "incident timeline");
    let begun = Instant::now();
    while !story().await.contains("dpl_4 is live") {
        assert!(begun.elapsed() < LIMIT, "{}", story().await);
        serving.sees(|| 200, || true).await;
        tokio::time::sleep(EVERY).await;
    }
    let writes = place.vercel().writes();
    let rollbacks = writes.iter().filter(|path| path.ends_with("/rollback/dpl_4")).count();
    assert_eq!((rollbacks, place.changes()), (1, 0), "{writes:?}");
}

/// A deployment that went live two minutes ago, with a migration that only added things.
fn deploys_the_fifth(place: &Place) {
    let mut state = place.vercel().state();
    let now = state.now();
    let fourth = state.deployment("dpl_4").unwrap();
    fourth.candidate = true;
    let mut meta = fourth.meta.clone();
    meta.insert("schema".into(), "20260805".into());
    let two_minutes_ago = now - 120_000;
    let fifth = Deployed {
        id: "dpl_5".into(),
        at: two_minutes_ago,
        candidate: false,
        meta,
        ..fourth.clone()
    };
    state.deployments.insert(0, fifth);
    state.production = "dpl_5".into();
}
