//! What the plan may say of the phone tree: lines, numbers, means, and who is on call.

use super::cross::Cross;
use crate::page::words::SENTENCES;
use crate::plan::{Carrier, ContactKind, DeadMan, Holiday, Override, address, is_placeholder};
use crate::time::Span;

impl Cross<'_> {
    /// Every rule of this file.
    pub fn phone_tree_is_possible(&mut self) {
        self.lines_are_possible();
        self.intervals_are_possible();
        self.texts_are_spoken();
        self.means_are_named_once();
        self.rotation_is_possible();
    }

    fn lines_are_possible(&mut self) {
        let Some(phone) = &self.plan.phone else { return };
        let fallback = phone.fallback_url.iter().map(|url| ("phone.fallback_url", url));
        for (path, url) in
            std::iter::once(("phone.callback_url", &phone.callback_url)).chain(fallback)
        {
            let bare = address::host_of(url).is_some() && url.matches('/').count() == 2;
            if !bare && !is_placeholder(url) {
                let problem = format!("`{url}` is not an https URL without a path");
                self.report(path, problem, "e.g. \"https://pages.example.com\"");
            }
        }
        for (list, kind) in
            [("voice", ContactKind::Voice), ("sms", ContactKind::Sms), ("mail", ContactKind::Mail)]
        {
            let carriers = phone.carriers(kind);
            let names = carriers.iter().map(|one| one.name().to_owned());
            self.unique(&format!("phone.{list}"), "", names);
            for (i, carrier) in carriers.iter().enumerate().filter(|(_, it)| !it.carries(kind)) {
                let able = [Carrier::Twilio, Carrier::Vonage, Carrier::Sns, Carrier::Smtp];
                let able: Vec<&str> =
                    able.iter().filter(|it| it.carries(kind)).map(|it| it.name()).collect();
                let problem = format!("{} doesn't carry {list}", carrier.name());
                self.report(&format!("phone.{list}[{i}]"), problem, able.join(" or "));
            }
        }
        let conference = phone.conference.iter().map(|number| ("phone.conference".into(), number));
        let from =
            phone.from.iter().map(|(it, number)| (format!("phone.from.{}", it.name()), number));
        for (path, number) in conference.chain(from) {
            if !address::is_phone(number) && !is_placeholder(number) {
                let problem = format!("`{number}` is not an international phone number");
                self.report(&path, problem, "e.g. \"+12025550123\"");
            }
        }
        if let Some(mail) = &phone.mail_from {
            self.is_mail("phone.mail_from", mail);
        }
    }

    fn intervals_are_possible(&mut self) {
        let Some(phone) = &self.plan.phone else { return };
        let DeadMan { every, page_within, canary_within } = phone.dead_man;
        let spans =
            [("every", every), ("page_within", page_within), ("canary_within", canary_within)];
        for (name, _) in spans.into_iter().filter(|(_, span)| *span < Span::secs(1)) {
            let problem = "a proof needs a second";
            self.report(&format!("phone.dead_man.{name}"), problem, "e.g. \"1m\"");
        }
        if phone.test_every.is_some_and(|every| every < Span::days(1)) {
            let problem = "phones that ring more than daily are put away";
            self.report("phone.test_every", problem, "e.g. \"7d\"");
        }
    }

    /// A sentence that nobody ever says is a slip of the pen.
    fn texts_are_spoken(&mut self) {
        let Some(phone) = &self.plan.phone else { return };
        for (language, texts) in &phone.texts {
            for name in texts.keys().filter(|name| !SENTENCES.iter().any(|it| it.1 == *name)) {
                let names: Vec<&str> = SENTENCES.iter().map(|it| it.1).collect();
                let path = format!("phone.texts.{language}.{name}");
                self.exists(&path, "sentence", name, &names);
            }
        }
    }

    fn means_are_named_once(&mut self) {
        for (i, person) in self.plan.people.iter().enumerate() {
            for (severity, means) in &person.order {
                let path = format!("people[{i}].order.{severity:?}");
                if means.is_empty() {
                    self.report(&path, "nothing would reach them", "e.g. [\"voice\", \"sms\"]");
                }
                let names = means.iter().map(super::cross::as_written);
                self.unique(&path, "", names);
            }
            if person.quiet_hours.as_ref().is_some_and(|it| it.from == it.until) {
                let problem = "quiet hours that end when they begin are none";
                self.report(&format!("people[{i}].quiet_hours"), problem, "another `until`");
            }
        }
    }

    fn rotation_is_possible(&mut self) {
        let Some(on_call) = &self.plan.on_call else { return };
        self.unique("on_call.people", "", on_call.people.iter().map(ToString::to_string));
        if on_call.people.len() < 2 {
            let problem = "nobody could be the backup";
            self.report("on_call.people", problem, "at least two people");
        }
        if on_call.days == 0 {
            self.report("on_call.days", "a shift has no days", "1 for daily, 7 for weekly");
        }
        let known: Vec<&str> = self.plan.people.iter().map(|person| person.id.as_str()).collect();
        for (i, person) in on_call.people.iter().enumerate() {
            self.exists(&format!("on_call.people[{i}]"), "person", person.as_str(), &known);
        }
        for (i, holiday) in on_call.holidays.iter().enumerate() {
            self.is_a_holiday(i, holiday, &known);
        }
        for (i, one) in on_call.overrides.iter().enumerate() {
            self.is_an_override(i, one, &known);
        }
    }

    fn is_a_holiday(&mut self, i: usize, holiday: &Holiday, known: &[&str]) {
        let path = format!("on_call.holidays[{i}]");
        let Holiday { person, from, until, substitute } = holiday;
        self.exists(&format!("{path}.substitute"), "person", substitute.as_str(), known);
        if let Some(person) = person {
            self.exists(&format!("{path}.person"), "person", person.as_str(), known);
        }
        if person.as_ref() == Some(substitute) {
            let problem = format!("`{substitute}` would stand in for themselves");
            self.report(&format!("{path}.substitute"), problem, "somebody else");
        }
        if until < from {
            let problem = "its last day is before its first";
            self.report(&format!("{path}.until"), problem, format!("{} or later", from.0));
        }
    }

    fn is_an_override(&mut self, i: usize, one: &Override, known: &[&str]) {
        let path = format!("on_call.overrides[{i}]");
        self.exists(&format!("{path}.person"), "person", one.person.as_str(), known);
        if one.until <= one.from {
            let problem = "it ends before it begins";
            self.report(&format!("{path}.until"), problem, "a later day or time");
        }
    }
}
