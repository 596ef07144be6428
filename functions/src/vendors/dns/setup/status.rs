//! How DNS stands: where names lead, what the checks find, and what differs from the plan.

use std::collections::BTreeMap;

use aws_sdk_route53::types::HealthCheckObservation;
use hickory_proto::rr::RecordType as Kind;
use shared::effect::Toward;
use shared::plan::blueprint::Subject;
use shared::plan::{Driver, RecordType};

use super::Setup;
use crate::vendors::aws::trouble;
use crate::vendors::dns::{DnsHands, query};

/// How DNS stands.
#[derive(Clone, Debug)]
pub struct Status {
    /// Where each name leads, in the plan's order.
    pub names: Vec<(String, Leads)>,
    /// What is to be said of the means: checks, latch, zone. Label and text.
    pub means: Vec<(&'static str, String)>,
    /// What differs from the plan.
    pub setup: Setup,
}

/// Where a name leads, as the zone's own name servers say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leads {
    /// All of them: to this side.
    To(Toward),
    /// All of them: elsewhere.
    Elsewhere(String),
    /// They disagree, or not all of them answered: who says what.
    Split(String),
}

impl DnsHands {
    /// Asks the name servers and Route 53. Nothing is changed.
    pub async fn status(&self) -> Status {
        let (names, checks, latch, zone, setup) = tokio::join!(
            self.names_lead(),
            Box::pin(self.verdicts()),
            self.latch_says(),
            self.zone_says(),
            Box::pin(self.setup())
        );
        let means = checks.into_iter().chain(latch).chain([zone]).collect();
        Status { names, means, setup }
    }

    async fn names_lead(&self) -> Vec<(String, Leads)> {
        let witnesses = self.witnesses().await;
        let mut all = Vec::new();
        for name in &self.plan.dns.names {
            let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for server in &witnesses.name_servers {
                let says = match query::ask(*server, name, self.kind(name), false).await {
                    Ok(values) => values.join(" "),
                    Err(why) => format!("nothing ({why})"),
                };
                said.entry(says).or_default().push(server.ip().to_string());
            }
            all.push((name.clone(), self.leads(name, &said)));
        }
        all
    }

    fn kind(&self, name: &str) -> Kind {
        match self.plan.dns.target(name, Toward::Primary).0 {
            RecordType::A => Kind::A,
            RecordType::Aaaa => Kind::AAAA,
            RecordType::Cname => Kind::CNAME,
        }
    }

    fn leads(&self, name: &str, said: &BTreeMap<String, Vec<String>>) -> Leads {
        let mut values = said.iter();
        match (values.next(), values.next()) {
            (None, _) => Leads::Split("no name server of the zone could be found".into()),
            (Some((value, _)), None) => {
                let sides = [Toward::Primary, Toward::Standby];
                let side =
                    sides.into_iter().find(|side| self.plan.dns.target(name, *side).1 == value);
                side.map_or_else(|| Leads::Elsewhere(value.clone()), Leads::To)
            }
            _ => {
                let each = said.iter().map(|(value, who)| format!("{} say {value}", who.join(" ")));
                Leads::Split(each.collect::<Vec<_>>().join("; "))
            }
        }
    }

    /// What the checkers find, of each check that has a status of its own.
    async fn verdicts(&self) -> Vec<(&'static str, String)> {
        let Ok(found) = self.find().await else { return Vec::new() };
        let mut all = Vec::new();
        for check in &found.blueprint.checks {
            let (Subject::Page(_), Some(id)) = (&check.subject, found.checks.id(check.role)) else {
                continue;
            };
            let status = self.aws.route53().get_health_check_status().health_check_id(id);
            let says = match status.send().await {
                Ok(answer) => answered(answer.health_check_observations()),
                Err(error) => trouble(&error).to_string(),
            };
            all.push(("check", format!("{}: {says}", check.role.says())));
        }
        all
    }

    async fn latch_says(&self) -> Option<(&'static str, String)> {
        let latch = self.plan.dns.latch.as_ref().filter(|latch| !latch.is_placeholder())?;
        let place = format!("s3://{}/{}", latch.bucket, latch.key);
        let says = match self.is_toward(Driver::Latch, Toward::Primary).await {
            Ok(false) => "CLOSED: the standby is served until `allclear failback`".into(),
            Ok(true) => "open".into(),
            Err(why) => format!("cannot be read: {why}"),
        };
        Some(("latch", format!("{place} is {says}")))
    }

    /// Accelerated recovery: without it nobody edits records while us-east-1's control plane is gone.
    async fn zone_says(&self) -> (&'static str, String) {
        let dns = &self.plan.dns;
        if !dns.zone_is_known() {
            return ("zone", format!("{}: its id is not filled in", dns.zone));
        }
        let zone = self.aws.route53().get_hosted_zone().id(&dns.zone_id).send().await;
        let says = match zone {
            Err(error) => format!("cannot be read: {}", trouble(&error)),
            Ok(answer) => {
                let features = answer.hosted_zone.and_then(|zone| zone.features);
                let recovery = features.and_then(|all| all.accelerated_recovery_status);
                match recovery.as_ref().map_or("DISABLED", |status| status.as_str()) {
                    "ENABLED" => "accelerated recovery is on".into(),
                    other => format!(
                        "accelerated recovery is {}: switch it on in Route 53, it costs nothing and \
                         lets records be edited about an hour after us-east-1 fails",
                        other.to_lowercase().replace('_', " ")
                    ),
                }
            }
        };
        ("zone", format!("{} {}: {says}", dns.zone, dns.zone_id))
    }
}

fn answered(observations: &[HealthCheckObservation]) -> String {
    let good = observations.iter().filter(|one| {
        let status = one.status_report().and_then(|report| report.status());
        status.is_some_and(|status| status.starts_with("Success"))
    });
    format!("{} of {} checkers find it", good.count(), observations.len())
}
