//! Health checks: what is there, what the plan wants, and bringing the one to the other.
//!
//! A check is found again by its reference. Nothing is ever deleted: a check that something still leads to must stay,
//! and who it may be, only people know.

use std::collections::BTreeMap;

use aws_sdk_route53::Client;
use aws_sdk_route53::error::BuildError;
use aws_sdk_route53::types::{
    HealthCheck, HealthCheckConfig, HealthCheckType, Tag, TagResourceType,
};
use shared::effect::Change;
use shared::plan::blueprint::{Check, CheckRole, Page, Subject};
use tokio::time::sleep;

use crate::perform::Hold;
use crate::vendors::aws::{Trouble, trouble};
use crate::vendors::dns::Pace;
use crate::vendors::dns::records::is_busy;

/// A reference is spent for ever, even when its check was deleted: so many are tried.
const REFERENCES: u32 = 20;

/// The account's health checks that are ours.
#[derive(Debug, Default)]
pub struct Checks {
    /// For each role the one that counts: the newest that can be changed into what is wanted.
    by_role: BTreeMap<CheckRole, HealthCheck>,
    /// For each role the highest number a reference has.
    numbers: BTreeMap<CheckRole, u32>,
}

impl Checks {
    /// Reads all of them.
    pub async fn read(route53: &Client, zone_id: &str, wanted: &[Check]) -> Result<Self, Trouble> {
        let mut found = Self::default();
        let mut pages = route53.list_health_checks().into_paginator().send();
        while let Some(page) = pages.next().await {
            for check in page.map_err(|error| trouble(&error))?.health_checks {
                found.take(check, zone_id, wanted);
            }
        }
        Ok(found)
    }

    fn take(&mut self, check: HealthCheck, zone_id: &str, wanted: &[Check]) {
        let ours = wanted.iter().find_map(|one| {
            let number = check.caller_reference.strip_prefix(&prefix(zone_id, one.role))?;
            Some((one, number.parse::<u32>().ok()?))
        });
        let Some((one, number)) = ours else { return };
        let highest = self.numbers.entry(one.role).or_default();
        let is_newer = number > *highest;
        *highest = number.max(*highest);
        if can_become(&check, &one.subject) && (is_newer || !self.by_role.contains_key(&one.role)) {
            self.by_role.insert(one.role, check);
        }
    }

    /// The id of a role's check.
    pub fn id(&self, role: CheckRole) -> Option<&str> {
        self.by_role.get(&role).map(|check| check.id.as_str())
    }

    /// A check as people name it.
    pub fn name<'a>(&self, id: &'a str) -> &'a str {
        let role = self.by_role.iter().find(|(_, check)| check.id == id);
        role.map_or(id, |(role, _)| role.says())
    }

    /// What has to change for a check to be as wanted.
    pub fn change(&self, wanted: &Check) -> Result<Option<Change>, String> {
        let found = self.by_role.get(&wanted.role).and_then(|it| it.health_check_config.as_ref());
        let before = found.map_or_else(|| "none".into(), |config| self.says(config));
        let after = self.wanted_says(&wanted.subject).map_err(|error| error.to_string())?;
        let target = format!("check of the {}", wanted.role.says());
        Ok((before != after).then_some(Change { target, before, after }))
    }

    /// A configuration on one line: two that read the same do the same.
    fn says(&self, config: &HealthCheckConfig) -> String {
        let mut says = match config.r#type {
            HealthCheckType::Calculated => {
                let children = config.child_health_checks().iter();
                let names: Vec<&str> = children.map(|id| self.name(id)).collect();
                all_says(&names, config.health_threshold.unwrap_or_default())
            }
            HealthCheckType::RecoveryControl => config.routing_control_arn().unwrap_or("").into(),
            _ => page_says(config),
        };
        if config.inverted == Some(true) {
            says.push_str(", inverted");
        }
        if config.disabled == Some(true) {
            says.push_str(", DISABLED");
        }
        says
    }

    /// The same of what is wanted; its parts may have yet to be made.
    fn wanted_says(&self, subject: &Subject) -> Result<String, BuildError> {
        let Subject::All(roles) = subject else { return Ok(self.says(&self.config(subject)?)) };
        let names: Vec<&str> = roles.iter().map(|role| role.says()).collect();
        Ok(all_says(&names, roles.len() as i32))
    }

    /// Makes a check, or changes it, to what is wanted.
    pub async fn ensure(&mut self, builder: &Builder<'_>, wanted: &Check) -> Result<(), String> {
        if self.change(wanted)?.is_none() {
            return Ok(());
        }
        let config = self.config(&wanted.subject).map_err(|error| error.to_string())?;
        let check = if let Some(old) = self.by_role.get(&wanted.role) {
            builder.update(old, &config).await
        } else {
            let first = self.numbers.get(&wanted.role).copied().unwrap_or_default() + 1;
            builder.create(wanted.role, first, &config).await
        };
        self.by_role.insert(wanted.role, check.map_err(|trouble| trouble.to_string())?);
        Ok(())
    }

    fn config(&self, subject: &Subject) -> Result<HealthCheckConfig, BuildError> {
        let config = HealthCheckConfig::builder();
        match subject {
            Subject::Page(page) => {
                let config = config.r#type(HealthCheckType::Https).enable_sni(true);
                let config = config.port(i32::from(page.port)).resource_path(&page.path);
                let address = page.address.map(|address| address.to_string());
                let config = config.set_ip_address(address).inverted(page.inverted);
                let config = config.set_fully_qualified_domain_name(page.host.clone());
                let config = config.failure_threshold(page.failures as i32);
                config.request_interval(seconds(page)).disabled(false).build()
            }
            Subject::RoutingControl(arn) => {
                config.r#type(HealthCheckType::RecoveryControl).routing_control_arn(arn).build()
            }
            Subject::All(roles) => {
                let children = roles.iter().filter_map(|role| self.id(*role)).map(Into::into);
                let config = config.r#type(HealthCheckType::Calculated).disabled(false);
                let config = config.inverted(false).health_threshold(roles.len() as i32);
                config.set_child_health_checks(Some(children.collect())).build()
            }
        }
    }
}

/// What a check's reference begins with; a number follows.
fn prefix(zone_id: &str, role: CheckRole) -> String {
    format!("allclear {zone_id} {} ", role.slug())
}

fn seconds(page: &Page) -> i32 {
    (page.every.0 / 1_000) as i32
}

/// Type, interval and routing control of a check can never be changed.
fn can_become(check: &HealthCheck, subject: &Subject) -> bool {
    let Some(config) = &check.health_check_config else { return false };
    match subject {
        Subject::Page(page) => {
            config.r#type == HealthCheckType::Https
                && config.request_interval == Some(seconds(page))
        }
        Subject::RoutingControl(arn) => config.routing_control_arn() == Some(arn),
        Subject::All(_) => config.r#type == HealthCheckType::Calculated,
    }
}

fn page_says(config: &HealthCheckConfig) -> String {
    let (host, address) = (config.fully_qualified_domain_name(), config.ip_address());
    let mut says = format!(
        "{}://{}:{}{}",
        config.r#type.as_str().to_lowercase(),
        host.or(address).unwrap_or("nobody"),
        config.port.unwrap_or_default(),
        config.resource_path().unwrap_or_default()
    );
    if let (Some(_), Some(address)) = (host, address) {
        says.push_str(&format!(" at {address}"));
    }
    let every = config.request_interval.unwrap_or_default();
    let failures = config.failure_threshold.unwrap_or_default();
    says.push_str(&format!(", every {every} s, {failures} in a row"));
    if config.enable_sni != Some(true) {
        says.push_str(", without SNI");
    }
    says
}

fn all_says(names: &[&str], threshold: i32) -> String {
    format!("{threshold} of {}: {}", names.len(), names.join(" + "))
}

/// Makes and changes checks.
pub struct Builder<'a> {
    /// Route 53's control plane.
    pub route53: Client,
    /// The zone, which is part of every reference.
    pub zone_id: &'a str,
    /// How fast it is asked.
    pub pace: Pace,
    /// What may stop it.
    pub hold: &'a Hold,
}

impl Builder<'_> {
    /// Makes a check under the first reference that is not spent. A reply that was lost is found by the next look.
    async fn create(
        &self,
        role: CheckRole,
        first: u32,
        config: &HealthCheckConfig,
    ) -> Result<HealthCheck, Trouble> {
        let prefix = prefix(self.zone_id, role);
        for number in first..first + REFERENCES {
            let call = self.route53.create_health_check().health_check_config(config.clone());
            let call = call.caller_reference(format!("{prefix}{number}"));
            let send = async || call.clone().send().await.map_err(|error| trouble(&error));
            match self.patiently(send).await {
                Err(Trouble::Refused { code, .. }) if code == "HealthCheckAlreadyExists" => {}
                made => {
                    let check = made?.health_check.ok_or_else(silent)?;
                    self.name(&check, role).await;
                    return Ok(check);
                }
            }
        }
        let says = "so many checks were deleted that no reference is left: try in some days";
        Err(Trouble::NotSent(says.into()))
    }

    /// Changes a check, unless somebody else did meanwhile.
    async fn update(
        &self,
        old: &HealthCheck,
        config: &HealthCheckConfig,
    ) -> Result<HealthCheck, Trouble> {
        let call = self.route53.update_health_check().health_check_id(&old.id);
        let call = call
            .health_check_version(old.health_check_version)
            .set_ip_address(config.ip_address.clone())
            .set_port(config.port)
            .set_resource_path(config.resource_path.clone())
            .set_fully_qualified_domain_name(config.fully_qualified_domain_name.clone())
            .set_failure_threshold(config.failure_threshold)
            .set_inverted(config.inverted)
            .set_disabled(config.disabled)
            .set_health_threshold(config.health_threshold)
            .set_child_health_checks(config.child_health_checks.clone())
            .set_enable_sni(config.enable_sni);
        let send = async || call.clone().send().await.map_err(|error| trouble(&error));
        self.patiently(send).await?.health_check.ok_or_else(silent)
    }

    /// Gives a check its name in the console. Nothing depends on it, so nothing fails with it.
    async fn name(&self, check: &HealthCheck, role: CheckRole) {
        let tag = Tag::builder().key("Name").value(format!("allclear: {}", role.says())).build();
        let call = self.route53.change_tags_for_resource().add_tags(tag);
        let call = call.resource_type(TagResourceType::Healthcheck).resource_id(&check.id);
        let _named = call.send().await;
    }

    /// Asks again where Route 53 says that it did nothing.
    async fn patiently<T>(&self, call: impl AsyncFn() -> Result<T, Trouble>) -> Result<T, Trouble> {
        for wait in self.pace.waits() {
            self.hold.stands().await.map_err(Trouble::NotSent)?;
            match call().await {
                Err(Trouble::Refused { code, .. }) if is_busy(&code) => sleep(wait).await,
                other => return other,
            }
        }
        Err(Trouble::NotSent("Route 53 is busy with other requests for too long".into()))
    }
}

fn silent() -> Trouble {
    Trouble::Lost("Route 53 answered without the check".into())
}
