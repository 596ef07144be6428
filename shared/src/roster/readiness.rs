//! Whether those who would be called can be reached, and whose phone is due for a test.
//!
//! A number counts as theirs once they answered on it: a test here, or the day that the plan states.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{PhoneTest, Roster, shifts};
use crate::id::PersonId;
use crate::plan::{Date, Person, Plan, Registration, Zone, is_placeholder};
use crate::time::{Span, Ts};

/// An answer that is older proves nothing any more, where the plan tests no phones.
const ANSWER_MAX_AGE: Span = Span::days(90);
/// Tests that somebody may miss before it is said.
const MISSED: i64 = 2;
/// A test that is not answered by then is missed.
const ANSWER_WITHIN: Span = Span::hours(1);
/// Phones are tested between these hours of their owner's day: the first, and the first that is too late.
const TEST_HOURS: (i8, i8) = (10, 17);

/// What stays wrong is said again after this time.
const SAID_EVERY: Span = Span::days(7);

/// What keeps somebody from being reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Whom; absent: everybody.
    pub person: Option<PersonId>,
    /// What, and what to do about it.
    pub says: String,
}

/// What is wrong with those who are on call now and next, and with those who command. Nothing, when all is well.
pub fn gaps(plan: &Plan, roster: &Roster, now: Ts) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for id in awaited(plan, roster, now) {
        let Some(person) = plan.person(&id) else { continue };
        let says = wrong_with(plan, roster, person, now);
        gaps.extend(says.into_iter().map(|says| Gap { person: Some(id.clone()), says }));
    }
    let Some(phone) = &plan.phone else { return gaps };
    let unregistered =
        matches!(phone.registration, None | Some(Registration::None | Registration::Pending));
    if unregistered && !phone.sms.is_empty() {
        let says =
            "carriers may drop our texts: register the sender (A2P), then set phone.registration";
        gaps.push(Gap { person: None, says: says.into() });
    }
    gaps
}

/// The gaps as they are now, if people should hear of them: somebody can't be reached who could when it was looked last,
/// or all can again. What stays wrong is news once a week.
pub fn news(plan: &Plan, roster: &Roster, now: Ts) -> Option<Vec<Gap>> {
    let gaps = gaps(plan, roster, now);
    let Some((at, before)) = &roster.reviewed else { return (!gaps.is_empty()).then_some(gaps) };
    let is_known = |gap: &Gap| before.iter().any(|one| one.person == gap.person);
    let mended = gaps.is_empty() && !before.is_empty();
    let stays = !gaps.is_empty() && now.since(*at) >= SAID_EVERY;
    (mended || stays || !gaps.iter().all(is_known)).then_some(gaps)
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match &self.person {
            Some(person) => write!(f, "{person}: {}", self.says),
            None => f.write_str(&self.says),
        }
    }
}

/// What is said of them.
pub fn says(gaps: &[Gap]) -> String {
    if gaps.is_empty() {
        return "Everybody who would be paged can be reached again.".into();
    }
    let lines: Vec<String> = gaps.iter().map(Gap::to_string).collect();
    format!("Not everybody who would be paged can be reached:\n{}", lines.join("\n"))
}

/// Whom a page goes to first: who is on call in this shift and the next, and who commands.
fn awaited(plan: &Plan, roster: &Roster, now: Ts) -> BTreeSet<PersonId> {
    let on_call = shifts(plan, roster, now).take(2);
    let mut people: BTreeSet<PersonId> =
        on_call.flat_map(|shift| std::iter::once(shift.primary).chain(shift.backup)).collect();
    people.extend([plan.roles.incident_commander.clone(), plan.roles.technical_lead.clone()]);
    people
}

fn wrong_with(plan: &Plan, roster: &Roster, person: &Person, now: Ts) -> Vec<String> {
    if person.phone.is_empty() || is_placeholder(&person.phone) {
        return vec!["no call can reach them: write their number into the plan".into()];
    }
    let mut wrong = Vec::new();
    if roster.opted_out.contains(&person.id) {
        wrong.push("no text reaches them: let them write START to our number".into());
    }
    let every = plan.phone.as_ref().and_then(|phone| phone.test_every);
    let max_age = every.map_or(ANSWER_MAX_AGE, |every| every.times(MISSED));
    let test = format!("`allclear page test {}`", person.id);
    let missed = last_test(roster, &person.id)
        .filter(|test| test.heard.is_none() && now.since(test.at) > ANSWER_WITHIN);
    match (answered(roster, person), missed) {
        (_, Some(missed)) => {
            wrong.push(format!("test {} was not answered: ask them, then {test}", missed.number));
        }
        (None, None) => wrong.push(format!("nobody ever answered on their number: {test}")),
        (Some(at), None) if now.since(at) > max_age => {
            wrong.push(format!("last answered {} ago: {test}", now.since(at)));
        }
        (Some(_), None) => {}
    }
    wrong
}

/// When they last answered on that number.
fn answered(roster: &Roster, person: &Person) -> Option<Ts> {
    let midnight = |day: Date| Zone::UTC.moment(day.0.to_datetime(jiff::civil::Time::midnight()));
    let own = roster.tests.iter().filter(|test| test.person == person.id);
    let heard = own.filter_map(|test| test.heard.as_ref().map(|(at, _)| *at)).max();
    heard.max(person.phone_verified.and_then(midnight))
}

fn last_test<'a>(roster: &'a Roster, person: &PersonId) -> Option<&'a PhoneTest> {
    roster.tests.iter().rev().find(|test| test.person == *person)
}

/// Whose phone is to be tested now, as the plan's `test_every` has it: by day where they live, outside of their quiet
/// hours, one at a time. Nobody while an incident is open: that is the host's to know.
pub fn due_for_test<'a>(plan: &'a Plan, roster: &Roster, now: Ts) -> Option<&'a PersonId> {
    let every = plan.phone.as_ref()?.test_every?;
    let due = |person: &&Person| {
        let hour = person.home().at(now).hour();
        let awake = (TEST_HOURS.0..TEST_HOURS.1).contains(&hour);
        let quiet = person.quiet_hours.as_ref().and_then(|it| it.until(&person.home(), now));
        let tested = last_test(roster, &person.id);
        let old = tested.is_none_or(|test| now.since(test.at) >= every);
        !is_placeholder(&person.phone) && awake && quiet.is_none() && old
    };
    plan.people.iter().find(due).map(|person| &person.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::built_in_text;
    use crate::plan::read::read;

    /// 2026-11-25, 12:00 UTC.
    const NOON: Ts = Ts(1_795_608_000_000);

    fn plan(change: impl Fn(String) -> String) -> Plan {
        let text = change(built_in_text().replace("[Phone]", "+12025550100"));
        read("plan.toml", &text).unwrap()
    }

    fn tested(person: &str, at: Ts, heard: Option<Ts>) -> PhoneTest {
        let (person, pages) = (PersonId::from(person), std::collections::BTreeMap::new());
        let heard = heard.map(|at| (at, "keypad".into()));
        PhoneTest { number: 7, by: person.clone(), person, at, pages, heard }
    }

    fn says(plan: &Plan, roster: &Roster) -> Vec<String> {
        gaps(plan, roster, NOON).iter().map(Gap::to_string).collect()
    }

    #[test]
    fn all_is_well_is_silent() {
        let mut plan = plan(|text| text);
        plan.phone.as_mut().unwrap().registration = Some(Registration::Registered);
        let hour_ago = NOON - Span::hours(1);
        let tests = plan.people.iter().map(|one| tested(one.id.as_str(), hour_ago, Some(hour_ago)));
        let roster = Roster { tests: tests.collect(), ..Roster::default() };
        assert_eq!(says(&plan, &roster), Vec::<String>::new());
    }

    #[test]
    fn every_gap_is_named_with_what_to_do() {
        let mut plan = plan(|text| text);
        plan.people.iter_mut().find(|one| one.id.as_str() == "lead-developer").unwrap().phone =
            "[Phone]".into();
        let old = NOON - Span::days(91);
        let roster = Roster {
            tests: vec![
                tested("devops-engineer", old, Some(old)),
                tested("senior-developer", NOON - Span::hours(2), None),
            ],
            opted_out: [PersonId::from("devops-engineer")].into(),
            ..Roster::default()
        };
        insta::assert_snapshot!(says(&plan, &roster).join("\n"), @r"
        devops-engineer: no text reaches them: let them write START to our number
        devops-engineer: last answered 91 d ago: `allclear page test devops-engineer`
        lead-developer: no call can reach them: write their number into the plan
        senior-developer: test 7 was not answered: ask them, then `allclear page test senior-developer`
        carriers may drop our texts: register the sender (A2P), then set phone.registration
        ");
    }

    #[test]
    fn what_is_wrong_is_said_when_it_is_new_once_a_week_and_when_it_is_over() {
        let mut plan = plan(|text| text);
        plan.phone.as_mut().unwrap().registration = Some(Registration::Registered);
        let answered = |id: &PersonId, at: Ts| tested(id.as_str(), at, Some(at));
        let all = |at: Ts| plan.people.iter().map(|one| answered(&one.id, at)).collect();
        let mut roster = Roster { tests: all(NOON), ..Roster::default() };
        let said = |roster: &mut Roster, at: Ts| {
            let gaps = news(&plan, roster, at)?;
            roster.reviewed = Some((at, gaps.clone()));
            Some(super::says(&gaps))
        };
        assert_eq!(said(&mut roster, NOON), None, "all is well");
        let lead = &plan.roles.technical_lead;
        roster.opted_out.insert(lead.clone());
        let text = said(&mut roster, NOON).unwrap();
        assert!(text.contains(&format!("{lead}: no text reaches them")), "{text}");
        assert_eq!(said(&mut roster, NOON + Span::days(6)), None, "it was said");
        assert_eq!(said(&mut roster, NOON + Span::days(7)), Some(text), "a week later");
        roster.opted_out.clear();
        let text = said(&mut roster, NOON + Span::days(7)).unwrap();
        assert!(text.contains("can be reached again"), "{text}");
        assert_eq!(said(&mut roster, NOON + Span::days(8)), None);
    }

    #[test]
    fn phones_are_tested_by_day_and_not_before_they_are_due() {
        let mut plan = plan(|text| text);
        assert_eq!(
            due_for_test(&plan, &Roster::default(), NOON),
            None,
            "the plan does not ask for it"
        );
        plan.phone.as_mut().unwrap().test_every = Some(Span::days(7));
        let first = plan.people[0].id.clone();
        let due = |plan: &Plan, roster: &Roster, at: Ts| due_for_test(plan, roster, at).cloned();
        assert_eq!(due(&plan, &Roster::default(), NOON), Some(first.clone()));
        assert_eq!(due(&plan, &Roster::default(), NOON + Span::hours(12)), None, "at night");
        let everybody =
            |at: Ts| plan.people.iter().map(|one| tested(one.id.as_str(), at, None)).collect();
        let roster = Roster { tests: everybody(NOON - Span::days(6)), ..Roster::default() };
        assert_eq!(due(&plan, &roster, NOON), None);
        assert_eq!(due(&plan, &roster, NOON + Span::days(1)), Some(first));
    }
}
