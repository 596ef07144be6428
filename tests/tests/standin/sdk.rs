//! The official SDK understands the stand-ins, and they understand it.

use aws_sdk_route53::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_route53::types as t;
use functions::vendors::aws::Aws;
use tests::standin::arc::{Cluster, Endpoint};
use tests::standin::s3::S3;

use crate::world::{PRIMARY, STANDBY, World};

fn aws(route53: &str, s3: &str) -> Aws {
    let read = |name: &str| match name {
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        "AWS_ENDPOINT_URL_ROUTE_53" => Some(route53.to_owned()),
        "AWS_ENDPOINT_URL_S3" => Some(s3.to_owned()),
        _ => None,
    };
    Aws::from_environment(
        functions::http::client(&functions::http::Roots::default()).unwrap(),
        read,
    )
    .unwrap()
}

fn client(world: &World) -> aws_sdk_route53::Client {
    aws(&world.route53.url(), "").route53()
}

fn change(action: t::ChangeAction, role: t::ResourceRecordSetFailover, value: &str) -> t::Change {
    let record = t::ResourceRecord::builder().value(value).build().unwrap();
    let set = t::ResourceRecordSet::builder()
        .name("www.example.com")
        .r#type(t::RrType::A)
        .set_identifier(role.as_str())
        .failover(role)
        .ttl(60)
        .resource_records(record)
        .build()
        .unwrap();
    t::Change::builder().action(action).resource_record_set(set).build().unwrap()
}

fn create_pair() -> t::ChangeBatch {
    let primary = change(t::ChangeAction::Create, t::ResourceRecordSetFailover::Primary, PRIMARY);
    let secondary =
        change(t::ChangeAction::Create, t::ResourceRecordSetFailover::Secondary, STANDBY);
    let batch = t::ChangeBatch::builder().comment("op-1").changes(primary).changes(secondary);
    batch.build().unwrap()
}

#[tokio::test]
async fn a_change_goes_through_the_sdk() {
    let world = World::new().await;
    let client = client(&world);
    let batch = || {
        let call = client.change_resource_record_sets().hosted_zone_id(&world.zone);
        call.change_batch(create_pair()).send()
    };
    let info = batch().await.unwrap().change_info.unwrap();
    assert_eq!((info.status, info.comment.as_deref()), (t::ChangeStatus::Pending, Some("op-1")));
    let polled = client.get_change().id(&info.id).send().await.unwrap().change_info.unwrap();
    assert_eq!(polled.status, t::ChangeStatus::Insync);
    let listed = client.list_resource_record_sets().hosted_zone_id(&world.zone).send().await;
    let sets = listed.unwrap().resource_record_sets;
    let pair: Vec<_> = sets.iter().filter_map(|set| set.failover.clone()).collect();
    assert_eq!(pair.len(), 2);
    let answer = client.test_dns_answer().hosted_zone_id(&world.zone);
    let answer = answer.record_name("www.example.com").record_type(t::RrType::A).send().await;
    assert_eq!(answer.unwrap().record_data, [PRIMARY]);
    let refused = batch().await.unwrap_err().into_service_error();
    assert!(refused.is_invalid_change_batch(), "{refused:?}");
    assert!(refused.message().unwrap().contains("already exists"));
}

#[tokio::test]
async fn the_sdk_names_each_refusal() {
    let world = World::new().await;
    let client = client(&world);
    let send = || {
        let call = client.change_resource_record_sets().hosted_zone_id(&world.zone);
        call.change_batch(create_pair()).send()
    };
    world.route53.prior_request_not_complete(1);
    assert!(send().await.unwrap_err().into_service_error().is_prior_request_not_complete());
    world.route53.throttle(1);
    assert_eq!(send().await.unwrap_err().code(), Some("Throttling"));
    world.route53.lose_reply("ChangeResourceRecordSets", 1);
    assert!(matches!(send().await, Err(SdkError::DispatchFailure(_))));
    world.route53.bare_refusals(true);
    let bare = send().await.unwrap_err();
    assert_eq!((bare.code(), bare.raw_response().unwrap().status().as_u16()), (None, 400));
    let unknown = client.get_change().id("CNONE").send().await.unwrap_err();
    assert!(unknown.into_service_error().is_no_such_change());
    let nowhere = client.get_hosted_zone().id("ZNONE").send().await.unwrap_err();
    assert!(nowhere.into_service_error().is_no_such_hosted_zone());
}

#[tokio::test]
async fn zones_and_health_checks_go_through_the_sdk() {
    let world = World::new().await;
    world.route53.set_accelerated_recovery(&world.zone, "ENABLED");
    let client = client(&world);
    let zone = client.get_hosted_zone().id(&world.zone).send().await.unwrap();
    assert_eq!(zone.delegation_set.unwrap().name_servers.len(), 4);
    let features = zone.hosted_zone.unwrap().features.unwrap();
    let recovery = features.accelerated_recovery_status.unwrap();
    assert_eq!(recovery, t::AcceleratedRecoveryStatus::Enabled);
    let config = t::HealthCheckConfig::builder()
        .r#type(t::HealthCheckType::Https)
        .fully_qualified_domain_name("hc-primary.example.com")
        .resource_path("/health")
        .request_interval(30)
        .enable_sni(true)
        .inverted(false)
        .build()
        .unwrap();
    let create = client.create_health_check().caller_reference("op-1").health_check_config(config);
    let check = create.send().await.unwrap().health_check.unwrap();
    let update = client.update_health_check().health_check_id(&check.id).health_check_version(1);
    let updated = update.disabled(true).failure_threshold(5).send().await.unwrap();
    assert_eq!(updated.health_check.unwrap().health_check_version, 2);
    let listed = client.list_health_checks().send().await.unwrap().health_checks;
    let found = listed[0].health_check_config.as_ref().unwrap();
    assert_eq!((found.failure_threshold, found.disabled), (Some(5), Some(true)));
    let status = client.get_health_check_status().health_check_id(&check.id).send().await;
    assert_eq!(status.unwrap().health_check_observations.len(), 16);
    let tag = t::Tag::builder().key("Name").value("primary").build();
    let kind = t::TagResourceType::Healthcheck;
    let tags = client.change_tags_for_resource().resource_type(kind.clone()).resource_id(&check.id);
    tags.add_tags(tag).send().await.unwrap();
    let tags = client.list_tags_for_resource().resource_type(kind).resource_id(&check.id);
    assert_eq!(tags.send().await.unwrap().resource_tag_set.unwrap().tags().len(), 1);
    client.delete_health_check().health_check_id(&check.id).send().await.unwrap();
}

#[tokio::test]
async fn the_latch_goes_through_the_sdk() {
    let s3 = S3::start().await.unwrap();
    let client = aws("", &s3.url()).s3("eu-west-1");
    let put = || {
        let call = client.put_object().bucket("latch").key("stop.html").if_none_match("*");
        call.body(b"op-1".to_vec().into()).send()
    };
    put().await.unwrap();
    assert_eq!(s3.body("latch", "stop.html").as_deref(), Some("op-1"));
    assert_eq!(put().await.unwrap_err().code(), Some("PreconditionFailed"));
    let read = client.get_object().bucket("latch").key("stop.html").send().await.unwrap();
    assert_eq!(read.body.collect().await.unwrap().to_vec(), b"op-1");
    client.delete_object().bucket("latch").key("stop.html").send().await.unwrap();
    let gone = client.head_object().bucket("latch").key("stop.html").send().await.unwrap_err();
    assert!(gone.into_service_error().is_not_found());
    s3.slow_down(1);
    assert_eq!(put().await.unwrap_err().code(), Some("SlowDown"));
}

#[tokio::test]
async fn routing_controls_go_through_the_sdk() {
    use aws_sdk_route53recoverycluster::types::RoutingControlState as State;
    let cluster = Cluster::start().await.unwrap();
    let arn = cluster.add_control("primary", true);
    let rule = cluster.keep_one_on(&[&arn]);
    let urls = cluster.urls();
    let client = |place: usize| aws("", "").routing_controls("us-west-2", &urls[place]);
    let get = client(0).get_routing_control_state().routing_control_arn(&arn).send().await.unwrap();
    assert_eq!(get.routing_control_state, State::On);
    let off = |place| {
        let call = client(place).update_routing_control_state().routing_control_arn(&arn);
        call.routing_control_state(State::Off)
    };
    let refused = off(1).send().await.unwrap_err().into_service_error();
    assert!(refused.is_conflict_exception(), "{refused:?}");
    cluster.set_endpoint(2, Endpoint::Unavailable);
    let unavailable = off(2).send().await.unwrap_err().into_service_error();
    assert!(unavailable.is_endpoint_temporarily_unavailable_exception(), "{unavailable:?}");
    off(3).safety_rules_to_override(rule).send().await.unwrap();
    assert!(!cluster.is_on(&arn));
    let listed = client(4).list_routing_controls().send().await.unwrap();
    assert_eq!(listed.routing_controls[0].routing_control_state, Some(State::Off));
}
