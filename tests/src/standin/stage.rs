//! The whole stage of a failover on loopback: Route 53 with Knot behind it, S3, and two sites that differ by address.

use std::io::{Error, Result};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use functions::clock;
use functions::http::{self, Roots};
use functions::vendors::aws::Aws;
use functions::vendors::dns::{DnsHands, Pace};
use functions::vendors::lookout::Lookout;
use shared::plan::{Plan, built_in_text, read};
use tokio::net::TcpListener;

use super::arc::Cluster;
use super::knot::Knot;
use super::route53::{RecordSet, Route53};
use super::s3::S3;
use super::site::{Authority, Site};

/// The zone of the built-in plan.
pub const ZONE: &str = "concierge-transaction-flow.com";
/// The other name that moves.
pub const WWW: &str = "www.concierge-transaction-flow.com";
/// Where the primary is: loopback has many addresses.
pub const PRIMARY: &str = "127.0.0.2";
/// Where the standby is.
pub const STANDBY: &str = "127.0.0.3";
/// The latch's bucket.
pub const BUCKET: &str = "latches";
/// The latch's key in the built-in plan.
pub const LATCH: &str = "initiate-failover";

/// Ports that are tried for the sites.
const PORTS_TRIED: u32 = 20;
/// The year in which an expired certificate ended.
const EXPIRED: i64 = 2_020;

/// Everything a failover touches.
pub struct Stage {
    /// The control plane.
    pub route53: Route53,
    /// The zone's id there.
    pub zone: String,
    /// The name server that answers.
    pub knot: Knot,
    /// Where the latch is.
    pub s3: S3,
    /// The routing controls: the primary's, which is on, and the standby's.
    pub cluster: Cluster,
    /// Their ARNs.
    pub controls: [String; 2],
    /// The site on [`PRIMARY`].
    pub primary: Site,
    /// The site on [`STANDBY`].
    pub standby: Site,
    /// Who signed their certificates.
    pub authority: Authority,
}

impl Stage {
    /// Starts everything, with simple records that lead to the primary.
    pub async fn start() -> Result<Self> {
        let route53 = Route53::start().await?;
        let zone = route53.add_zone(ZONE);
        let simple = |name| RecordSet::new(name, "A", 60, &[PRIMARY]);
        route53.seed(&zone, &[simple(ZONE), simple(WWW)]);
        let mut knot = Knot::start(ZONE).await?;
        knot.follow(&route53, &zone).await?;
        let s3 = S3::start().await?;
        route53.follow_latch(&s3);
        let cluster = Cluster::start().await?;
        route53.follow_controls(&cluster);
        let controls =
            [cluster.add_control("primary", true), cluster.add_control("standby", false)];
        let authority = Authority::new()?;
        let [primary, standby] = sites(&authority).await?;
        Ok(Self { route53, zone, knot, s3, cluster, controls, primary, standby, authority })
    }

    /// Puts failover pairs in the place of the simple records, the primary's behind the latch.
    ///
    /// # Errors
    /// What the name server says against it.
    pub async fn set_up_pairs(&mut self) -> Result<()> {
        let r53 = &self.route53;
        let endpoint = r53.add_endpoint_check(PRIMARY, "/health");
        let latch =
            r53.add_inverted_check("latches.s3.us-west-2.amazonaws.com", "/initiate-failover");
        let both = r53.add_calculated_check(&[&endpoint, &latch], 2);
        let standby = r53.add_endpoint_check(STANDBY, "/health");
        let zone = r53.add_zone(ZONE);
        for name in [ZONE, WWW] {
            let primary = RecordSet::new(name, "A", 60, &[PRIMARY]);
            let standing_by = RecordSet::new(name, "A", 60, &[STANDBY]);
            r53.seed(
                &zone,
                &[
                    primary.primary("allclear-primary").checked_by(&both),
                    standing_by.secondary("allclear-standby").checked_by(&standby),
                ],
            );
        }
        self.zone = zone;
        self.knot.follow(&self.route53, &self.zone).await
    }

    /// The standby goes on saying that it is well, behind a certificate that ended years ago.
    ///
    /// # Errors
    /// If its address can't be had again.
    pub async fn let_the_standbys_certificate_expire(&mut self) -> Result<()> {
        let address = self.standby.address;
        self.standby.stop().await;
        let names = [ZONE, WWW, PRIMARY, STANDBY];
        self.standby = Site::start(&self.authority, address, &names, Some(EXPIRED)).await?;
        Ok(())
    }

    /// The built-in plan, written for this stage: fictional people, real addresses, everything armed.
    pub fn plan_text(&self, drivers: &str) -> String {
        let port = self.primary.address.port();
        let knot = self.knot.address;
        let mut text = built_in_text()
            .replace("[Hosted zone id]", &self.zone)
            .replace("[Bucket]", BUCKET)
            .replace("\"76.76.21.21\"", &format!("\"{PRIMARY}\""))
            .replace("\"192.0.2.10\"", &format!("\"{STANDBY}\""))
            .replace("[\"latch\", \"records\"]", drivers)
            .replace("https://standby.concierge-transaction-flow.com/", &site(STANDBY, port))
            .replace("https://concierge-transaction-flow.com/", &format!("https://{ZONE}:{port}/"))
            .replace("hc-primary.concierge-transaction-flow.com", &format!("{PRIMARY}:{port}"))
            .replace("hc-standby.concierge-transaction-flow.com", &format!("{STANDBY}:{port}"))
            .replace("https://example.com/", &site(PRIMARY, port))
            .replace(
                "\"1.1.1.1\", \"8.8.8.8\", \"9.9.9.9\"",
                &format!("\"{knot}\", \"{knot}\", \"{knot}\""),
            )
            .replace("\"dry-run\"", "\"armed\"")
            .replace("[Contact Information]", "support@aws.example")
            .replace("[Name]", "Somebody Fictional")
            .replace("[Email]", "somebody@example.com");
        let [on, off] = &self.controls;
        let endpoints: Vec<String> =
            self.cluster.urls().iter().map(|url| format!("us-west-2={url}")).collect();
        text = text.replace(
            "\n[hosting]\n",
            &format!(
                "\n[dns.routing_controls]\nendpoints = {endpoints:?}\nprimary = \"{on}\"\n\
                 standby = \"{off}\"\n\n[hosting]\n"
            ),
        );
        text = text
            .lines()
            .filter(|line| !line.starts_with("status_url"))
            .collect::<Vec<_>>()
            .join("\n");
        for number in 100.. {
            if !text.contains("[Phone]") {
                break;
            }
            text = text.replacen("[Phone]", &format!("+12025550{number}"), 1);
        }
        text
    }

    /// The same, read.
    ///
    /// # Errors
    /// The plan's mistakes, in words.
    pub fn plan(&self, drivers: &str) -> Result<Plan> {
        read::read("stage.toml", &self.plan_text(drivers)).map_err(|mistakes| {
            Error::other(mistakes.iter().map(ToString::to_string).collect::<String>())
        })
    }

    /// A setting of the environment, as whoever works on this stage needs it.
    pub fn setting(&self, name: &str) -> Option<String> {
        match name {
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("fictional".into()),
            "AWS_ENDPOINT_URL_ROUTE_53" => Some(self.route53.url()),
            "AWS_ENDPOINT_URL_S3" => Some(self.s3.url()),
            "ALLCLEAR_NAME_SERVERS" => Some(self.knot.address.to_string()),
            _ => None,
        }
    }

    /// The names of all settings.
    pub const SETTINGS: [&str; 5] = [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_ENDPOINT_URL_ROUTE_53",
        "AWS_ENDPOINT_URL_S3",
        "ALLCLEAR_NAME_SERVERS",
    ];

    /// Hands for this stage, in a hurry.
    pub fn hands(&self, drivers: &str) -> Result<DnsHands> {
        let roots = Roots::read(self.authority.pem().as_bytes()).map_err(Error::other)?;
        let http = http::client(&roots).map_err(Error::other)?;
        let aws = Aws::from_environment(http.clone(), |name| self.setting(name));
        let aws = aws.ok_or_else(|| Error::other("no keys"))?;
        let plan = Arc::new(self.plan(drivers)?);
        let lookout = Lookout { plan, http, roots, clock: clock::now };
        let hands = DnsHands::new(&lookout, aws).asking(&self.knot.address.to_string());
        let fast = Pace {
            poll: Duration::from_millis(60),
            cap: Duration::from_millis(2_500),
            seen: Duration::from_secs(2),
            busy: Duration::from_millis(5),
        };
        Ok(DnsHands { pace: fast, ..hands })
    }
}

fn site(address: &str, port: u16) -> String {
    format!("https://{address}:{port}/")
}

/// Both sites on one port: stages that start at the same time may want the same.
async fn sites(authority: &Authority) -> Result<[Site; 2]> {
    let mut last = Error::other("no port was tried");
    for _ in 0..PORTS_TRIED {
        let port = TcpListener::bind("127.0.0.2:0").await?.local_addr()?.port();
        let at = |host: &str| format!("{host}:{port}").parse::<SocketAddr>().map_err(Error::other);
        let names = [ZONE, WWW, PRIMARY, STANDBY];
        let primary = Site::start(authority, at(PRIMARY)?, &names, None).await;
        match (primary, Site::start(authority, at(STANDBY)?, &names, None).await) {
            (Ok(primary), Ok(standby)) => return Ok([primary, standby]),
            (Err(error), _) | (_, Err(error)) => last = error,
        }
    }
    Err(last)
}
