//! The runbook's checklist in an incident's channel: one message, edited in place.

use shared::checklist::{Checklist, Step, VendorSeen};
use shared::plan::{Plan, StepKind};

use super::card::unstarred;
use super::kit::{self, Message};
use super::text::{cut_marked, marked};

/// Steps shown one by one; further ones are counted.
const MAX_STEPS: usize = 30;
/// What one line may take.
const LINE: usize = 90;
/// What is put into one section.
const STEPS_OF_A_SECTION: usize = 10;

/// The steps with their signs and words, and what the providers say of themselves.
pub fn checklist_page(list: &Checklist, vendors: &[VendorSeen], plan: &Plan) -> Message {
    let title = format!("*Runbook: {}*", cut_marked(&marked(&list.title), LINE));
    let mut lines: Vec<String> = list.steps.iter().take(MAX_STEPS).map(step_line).collect();
    let more = list.steps.len().saturating_sub(MAX_STEPS);
    lines.extend((more > 0).then(|| format!("… and {more} more: see the plan")));
    let mut blocks = vec![kit::section(&title)];
    blocks.extend(lines.chunks(STEPS_OF_A_SECTION).map(|some| kit::section(&some.join("\n"))));
    let seen = providers(vendors, plan);
    blocks.push(kit::context(&[&seen]));
    Message::new(&unstarred(&format!("{title}\n{}\n{seen}", lines.join("\n"))), blocks)
}

fn step_line(step: &Step) -> String {
    let who = match step.who {
        StepKind::Automatic => "",
        StepKind::Approved => " (after approval)",
        StepKind::Manual => " (people)",
    };
    let (what, stands) = (marked(&step.what), marked(&step.to_string()));
    let (what, stands) = (cut_marked(&what, LINE), cut_marked(&stands, LINE));
    format!("{} {what}{who}: *{stands}*", step.progress.sign())
}

/// E.g. `Providers: ✓ Vercel works (14:03:12 UTC: All Systems Operational)`.
fn providers(vendors: &[VendorSeen], plan: &Plan) -> String {
    let one = |seen: &VendorSeen| {
        let name = plan.vendor(&seen.vendor).map_or(seen.vendor.as_str(), |one| &one.name);
        let (sign, word) = match seen.working {
            Some(true) => ('✓', "works"),
            Some(false) => ('✗', "has trouble"),
            None => ('?', "could not be asked"),
        };
        let (name, says) = (cut_marked(&marked(name), LINE), cut_marked(&marked(&seen.says), LINE));
        format!("{sign} {name} {word} ({} UTC: {says})", seen.at.clock())
    };
    match vendors {
        [] => "Providers: not looked at yet".into(),
        all => format!("Providers: {}", all.iter().map(one).collect::<Vec<_>>().join("; ")),
    }
}
