//! Every event has words, like events fold, and nothing dangerous gets through.

use serde_json::json;

use super::*;
use crate::effect::{Act, Finding, Look, Page};
use crate::id::EffectKey;
use crate::incident::{Call, Choice, Role, Sign, Witness};
use crate::page::{Report, Stage};
use crate::plan::{Alert, ContactKind, Severity};
use crate::signal::{Health, Trust};

const T0: Ts = Ts(1_795_356_160_000);

fn turn(number: u32, after: i64, actor: &str, events: Vec<Event>) -> Body<Event> {
    Body {
        stream: "i".into(),
        turn: number,
        at: T0 + Span::secs(after),
        actor: actor.into(),
        key: number.to_string().into(),
        events,
        owes: vec![],
        settles: None,
    }
}

fn opened() -> Event {
    let says = "Home page: HTTP 502".into();
    let sign = Sign { source: "pingdom-prod".into(), says, trust: Trust::Unauthenticated };
    Event::Opened { number: 7, component: "frontend".into(), since: T0, sign }
}

fn page(by: ContactKind, outcome: Outcome) -> Event {
    let page = Page {
        person: "lead-developer".into(),
        by,
        code: 731,
        copy: 1,
        rung: 0,
        incident: 7,
        severity: Severity::P1,
        component: "frontend".into(),
        not_before: None,
        test: false,
    };
    Event::Paged { page, outcome, key: None, again: false }
}

fn call(by: ContactKind) -> Call {
    Call { person: "lead-developer".into(), by, not_before: None }
}

fn said(stage: Stage, again: bool) -> Event {
    let Event::Paged { page, .. } = page(ContactKind::Voice, taken()) else { unreachable!() };
    let key = EffectKey { stream: "i".into(), turn: 9, position: 0 };
    let (provider, receipt) = ("telco".into(), "CA1".into());
    let report = Report { stage, provider, receipt, sequence: Some(3), at: T0 };
    Event::Delivered { key, page, report, again }
}

fn taken() -> Outcome {
    Outcome::Done(Finding::Sent { provider: "telco".into(), receipt: "r-1".into() })
}

fn found(look: Look, finding: Finding) -> Event {
    Event::Found { look, finding }
}

fn joined(monitor: &str) -> Event {
    Event::Joined {
        source: "pingdom-prod".into(),
        monitor: monitor.into(),
        health: Health::Down,
        trust: Trust::Signed,
        alert: Alert::Critical,
        reason: Some("timeout".into()),
    }
}

fn quorum() -> crate::detect::Quorum {
    let votes = json!({
        "fresh": 3, "failing": 3, "total": 3, "lost": 0, "in_row": 9,
        "since": T0, "held_since": T0,
    });
    serde_json::from_value(votes).unwrap()
}

/// The place of a variant in [`one_of_each`]; a new variant doesn't compile until it is given one.
fn place(event: &Event) -> usize {
    match event {
        Event::Opened { .. } => 0,
        Event::Joined { .. } => 1,
        Event::ManyAgree { .. } => 2,
        Event::FirstFailure { .. } => 3,
        Event::Dismissed { .. } => 4,
        Event::Declared { .. } => 5,
        Event::Confirmed { .. } => 6,
        Event::Certain { .. } => 7,
        Event::Blinded { .. } => 8,
        Event::Sighted => 9,
        Event::Impaired { .. } => 10,
        Event::Eased { .. } => 11,
        Event::RungReached { .. } => 12,
        Event::Paged { .. } => 13,
        Event::Acknowledged { .. } => 14,
        Event::Updated { .. } => 15,
        Event::SeveritySet { .. } => 16,
        Event::Assigned { .. } => 17,
        Event::LooksAsked { .. } => 18,
        Event::LookAsked { .. } => 19,
        Event::Found { .. } => 20,
        Event::LookFailed { .. } => 21,
        Event::Chose { .. } => 22,
        Event::ActStarted { .. } => 23,
        Event::ActSettled { .. } => 24,
        Event::DidNotHelp { .. } => 25,
        Event::ObligationOpened { .. } => 26,
        Event::Recovered { .. } => 27,
        Event::Relapsed { .. } => 28,
        Event::Steady { .. } => 29,
        Event::Resolved { .. } => 30,
        Event::Reopened { .. } => 31,
        Event::Reported => 32,
        Event::Purged { .. } => 33,
        Event::Summoned { .. } => 34,
        Event::Delivered { .. } => 35,
        Event::Rerouted { .. } => 36,
        Event::Declined { .. } => 37,
        Event::Answered { .. } => 38,
    }
}

fn one_of_each() -> Vec<Event> {
    let operation = EffectKey { stream: "i".into(), turn: 9, position: 0 };
    let rollback = || Act::RollBack { from: "dpl_2".into(), to: "dpl_1".into() };
    let because = || "it says so".to_owned();
    let at = T0 + Span::secs(300);
    vec![
        opened(),
        joined("4711"),
        Event::ManyAgree { monitors: 20 },
        Event::FirstFailure { since: T0 },
        Event::Dismissed { because: because() },
        Event::Declared { severity: Severity::P1, because: because() },
        Event::Confirmed { quorum: quorum() },
        Event::Certain { quorum: quorum() },
        Event::Blinded { why: because() },
        Event::Sighted,
        Event::Impaired { alert: Alert::Warning, how: "answers in 900 ms, limit 500".into() },
        Event::Eased { alert: Alert::Warning },
        Event::RungReached {
            rung: 0,
            people: vec!["ann".into(), "ben".into()],
            pages: 4,
            calls: vec![],
        },
        page(ContactKind::Voice, taken()),
        Event::Acknowledged { by: "ann".into(), via: "keypad".into() },
        Event::Updated { text: "I look at the logs".into() },
        Event::SeveritySet { to: Severity::P2, because: because(), by_person: true },
        Event::Assigned { role: Role::IncidentCommander, to: "ann".into() },
        Event::LooksAsked { round: 1, looks: vec![Look::Dns, Look::Deployments] },
        Event::LookAsked { look: Look::CriticalPath },
        found(Look::ControlSite, Finding::ControlSite { reachable: true }),
        Event::LookFailed { look: Look::Standby, why: "no answer in time".into() },
        Event::Chose { choice: Choice::Act { act: rollback(), because: vec![because()] } },
        Event::ActStarted { act: rollback(), attempt: 1 },
        Event::ActSettled { operation, act: rollback(), outcome: Outcome::Done(Finding::Nothing) },
        Event::DidNotHelp { act: rollback() },
        Event::ObligationOpened { what: "undo the rollback".into() },
        Event::Recovered { at, witness: Witness::Probes },
        Event::Relapsed { since: at },
        Event::Steady { successes: 10 },
        Event::Resolved { witness: Witness::Probes, because: because() },
        Event::Reopened { because: because() },
        Event::Reported,
        Event::Purged {
            act: rollback(),
            outcome: Outcome::Done(Finding::Purged { says: because() }),
        },
        Event::Summoned { because: because(), calls: vec![call(ContactKind::Sms)] },
        said(Stage::NoAnswer, true),
        Event::Rerouted { from: ContactKind::Voice, call: call(ContactKind::Slack), rung: 0 },
        Event::Declined { by: "ann".into(), via: "sms".into() },
        Event::Answered { by: "ann".into(), via: "slack".into() },
    ]
}

fn shown(turns: &[Body<Event>]) -> String {
    timeline(turns).iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn every_event_has_words() {
    let events = one_of_each();
    assert!(events.iter().enumerate().all(|(at, event)| place(event) == at));
    let turns: Vec<_> =
        (1..).zip(events).map(|(n, e)| turn(n, i64::from(n - 1) * 61, "ann", vec![e])).collect();
    insta::assert_snapshot!(shown(&turns), @"
    14:02:40   +0:00  ALARM   incident 7: frontend looks wrong; pingdom-prod says: Home page: HTTP 502 (sender not proven)
    14:03:41   +1:01  SEEN    pingdom-prod 4711 says down: timeout
    14:04:42   +2:02  SEEN    more than 20 monitors agree; further ones are only counted
    14:05:43   +3:03  SEEN    the first probe failed at 14:02:40: the recovery clock starts there
    14:06:44   +4:04  CLEAR   no incident: it says so
    14:07:45   +5:05  ALARM   declared P1: it says so
    14:08:46   +6:06  SEEN    confirmed: 3 of 3 vantage points fail
    14:09:47   +7:07  SEEN    sure enough to act: 3 of 3 vantage points fail
    14:10:48   +8:08  ALARM   our own view is gone: it says so
    14:11:49   +9:09  SEEN    our own view is back
    14:12:50  +10:10  ALARM   impaired: answers in 900 ms, limit 500
    14:13:51  +11:11  BETTER  no longer slow
    14:14:52  +12:12  PAGE    rung 1 of the ladder: paging ann and ben
    14:15:53  +13:13  PAGE    rung 1: lead-developer by voice (code 731)
    14:16:54  +14:14  PERSON  ann has it (by keypad)
    14:17:55  +15:15  PERSON  ann says: I look at the logs
    14:18:56  +16:16  PERSON  ann set the severity to P2: it says so
    14:19:57  +17:17  PERSON  ann is now incident commander
    14:20:58  +18:18  LOOK    checking, round 1: our DNS names, recent deployments
    14:21:59  +19:19  LOOK    checking the critical path
    14:23:00  +20:20  LOOK    found: the control site is reachable
    14:24:01  +21:21  LOOK    found: could NOT check the standby (no answer in time)
    14:25:02  +22:22  DECIDE  decided to roll back dpl_2 to dpl_1: it says so
    14:26:03  +23:23  ACT     started to roll back dpl_2 to dpl_1
    14:27:04  +24:24  ACT     done: roll back dpl_2 to dpl_1
    14:28:05  +25:25  ACT     the rollback did NOT help
    14:29:06  +26:26  NOTE    still to do: undo the rollback
    14:30:07  +27:27  BETTER  answers again since 14:07:40, seen by our own probes
    14:31:08  +28:28  ALARM   failed again at 14:07:40
    14:32:09  +29:29  BETTER  steady: 10 good answers in a row
    14:33:10  +30:30  CLEAR   ALL CLEAR, seen by our own probes: it says so
    14:34:11  +31:31  ALARM   ann opened it again: it says so
    14:35:12  +32:32  NOTE    the report is written
    14:36:13  +33:33  ACT     it says so
    14:37:14  +34:34  PAGE    ann asks for lead-developer: it says so
    14:38:15  +35:35  PAGE    lead-developer by voice: no answer; trying again at once
    14:39:16  +36:36  PAGE    lead-developer could not be woken by voice: trying Slack
    14:40:17  +37:37  PERSON  ann can't (by sms): the next one is paged
    14:41:18  +38:38  PERSON  ann is coming (by slack)
    ");
}

#[test]
fn an_events_kind_is_its_name_in_the_ledger() {
    for event in one_of_each() {
        let json = serde_json::to_value(&event).unwrap();
        let name = json.as_str().or_else(|| json.as_object()?.keys().next().map(String::as_str));
        assert_eq!(name, Some(words::sort(&event).0));
    }
}

#[test]
fn like_events_close_together_are_one_line_even_when_lanes_interleave() {
    let dns = || Finding::Dns { right: true, says: "3 names".into() };
    let away = || Outcome::Never { why: "provider away".into() };
    let turns = [
        turn(1, 20, "pingdom-prod", vec![opened(), joined("1")]),
        turn(2, 21, "pingdom-prod", vec![joined("2")]),
        turn(3, 22, "prober", vec![Event::Confirmed { quorum: quorum() }]),
        turn(4, 23, "page", vec![page(ContactKind::Voice, taken())]),
        turn(5, 24, "act", vec![found(Look::Dns, dns())]),
        turn(6, 25, "page", vec![page(ContactKind::Sms, taken())]),
        turn(7, 26, "page", vec![page(ContactKind::Mail, away())]),
        turn(8, 27, "act", vec![Event::LookFailed { look: Look::Standby, why: "late".into() }]),
    ];
    insta::assert_snapshot!(shown(&turns), @"
    14:03:00   +0:20  ALARM   incident 7: frontend looks wrong; pingdom-prod says: Home page: HTTP 502 (sender not proven)
    14:03:00   +0:20  SEEN    pingdom-prod 1 and pingdom-prod 2 say down: timeout
    14:03:02   +0:22  SEEN    confirmed: 3 of 3 vantage points fail
    14:03:03   +0:23  PAGE    rung 1: lead-developer by voice and SMS (code 731)
    14:03:04   +0:24  LOOK    found: DNS is right (3 names); could NOT check the standby (late)
    14:03:06   +0:26  PAGE    rung 1: lead-developer by mail (code 731); NOT sent: provider away
    ");
}

#[test]
fn a_page_an_hour_later_is_a_line_of_its_own() {
    let turns = [
        turn(1, 0, "page", vec![page(ContactKind::Voice, taken())]),
        turn(2, 3_600, "page", vec![page(ContactKind::Sms, taken())]),
    ];
    assert_eq!(timeline(&turns).len(), 2);
}

#[test]
fn each_opening_counts_from_its_own_start() {
    let second = T0 + Span::secs(600);
    let turns = [
        turn(1, 20, "pingdom-prod", vec![opened()]),
        turn(2, 40, "prober", vec![Event::FirstFailure { since: T0 + Span::secs(30) }]),
        turn(3, 90, "prober", vec![Event::Dismissed { because: "it passed".into() }]),
        turn(4, 620, "prober", vec![opened(), Event::FirstFailure { since: second }]),
    ];
    let after: Vec<String> = timeline(&turns).iter().map(|line| elapsed(line.after)).collect();
    assert_eq!(after, ["-0:10", "+0:10", "+1:00", "+0:20", "+0:20"]);
}

#[test]
fn a_phone_number_never_reaches_a_reader() {
    for (said, shown) in [
        ("call +1 (555) 010-9999 failed", "call (number withheld) failed"),
        ("+4930123456789", "(number withheld)"),
        ("+491701234567+491701234568", "(number withheld)(number withheld)"),
        ("1 + 1, build +12, C++", "1 + 1, build +12, C++"),
        ("+", "+"),
    ] {
        assert_eq!(plain(said), shown);
    }
    let why = "no route to +1 555 010 9999".into();
    let turns = [turn(1, 0, "page", vec![page(ContactKind::Voice, Outcome::Never { why })])];
    assert!(!shown(&turns).contains("555"));
}

#[test]
fn text_from_outside_stays_on_its_line() {
    assert_eq!(plain("a\r\nb\u{1b}[2J\u{202e}c\0"), "a b [2J c");
}

#[test]
fn every_mark_has_a_short_word_of_its_own() {
    let words: std::collections::BTreeSet<_> = Mark::ALL.iter().map(|m| m.word()).collect();
    let signs: std::collections::BTreeSet<_> = Mark::ALL.iter().map(|m| m.sign()).collect();
    assert_eq!((words.len(), signs.len()), (Mark::ALL.len(), Mark::ALL.len()));
    assert!(words.iter().all(|word| word.len() <= 6));
}
