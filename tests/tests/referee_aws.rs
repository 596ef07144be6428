//! Our DNS hands before `ministack`, an emulator of AWS: that somebody else's Route 53 takes our batches whole, and
//! that somebody else's S3 keeps the latch's condition.
//!
//! It answers no DNS, evaluates no health check and holds none of Route 53's rules about records (those are our own
//! stand-in's), so what moved is read from the records, by the official SDK. Our hands must not call it verified.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_route53::types as t;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types as s3;
use functions::clock;
use functions::http::{self, Roots};
use functions::perform::{Hold, Perform};
use functions::vendors::aws::Aws;
use functions::vendors::dns::{DnsHands, Pace};
use functions::vendors::lookout::Lookout;
use shared::effect::{Act, Aim, Effect, Finding, Look, Outcome, Survey};
use shared::id::EffectKey;
use shared::plan::{Driver, Plan, built_in_text, read::read};
use tests::emulator::Emulator;

const ZONE: &str = "concierge-transaction-flow.com";
const WWW: &str = "www.concierge-transaction-flow.com";
/// Nobody listens there: a site that is visited by mistake is one on this machine.
const PRIMARY: &str = "127.0.0.2";
const STANDBY: &str = "127.0.0.3";
const BUCKET: &str = "latches";

/// The emulator with a zone of ours and a bucket, and what the official SDK needs to look at them.
struct Cloud {
    aws: Aws,
    zone: String,
    _emulator: Emulator,
}

impl Cloud {
    async fn new() -> Self {
        let emulator = Emulator::aws().await.unwrap();
        let url = emulator.url.clone();
        let http = http::client(&Roots::default()).unwrap();
        let read = |name: &str| match name {
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("fictional".to_owned()),
            "AWS_ENDPOINT_URL" => Some(url.clone()),
            _ => None,
        };
        let aws = Aws::from_environment(http, read).unwrap();
        let made = aws.route53().create_hosted_zone().name(ZONE).caller_reference("once");
        let made = made.send().await.unwrap().hosted_zone.unwrap();
        let zone = made.id.trim_start_matches("/hostedzone/").to_owned();
        let cloud = Self { aws, zone, _emulator: emulator };
        cloud.create_bucket(BUCKET, "us-west-2").await;
        cloud
    }

    async fn create_bucket(&self, name: &str, region: &str) {
        let there = s3::CreateBucketConfiguration::builder().location_constraint(region.into());
        let create = self.aws.s3(region).create_bucket().bucket(name);
        create.create_bucket_configuration(there.build()).send().await.unwrap();
    }

    /// Each name with one record, that leads to the primary.
    async fn with_records() -> Self {
        let cloud = Self::new().await;
        cloud.create([ZONE, WWW].map(|name| record(name, PRIMARY)).into()).await;
        cloud
    }

    /// Each name with a failover pair, whose primary is watched.
    async fn with_pairs() -> Self {
        let cloud = Self::new().await;
        let check = cloud.health_check().await;
        let side = |name: &str, value: &str, side: t::ResourceRecordSetFailover| {
            record(name, value).set_identifier(side.as_str()).failover(side)
        };
        let pair = |name| {
            let primary = side(name, PRIMARY, t::ResourceRecordSetFailover::Primary);
            let standby = side(name, STANDBY, t::ResourceRecordSetFailover::Secondary);
            [primary.health_check_id(&check), standby]
        };
        cloud.create([ZONE, WWW].map(pair).into_iter().flatten().collect()).await;
        cloud
    }

    async fn create(&self, records: Vec<t::builders::ResourceRecordSetBuilder>) {
        let create = |record: t::builders::ResourceRecordSetBuilder| {
            let change = t::Change::builder().action(t::ChangeAction::Create);
            change.resource_record_set(record.build().unwrap()).build().unwrap()
        };
        let changes = records.into_iter().map(create).collect();
        let batch = t::ChangeBatch::builder().set_changes(Some(changes)).build().unwrap();
        let change = self.aws.route53().change_resource_record_sets();
        change.hosted_zone_id(&self.zone).change_batch(batch).send().await.unwrap();
    }

    /// A check that is never evaluated here; turned round, the emulator's reply would be one the SDK cannot read.
    async fn health_check(&self) -> String {
        let config = t::HealthCheckConfig::builder()
            .r#type(t::HealthCheckType::Https)
            .fully_qualified_domain_name("latches.s3.us-west-2.amazonaws.com")
            .resource_path("/initiate-failover")
            .build()
            .unwrap();
        let call = self.aws.route53().create_health_check().caller_reference("once");
        let made = call.health_check_config(config).send().await.unwrap();
        made.health_check.unwrap().id
    }

    /// What the records of our names say, as `name side value ttl`, sorted.
    async fn records(&self) -> Vec<String> {
        let listed = self.aws.route53().list_resource_record_sets();
        let sets = listed.hosted_zone_id(&self.zone).send().await.unwrap().resource_record_sets;
        let ours = sets.iter().filter(|set| set.r#type == t::RrType::A);
        let mut said: Vec<_> = ours.map(says).collect();
        said.sort();
        said
    }

    /// What is in the latch.
    async fn latch(&self) -> Option<String> {
        let get = self.aws.s3("us-west-2").get_object().bucket(BUCKET).key("initiate-failover");
        match get.send().await {
            Ok(object) => {
                let body = object.body.collect().await.unwrap().into_bytes();
                Some(String::from_utf8(body.to_vec()).unwrap())
            }
            Err(error) if error.code() == Some("NoSuchKey") => None,
            Err(error) => panic!("{error:?}"),
        }
    }

    fn hands(&self, drivers: &[Driver]) -> Hands {
        let plan = Arc::new(self.plan(drivers));
        let http = http::client(&Roots::default()).unwrap();
        let lookout = Lookout { plan, http, roots: Roots::default(), clock: clock::now };
        let hands = DnsHands::new(&lookout, self.aws.clone());
        let pace = Pace {
            poll: Duration::from_millis(20),
            cap: Duration::from_secs(2),
            seen: Duration::from_millis(100),
            busy: Duration::from_millis(5),
        };
        Hands(DnsHands { pace, ..hands })
    }

    fn plan(&self, drivers: &[Driver]) -> Plan {
        let mut plan = read("plan.toml", built_in_text()).unwrap();
        let dns = &mut plan.dns;
        dns.zone_id.clone_from(&self.zone);
        (dns.primary, dns.standby) = (PRIMARY.into(), STANDBY.into());
        dns.drivers = drivers.to_vec();
        dns.latch.as_mut().unwrap().bucket = BUCKET.into();
        // Nobody answers for the standby, and nobody beyond this machine is asked.
        dns.standby_health_url = "https://127.0.0.1:9/health".into();
        dns.health_checks.as_mut().unwrap().primary_host = "127.0.0.1:9".into();
        dns.resolvers = Vec::new();
        plan
    }
}

fn says(set: &t::ResourceRecordSet) -> String {
    let side = set.failover.as_ref().map_or("simple", |side| side.as_str());
    let values: Vec<_> =
        set.resource_records.iter().flatten().map(|one| one.value.as_str()).collect();
    let ttl = set.ttl.unwrap_or_default();
    let watched = if set.health_check_id.is_some() { " watched" } else { "" };
    format!("{} {side} {} {ttl}{watched}", set.name, values.join(" "))
}

fn record(name: &str, value: &str) -> t::builders::ResourceRecordSetBuilder {
    let record = t::ResourceRecord::builder().value(value).build().unwrap();
    t::ResourceRecordSet::builder().name(name).r#type(t::RrType::A).ttl(60).resource_records(record)
}

/// Our hands, and what they are asked for here.
struct Hands(DnsHands);

impl Hands {
    async fn perform(&self, effect: Effect) -> Outcome {
        self.0.perform(&key(3), &effect, &Hold::Free).await
    }

    async fn act(&self, act: Act) -> (String, usize) {
        match self.perform(Effect::Act(act)).await {
            Outcome::Done(Finding::Changed { by, changes }) => (by, changes.len()),
            other => panic!("{other:?}"),
        }
    }

    async fn survey(&self, aim: Aim) -> Survey {
        match self.perform(Effect::Look(Look::Survey(aim))).await {
            Outcome::Done(Finding::Surveyed(survey)) => survey,
            other => panic!("{other:?}"),
        }
    }

    async fn took_place(&self, act: Act) -> bool {
        match self.perform(Effect::Look(Look::ReadBack { operation: key(3), act })).await {
            Outcome::Done(Finding::ReadBack { applied }) => applied,
            other => panic!("{other:?}"),
        }
    }
}

fn key(turn: u32) -> EffectKey {
    EffectKey { stream: "operations".into(), turn, position: 0 }
}

#[tokio::test]
async fn where_nobody_answers_for_the_zone_nothing_counts_as_verified() {
    let cloud = Cloud::with_records().await;
    let hands = cloud.hands(&[Driver::Records]);
    hands.act(Act::FailOver).await;
    match hands.perform(Effect::Look(Look::Verify(Act::FailOver))).await {
        Outcome::Done(Finding::Verified { whole, says, tail }) => {
            assert!(!whole && tail.is_empty(), "{says}");
            assert!(says.starts_with("0 of 0 name servers"), "{says}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn records_flip_in_one_batch_and_back() {
    let cloud = Cloud::with_records().await;
    let hands = cloud.hands(&[Driver::Records]);
    let seen = hands.survey(Aim::FailOver).await;
    let change = &seen.changes[0];
    assert_eq!((change.before.as_str(), change.after.as_str()), (PRIMARY, STANDBY));
    assert_eq!((seen.changes.len(), seen.by.as_deref()), (2, Some("records")));
    assert!(!hands.took_place(Act::FailOver).await);
    assert_eq!(hands.act(Act::FailOver).await, ("records".into(), 2));
    let moved = [format!("{ZONE}. simple {STANDBY} 60"), format!("{WWW}. simple {STANDBY} 60")];
    assert_eq!(cloud.records().await, moved);
    assert!(hands.took_place(Act::FailOver).await && !hands.took_place(Act::FailBack).await);
    // A second time there is nothing to do.
    assert!(hands.survey(Aim::FailOver).await.changes.is_empty());
    assert_eq!(hands.act(Act::FailOver).await, ("records".into(), 0));
    assert_eq!(hands.act(Act::FailBack).await, ("records".into(), 2));
    assert!(hands.took_place(Act::FailBack).await);
    let back = [format!("{ZONE}. simple {PRIMARY} 60"), format!("{WWW}. simple {PRIMARY} 60")];
    assert_eq!(cloud.records().await, back);
}

/// Whoever comes second finds its batch refused, for what it would delete is gone, and sees that all is well.
#[tokio::test]
async fn two_at_once_move_everything_once() {
    let cloud = Cloud::with_records().await;
    let (one, other) = (cloud.hands(&[Driver::Records]), cloud.hands(&[Driver::Records]));
    let (one, other) = tokio::join!(one.act(Act::FailOver), other.act(Act::FailOver));
    assert_eq!(one.1 + other.1, 2, "{one:?} {other:?}");
    let moved = [format!("{ZONE}. simple {STANDBY} 60"), format!("{WWW}. simple {STANDBY} 60")];
    assert_eq!(cloud.records().await, moved);
}

#[tokio::test]
async fn of_a_pair_only_the_primary_is_edited_and_it_stays_watched() {
    let cloud = Cloud::with_pairs().await;
    let hands = cloud.hands(&[Driver::Records]);
    for (act, address) in [(Act::FailOver, STANDBY), (Act::FailBack, PRIMARY)] {
        assert_eq!(hands.act(act).await, ("records".into(), 2));
        let mut wanted = Vec::new();
        for name in [ZONE, WWW] {
            wanted.push(format!("{name}. PRIMARY {address} 60 watched"));
            wanted.push(format!("{name}. SECONDARY {STANDBY} 60"));
        }
        assert_eq!(cloud.records().await, wanted);
    }
}

#[tokio::test]
async fn the_latch_is_closed_once_and_whoever_was_first_stays_in_it() {
    let cloud = Cloud::with_pairs().await;
    let hands = cloud.hands(&[Driver::Latch]);
    let seen = hands.survey(Aim::FailOver).await;
    assert_eq!((seen.changes.len(), seen.by.as_deref()), (1, Some("latch")));
    let records = cloud.records().await;
    assert_eq!(hands.act(Act::FailOver).await, ("latch".into(), 1));
    assert_eq!(cloud.latch().await.as_deref(), Some("operations/3/0\n"));
    assert!(hands.took_place(Act::FailOver).await);
    let later = hands.0.perform(&key(9), &Effect::Act(Act::FailOver), &Hold::Free).await;
    assert!(
        matches!(&later, Outcome::Done(Finding::Changed { changes, .. }) if changes.is_empty())
    );
    assert_eq!(cloud.latch().await.as_deref(), Some("operations/3/0\n"));
    assert_eq!(hands.act(Act::FailBack).await, ("latch".into(), 1));
    assert_eq!(cloud.latch().await, None);
    assert!(hands.took_place(Act::FailBack).await);
    assert_eq!(cloud.records().await, records, "the latch touches no record");
}

#[tokio::test]
async fn a_latch_that_nothing_watches_is_passed_over_for_the_records() {
    let cloud = Cloud::with_records().await;
    let hands = cloud.hands(&[Driver::Latch, Driver::Records]);
    assert_eq!(hands.act(Act::FailOver).await, ("records".into(), 2));
    assert_eq!(cloud.latch().await, None);
}

#[tokio::test]
async fn a_bucket_in_another_region_holds_no_latch_and_is_named() {
    let cloud = Cloud::with_pairs().await;
    cloud.create_bucket("elsewhere", "eu-west-1").await;
    let mut hands = cloud.hands(&[Driver::Latch]);
    for (bucket, code) in [("elsewhere", "PermanentRedirect"), ("nowhere", "NoSuchBucket")] {
        let plan = Arc::make_mut(&mut hands.0.plan);
        plan.dns.latch.as_mut().unwrap().bucket = bucket.into();
        let outcome = hands.perform(Effect::Act(Act::FailOver)).await;
        let Outcome::Never { why } = &outcome else { panic!("{bucket}: {outcome:?}") };
        assert!(why.starts_with(&format!("latch: {code}: ")), "{bucket}: {why}");
    }
}
