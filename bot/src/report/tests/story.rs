//! One whole incident for the tests of every face: a rollback that doesn't help, a failover whose reply is lost, and
//! the all clear. The turns are sealed and verified like those of a store.

use serde_json::json;
use shared::effect::{Act, Deployment, Finding, Look, Outcome, Page, Preflight};
use shared::id::EffectKey;
use shared::incident::{Choice, Event, Incident, Role, Sign, Witness};
use shared::ledger::{Body, Hash, seal, verify};
use shared::plan::{Alert, ContactKind, Plan, Severity, built_in_text, read};
use shared::signal::{Health, Trust};
use shared::time::{Span, Ts};

use crate::report::{Promise, Report};

/// The first failing probe: 2026-11-22T14:02:40Z.
pub(crate) const T0: Ts = Ts(1_795_356_160_000);

/// What happened in one turn: seconds after T0, who, what.
pub(crate) type Beat = (i64, &'static str, Vec<Event>);

pub(crate) fn plan() -> Plan {
    read::read("plan.toml", built_in_text()).unwrap()
}

/// Seals beats into turns, verifies them, and folds the incident.
pub(crate) fn told(beats: Vec<Beat>) -> (Incident, Vec<Body<Event>>) {
    let mut previous = Hash::default();
    let mut sealed = Vec::new();
    for (turn, (after, actor, events)) in (1..).zip(beats) {
        let body = Body {
            stream: "outage".into(),
            turn,
            at: T0 + Span::secs(after),
            actor: actor.into(),
            key: turn.to_string().into(),
            events,
            owes: vec![],
            settles: None,
        };
        let turn = seal(&previous, &body).unwrap();
        previous = turn.hash;
        sealed.push(turn);
    }
    let turns = verify(&"outage".into(), &sealed).unwrap();
    let mut incident = Incident::unborn("outage".into());
    for (body, sealed) in turns.iter().zip(&sealed) {
        incident.apply_turn(body, sealed.hash);
    }
    (incident, turns)
}

/// The report on the whole story.
pub(crate) fn report() -> Report {
    let (incident, turns) = told(outage());
    Report::of(&plan(), incident, &turns)
}

pub(crate) fn promises() -> Vec<Promise> {
    let promise = |name: &'static str, kept, says: &str| Promise { name, kept, says: says.into() };
    vec![
        promise("no page is lost", true, "2 of 2 pages were taken"),
        promise("recovered within the RTO", true, "6 min 8 s of 15 min"),
        promise("no data is lost", false, "the standby's data was 40 s old"),
    ]
}

/// The whole story.
pub(crate) fn outage() -> Vec<Beat> {
    [noticed(), woken(), rolled_back(), failed_over(), ended()].concat()
}

/// Up to the declaration.
pub(crate) fn noticed() -> Vec<Beat> {
    let sign = Sign {
        source: "pingdom".into(),
        says: "Home page: HTTP 502".into(),
        trust: Trust::Unauthenticated,
    };
    let opened =
        Event::Opened { number: 7, component: "frontend".into(), since: T0 + Span::secs(12), sign };
    let because = "complete service outage".into();
    let people = vec!["lead-developer".into()];
    vec![
        (15, "pingdom", vec![opened, joined("pingdom", "4711")]),
        (16, "prober", vec![Event::FirstFailure { since: T0 }]),
        (24, "uptimerobot", vec![joined("uptimerobot", "77")]),
        (
            31,
            "prober",
            vec![
                Event::Confirmed { quorum: quorum() },
                Event::Declared { severity: Severity::P1, because },
                Event::RungReached { rung: 0, people, pages: 2, calls: vec![] },
                Event::LooksAsked { round: 1, looks: looks() },
            ],
        ),
    ]
}

fn woken() -> Vec<Beat> {
    let by = || "lead-developer".into();
    let code = Incident::unborn("outage".into()).page_code(&by());
    let paged = |kind, provider: &str| Event::Paged {
        page: Page {
            person: by(),
            by: kind,
            code,
            copy: 1,
            rung: 0,
            incident: 7,
            severity: Severity::P1,
            component: "frontend".into(),
            not_before: None,
            test: false,
        },
        outcome: Outcome::Done(Finding::Sent { provider: provider.into(), receipt: "r".into() }),
        key: None,
        again: false,
    };
    let mut beats: Vec<Beat> = vec![(32, "page", vec![paged(ContactKind::Voice, "telco")])];
    beats.extend(findings(33));
    beats.push((35, "page", vec![paged(ContactKind::Sms, "telco")]));
    beats.push((
        75,
        "lead-developer",
        vec![
            Event::Acknowledged { by: by(), via: "keypad".into() },
            Event::Assigned { role: Role::IncidentCommander, to: by() },
        ],
    ));
    beats
}

fn rolled_back() -> Vec<Beat> {
    let act = || Act::RollBack { from: "dpl_81".into(), to: "dpl_80".into() };
    let because = vec!["dpl_81 went live 4 min before the outage".into()];
    let settled = Event::ActSettled {
        operation: key(1),
        act: act(),
        outcome: Outcome::Done(Finding::Nothing),
    };
    let says = "3 of 3 names serve dpl_80".into();
    let verified = Finding::Verified { whole: true, says, tail: vec![] };
    vec![
        (
            92,
            "prober",
            vec![
                Event::Certain { quorum: quorum() },
                Event::Chose { choice: Choice::Act { act: act(), because } },
                Event::ActStarted { act: act(), attempt: 1 },
            ],
        ),
        (97, "act", vec![settled, Event::LookAsked { look: Look::Verify(act()) }, owed(&act())]),
        (104, "act", vec![found(Look::Verify(act()), verified)]),
    ]
}

fn failed_over() -> Vec<Beat> {
    let because =
        vec!["the rollback did not bring it back".into(), "the standby is healthy".into()];
    let lost = Outcome::Unknown { why: "no reply within 10 s".into() };
    let read_back = || Look::ReadBack { operation: key(2), act: Act::FailOver };
    let says = "2 of 2 authoritative servers, 5 of 6 resolvers".into();
    let act = Act::RollBack { from: "dpl_81".into(), to: "dpl_80".into() };
    let round = Event::LooksAsked { round: 2, looks: looks() };
    let mut beats: Vec<Beat> = vec![(284, "timer", vec![Event::DidNotHelp { act }, round])];
    beats.extend(findings(285));
    beats.extend([
        (
            288,
            "act",
            vec![
                Event::Chose { choice: Choice::Act { act: Act::FailOver, because } },
                Event::ActStarted { act: Act::FailOver, attempt: 1 },
            ],
        ),
        (
            299,
            "act",
            vec![
                Event::ActSettled { operation: key(2), act: Act::FailOver, outcome: lost },
                Event::LookAsked { look: read_back() },
            ],
        ),
        (
            303,
            "act",
            vec![
                found(read_back(), Finding::ReadBack { applied: true }),
                Event::LookAsked { look: Look::Verify(Act::FailOver) },
                owed(&Act::FailOver),
            ],
        ),
        (
            309,
            "act",
            vec![found(
                Look::Verify(Act::FailOver),
                Finding::Verified { whole: false, says, tail: vec![] },
            )],
        ),
    ]);
    beats
}

fn ended() -> Vec<Beat> {
    let text = "Logins work again, I watch the error rate".into();
    let says = "log in, open a transaction, sign out";
    let path = Finding::CriticalPath { passed: true, says: says.into() };
    let because = format!("steady for 15 min, {says}");
    vec![
        (
            370,
            "prober",
            vec![Event::Recovered { at: T0 + Span::secs(368), witness: Witness::Probes }],
        ),
        (431, "lead-developer", vec![Event::Updated { text }]),
        (
            1_268,
            "prober",
            vec![Event::Steady { successes: 90 }, Event::LookAsked { look: Look::CriticalPath }],
        ),
        (
            1_274,
            "act",
            vec![
                found(Look::CriticalPath, path),
                Event::Resolved { witness: Witness::Probes, because },
            ],
        ),
    ]
}

fn quorum() -> shared::detect::Quorum {
    let votes = json!({
        "fresh": 3, "failing": 3, "total": 3, "lost": 0, "in_row": 9, "since": T0, "held_since": T0,
    });
    serde_json::from_value(votes).unwrap()
}

fn key(position: u16) -> EffectKey {
    EffectKey { stream: "outage".into(), turn: 9, position }
}

fn joined(source: &str, monitor: &str) -> Event {
    Event::Joined {
        source: source.into(),
        monitor: monitor.into(),
        health: Health::Down,
        trust: Trust::Signed,
        alert: Alert::Critical,
        reason: Some("HTTP 502".into()),
    }
}

fn owed(act: &Act) -> Event {
    let what = match act {
        Act::FailOver => "traffic stays on the standby until a person plans the failback",
        _ => "new deployments do not go live until the rollback is undone",
    };
    Event::ObligationOpened { what: what.into() }
}

fn found(look: Look, finding: Finding) -> Event {
    Event::Found { look, finding }
}

fn looks() -> Vec<Look> {
    let mut looks =
        vec![Look::VendorStatus("vercel".into()), Look::VendorStatus("supabase".into())];
    looks.extend([Look::ControlSite, Look::Dns, Look::Deployments, Look::Standby]);
    looks
}

/// One turn a look, a fraction of a second apart in truth, a second here.
fn findings(after: i64) -> Vec<Beat> {
    let vendor = |vendor: &str| Finding::Vendor {
        vendor: vendor.into(),
        working: true,
        says: "All Systems Operational".into(),
    };
    let deployment = |id: &str, minutes, current| Deployment {
        id: id.into(),
        live_at: T0 - Span::mins(minutes),
        current,
        candidate: true,
        proven: !current,
        schema_compatible: Some(true),
        commit: None,
        by: None,
    };
    let standby = Preflight {
        answers: true,
        certificate_life: Span::days(60),
        database: true,
        data_age: Span::secs(40),
        build: None,
    };
    let seen = [
        vendor("vercel"),
        vendor("supabase"),
        Finding::ControlSite { reachable: true },
        Finding::Dns { right: true, says: "3 of 3 names".into() },
        Finding::Deployments(vec![deployment("dpl_81", 4, true), deployment("dpl_80", 900, false)]),
        Finding::Standby(standby),
    ];
    let pairs = looks().into_iter().zip(seen);
    let beat = |(n, (look, finding)): (i64, _)| (after + n / 3, "act", vec![found(look, finding)]);
    (0_i64..).zip(pairs).map(beat).collect()
}
