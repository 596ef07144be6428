//! The stand-ins of S3 and of ARC's routing controls.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tests::standin::arc::{Cluster, Endpoint};
use tests::standin::s3::S3;

use crate::world::{PRIMARY, STANDBY, World, a};

fn client() -> Client {
    functions::http::client(&functions::http::Roots::default()).unwrap()
}

#[tokio::test]
async fn an_object_is_put_once_read_and_deleted() {
    let s3 = S3::start().await.unwrap();
    let url = format!("{}/latch/stop.html", s3.url());
    let put = || client().put(&url).header("if-none-match", "*").body("op-1").send();
    let status =
        async |method: Method| client().request(method, &url).send().await.unwrap().status();
    assert_eq!(status(Method::HEAD).await, StatusCode::NOT_FOUND);
    assert_eq!(put().await.unwrap().status(), StatusCode::OK);
    assert_eq!(put().await.unwrap().status(), StatusCode::PRECONDITION_FAILED);
    assert_eq!(status(Method::HEAD).await, StatusCode::OK);
    assert_eq!(client().get(&url).send().await.unwrap().text().await.unwrap(), "op-1");
    assert_eq!(status(Method::DELETE).await, StatusCode::NO_CONTENT);
    assert_eq!(status(Method::DELETE).await, StatusCode::NO_CONTENT);
    assert!(!s3.has("latch", "stop.html"));
}

#[tokio::test]
async fn an_object_store_fails_on_demand() {
    let s3 = S3::start().await.unwrap();
    let url = format!("{}/latch/stop.html", s3.url());
    s3.slow_down(1);
    let slow = client().put(&url).send().await.unwrap();
    assert_eq!(slow.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(slow.text().await.unwrap().contains("SlowDown") && !s3.has("latch", "stop.html"));
    s3.lose_reply("PUT", 1);
    assert!(client().put(&url).send().await.is_err() && s3.has("latch", "stop.html"));
    assert_eq!(s3.calls().len(), 2);
}

async fn ask(url: &str, operation: &str, body: Value) -> Option<(u16, Value)> {
    let request =
        client().post(url).header("x-amz-target", format!("ToggleCustomerAPI.{operation}"));
    let response = request.body(body.to_string()).send().await.ok()?;
    Some((response.status().as_u16(), response.json().await.ok()?))
}

#[tokio::test]
async fn controls_switch_together_and_one_stays_on() {
    let cluster = Cluster::start().await.unwrap();
    let (cell, standby) =
        (cluster.add_control("primary", true), cluster.add_control("standby", false));
    let rule = cluster.keep_one_on(&[&cell, &standby]);
    let url = &cluster.urls()[3];
    let off = json!({"RoutingControlArn": cell, "RoutingControlState": "Off"});
    let refused = ask(url, "UpdateRoutingControlState", off.clone()).await.unwrap();
    assert_eq!((refused.0, &refused.1["__type"]), (409, &json!("ConflictException")));
    let on = json!({"RoutingControlArn": standby, "RoutingControlState": "On"});
    let both = json!({"UpdateRoutingControlStateEntries": [off, on]});
    assert_eq!(ask(url, "UpdateRoutingControlStates", both).await.unwrap().0, 200);
    assert!(cluster.is_on(&standby) && !cluster.is_on(&cell));
    let broken = json!({"RoutingControlArn": standby, "RoutingControlState": "Off", "SafetyRulesToOverride": [rule]});
    assert_eq!(ask(url, "UpdateRoutingControlState", broken).await.unwrap().0, 200);
    let state =
        ask(url, "GetRoutingControlState", json!({"RoutingControlArn": standby})).await.unwrap();
    assert_eq!(state.1["RoutingControlState"], "Off");
    let listed = ask(url, "ListRoutingControls", json!({})).await.unwrap().1;
    assert_eq!(listed["RoutingControls"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn each_endpoint_fails_by_itself() {
    let cluster = Cluster::start().await.unwrap();
    let arn = cluster.add_control("primary", true);
    let urls = cluster.urls();
    cluster.set_endpoint(0, Endpoint::Unavailable);
    cluster.set_endpoint(1, Endpoint::Broken);
    cluster.set_endpoint(2, Endpoint::Mute);
    let off = json!({"RoutingControlArn": arn, "RoutingControlState": "Off"});
    let get = json!({"RoutingControlArn": arn});
    let (status, body) = ask(&urls[0], "GetRoutingControlState", get.clone()).await.unwrap();
    assert_eq!((status, &body["__type"]), (503, &json!("EndpointTemporarilyUnavailableException")));
    assert_eq!(ask(&urls[1], "UpdateRoutingControlState", off.clone()).await, None);
    assert!(cluster.is_on(&arn));
    assert_eq!(ask(&urls[2], "UpdateRoutingControlState", off).await, None);
    assert!(!cluster.is_on(&arn));
    assert_eq!(ask(&urls[4], "GetRoutingControlState", get).await.unwrap().0, 200);
}

#[tokio::test]
async fn a_routing_control_decides_what_is_answered() {
    let world = World::new().await;
    let cluster = Cluster::start().await.unwrap();
    let arn = cluster.add_control("primary", true);
    world.route53.follow_controls(&cluster);
    let check = world.route53.add_control_check(&arn);
    let sets =
        [a("www", PRIMARY).primary("p").checked_by(&check), a("www", STANDBY).secondary("s")];
    world.route53.seed(&world.zone, &sets);
    assert_eq!(world.www(), [PRIMARY]);
    let off = json!({"RoutingControlArn": arn, "RoutingControlState": "Off"});
    ask(&cluster.urls()[0], "UpdateRoutingControlState", off).await.unwrap();
    assert_eq!(world.www(), [STANDBY]);
}
