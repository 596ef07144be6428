//! The calls about health checks and tags.

use roxmltree::Document;

use super::health::{CHECKERS, Config, HealthCheck};
use super::refusal::Refusal;
use super::request::{Reply, Request};
use super::state::State;
use super::xml::{child, children, element, in_order, optional, text, wrap};

/// The most items of a page of a listing.
const PAGE: usize = 100;
/// Nothing depends on when checkers last looked, so all say the same.
const CHECKED: &str = "2026-01-05T06:00:00.000Z";

impl State {
    /// Performs `CreateHealthCheck`: twice with the same reference and configuration makes one check.
    pub fn create_check(&mut self, request: &Request) -> Result<Reply, Refusal> {
        let document = parse(&request.body)?;
        let root = document.root_element();
        in_order(root, &["CallerReference", "HealthCheckConfig"])?;
        let reference = text(root, "CallerReference").filter(|it| !it.is_empty());
        let reference = reference.ok_or_else(|| Refusal::input("CallerReference lacks"))?;
        let config = child(root, "HealthCheckConfig");
        let config = config.ok_or_else(|| Refusal::input("HealthCheckConfig lacks"))?;
        let check = self.make_check(reference, Config::read(config)?)?;
        let location = format!("https://route53.amazonaws.com/2013-04-01/healthcheck/{}", check.id);
        let reply = Reply::ok("CreateHealthCheckResponse", &check.write());
        Ok(Reply { status: 201, location: Some(location), ..reply })
    }

    /// Makes a health check, or finds the one that the same request made.
    pub fn make_check(
        &mut self,
        reference: String,
        config: Config,
    ) -> Result<HealthCheck, Refusal> {
        self.children_exist(&config)?;
        if self.spent.contains(&reference) {
            let spent = "a deleted health check had this CallerReference";
            return Err(Refusal::new(409, "HealthCheckAlreadyExists", spent));
        }
        let same = self.checks.values().find(|check| check.caller_reference == reference);
        if let Some(check) = same {
            let taken = "a health check with this CallerReference exists, configured otherwise";
            let refusal = Refusal::new(409, "HealthCheckAlreadyExists", taken);
            return (check.config == config).then(|| check.clone()).ok_or(refusal);
        }
        let id = format!("00000000-0000-4000-8000-{:012}", self.number());
        let check = HealthCheck {
            id: id.clone(),
            caller_reference: reference,
            version: 1,
            config,
            checkers_up: None,
        };
        self.checks.insert(id, check.clone());
        Ok(check)
    }

    /// Calculated checks of calculated checks are not documented, so nothing may rely on them.
    fn children_exist(&self, config: &Config) -> Result<(), Refusal> {
        for id in &config.children {
            let child = self.checks.get(id);
            let child = child.ok_or_else(|| Refusal::input(&format!("the child {id} lacks")))?;
            if child.config.kind() == "CALCULATED" {
                return Err(Refusal::input(&format!("the child {id} is CALCULATED itself")));
            }
        }
        Ok(())
    }

    fn check(&mut self, id: &str) -> Result<&mut HealthCheck, Refusal> {
        self.checks.get_mut(id).ok_or_else(|| Refusal::no_such_health_check(id))
    }

    /// Performs `GetHealthCheck`.
    pub fn get_check(&mut self, request: &Request) -> Result<Reply, Refusal> {
        Ok(Reply::ok("GetHealthCheckResponse", &self.check(&request.id)?.write()))
    }

    /// Performs `ListHealthChecks`.
    pub fn list_checks(&self, request: &Request) -> Result<Reply, Refusal> {
        let limit = request.page_size(PAGE)?;
        let marker = request.query("marker").unwrap_or_default();
        let mut rest = self.checks.range(marker.clone()..).map(|(_, check)| check);
        let checks: String = rest.by_ref().take(limit).map(HealthCheck::write).collect();
        let next = rest.next().map(|check| &check.id);
        let answer = wrap("HealthChecks", &checks)
            + &element("Marker", marker)
            + &element("IsTruncated", next.is_some())
            + &optional("NextMarker", next)
            + &element("MaxItems", limit);
        Ok(Reply::ok("ListHealthChecksResponse", &answer))
    }

    /// Performs `UpdateHealthCheck`.
    pub fn update_check(&mut self, request: &Request) -> Result<Reply, Refusal> {
        let document = parse(&request.body)?;
        let mut check = self.check(&request.id)?.clone();
        check.update(document.root_element())?;
        self.children_exist(&check.config)?;
        let answer = check.write();
        self.checks.insert(check.id.clone(), check);
        self.bell.ring();
        Ok(Reply::ok("UpdateHealthCheckResponse", &answer))
    }

    /// Performs `DeleteHealthCheck`. Record sets that name it keep doing so, and count as unhealthy.
    pub fn delete_check(&mut self, request: &Request) -> Result<Reply, Refusal> {
        let reference = self.check(&request.id)?.caller_reference.clone();
        self.checks.remove(&request.id);
        self.spent.insert(reference);
        self.bell.ring();
        Ok(Reply::ok("DeleteHealthCheckResponse", ""))
    }

    /// Performs `GetHealthCheckStatus`: what the checkers find, before it is inverted.
    pub fn check_status(&mut self, request: &Request) -> Result<Reply, Refusal> {
        let check = self.check(&request.id)?.clone();
        if check.config.kind() == "CALCULATED" {
            return Err(Refusal::input("a CALCULATED health check has no status of its own"));
        }
        let up = check.checkers_up(self);
        let observations: String = (0..CHECKERS).map(|n| observation(n, n < up)).collect();
        let answer = wrap("HealthCheckObservations", &observations);
        Ok(Reply::ok("GetHealthCheckStatusResponse", &answer))
    }

    /// Performs `ChangeTagsForResource`.
    pub fn change_tags(&mut self, request: &Request) -> Result<Reply, Refusal> {
        let document = parse(&request.body)?;
        let tags = self.tags.entry((request.kind.clone(), request.id.clone())).or_default();
        for tag in children(document.root_element(), "AddTags") {
            let value = text(tag, "Value").unwrap_or_default();
            tags.insert(text(tag, "Key").unwrap_or_default(), value);
        }
        for key in children(document.root_element(), "RemoveTagKeys") {
            tags.remove(key.text().unwrap_or_default());
        }
        Ok(Reply::ok("ChangeTagsForResourceResponse", ""))
    }

    /// Performs `ListTagsForResource`.
    pub fn list_tags(&self, request: &Request) -> Reply {
        let tags = self.tags.get(&(request.kind.clone(), request.id.clone())).into_iter().flatten();
        let tag = |(key, value)| wrap("Tag", &(element("Key", key) + &element("Value", value)));
        let tags: String = tags.map(|(key, value): (&String, &String)| tag((key, value))).collect();
        let set = element("ResourceType", &request.kind)
            + &element("ResourceId", &request.id)
            + &wrap("Tags", &tags);
        Reply::ok("ListTagsForResourceResponse", &wrap("ResourceTagSet", &set))
    }
}

/// What one checker says.
fn observation(number: u32, up: bool) -> String {
    let status = if up {
        "Success: HTTP Status Code 200, OK"
    } else {
        "Failure: the endpoint did not answer as it should"
    };
    let report = element("Status", status) + &element("CheckedTime", CHECKED);
    let inside = element("Region", "eu-west-1")
        + &element("IPAddress", format!("192.0.2.{number}"))
        + &wrap("StatusReport", &report);
    wrap("HealthCheckObservation", &inside)
}

fn parse(body: &str) -> Result<Document<'_>, Refusal> {
    Document::parse(body).map_err(|error| Refusal::input(&error.to_string()))
}
