//! How pages of other systems were lost, one story a hole: each would be lost here, too, without the rule it tests.

use super::*;
use crate::effect::Page;
use crate::id::EffectKey;
use crate::incident::Paging;
use crate::page::{MAX_COPIES, Report, Stage};
use crate::plan::{ContactKind, Escalation};
use crate::roster::RosterWish;

/// A desk with one declared P1, and whatever happens to its pages.
struct Night {
    engine: Engine<MemoryStore>,
    now: Ts,
}

impl Night {
    fn falls() -> Self {
        Self::under(|_| {})
    }

    fn under(change: impl FnOnce(&mut Plan)) -> Self {
        let mut night = Self::quiet(change);
        night.says("lead-developer", &declare("frontend", Severity::P1)).unwrap();
        night
    }

    fn quiet(change: impl FnOnce(&mut Plan)) -> Self {
        let mut plan = rehearsal_plan(&read("infra/plan.toml", built_in_text()).unwrap());
        change(&mut plan);
        let engine = Engine::open(Arc::new(plan), MemoryStore::default(), START).unwrap();
        Self { engine, now: START }
    }

    fn says(&mut self, who: &str, wish: &Wish) -> Result<Granted, WishError> {
        let (now, target) = (self.now, target_of(wish));
        let key = format!("{who}/{}/{wish:?}", now.0);
        self.engine
            .batch(now, |engine| Ok(engine.wish(&target, &who.into(), "keypad", &key, wish, now)))
            .unwrap()
    }

    fn owed(&self) -> Vec<Owed> {
        self.engine.owed(Lane::Page, self.now, 100).unwrap()
    }

    /// The pages owed to somebody by something.
    fn pages(&self, who: &str, by: ContactKind) -> Vec<Owed> {
        let meant = |page: &Page| page.person.as_str() == who && page.by == by;
        let mut owed = self.owed();
        owed.retain(|one| matches!(&one.effect, Effect::Page(page) if meant(page)));
        owed
    }

    /// A provider takes everything that is owed.
    fn all_are_taken(&mut self) {
        for owed in self.owed() {
            self.settles(&owed, &taken());
        }
    }

    fn settles(&mut self, owed: &Owed, outcome: &Outcome) {
        let now = self.now;
        self.engine.batch(now, |engine| engine.settle(owed, outcome, now)).unwrap();
    }

    fn hears(&mut self, key: &EffectKey, stage: Stage) -> bool {
        let (now, provider) = (self.now, "telco".into());
        let receipt = format!("{key}").into();
        let report = Report { stage, provider, receipt, sequence: None, at: now };
        self.engine.batch(now, |engine| engine.deliver(key, &report, now)).unwrap()
    }

    fn passes(&mut self, span: Span) {
        self.now = self.now + span;
        let now = self.now;
        self.engine.batch(now, |engine| engine.tick(now)).unwrap();
    }

    fn incident(&self) -> &Incident {
        self.engine.live().next().unwrap()
    }

    /// The next rung, while the ladder is being climbed.
    fn next(&self) -> Option<u32> {
        match self.incident().paging {
            Paging::Climbing { next, .. } => Some(next),
            Paging::Off | Paging::Acknowledged { .. } => None,
        }
    }
}

fn declare(component: &str, severity: Severity) -> Wish {
    let (component, severity) = (component.into(), Some(severity));
    Wish::Declare { component, severity, says: "down".into(), number: 0 }
}

fn target_of(wish: &Wish) -> Target {
    match wish {
        Wish::Declare { component, .. } => Target::Component(component.clone()),
        _ => Target::Number(1),
    }
}

fn taken() -> Outcome {
    Outcome::Done(Finding::Sent { provider: "telco".into(), receipt: "r".into() })
}

/// `GoAlert`, hole 1: a crash between "sending" and the reply drops the page.
#[test]
fn a_page_whose_fate_a_crash_hides_is_copied_with_the_same_code() {
    let mut night = Night::falls();
    let first = night.pages("devops-engineer", ContactKind::Voice).remove(0);
    night.settles(&first, &Outcome::Unknown { why: "it was begun before a restart".into() });
    let again = night.pages("devops-engineer", ContactKind::Voice);
    let Effect::Page(copy) = &again[0].effect else { panic!("a page") };
    let Effect::Page(page) = &first.effect else { panic!("a page") };
    assert_eq!((again.len(), copy.copy, copy.code), (1, 2, page.code));
    // What the first call's provider says after that owes nothing twice.
    night.hears(&first.key, Stage::Ringing);
    night.hears(&first.key, Stage::NoAnswer);
    assert_eq!(night.pages("devops-engineer", ContactKind::Voice).len(), 1);
}

/// `GoAlert`, hole 2: an outage of the provider longer than 45 s is given up.
#[test]
fn providers_that_are_down_for_hours_end_no_ladder() {
    let mut night = Night::falls();
    for _ in 0..180 {
        for _ in 0..=MAX_COPIES {
            for owed in night.owed() {
                night.settles(&owed, &Outcome::Never { why: "503".into() });
            }
        }
        night.passes(Span::mins(1));
        assert!(night.next().is_some(), "nobody has it, and somebody is still to be woken");
    }
    assert!(!night.owed().is_empty() || night.next() > Some(20), "{:?}", night.next());
}

/// `GoAlert`, hole 3: failed texts and calls that nobody picks up are never repeated, "undelivered" counts as sent.
#[test]
fn what_was_not_delivered_is_sent_again_at_once_by_the_next_provider() {
    for (by, stage) in [
        (ContactKind::Sms, Stage::Undelivered { code: "30008".into(), text: "".into() }),
        (ContactKind::Sms, Stage::Failed { code: "30003".into(), text: "".into() }),
        (ContactKind::Voice, Stage::NoAnswer),
        (ContactKind::Voice, Stage::Busy),
    ] {
        let mut night = Night::falls();
        let first = night.pages("devops-engineer", by).remove(0);
        night.all_are_taken();
        assert!(night.hears(&first.key, stage.clone()));
        assert!(!night.hears(&first.key, stage.clone()), "twice is once");
        let again = night.pages("devops-engineer", by);
        let [Owed { effect: Effect::Page(copy), .. }] = &again[..] else { panic!("{again:?}") };
        assert_eq!(copy.copy, 2, "{stage:?}");
    }
}

/// `GoAlert`, hole 4: a machine that picks up counts as delivered.
#[test]
fn a_machine_that_picks_up_is_called_again_and_acknowledges_nothing() {
    let mut night = Night::falls();
    for copy in 1..=MAX_COPIES {
        let call = night.pages("devops-engineer", ContactKind::Voice).remove(0);
        night.all_are_taken();
        // In the wrong order: that the call is over is heard first.
        night.hears(&call.key, Stage::Completed);
        night.hears(&call.key, Stage::Machine);
        let more = night.pages("devops-engineer", ContactKind::Voice);
        assert_eq!(more.len(), usize::from(copy < MAX_COPIES), "copy {copy}");
    }
    assert_eq!(night.incident().acknowledged_by(), None);
    assert_eq!(night.next(), Some(1), "the text may still wake them");
}

/// The same: what a provider says, however good it sounds, stops nothing.
#[test]
fn delivered_and_picked_up_are_no_acknowledgement() {
    let mut night = Night::falls();
    let owed = night.owed();
    night.all_are_taken();
    for one in &owed {
        for stage in [Stage::Delivered, Stage::Answered, Stage::Completed] {
            night.hears(&one.key, stage);
        }
    }
    night.passes(Span::mins(2) + Span::secs(1));
    assert_eq!(night.next(), Some(2), "the backup is called in its time");
}

/// `GoAlert`, hole 5: STOP disables the contact, and nobody else is told.
#[test]
fn whoever_has_opted_out_is_known_and_the_next_ones_are_paged_now() {
    let mut night = Night::falls();
    let text = night.pages("devops-engineer", ContactKind::Sms).remove(0);
    assert!(night.hears(&text.key, Stage::OptedOut));
    night.settles(&text, &Outcome::Never { why: "21610".into() });
    assert_eq!(night.next(), Some(2), "the next rung is paged now");
    assert_eq!(night.pages("senior-developer", ContactKind::Voice).len(), 1);
    assert_eq!(night.pages("devops-engineer", ContactKind::Sms).len(), 0, "no text any more");
    let told = night.engine.owed(Lane::Tell, night.now, 100).unwrap();
    let told = format!("{told:?}");
    assert!(told.contains("lead-developer: texts do not reach devops-engineer"), "{told}");
    // The next incident knows it from the beginning, until they write START.
    assert!(night.engine.roster().opted_out.contains(&"devops-engineer".into()));
    night
        .says("lead-developer", &Wish::Resolve { without_evidence: Some("a test".into()) })
        .unwrap();
    night.says("lead-developer", &declare("database", Severity::P1)).unwrap();
    assert_eq!(night.pages("devops-engineer", ContactKind::Sms).len(), 0);
    assert_eq!(night.pages("devops-engineer", ContactKind::Voice).len(), 1);
    let (by, now) = ("devops-engineer".into(), night.now);
    let start = |engine: &mut Engine<MemoryStore>| {
        Ok(engine.change_roster(&by, "sms", "start", &RosterWish::OptIn, now))
    };
    night.engine.batch(now, start).unwrap().unwrap();
    assert!(night.engine.roster().opted_out.is_empty());
}

/// `GoAlert`, hole 6: after its rounds the ladder is silent for ever.
#[test]
fn a_ladder_that_reached_nobody_is_not_silent_whatever_the_policy_says() {
    let mut night = Night::under(|plan| {
        let ends = |policy: &mut Escalation| policy.repeat_after = None;
        plan.escalation.iter_mut().for_each(ends);
    });
    for _ in 0..60 {
        for _ in 0..=MAX_COPIES {
            for owed in night.owed() {
                night.settles(&owed, &Outcome::Never { why: "503".into() });
            }
        }
        night.passes(Span::mins(5));
    }
    let policy = night.engine.plan().escalation(Severity::P1).unwrap().rungs.len() as u32;
    assert!(night.next() > Some(policy + 10), "{:?}", night.next());
}

/// Hole 6 again: an empty step only logs.
#[test]
fn whoever_cant_is_passed_over_and_when_nobody_can_everybody_is_asked_again() {
    let mut night = Night::falls();
    let people: Vec<PersonId> = night.engine.plan().people.iter().map(|it| it.id.clone()).collect();
    let before = night.next();
    night.says("devops-engineer", &Wish::Decline).unwrap();
    assert!(night.next() > before);
    let events = night.says("devops-engineer", &Wish::Decline).unwrap().events;
    assert_eq!(events, [], "said twice, it counts once");
    for person in &people {
        night.says(person.as_str(), &Wish::Decline).unwrap();
        assert!(night.next().is_some());
    }
    night.passes(Span::hours(1));
    assert!(people.iter().all(|it| !night.pages(it.as_str(), ContactKind::Voice).is_empty()));
    night.says("project-manager", &Wish::Acknowledge).unwrap();
    assert!(!night.incident().declined.contains(&"project-manager".into()));
}

/// `Iris` and users of all of them: when one means is in vain with every copy, another one is tried.
#[test]
fn when_calls_and_texts_are_in_vain_another_means_is_tried() {
    let mut night = Night::falls();
    for _ in 0..MAX_COPIES {
        for by in [ContactKind::Voice, ContactKind::Sms] {
            let owed = night.pages("devops-engineer", by).remove(0);
            night.settles(&owed, &taken());
            night.hears(&owed.key, Stage::Failed { code: "".into(), text: "".into() });
        }
    }
    for by in [ContactKind::Slack, ContactKind::Mail] {
        assert_eq!((night.owed().len(), night.next()), (1, Some(1)), "{by:?}");
        for _ in 0..MAX_COPIES {
            let owed = night.pages("devops-engineer", by).remove(0);
            night.settles(&owed, &Outcome::Never { why: "503".into() });
        }
    }
    assert_eq!(night.next(), Some(2), "then the ladder goes on early");
}

/// A person sleeps: what can wait waits, what can't wakes them.
#[test]
fn quiet_hours_hold_back_what_can_wait() {
    let quiet = |plan: &mut Plan| {
        for person in &mut plan.people {
            person.zone = crate::plan::Zone::named("Europe/Berlin");
            person.quiet_hours = toml::from_str("from = \"00:00\"\nuntil = \"23:59\"").ok();
        }
    };
    let night = Night::under(quiet);
    assert!(!night.owed().is_empty(), "a P1 breaks through");
    let mut night = Night::quiet(quiet);
    night.says("lead-developer", &declare("frontend", Severity::P3)).unwrap();
    assert_eq!(night.owed(), [], "a P3 waits");
    night.now = night.now + Span::hours(24);
    assert!(!night.owed().is_empty(), "until the quiet hours end");
}

/// Ledgers of before pages were listed one by one read on, and the ladder goes on where it was.
#[test]
fn an_older_ledger_reads_on() {
    let old = r#"[
        {"rung-reached":{"rung":0,"people":["devops-engineer"],"pages":1}},
        {"paged":{"page":{"person":"devops-engineer","by":"voice","code":731,"copy":1,"rung":0,
            "incident":7,"severity":"P1","component":"frontend"},
            "outcome":{"done":{"sent":{"provider":"telco","receipt":"r"}}}}}
    ]"#;
    let events: Vec<Event> = serde_json::from_str(old).unwrap();
    let mut incident = Incident::unborn("old".into());
    incident.paging = Paging::Climbing { started: START, next: 0 };
    for event in &events {
        incident.apply(event, START);
    }
    assert_eq!(incident.paging, Paging::Climbing { started: START, next: 1 });
    assert!(incident.has_hope(0, None), "a provider took it");
    // What is written now without news in it is written as it was then.
    let again = serde_json::to_value(&events).unwrap();
    assert_eq!(again, serde_json::from_str::<serde_json::Value>(old).unwrap());
}
