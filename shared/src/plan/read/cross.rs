//! What one part of the plan demands of another: references, order, completeness.
//!
//! Every rule looks at the whole plan and reports each breach where it stands in the text. What a
//! single value may be is in [`bounds`](super::bounds).

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::DeTable;

use super::place::{Text, span_of};
use super::{Mistake, nearest};
use crate::id::ComponentId;
use crate::plan::check::denied_command;
use crate::plan::{Alert, Plan, Priority, Rung, Scenario, Severity};
use crate::time::Span;

/// Fewest places to probe from (safety rule 1): two can't outvote each other.
const VANTAGE_POINTS_MIN: usize = 3;

const SEVERITIES: [Severity; 4] = [Severity::P1, Severity::P2, Severity::P3, Severity::P4];
const ALERTS: [Alert; 3] = [Alert::Critical, Alert::Warning, Alert::Info];
const PRIORITIES: [Priority; 3] = [Priority::Critical, Priority::High, Priority::Medium];
const SCENARIOS: [Scenario; 5] = [
    Scenario::CompleteOutage,
    Scenario::DatabaseLoss,
    Scenario::SecurityBreach,
    Scenario::DeveloperCompromise,
    Scenario::PartialDegradation,
];

/// Every breach of every rule, rule by rule.
pub(super) fn mistakes(plan: &Plan, text: &Text<'_>, root: &Spanned<DeTable<'_>>) -> Vec<Mistake> {
    let mut cross = Cross { plan, text, root, mistakes: Vec::new() };
    cross.nothing_is_empty();
    cross.ids_are_plain_and_unique();
    cross.components_exist();
    cross.people_and_vendors_exist();
    cross.needs_form_no_circle();
    cross.a_majority_is_possible();
    cross.every_severity_escalates();
    cross.ladders_climb();
    cross.every_alert_has_a_severity();
    cross.every_scenario_has_a_runbook();
    cross.no_step_runs_a_denied_command();
    cross.every_value_is_possible();
    cross.hands_are_possible();
    cross.phone_tree_is_possible();
    cross.mistakes
}

/// The rules at work on one plan.
pub(super) struct Cross<'a> {
    pub plan: &'a Plan,
    text: &'a Text<'a>,
    root: &'a Spanned<DeTable<'a>>,
    mistakes: Vec<Mistake>,
}

impl<'a> Cross<'a> {
    /// Reports a breach at the value of that path.
    pub fn report(&mut self, path: &str, problem: impl Into<String>, write: impl Into<String>) {
        let offset = span_of(self.root, path).start;
        self.mistakes.push(self.text.mistake(offset, path, problem.into(), write.into()));
    }

    /// Empty configuration is refused: it would quietly page nobody and watch nothing.
    fn nothing_is_empty(&mut self) {
        let plan = self.plan;
        let mut lists = vec![
            ("components".to_owned(), plan.components.len()),
            ("escalation".into(), plan.escalation.len()),
            ("people".into(), plan.people.len()),
            ("roles.on_call".into(), plan.roles.on_call.len()),
            ("vendors".into(), plan.vendors.len()),
            ("dns.names".into(), plan.dns.names.len()),
            ("sources".into(), plan.sources.len()),
            ("backups".into(), plan.backups.len()),
            ("drills".into(), plan.drills.len()),
            ("reviews".into(), plan.reviews.len()),
            ("training".into(), plan.training.len()),
            ("compliance.report_for".into(), plan.compliance.report_for.len()),
        ];
        for (i, policy) in plan.escalation.iter().enumerate() {
            lists.push((format!("escalation[{i}].rungs"), policy.rungs.len()));
            for (j, rung) in policy.rungs.iter().enumerate() {
                lists.push((format!("escalation[{i}].rungs[{j}].page"), rung.page.len()));
                lists.push((format!("escalation[{i}].rungs[{j}].by"), rung.by.len()));
            }
        }
        for (i, runbook) in plan.runbooks.iter().enumerate() {
            lists.push((format!("runbooks[{i}].steps"), runbook.steps.len()));
        }
        for (path, _) in lists.into_iter().filter(|(_, len)| *len == 0) {
            self.report(&path, format!("`{path}` is empty"), "at least one entry");
        }
    }

    /// Whatever is looked up by a key has it once.
    fn ids_are_plain_and_unique(&mut self) {
        let plan = self.plan;
        self.plain("components", plan.components.iter().map(|component| component.id.as_str()));
        self.plain("people", plan.people.iter().map(|person| person.id.as_str()));
        self.plain("vendors", plan.vendors.iter().map(|vendor| vendor.id.as_str()));
        self.plain("sources", plan.sources.iter().map(|source| source.id.as_str()));
        self.unique("components", ".id", plan.components.iter().map(|c| c.id.to_string()));
        self.unique("people", ".id", plan.people.iter().map(|person| person.id.to_string()));
        self.unique("vendors", ".id", plan.vendors.iter().map(|vendor| vendor.id.to_string()));
        self.unique("sources", ".id", plan.sources.iter().map(|source| source.id.to_string()));
        self.unique("backups", ".what", plan.backups.iter().map(|backup| backup.what.clone()));
        self.unique("drills", ".what", plan.drills.iter().map(|drill| drill.what.clone()));
        self.unique("reviews", ".what", plan.reviews.iter().map(|review| review.what.clone()));
        self.unique("dns.names", "", plan.dns.names.iter().cloned());
        self.unique("roles.on_call", "", plan.roles.on_call.iter().map(ToString::to_string));
        let vantage_points = plan.detection.vantage_points.iter().map(ToString::to_string);
        self.unique("detection.vantage_points", "", vantage_points);
        let severities = plan.escalation.iter().map(|policy| format!("{:?}", policy.severity));
        self.unique("escalation", ".severity", severities);
        let scenarios = plan.runbooks.iter().map(|runbook| as_written(&runbook.scenario));
        self.unique("runbooks", ".scenario", scenarios);
    }

    /// Ids are parts of URLs, file names and commands.
    fn plain(&mut self, list: &str, ids: impl Iterator<Item = &'a str>) {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        for (i, id) in ids.enumerate().filter(|(_, id)| id.is_empty() || !id.chars().all(fits)) {
            let problem = format!("`{id}` can't be an id");
            self.report(&format!("{list}[{i}].id"), problem, "lower-case letters, digits and -");
        }
    }

    /// Reports each repetition, not the first.
    pub fn unique(&mut self, list: &str, field: &str, ids: impl Iterator<Item = String>) {
        let mut seen = BTreeSet::new();
        for (i, id) in ids.enumerate() {
            if seen.contains(&id) {
                let problem = format!("`{id}` is there twice");
                self.report(&format!("{list}[{i}]{field}"), problem, "each only once");
            }
            seen.insert(id);
        }
    }

    /// Every mention of a component, wherever it stands.
    fn components_exist(&mut self) {
        let plan = self.plan;
        for (i, component) in plan.components.iter().enumerate() {
            self.are_components(&format!("components[{i}].depends_on"), &component.depends_on);
        }
        for (i, source) in plan.sources.iter().enumerate() {
            self.is_component(&format!("sources[{i}].component"), &source.component);
            for (j, rule) in source.monitors.iter().enumerate() {
                let path = format!("sources[{i}].monitors[{j}].component");
                self.is_component(&path, &rule.component);
            }
        }
        for (i, backup) in plan.backups.iter().enumerate() {
            if let Some(component) = &backup.component {
                self.is_component(&format!("backups[{i}].component"), component);
            }
            self.are_components(&format!("backups[{i}].covers"), &backup.covers);
        }
        self.are_components("dns.shared", &plan.dns.shared);
    }

    fn are_components(&mut self, list: &str, ids: &[ComponentId]) {
        for (i, id) in ids.iter().enumerate() {
            self.is_component(&format!("{list}[{i}]"), id);
        }
    }

    fn is_component(&mut self, path: &str, id: &ComponentId) {
        let known = self.plan.components.iter().map(|component| component.id.as_str());
        self.exists(path, "component", id.as_str(), &known.collect::<Vec<_>>());
    }

    /// Every mention of a person or a vendor.
    fn people_and_vendors_exist(&mut self) {
        let plan = self.plan;
        let roles = &plan.roles;
        let mut people = vec![
            ("roles.incident_commander".to_owned(), &roles.incident_commander),
            ("roles.technical_lead".into(), &roles.technical_lead),
            ("roles.communications_lead".into(), &roles.communications_lead),
            ("roles.business_lead".into(), &roles.business_lead),
        ];
        let on_call = roles.on_call.iter().enumerate();
        people.extend(on_call.map(|(i, person)| (format!("roles.on_call[{i}]"), person)));
        for (path, id) in people {
            let known = plan.people.iter().map(|person| person.id.as_str());
            self.exists(&path, "person", id.as_str(), &known.collect::<Vec<_>>());
        }
        let mut vendors = vec![("hosting.vendor".to_owned(), &plan.hosting.vendor)];
        let components = plan.components.iter().enumerate();
        vendors.extend(components.map(|(i, c)| (format!("components[{i}].vendor"), &c.vendor)));
        for (path, id) in vendors {
            let known = plan.vendors.iter().map(|vendor| vendor.id.as_str());
            self.exists(&path, "vendor", id.as_str(), &known.collect::<Vec<_>>());
        }
    }

    /// Reports an unknown id, with the nearest known one.
    pub fn exists(&mut self, path: &str, kind: &str, id: &str, known: &[&str]) {
        if known.contains(&id) {
            return;
        }
        let write = match nearest(id, known.iter().copied()) {
            Some(near) => format!("\"{near}\""),
            None => format!("one of {}", known.join(", ")),
        };
        self.report(path, format!("no {kind} is called `{id}`"), write);
    }

    /// In a circle nothing could ever be the first to come back.
    fn needs_form_no_circle(&mut self) {
        for (i, component) in self.plan.components.iter().enumerate() {
            let mut circle = BTreeSet::new();
            let mut next: Vec<&ComponentId> = component.depends_on.iter().collect();
            while let Some(id) = next.pop() {
                if circle.insert(id) {
                    next.extend(self.plan.component(id).iter().flat_map(|need| &need.depends_on));
                }
            }
            if circle.contains(&component.id) {
                let problem = format!("`{}` needs itself in the end", component.id);
                let path = format!("components[{i}].depends_on");
                self.report(&path, problem, "only what it can't come back without");
            }
        }
    }

    /// Quorum and vantage points fit each other. (Safety rule 1.)
    fn a_majority_is_possible(&mut self) {
        let points = self.plan.detection.vantage_points.len();
        if points < VANTAGE_POINTS_MIN {
            let problem = format!("{points} vantage points can't outvote a broken one");
            let write = format!("at least {VANTAGE_POINTS_MIN} places");
            self.report("detection.vantage_points", problem, write);
        }
        let quorum = self.plan.safety.quorum;
        if quorum == 0 {
            self.report("safety.quorum", "a quorum of 0 would act on no evidence", "1 or more");
        }
        if quorum as usize > points {
            let problem = format!("a quorum of {quorum} can't come from {points} vantage points");
            self.report("safety.quorum", problem, format!("at most {points}"));
        }
    }

    /// An incident of any severity finds a ladder.
    fn every_severity_escalates(&mut self) {
        for severity in SEVERITIES {
            if self.plan.escalation(severity).is_none() {
                let problem = format!("nobody is paged for a {severity:?}");
                let write = format!("an [[escalation]] with severity = \"{severity:?}\"");
                self.report("escalation", problem, write);
            }
        }
    }

    /// The first rung is at once, each further one later.
    fn ladders_climb(&mut self) {
        for (i, policy) in self.plan.escalation.iter().enumerate() {
            if policy.rungs.first().is_some_and(|rung| rung.after != Span::ZERO) {
                let path = format!("escalation[{i}].rungs[0].after");
                self.report(&path, "the first rung is not at once", "\"0m\"");
            }
            let lower_first = |pair: &[Rung]| pair[0].after < pair[1].after;
            for (j, pair) in policy.rungs.windows(2).enumerate().filter(|(_, p)| !lower_first(p)) {
                let path = format!("escalation[{i}].rungs[{}].after", j + 1);
                let problem = "this rung is not later than the one before";
                self.report(&path, problem, format!("more than {}", pair[0].after));
            }
        }
    }

    /// No alert is left without an answer at night.
    fn every_alert_has_a_severity(&mut self) {
        for (alert, priority) in ALERTS.iter().flat_map(|a| PRIORITIES.iter().map(move |p| (a, p)))
        {
            let mut rules = self.plan.classification.iter();
            if !rules.any(|rule| rule.alert == *alert && rule.priority == *priority) {
                let (alert, priority) = (as_written(alert), as_written(priority));
                let problem = format!("no severity for the alert {alert} on priority {priority}");
                let write = format!(
                    "a [[classification]] with alert = \"{alert}\", priority = \"{priority}\""
                );
                self.report("classification", problem, write);
            }
        }
    }

    /// The plan has five, so has this file.
    fn every_scenario_has_a_runbook(&mut self) {
        for scenario in SCENARIOS {
            if self.plan.runbook(scenario).is_none() {
                let name = as_written(&scenario);
                let write = format!("a [[runbooks]] with scenario = \"{name}\"");
                self.report("runbooks", format!("no runbook for {name}"), write);
            }
        }
    }

    /// Somebody tired will run what a step says. (Safety rule 7.)
    fn no_step_runs_a_denied_command(&mut self) {
        for (i, runbook) in self.plan.runbooks.iter().enumerate() {
            for (j, step) in runbook.steps.iter().enumerate() {
                if let Some(denied) = denied_command(&step.what) {
                    let problem = format!("`{}` is never run: it {}", denied.command, denied.harm);
                    let path = format!("runbooks[{i}].steps[{j}].what");
                    self.report(&path, problem, denied.instead);
                }
            }
        }
    }
}

/// A choice as the plan writes it, e.g. `complete-outage`.
pub(super) fn as_written(choice: &impl serde::Serialize) -> String {
    match serde_json::to_value(choice) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}
