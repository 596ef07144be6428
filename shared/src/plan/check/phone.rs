//! What keeps pages from arriving: rows 22 to 24.

use std::collections::BTreeSet;

use super::Findings;
use super::Level::{Contradiction, Note, Warning};
use crate::page::MAX_COPIES;
use crate::plan::{
    Carrier, ContactKind, Date, Person, Phone, Plan, Registration, Severity, Zone, is_placeholder,
};
use crate::roster::{Roster, on_call_at};
use crate::time::{Span, Ts};

/// How far ahead the rotation is looked at.
const AHEAD: Span = Span::days(84);
/// How closely nights are looked at.
const STEP: Span = Span::mins(30);

impl Findings {
    /// Rows 22 to 24.
    pub fn about_the_phone_tree(&mut self, plan: &Plan, today: Date) {
        match &plan.phone {
            Some(phone) => self.lines_share_fate(phone),
            None => self.add(
                22,
                Warning,
                "Emergency: the phone tree. There is no [phone].",
                "Nobody can be called or texted.",
                "Pages by mail and Slack where it can.",
            ),
        }
        self.numbers_are_unproven(plan);
        self.everyone_sleeps(plan, today);
        self.rotation_has_holes(plan, today);
    }

    /// Row 22: one provider that is down takes everything with it that it carries.
    fn lines_share_fate(&mut self, phone: &Phone) {
        let all: BTreeSet<Carrier> = phone.voice.iter().chain(&phone.sms).copied().collect();
        if phone.voice.len() < 2 {
            let says = match phone.voice.first() {
                Some(one) => format!("Calls go through {} alone.", one.name()),
                None => "Nobody places calls.".to_owned(),
            };
            let problem = match all.len() {
                0 | 1 => {
                    "Voice and text of one provider are one failure domain: when it is down, nobody is woken."
                }
                _ => "When it is down, only texts wake anybody.",
            };
            let does =
                format!("Copies a page {MAX_COPIES} times at most, then tries another means.");
            self.add(22, Warning, says, problem, does);
        }
        let texts = !phone.sms.is_empty();
        match phone.registration {
            _ if !texts => {}
            None => self.add(
                22,
                Warning,
                "Texts are sent. `registration` is not stated.",
                "US carriers drop texts of senders they don't know (10DLC, toll-free).",
                "Calls first: voice is the emergency channel.",
            ),
            Some(Registration::None | Registration::Pending) => self.add(
                22,
                Contradiction,
                "Texts are sent. The sender is not registered.",
                "US carriers may drop every one of them, and say nothing.",
                "Calls first: voice is the emergency channel.",
            ),
            Some(Registration::Registered | Registration::NotNeeded) => {}
        }
        for carrier in all.iter().filter(|it| **it != Carrier::Sns && !phone.from.contains_key(it))
        {
            self.add(
                22,
                Warning,
                format!("{} carries pages. It has no number under [phone.from].", carrier.name()),
                "It will refuse every one of them.",
                "Goes to the next provider at once.",
            );
        }
        if phone.fallback_url.is_none() && !phone.voice.is_empty() {
            self.add(
                22,
                Note,
                "Providers call back at one address.",
                "When that does not answer, a key that is pressed is lost.",
                "Goes on calling: nothing is acknowledged that was not recorded.",
            );
        }
    }

    /// Row 23: a number that nobody ever answered may be anybody's.
    fn numbers_are_unproven(&mut self, plan: &Plan) {
        let unproven =
            |person: &&Person| !is_placeholder(&person.phone) && person.phone_verified.is_none();
        let titles: Vec<&str> =
            plan.people.iter().filter(unproven).map(|it| it.title.as_str()).collect();
        if !titles.is_empty() {
            self.add(
                23,
                Warning,
                format!("{}: a number without `phone_verified`.", titles.join(", ")),
                "Nobody knows whether it is theirs.",
                "Tests it with `allclear page test PERSON`; write the day of the answer there.",
            );
        }
    }

    /// Row 23: quiet hours of everyone at once.
    fn everyone_sleeps(&mut self, plan: &Plan, today: Date) {
        let Some(start) = Zone::UTC.moment(today.0.to_datetime(jiff::civil::Time::midnight()))
        else {
            return;
        };
        let asleep = |at: &Ts| {
            plan.people.iter().all(|person| person.waits_until(Severity::P3, *at).is_some())
        };
        let moments = (0..Span::days(7).0 / STEP.0).map(|n| start + STEP.times(n));
        if let Some(at) = moments.into_iter().find(asleep) {
            self.add(
                23,
                Warning,
                "Everybody has quiet hours.",
                format!("At {} UTC, for one, nobody hears of a P3.", at.clock()),
                "Pages wait until the first of them ends; P1 and P2 wake everyone.",
            );
        }
    }

    /// Row 24: somebody is on call whom no call reaches.
    fn rotation_has_holes(&mut self, plan: &Plan, today: Date) {
        let Some(on_call) = &plan.on_call else { return };
        let midnight =
            |day: Date| Zone::UTC.moment(day.0.to_datetime(jiff::civil::Time::midnight()));
        let (Some(start), Some(first)) = (midnight(today), midnight(on_call.start)) else { return };
        if start < first {
            self.add(
                24,
                Note,
                format!("The rotation starts on {}.", on_call.start.0),
                "Until then the order is counted backwards.",
                "Somebody is on call at every moment, before it too.",
            );
        }
        let mut silent = BTreeSet::new();
        let mut at = start;
        let roster = Roster::default();
        while at < start + AHEAD {
            let Some(shift) = on_call_at(plan, &roster, at) else { break };
            let person = plan.person(&shift.primary);
            let dials = |person: &Person| {
                person.means(Severity::P1, &[ContactKind::Voice]).contains(&ContactKind::Voice)
                    && !is_placeholder(&person.phone)
            };
            if !person.is_some_and(dials) && silent.insert(shift.primary.clone()) {
                let day = on_call.zone.at(at).date();
                self.add(
                    24,
                    Contradiction,
                    format!("{} is on call on {day}.", shift.primary),
                    "No call can reach them: a gap.",
                    "Calls the backup after the first rung.",
                );
            }
            let Some(until) = shift.until else { break };
            at = until;
        }
    }
}
