//! Health checks: their rules, their verdicts, and what failover pairs answer by them.

use std::time::Duration;

use reqwest::Method;
use tests::standin::route53::{CHECKERS, RecordSet};
use tests::standin::s3::S3;

use crate::world::{PRIMARY, STANDBY, World, a, code, text};

const LATCH: &str = "latch.s3.eu-west-1.amazonaws.com";

#[tokio::test]
async fn a_pair_answers_by_the_table() {
    let world = World::new().await;
    let (primary, standby) = world.pair();
    for (up, standby_up, answer) in [
        (true, true, PRIMARY),
        (true, false, PRIMARY),
        (false, true, STANDBY),
        (false, false, PRIMARY),
    ] {
        world.route53.set_healthy(&primary, up);
        world.route53.set_healthy(&standby, standby_up);
        assert_eq!(world.www(), [answer], "primary {up}, standby {standby_up}");
    }
}

#[tokio::test]
async fn without_a_health_check_a_side_is_always_healthy() {
    let world = World::new().await;
    let check = world.route53.add_endpoint_check("hc.example.com", "/");
    let sets = [
        a("www", PRIMARY).primary("p").checked_by(&check),
        a("www", STANDBY).secondary("s"),
        a("api", PRIMARY).primary("p"),
        a("api", STANDBY).secondary("s").checked_by(&check),
    ];
    world.route53.seed(&world.zone, &sets);
    world.route53.set_healthy(&check, false);
    assert_eq!(world.www(), [STANDBY]);
    assert_eq!(world.route53.resolve(&world.zone, "api.example.com", "A").values, [PRIMARY]);
}

#[tokio::test]
async fn the_latch_holds_a_failover_until_the_object_is_gone() {
    let world = World::new().await;
    let s3 = S3::start().await.unwrap();
    world.route53.follow_latch(&s3);
    let endpoint = world.route53.add_endpoint_check("hc-primary.example.com", "/health");
    let latch = world.route53.add_inverted_check(LATCH, "/initiate-failover.html");
    let both = world.route53.add_calculated_check(&[&endpoint, &latch], 2);
    let sets = [a("www", PRIMARY).primary("p").checked_by(&both), a("www", STANDBY).secondary("s")];
    world.route53.seed(&world.zone, &sets);
    for (up, there, answer) in [
        (true, false, PRIMARY),
        (false, false, STANDBY),
        (false, true, STANDBY),
        (true, true, STANDBY),
        (true, false, PRIMARY),
    ] {
        world.route53.set_healthy(&endpoint, up);
        if there {
            s3.put("latch", "initiate-failover.html", "STOP");
        } else {
            s3.delete("latch", "initiate-failover.html");
        }
        assert_eq!(world.www(), [answer], "endpoint {up}, object {there}");
    }
    s3.put("latch", "initiate-failover.html", "STOP");
    s3.outage(true);
    assert_eq!(world.www(), [PRIMARY], "an outage of S3 releases the latch");
}

#[tokio::test]
async fn more_than_eighteen_per_cent_of_the_checkers_make_a_check_healthy() {
    let world = World::new().await;
    let check = world.route53.add_endpoint_check("hc.example.com", "/");
    assert!(world.route53.is_healthy(&check), "a new check is healthy");
    for (up, healthy) in [(0, false), (2, false), (3, true), (CHECKERS, true)] {
        world.route53.set_checkers_up(&check, up);
        assert_eq!(world.route53.is_healthy(&check), healthy, "{up} of {CHECKERS}");
    }
    let status = world.get(&format!("healthcheck/{check}/status")).await.1;
    assert_eq!(status.matches("Success").count(), CHECKERS as usize);
}

#[tokio::test]
async fn disabled_checks_are_healthy_and_inverted_ones_are_not() {
    let world = World::new().await;
    let http = "<Type>HTTP</Type><FullyQualifiedDomainName>hc</FullyQualifiedDomainName>";
    for (flags, up, healthy) in [
        ("<Disabled>true</Disabled>", false, true),
        ("<Inverted>true</Inverted>", false, true),
        ("<Inverted>true</Inverted>", true, false),
        ("<Inverted>true</Inverted><Disabled>true</Disabled>", false, false),
    ] {
        let check = world.route53.add_check(&format!("{http}{flags}"));
        world.route53.set_healthy(&check, up);
        assert_eq!(world.route53.is_healthy(&check), healthy, "{flags} {up}");
    }
}

#[tokio::test]
async fn a_calculated_check_counts_its_healthy_children() {
    let world = World::new().await;
    let one = world.route53.add_endpoint_check("one.example.com", "/");
    let two = world.route53.add_endpoint_check("two.example.com", "/");
    world.route53.set_healthy(&two, false);
    for (threshold, healthy) in [(0, true), (1, true), (2, false), (3, false)] {
        let check = world.route53.add_calculated_check(&[&one, &two], threshold);
        assert_eq!(world.route53.is_healthy(&check), healthy, "{threshold} of 2, 1 healthy");
        let status = world.get(&format!("healthcheck/{check}/status")).await;
        assert_eq!(code(&status), "InvalidInput", "a calculated check has no status");
    }
}

#[tokio::test]
async fn checkers_change_their_verdict_after_the_threshold() {
    let world = World::new().await;
    let endpoint = S3::start().await.unwrap();
    endpoint.put("health", "ok", "fine");
    let check = world.route53.add_check(
        "<Type>HTTP_STR_MATCH</Type><ResourcePath>/health/ok</ResourcePath>\
         <FullyQualifiedDomainName>hc.example.com</FullyQualifiedDomainName>\
         <SearchString>fine</SearchString><FailureThreshold>2</FailureThreshold>",
    );
    let address = endpoint.url().trim_start_matches("http://").parse().unwrap();
    let _checkers = world.route53.probe(&check, address, Duration::from_millis(1));
    let looks = async |more: usize| {
        let wanted = endpoint.calls().len() + more;
        while endpoint.calls().len() < wanted {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    looks(3).await;
    assert!(world.route53.is_healthy(&check));
    endpoint.put("health", "ok", "broken");
    looks(4).await;
    assert!(!world.route53.is_healthy(&check));
    endpoint.put("health", "ok", "fine");
    looks(4).await;
    assert!(world.route53.is_healthy(&check));
}

fn create(reference: &str, config: &str) -> String {
    format!(
        "<CreateHealthCheckRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
         <CallerReference>{reference}</CallerReference><HealthCheckConfig>{config}</HealthCheckConfig>\
         </CreateHealthCheckRequest>"
    )
}

fn https(rest: &str) -> String {
    format!(
        "<Type>HTTPS</Type><FullyQualifiedDomainName>hc.example.com</FullyQualifiedDomainName>{rest}"
    )
}

#[tokio::test]
async fn creating_twice_with_one_reference_makes_one_check() {
    let world = World::new().await;
    let fast = https("<RequestInterval>10</RequestInterval>");
    let one = world.post("healthcheck", create("op-1", &fast)).await;
    let two = world.post("healthcheck", create("op-1", &fast)).await;
    assert_eq!((one.0, text(&one.1, "Id")), (201, text(&two.1, "Id")));
    let other = world.post("healthcheck", create("op-1", &https(""))).await;
    assert_eq!((other.0, code(&other)), (409, "HealthCheckAlreadyExists".to_owned()));
    let listed = world.get("healthcheck").await.1;
    assert_eq!(listed.matches("<HealthCheck>").count(), 1);
    assert_eq!(text(&listed, "RequestInterval").unwrap(), "10");
    let id = text(&one.1, "Id").unwrap();
    let gone = world.call(Method::DELETE, &format!("healthcheck/{id}"), String::new()).await;
    assert_eq!(code(&gone.unwrap()), "OK");
    assert_eq!(code(&world.get(&format!("healthcheck/{id}")).await), "NoSuchHealthCheck");
}

#[tokio::test]
async fn configurations_keep_their_bounds() {
    let world = World::new().await;
    let one = world.route53.add_endpoint_check("one.example.com", "/");
    let parent = world.route53.add_calculated_check(&[&one], 1);
    let calculated = |child: &str| {
        format!(
            "<Type>CALCULATED</Type><HealthThreshold>1</HealthThreshold>\
             <ChildHealthChecks><ChildHealthCheck>{child}</ChildHealthCheck></ChildHealthChecks>"
        )
    };
    for config in [
        https("<RequestInterval>20</RequestInterval>"),
        https("<FailureThreshold>0</FailureThreshold>"),
        https("<FailureThreshold>11</FailureThreshold>"),
        https("<SearchString>ok</SearchString>"),
        "<Type>HTTPS</Type>".to_owned(),
        "<Type>PING</Type>".to_owned(),
        calculated("none"),
        calculated(&parent),
    ] {
        let answer = world.post("healthcheck", create("op", &config)).await;
        assert_eq!(code(&answer), "InvalidInput", "{config}");
    }
}

#[tokio::test]
async fn an_update_changes_neither_type_nor_interval_and_wants_the_version() {
    let world = World::new().await;
    let check = world.route53.add_endpoint_check("hc.example.com", "/");
    let update = async |inside: &str| {
        let body = format!("<UpdateHealthCheckRequest>{inside}</UpdateHealthCheckRequest>");
        world.post(&format!("healthcheck/{check}"), body).await
    };
    for fixed in ["<Type>TCP</Type>", "<RequestInterval>10</RequestInterval>"] {
        assert_eq!(code(&update(fixed).await), "InvalidInput", "{fixed}");
    }
    let disable = "<Disabled>true</Disabled><HealthCheckVersion>1</HealthCheckVersion>";
    assert_eq!(text(&update(disable).await.1, "HealthCheckVersion").unwrap(), "2");
    assert_eq!(code(&update(disable).await), "HealthCheckVersionMismatch");
}

#[tokio::test]
async fn weighted_and_multivalue_groups_never_answer_nothing() {
    let world = World::new().await;
    let check = world.route53.add_endpoint_check("hc.example.com", "/");
    world.route53.set_healthy(&check, false);
    let many = (1..=9).map(|n| a("many", &format!("192.0.2.{n}")).multi_value(&n.to_string()));
    let mut sets: Vec<_> = many.collect();
    sets.push(a("sick", PRIMARY).multi_value("m").checked_by(&check));
    sets.push(a("zero", PRIMARY).weighted(0, "z"));
    sets.push(a("some", PRIMARY).weighted(0, "z"));
    sets.push(a("some", STANDBY).weighted(5, "w").checked_by(&check));
    world.route53.seed(&world.zone, &sets);
    let answer =
        |label: &str| world.route53.resolve(&world.zone, &format!("{label}.example.com"), "A");
    assert_eq!(answer("many").values.len(), 8);
    assert_eq!(answer("sick").values, [PRIMARY]);
    assert_eq!(answer("zero").values, [PRIMARY]);
    assert_eq!(answer("some").values, [STANDBY]);
}

#[tokio::test]
async fn the_test_answer_is_what_dns_answers() {
    let world = World::new().await;
    let (primary, _) = world.pair();
    world.route53.set_healthy(&primary, false);
    let alias = RecordSet::alias("example.com", "A", &world.zone, "www.example.com", true);
    world.route53.seed(&world.zone, &[alias]);
    let ask = async |name: &str| {
        let query = format!("hostedzoneid={}&recordname={name}&recordtype=A", world.zone);
        world.get(&format!("testdnsanswer?{query}")).await.1
    };
    for name in ["www.example.com", "example.com"] {
        assert_eq!(text(&ask(name).await, "RecordDataEntry").unwrap(), STANDBY);
    }
    assert_eq!(text(&ask("nothing.example.com").await, "ResponseCode").unwrap(), "NXDOMAIN");
}

#[tokio::test]
async fn a_zone_tells_its_name_servers_and_its_accelerated_recovery() {
    let world = World::new().await;
    world.route53.set_name_servers(&world.zone, &["ns.example.net"]);
    world.route53.set_accelerated_recovery(&world.zone, "ENABLED");
    let zone = world.get(&format!("hostedzone/{}", world.zone)).await.1;
    assert_eq!(text(&zone, "NameServer").unwrap(), "ns.example.net");
    assert_eq!(text(&zone, "AcceleratedRecoveryStatus").unwrap(), "ENABLED");
}

#[tokio::test]
async fn tags_are_kept() {
    let world = World::new().await;
    let tags = "<R><AddTags><Tag><Key>Name</Key><Value>primary</Value></Tag></AddTags></R>";
    assert_eq!(code(&world.post("tags/healthcheck/h1", tags.to_owned()).await), "OK");
    let listed = world.get("tags/healthcheck/h1").await.1;
    assert_eq!(text(&listed, "Value").unwrap(), "primary");
}
