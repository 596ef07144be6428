//! Who is on call, on the days when clocks change and on all others.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::plan::{OnCall, Plan, Zone, built_in_text, read};
use crate::time::Span;

fn plan(on_call: &str) -> Plan {
    let mut plan = read::read("plan.toml", built_in_text()).unwrap();
    plan.on_call = Some(toml::from_str(on_call).unwrap());
    plan
}

/// Three people, weekly on Sundays at 02:30: on the two days of the year when that time is skipped or comes twice.
fn weekly(zone: &str) -> Plan {
    plan(&format!(
        "zone = \"{zone}\"\npeople = [\"devops-engineer\", \"senior-developer\", \"lead-developer\"]\n\
         start = \"2026-01-04\"\nhand_over = \"02:30\"\ndays = 7"
    ))
}

fn on_call(plan: &mut Plan) -> &mut OnCall {
    plan.on_call.as_mut().unwrap()
}

fn at(text: &str) -> Ts {
    text.parse().unwrap()
}

/// The shifts around a moment: each with its length and the clocks at its ends.
fn shown(plan: &Plan, roster: &Roster, from: &str, count: usize) -> String {
    let zone = plan.on_call.as_ref().map_or(Zone::UTC, |it| it.zone.clone());
    let clock = |at: Ts| zone.at(at).strftime("%a %Y-%m-%d %H:%M").to_string();
    let mut text = String::new();
    for shift in shifts(plan, roster, at(from)).take(count) {
        let (since, until) = (shift.since.unwrap(), shift.until.unwrap());
        let backup = shift.backup.unwrap();
        writeln!(text, "{} + {backup}", shift.primary).unwrap();
        writeln!(
            text,
            "  {} to {} ({} min)",
            clock(since),
            clock(until),
            (until - since).0 / 60_000
        )
        .unwrap();
    }
    text
}

#[test]
fn a_hand_over_that_does_not_exist_comes_as_much_later() {
    let none = Roster::default();
    insta::assert_snapshot!(shown(&weekly("America/New_York"), &none, "2026-03-05T12:00:00Z", 2), @"
    lead-developer + devops-engineer
      Sun 2026-03-01 02:30 to Sun 2026-03-08 03:30 (10080 min)
    devops-engineer + senior-developer
      Sun 2026-03-08 03:30 to Sun 2026-03-15 02:30 (10020 min)
    ");
    insta::assert_snapshot!(shown(&weekly("Europe/Berlin"), &none, "2026-03-26T12:00:00Z", 2), @"
    lead-developer + devops-engineer
      Sun 2026-03-22 02:30 to Sun 2026-03-29 03:30 (10080 min)
    devops-engineer + senior-developer
      Sun 2026-03-29 03:30 to Sun 2026-04-05 02:30 (10020 min)
    ");
    // Lord Howe sets its clocks forward by half an hour, from 02:00 to 02:30.
    insta::assert_snapshot!(shown(&weekly("Australia/Lord_Howe"), &none, "2026-10-01T12:00:00Z", 2), @"
    lead-developer + devops-engineer
      Sun 2026-09-27 02:30 to Sun 2026-10-04 02:30 (10050 min)
    devops-engineer + senior-developer
      Sun 2026-10-04 02:30 to Sun 2026-10-11 02:30 (10080 min)
    ");
}

#[test]
fn a_hand_over_that_comes_twice_comes_the_first_time() {
    let none = Roster::default();
    let early = |zone| {
        let mut plan = weekly(zone);
        on_call(&mut plan).hand_over = serde_json::from_str("\"01:45\"").unwrap();
        plan
    };
    insta::assert_snapshot!(shown(&early("America/New_York"), &none, "2026-10-29T12:00:00Z", 2), @"
    devops-engineer + senior-developer
      Sun 2026-10-25 01:45 to Sun 2026-11-01 01:45 (10080 min)
    senior-developer + lead-developer
      Sun 2026-11-01 01:45 to Sun 2026-11-08 01:45 (10140 min)
    ");
    insta::assert_snapshot!(shown(&weekly("Europe/Berlin"), &none, "2026-10-22T12:00:00Z", 2), @"
    lead-developer + devops-engineer
      Sun 2026-10-18 02:30 to Sun 2026-10-25 02:30 (10080 min)
    devops-engineer + senior-developer
      Sun 2026-10-25 02:30 to Sun 2026-11-01 02:30 (10140 min)
    ");
    insta::assert_snapshot!(shown(&early("Australia/Lord_Howe"), &none, "2026-04-01T12:00:00Z", 2), @"
    devops-engineer + senior-developer
      Sun 2026-03-29 01:45 to Sun 2026-04-05 01:45 (10080 min)
    senior-developer + lead-developer
      Sun 2026-04-05 01:45 to Sun 2026-04-12 01:45 (10110 min)
    ");
}

#[test]
fn holidays_and_overrides_are_shifts_of_their_own() {
    let mut plan = weekly("Europe/Berlin");
    let day = |text: &str| crate::plan::Date(text.parse().unwrap());
    on_call(&mut plan).holidays.push(crate::plan::Holiday {
        person: Some("lead-developer".into()),
        from: day("2026-06-15"),
        until: day("2026-06-16"),
        substitute: "devops-engineer".into(),
    });
    on_call(&mut plan).overrides.push(crate::plan::Override {
        person: "project-manager".into(),
        from: "2026-06-18 18:00".parse().unwrap(),
        until: "2026-06-19 06:00".parse().unwrap(),
    });
    insta::assert_snapshot!(shown(&plan, &Roster::default(), "2026-06-14T12:00:00Z", 6), @"
    lead-developer + devops-engineer
      Sun 2026-06-14 02:30 to Mon 2026-06-15 00:00 (1290 min)
    devops-engineer + senior-developer
      Mon 2026-06-15 00:00 to Wed 2026-06-17 00:00 (2880 min)
    lead-developer + devops-engineer
      Wed 2026-06-17 00:00 to Thu 2026-06-18 18:00 (2520 min)
    project-manager + devops-engineer
      Thu 2026-06-18 18:00 to Fri 2026-06-19 06:00 (720 min)
    lead-developer + devops-engineer
      Fri 2026-06-19 06:00 to Sun 2026-06-21 02:30 (2670 min)
    devops-engineer + senior-developer
      Sun 2026-06-21 02:30 to Sun 2026-06-28 02:30 (10080 min)
    ");
}

#[test]
fn whoever_stands_in_is_on_call_and_everything_is_on_record() {
    let plan = weekly("UTC");
    let mut roster = Roster::default();
    let (by, via) = ("lead-developer".into(), "terminal".into());
    let now = at("2026-06-16T08:00:00Z");
    let mut turn = 0;
    let mut say = |roster: &mut Roster, wish: RosterWish| {
        let events = decide(&plan, roster, &by, &via, &wish, now)?;
        turn += 1;
        let body = Body {
            stream: ROSTER_STREAM.into(),
            turn,
            at: now,
            actor: "lead-developer".into(),
            key: "k".into(),
            events: events.clone(),
            owes: vec![],
            settles: None,
        };
        let stored = serde_json::to_string(&body).unwrap();
        roster.apply_turn(&serde_json::from_str(&stored).unwrap(), Hash::default());
        Ok::<_, Refusal>(())
    };
    let (from, until) = (at("2026-06-16T18:00:00Z"), at("2026-06-17T06:00:00Z"));
    let cover = |person: &str, until| RosterWish::Cover { person: person.into(), from, until };
    say(&mut roster, cover("project-manager", until)).unwrap();
    insta::assert_snapshot!(shown(&plan, &roster, "2026-06-16T12:00:00Z", 3), @"
    lead-developer + devops-engineer
      Sun 2026-06-14 02:30 to Tue 2026-06-16 18:00 (3810 min)
    project-manager + devops-engineer
      Tue 2026-06-16 18:00 to Wed 2026-06-17 06:00 (720 min)
    lead-developer + devops-engineer
      Wed 2026-06-17 06:00 to Sun 2026-06-21 02:30 (5550 min)
    ");
    insta::assert_snapshot!(say(&mut roster, cover("nobody", until)).unwrap_err(), @"nobody is not in the plan: add them under [[people]] in plan.toml");
    insta::assert_snapshot!(say(&mut roster, cover("project-manager", from)).unwrap_err(), @"it ends at 2026-06-16T18:00:00Z: write an end that is later than 2026-06-16T18:00:00Z");
    insta::assert_snapshot!(
        say(&mut roster, cover("project-manager", from + Span::days(90))).unwrap_err(), @"90 d is too long to stand in: change [on_call] in plan.toml");
    insta::assert_snapshot!(say(&mut roster, RosterWish::Uncover { number: 9 }).unwrap_err(), @"nobody stands in under number 9: `oncall` shows who does");
    say(&mut roster, RosterWish::Uncover { number: 1 }).unwrap();
    let shift = on_call_at(&plan, &roster, from).unwrap();
    assert_eq!(shift.primary.as_str(), "lead-developer");
}

#[test]
fn without_a_rotation_the_roles_order_counts() {
    let mut plan = weekly("UTC");
    plan.on_call = None;
    let shift = on_call_at(&plan, &Roster::default(), Ts(0)).unwrap();
    assert_eq!(shift.primary, plan.roles.on_call[0]);
    assert_eq!(shift.backup.as_ref(), plan.roles.on_call.get(1));
    assert_eq!((shift.since, shift.until), (None, None));
}

fn zones() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "America/New_York",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Asia/Kathmandu",
        "UTC",
    ])
}

proptest! {
    /// No gap, no overlap, and nobody is their own backup: whatever the zone, the hour and the exceptions.
    #[test]
    fn every_moment_has_exactly_one_primary_and_another_backup(
        zone in zones(),
        (hour, minute) in (0_i8..24, 0_i8..60),
        days in 1_u32..15,
        now in -2_000_000_000_000_i64..4_000_000_000_000,
        absent in proptest::collection::vec((0_usize..5, 0_usize..5, 0_i32..700, 0_i32..20), 0..4),
        covers in proptest::collection::vec((0_usize..5, -20_i64..20, 1_i64..100), 0..3),
    ) {
        let mut plan = weekly(zone);
        let people: Vec<PersonId> = plan.people.iter().map(|it| it.id.clone()).collect();
        let it = on_call(&mut plan);
        it.hand_over = crate::plan::Clock(jiff::civil::time(hour, minute, 0, 0));
        it.days = days;
        let today = it.zone.at(Ts(now)).date();
        it.holidays = absent.into_iter().map(|(who, substitute, after, long)| {
            let from = today.checked_add(jiff::Span::new().days(after % 10 - 5)).unwrap();
            crate::plan::Holiday {
                person: (who != substitute).then(|| people[who].clone()),
                from: crate::plan::Date(from),
                until: crate::plan::Date(from.checked_add(jiff::Span::new().days(long)).unwrap()),
                substitute: people[substitute].clone(),
            }
        }).collect();
        let roster = Roster {
            covers: (1..).zip(covers).map(|(number, (who, from, long))| Cover {
                number,
                person: people[who].clone(),
                from: Ts(now) + Span::hours(from),
                until: Ts(now) + Span::hours(from + long),
                by: people[0].clone(),
            }).collect(),
            ..Roster::default()
        };
        let mut moment = Ts(now);
        for _ in 0..20 {
            let shift = on_call_at(&plan, &roster, moment).unwrap();
            let (since, until) = (shift.since.unwrap(), shift.until.unwrap());
            prop_assert!(since <= moment && moment < until);
            prop_assert!(shift.backup.as_ref().is_some_and(|backup| *backup != shift.primary));
            // Whoever looks at any moment of it sees the same shift.
            for look in [since, Ts(i64::midpoint(since.0, until.0)), Ts(until.0 - 1)] {
                prop_assert_eq!(on_call_at(&plan, &roster, look), Some(shift.clone()));
            }
            moment = until;
        }
    }
}
