//! The plan as it is rehearsed: real rules, fictional people, everything armed.

use crate::plan::{Arm, Plan, is_placeholder};

/// Addresses that lead nowhere: the range set aside for benchmarks (RFC 2544).
const NOWHERE: [&str; 2] = ["198.18.0.1", "198.18.0.2"];

/// The plan with fictional contacts in the place of every real or missing one, and every class armed: whoever rehearses
/// must never reach a real person.
pub fn rehearsal_plan(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    for (place, person) in plan.people.iter_mut().enumerate() {
        if is_placeholder(&person.name) {
            person.name.clone_from(&person.title);
        }
        // The North American numbers set aside for fiction.
        person.phone = format!("+1202555{:04}", 100 + place % 100);
        person.email = format!("{}@example.com", person.id);
        person.slack = Some(format!("UREHEARSAL{place}"));
    }
    for vendor in &mut plan.vendors {
        vendor.support = format!("support@{}.example", vendor.id);
    }
    if let Some(phone) = &mut plan.phone {
        // Reserved names (RFC 2606) and numbers set aside for fiction.
        phone.callback_url = "https://pages.example.com".into();
        phone.fallback_url = Some("https://pages.example.org".into());
        phone.from = phone.from.keys().map(|it| (*it, "+12025550190".into())).collect();
        phone.mail_from = Some("pages@example.com".into());
    }
    plan.channels.mail_list = "incidents@example.com".into();
    [plan.dns.primary, plan.dns.standby] = NOWHERE.map(Into::into);
    plan.dns.zone_id = "ZREHEARSAL".into();
    if let Some(latch) = &mut plan.dns.latch {
        latch.bucket = "rehearsal".into();
    }
    (plan.arming.rollback, plan.arming.failover, plan.arming.restart) =
        (Arm::Armed, Arm::Armed, Arm::Armed);
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{built_in_text, check, read};

    #[test]
    fn nothing_in_a_rehearsal_stands_in_the_way_of_arming_and_nobody_is_real() {
        let plan = read::read("infra/plan.toml", built_in_text()).unwrap();
        let rehearsed = rehearsal_plan(&plan);
        assert_eq!(check::disarmed_because(&rehearsed), Vec::<String>::new());
        assert!(rehearsed.people.iter().all(|person| person.phone.starts_with("+12025550")));
        assert!(rehearsed.people.iter().all(|person| person.email.ends_with("@example.com")));
    }
}
