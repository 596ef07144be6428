//! R1 to R21, and what is out of the zone.

use tests::standin::route53::{CLOUDFRONT, RecordSet};

use crate::world::{PRIMARY, STANDBY, World, a, batch, code, text};

#[tokio::test]
async fn a_cname_stands_neither_at_the_apex_nor_beside_another_type() {
    let world = World::new().await;
    let apex = RecordSet::new("example.com", "CNAME", 60, &["a.example.net"]);
    let refused = world.change(&[("CREATE", &apex)]).await;
    assert_eq!(code(&refused), "InvalidChangeBatch");
    assert!(text(&refused.1, "Message").unwrap().contains("at apex"));
    let cname = RecordSet::new("www.example.com", "CNAME", 60, &["a.example.net"]);
    world.refuses(&[a("www", PRIMARY), cname.clone()], "CNAME beside").await;
    world.route53.seed(&world.zone, &[a("www", PRIMARY)]);
    world.refuses(&[cname], "CNAME beside").await;
}

#[tokio::test]
async fn names_out_of_the_zone_are_refused() {
    let world = World::new().await;
    for name in ["www.example.org", "example.com.evil.org", "badexample.com"] {
        world.refuses(&[RecordSet::new(name, "A", 60, &[PRIMARY])], "not permitted in zone").await;
    }
}

#[tokio::test]
async fn policies_do_not_mix_under_one_name_and_type() {
    let world = World::new().await;
    world.pair();
    world.refuses(&[a("www", PRIMARY)], "different policies").await;
    world.refuses(&[a("www", PRIMARY).weighted(1, "w")], "different policies").await;
    world.refuses(&[a("www", PRIMARY).latency("eu-west-1", "l")], "different policies").await;
    world
        .refuses(
            &[a("api", PRIMARY).weighted(1, "w"), a("api", PRIMARY).primary("p")],
            "different policies",
        )
        .await;
    let both = a("api", PRIMARY).weighted(1, "w").primary("p");
    world.refuses(&[both], "more than one routing policy").await;
}

#[tokio::test]
async fn routed_sets_need_an_identifier_and_simple_ones_have_none() {
    let world = World::new().await;
    let nameless = RecordSet { set_identifier: None, ..a("www", PRIMARY).primary("p") };
    world.refuses(&[nameless], "no SetIdentifier").await;
    let named = RecordSet { set_identifier: Some("s".to_owned()), ..a("www", PRIMARY) };
    world.refuses(&[named], "no routing policy").await;
}

#[tokio::test]
async fn a_pair_has_one_of_each_role() {
    let world = World::new().await;
    world.pair();
    world.refuses(&[a("www", STANDBY).primary("another")], "same role").await;
    world.refuses(&[a("www", STANDBY).secondary("another")], "same role").await;
    let odd = RecordSet { failover: Some("TERTIARY".to_owned()), ..a("api", PRIMARY).primary("p") };
    world.refuses(&[odd], "the failover role").await;
}

#[tokio::test]
async fn what_exists_is_not_created_again() {
    let world = World::new().await;
    world.pair();
    world.refuses(&[a("www", STANDBY).primary("primary")], "already exists").await;
    let twice = [a("api", PRIMARY).weighted(1, "same"), a("api", STANDBY).weighted(1, "same")];
    world.refuses(&twice, "already exists").await;
}

#[tokio::test]
async fn a_set_is_deleted_only_as_it_is_and_only_once() {
    let world = World::new().await;
    let stored = a("www", PRIMARY);
    world.route53.seed(&world.zone, std::slice::from_ref(&stored));
    let lies = [
        a("www", STANDBY),
        RecordSet { ttl: Some(61), ..stored.clone() },
        stored.clone().checked_by("some"),
        a("api", PRIMARY),
    ];
    for lie in &lies {
        assert_eq!(code(&world.change(&[("DELETE", lie)]).await), "InvalidChangeBatch", "{lie:?}");
    }
    let twice = world.change(&[("DELETE", &stored), ("DELETE", &stored)]).await;
    assert_eq!(code(&twice), "InvalidChangeBatch");
    assert_eq!(world.route53.records(&world.zone), std::slice::from_ref(&stored));
    assert_eq!(code(&world.change(&[("DELETE", &stored)]).await), "OK");
    assert_eq!(world.route53.emptied(), ["www.example.com."; 2]);
}

#[tokio::test]
async fn a_batch_applies_wholly_or_not_at_all_and_says_all_that_is_wrong() {
    let world = World::new().await;
    let sets = [a("api", PRIMARY), a("www", "nonsense"), a("x", "1.2.3")];
    let changes: Vec<_> = sets.iter().map(|set| ("CREATE", set)).collect();
    let answer = world.change(&changes).await;
    assert_eq!(code(&answer), "InvalidChangeBatch");
    assert_eq!(world.route53.records(&world.zone), []);
    let message = text(&answer.1, "Message").unwrap();
    assert!(message.contains("www.example.com.") && message.contains("x.example.com."));
    let call = world.route53.calls().pop().unwrap();
    assert_eq!((call.operation, call.outcome), ("ChangeResourceRecordSets", "InvalidChangeBatch"));
}

#[tokio::test]
async fn weighted_sets_keep_their_limits() {
    let world = World::new().await;
    world.refuses(&[a("www", PRIMARY).weighted(256, "w")], "weight 0 to 255").await;
    let two = RecordSet::new("www.example.com", "A", 60, &[PRIMARY, STANDBY]);
    world.refuses(&[two.weighted(1, "w")], "one ResourceRecord").await;
    let slower = RecordSet { ttl: Some(300), ..a("www", STANDBY).weighted(1, "v") };
    world.refuses(&[a("www", PRIMARY).weighted(1, "w"), slower], "one TTL").await;
    let many = |count| -> Vec<_> {
        (0..count).map(|n| a("www", PRIMARY).weighted(1, &n.to_string())).collect()
    };
    world.refuses(&many(101), "at most 100").await;
    assert_eq!(world.create(&many(100)).await, "OK");
}

#[tokio::test]
async fn aliases_keep_their_rules() {
    let world = World::new().await;
    let zone = world.zone.clone();
    let alias = |target: &str| RecordSet::alias("www.example.com", "A", &zone, target, true);
    world
        .refuses(
            &[RecordSet { ttl: Some(60), ..alias("api.example.com") }],
            "a TTL or ResourceRecords",
        )
        .await;
    let valued = RecordSet { values: vec![PRIMARY.to_owned()], ..alias("api.example.com") };
    world.refuses(&[valued], "a TTL or ResourceRecords").await;
    world.refuses(&[alias("cname.vercel-dns-0.com")], "no target of Amazon's").await;
    let vercel = RecordSet::alias("www.example.com", "A", "ZOTHER", "cname.vercel-dns-0.com", true);
    world.refuses(&[vercel], "no target of Amazon's").await;
    world.refuses(&[alias("api.example.com").multi_value("m")], "no alias").await;
    let blind = RecordSet::alias("www.example.com", "A", &zone, "api.example.com", false);
    world.refuses(&[blind.primary("p")], "EvaluateTargetHealth").await;
    let cloudfront =
        || RecordSet::alias("www.example.com", "A", CLOUDFRONT, "d1.cloudfront.net", false);
    world.refuses(&[cloudfront().primary("p"), cloudfront().secondary("s")], "on both sides").await;
    let pair = [a("www", PRIMARY).primary("p"), cloudfront().secondary("s")];
    assert_eq!(world.create(&pair).await, "OK");
}

#[tokio::test]
async fn a_group_has_one_type_but_a_name_may_have_two_groups() {
    let world = World::new().await;
    let aaaa = RecordSet::new("www.example.com", "AAAA", 60, &["2001:db8::1"]);
    world
        .refuses(&[a("www", PRIMARY).primary("p"), aaaa.clone().secondary("s")], "several types")
        .await;
    let both = [
        a("www", PRIMARY).primary("p"),
        a("www", STANDBY).secondary("s"),
        aaaa.clone().primary("p"),
        aaaa.secondary("s"),
    ];
    assert_eq!(world.create(&both).await, "OK");
}

#[tokio::test]
async fn a_batch_has_limits_and_an_upsert_counts_twice() {
    let world = World::new().await;
    let many = |label: &str, count: usize| {
        let values: Vec<_> = (0..count).map(|n| format!("10.0.{}.{}", n / 250, n % 250)).collect();
        let values: Vec<_> = values.iter().map(String::as_str).collect();
        RecordSet::new(&format!("{label}.example.com"), "A", 60, &values)
    };
    world.refuses(&[many("www", 1_001)], "at most 1000 records").await;
    assert_eq!(world.create(&[many("www", 1_000)]).await, "OK");
    assert_eq!(code(&world.change(&[("UPSERT", &many("api", 500))]).await), "OK");
    let over = world.change(&[("UPSERT", &many("api", 501))]).await;
    assert_eq!(code(&over), "InvalidChangeBatch");
    let text = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    let long = |length| RecordSet::new("t.example.com", "TXT", 60, &[&text(length)]);
    world.refuses(&[long(32_001)], "32000 characters").await;
    assert_eq!(world.create(&[long(32_000)]).await, "OK");
}

#[tokio::test]
async fn health_checks_and_zones_must_exist() {
    let world = World::new().await;
    let missing = a("www", PRIMARY).primary("p").checked_by("none");
    assert_eq!(world.create(&[missing]).await, "NoSuchHealthCheck");
    let nowhere =
        world.post("hostedzone/ZNONE/rrset", batch(&[("CREATE", &a("www", PRIMARY))])).await;
    assert_eq!((nowhere.0, code(&nowhere)), (404, "NoSuchHostedZone".to_owned()));
    assert_eq!(code(&world.get("hostedzone/ZNONE/rrset").await), "NoSuchHostedZone");
    assert_eq!(world.route53.records(&world.zone), []);
}

#[tokio::test]
async fn elements_have_their_order() {
    let world = World::new().await;
    let body = batch(&[("CREATE", &a("www", PRIMARY))]);
    let (ttl, kind) = ("<TTL>60</TTL>", "<Type>A</Type>");
    let swapped = body.replace(kind, "").replace(ttl, &format!("{ttl}{kind}"));
    assert_eq!(code(&world.post(&world.rrset(), swapped).await), "InvalidInput");
    let unknown = body.replace(ttl, &format!("{ttl}<Colour/>"));
    assert_eq!(code(&world.post(&world.rrset(), unknown).await), "InvalidInput");
    assert_eq!(code(&world.post(&world.rrset(), body).await), "OK");
}

#[tokio::test]
async fn a_zone_keeps_its_own_records() {
    let world = World::new().await;
    let servers: Vec<_> = (1..=4).map(|n| format!("ns{n}.example.com.")).collect();
    let servers: Vec<_> = servers.iter().map(String::as_str).collect();
    let own = RecordSet::new("example.com", "NS", 172_800, &servers);
    assert_eq!(code(&world.change(&[("DELETE", &own)]).await), "InvalidChangeBatch");
}

#[tokio::test]
async fn listings_come_in_pages_by_reversed_labels() {
    let world = World::new().await;
    world.pair();
    world.route53.seed(&world.zone, &[a("a.www", PRIMARY), a("api", PRIMARY)]);
    let first =
        world.get(&format!("{}?name=api.example.com&type=A&maxitems=2", world.rrset())).await.1;
    assert_eq!(text(&first, "IsTruncated").unwrap(), "true");
    assert_eq!(text(&first, "NextRecordName").unwrap(), "www.example.com.");
    assert_eq!(text(&first, "NextRecordIdentifier").unwrap(), "standby");
    let rest = "?name=www.example.com&type=A&identifier=standby";
    let second = world.get(&format!("{}{rest}", world.rrset())).await.1;
    assert_eq!(text(&second, "SetIdentifier").unwrap(), "standby");
    assert_eq!(text(&second, "IsTruncated").unwrap(), "false");
    assert!(second.contains("a.www.example.com."));
}
