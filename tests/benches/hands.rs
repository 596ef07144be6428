//! How long it takes from the decision to the provider's "accepted": for the records, for the latch and for a rollback,
//! over a way of 50 ms to each service.
//!
//! A write may not be made blindly: what it depends on is read first, and so two calls must follow one another. What one
//! call takes is measured in the same run, by a plain client over the same way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use functions::clock;
use functions::http::{self, Roots};
use functions::perform::{Hold, Perform};
use functions::vendors::aws::Aws;
use functions::vendors::dns::{DnsHands, Pace};
use functions::vendors::vercel::Vercel;
use shared::effect::{Act, Effect, Finding, Outcome};
use shared::id::EffectKey;
use shared::plan::{Driver, Plan, built_in_text, read};
use tests::bench::link::{Exchange, Link};
use tests::bench::report::{Figure, Goal, print};
use tests::bench::{largest, median, now};
use tests::standin::name_server::NameServer;
use tests::standin::route53::{RecordSet, Route53};
use tests::standin::s3::S3;
use tests::standin::stage::{BUCKET, PRIMARY, STANDBY, WWW, ZONE};
use tests::standin::vercel::{self as hosting, TEAM, TOKEN};

/// The way to every service.
const WAY: Duration = Duration::from_millis(50);
/// Each is measured so often, with nothing connected before.
const ROUNDS: usize = 40;
/// Calls that must follow one another: what the write depends on, and the write.
const NECESSARY: f64 = 2.0;
/// How much longer it may take than the calls that must follow one another.
const RATIO: f64 = 1.2;

/// One round, in milliseconds.
struct Round {
    /// From the decision to the reply to the write.
    accepted: f64,
    /// One call of a plain client.
    single: f64,
    /// Calls that followed one another up to the write.
    in_a_row: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let (mut records, mut latch, mut rollback) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        records.push(failover(Driver::Records, "POST").await?);
        latch.push(failover(Driver::Latch, "PUT").await?);
        rollback.push(roll_back().await?);
    }
    show("failover by records: ChangeResourceRecordSets", &records);
    show("failover by the latch: PutObject", &latch);
    show("rollback on Vercel: the request", &rollback);
    Ok(())
}

fn show(what: &str, rounds: &[Round]) {
    let all = |value: fn(&Round) -> f64| rounds.iter().map(value).collect::<Vec<_>>();
    let (accepted, single) = (all(|it| it.accepted), all(|it| it.single));
    let ratio = median(&accepted) / (NECESSARY * median(&single));
    print(
        &format!("{what}, {ROUNDS} times over a way of {} ms", WAY.as_millis()),
        &[
            Figure::plain("decided to accepted, median", median(&accepted), "ms"),
            Figure::plain("decided to accepted, worst", largest(&accepted), "ms"),
            Figure::plain("one call of a plain client, median", median(&single), "ms"),
            Figure::new(
                "calls that followed one another",
                largest(&all(|it| it.in_a_row)),
                "",
                Goal::AtMost(NECESSARY),
            ),
            Figure::new("against the calls that must", ratio, "x", Goal::AtMost(RATIO)),
        ],
    );
}

/// A failover by one driver, in a zone with pairs behind the latch.
async fn failover(driver: Driver, write: &str) -> Result<Round> {
    let (route53, s3) = (Route53::start().await?, S3::start().await?);
    route53.follow_latch(&s3);
    let zone = set_up(&route53);
    let name_server = NameServer::start(&route53, &zone).await?;
    let control = Link::open(&route53.url(), WAY).await?;
    let objects = Link::open(&s3.url(), WAY).await?;
    let http = http::client(&Roots::default())?;
    let hands = DnsHands {
        plan: Arc::new(dns_plan(&zone, driver)?),
        aws: aws(&http, &control, &objects)?,
        http: http.clone(),
        roots: Roots::default(),
        name_servers: vec![name_server.address],
        clock: clock::now,
        pace: Pace { poll: Duration::from_millis(10), ..Pace::default() },
    };
    let decided = now();
    let outcome = perform(&hands, Act::FailOver).await?;
    let mut calls = [control.take(), objects.take()].concat();
    let single = match driver {
        Driver::Latch => single(&http, &objects, &format!("{BUCKET}/nothing")).await?,
        _ => single(&http, &control, &format!("2013-04-01/hostedzone/{zone}/rrset")).await?,
    };
    judged(decided, &mut calls, write, single).context(format!("{outcome:?}"))
}

/// A rollback to the deployment before.
async fn roll_back() -> Result<Round> {
    let provider = hosting::Vercel::start().await?;
    let link = Link::open(&provider.api_url(), WAY).await?;
    let http = http::client(&Roots::default())?;
    let plan = Arc::new(built_in()?);
    let vercel = Vercel::from_environment(plan, http.clone(), |name| match name {
        "VERCEL_TOKEN" => Some(TOKEN.to_owned()),
        "VERCEL_API_URL" => Some(link.url()),
        "VERCEL_TEAM_ID" => Some(TEAM.to_owned()),
        _ => None,
    });
    let vercel = vercel.context("there is a token")?;
    let decided = now();
    let act = Act::RollBack { from: "dpl_4".into(), to: "dpl_3".into() };
    let outcome = perform(&vercel, act).await?;
    let mut calls = link.take();
    let single = single(&http, &link, "v7/deployments").await?;
    judged(decided, &mut calls, "POST", single).context(format!("{outcome:?}"))
}

async fn perform(hands: &impl Perform, act: Act) -> Result<Outcome> {
    let key = EffectKey { stream: "operations".into(), turn: 3, position: 0 };
    let outcome = hands.perform(&key, &Effect::Act(act), &Hold::Free).await;
    match &outcome {
        Outcome::Done(Finding::Changed { .. }) => Ok(outcome),
        other => bail!("it was not done: {other:?}"),
    }
}

/// One call by a plain client, over a connection that is there already, like the hands' second one.
async fn single(http: &reqwest::Client, link: &Link, path: &str) -> Result<f64> {
    let start = now();
    http.get(format!("{}/{path}", link.url())).send().await?.bytes().await?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

/// What a round says: the first write's reply, and the longest row of calls before it that waited for each other.
fn judged(decided: Instant, calls: &mut [Exchange], write: &str, single: f64) -> Result<Round> {
    calls.sort_by_key(|call| call.ended);
    let first = calls.iter().find(|call| call.asked.starts_with(write));
    let accepted = first.context("nothing was written")?.ended;
    let (mut in_a_row, mut free_at) = (0.0, decided);
    for call in calls.iter().filter(|call| call.ended <= accepted) {
        if call.began >= free_at {
            in_a_row += 1.0;
            free_at = call.ended;
        }
    }
    let accepted = accepted.duration_since(decided).as_secs_f64() * 1e3;
    Ok(Round { accepted, single, in_a_row })
}

fn aws(http: &reqwest::Client, control: &Link, objects: &Link) -> Result<Aws> {
    let aws = Aws::from_environment(http.clone(), |name| match name {
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("fictional".into()),
        "AWS_ENDPOINT_URL_ROUTE_53" => Some(control.url()),
        "AWS_ENDPOINT_URL_S3" => Some(objects.url()),
        _ => None,
    });
    aws.context("there are keys")
}

fn built_in() -> Result<Plan> {
    match read::read("plan.toml", built_in_text()) {
        Ok(plan) => Ok(plan),
        Err(mistakes) => bail!("the built-in plan has {} mistakes", mistakes.len()),
    }
}

fn dns_plan(zone: &str, driver: Driver) -> Result<Plan> {
    let mut plan = built_in()?;
    let dns = &mut plan.dns;
    (dns.primary, dns.standby) = (PRIMARY.into(), STANDBY.into());
    (dns.zone_id, dns.drivers) = (zone.into(), vec![driver]);
    if let Some(latch) = &mut dns.latch {
        latch.bucket = BUCKET.into();
    }
    Ok(plan)
}

/// A zone with a failover pair for each name.
fn set_up(route53: &Route53) -> String {
    let zone = route53.add_zone(ZONE);
    let endpoint = route53.add_endpoint_check(PRIMARY, "/health");
    let latch =
        route53.add_inverted_check("latches.s3.us-west-2.amazonaws.com", "/initiate-failover");
    let both = route53.add_calculated_check(&[&endpoint, &latch], 2);
    for name in [ZONE, WWW] {
        let [primary, standby] =
            [PRIMARY, STANDBY].map(|address| RecordSet::new(name, "A", 60, &[address]));
        let pair = [primary.primary("one").checked_by(&both), standby.secondary("other")];
        route53.seed(&zone, &pair);
    }
    zone
}
