//! A real name server flips when the stand-in does.

use tests::standin::knot::Knot;
use tests::standin::route53::RecordSet;
use tests::standin::s3::S3;

use crate::world::{PRIMARY, STANDBY, World, ZONE, a, code};

const WWW: &str = "www.example.com";

#[tokio::test]
async fn the_name_server_flips_with_the_record() {
    let world = World::new().await;
    world.route53.seed(&world.zone, &[a("www", PRIMARY)]);
    let mut knot = Knot::start(ZONE).await.unwrap();
    knot.follow(&world.route53, &world.zone).await.unwrap();
    assert_eq!(knot.dig(WWW, "A").await.unwrap(), [PRIMARY]);
    let flip = [("DELETE", &a("www", PRIMARY)), ("CREATE", &a("www", STANDBY))];
    assert_eq!(code(&world.change(&flip).await), "OK");
    knot.wait_for(WWW, "A", &[STANDBY]).await.unwrap();
    knot.stop_following();
    world.route53.edit_as_human(a("www", PRIMARY));
    assert_eq!(knot.dig(WWW, "A").await.unwrap(), [STANDBY], "a name server that lags");
}

#[tokio::test]
async fn the_name_server_flips_with_the_latch() {
    let world = World::new().await;
    let s3 = S3::start().await.unwrap();
    world.route53.follow_latch(&s3);
    let latch = world.route53.add_inverted_check("latch.s3.eu-west-1.amazonaws.com", "/stop");
    let cname = |to| RecordSet::new(WWW, "CNAME", 60, &[to]);
    let sets = [
        cname("cname.vercel-dns-0.com.").primary("p").checked_by(&latch),
        cname("standby.example.net.").secondary("s"),
    ];
    world.route53.seed(&world.zone, &sets);
    let mut knot = Knot::start(ZONE).await.unwrap();
    knot.follow(&world.route53, &world.zone).await.unwrap();
    knot.wait_for(WWW, "CNAME", &["cname.vercel-dns-0.com."]).await.unwrap();
    s3.put("latch", "stop", "op-1");
    knot.wait_for(WWW, "CNAME", &["standby.example.net."]).await.unwrap();
    s3.delete("latch", "stop");
    knot.wait_for(WWW, "CNAME", &["cname.vercel-dns-0.com."]).await.unwrap();
}
