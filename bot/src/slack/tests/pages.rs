//! The timeline, lists, help, where you are, and the home tab.

use std::collections::BTreeMap;

use shared::checklist::{checklist, vendors_seen};
use shared::effect::{Act, ActClass};
use shared::incident::State;
use shared::plan::Arm;
use shared::roster::{Roster, Shift, on_call_at};
use shared::safety::{Freeze, Obligation, disarmed, dry};
use shared::timeline::Mark;

use super::*;
use crate::slack::card::linking_card;
use crate::slack::channel::{another_name, channel_name, purpose, topic};
use crate::slack::home::{House, home};
use crate::slack::room::{
    MAX_PAGES, Whereabouts, help_text, incident_list, left, notice, refusal, status,
    timeline_messages,
};
use crate::slack::steps::checklist_page;

#[test]
fn a_notice_is_read_aloud_as_it_stands() {
    insta::assert_snapshot!(seen(&notice("traffic moved, see <https://a.example> @here")), @"
    aloud: traffic moved, see &lt;https://a.example&gt; @<ZERO WIDTH>here
    » traffic moved, see &lt;https://a.example&gt; @<ZERO WIDTH>here
    ");
    insta::assert_snapshot!(seen(&refusal("our own probes still fail: it is not mitigated")), @"
    aloud: ✗ Not done: our own probes still fail: it is not mitigated
    ✗ Not done: our own probes still fail: it is not mitigated
    ");
}

#[test]
fn help_keeps_its_columns() {
    insta::assert_snapshot!(seen(&help_text("Usage: /incident [COMMAND]\n\n  ack     I have it\n  update  …\n")), @"
    aloud: ```
    Usage: /incident [COMMAND]

      ack     I have it
      update  …
    ```
    ```
    Usage: /incident [COMMAND]

      ack     I have it
      update  …
    ```
    ");
}

#[test]
fn a_timeline_fits_into_one_message_or_says_its_part() {
    let (_, lines) = story(noticed());
    let messages = timeline_messages(7, &lines);
    assert_eq!(messages.len(), 1);
    insta::assert_snapshot!(seen(&messages[0]), @"
    aloud: Timeline of incident 7
    14:02:55 +0:15 ! ALARM incident 7: frontend looks wrong; pingdom says: Home page: HTTP 502 (sender not proven)
    14:02:55 +0:15 ◆ SEEN pingdom 4711 says down: HTTP 502
    14:02:56 +0:16 ◆ SEEN the first probe failed at 14:02:40: the recovery clock starts there
    14:03:04 +0:24 ◆ SEEN uptimerobot 77 says down: HTTP 502
    14:03:11 +0:31 ◆ SEEN confirmed: 3 of 3 vantage points fail
    14:03:11 +0:31 ! ALARM declared P1: complete service outage
    14:03:11 +0:31 » PAGE rung 1 of the ladder: paging lead-developer
    14:03:11 +0:31 ? LOOK checking, round 1: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
    *Timeline of incident 7*
    `14:02:55 +0:15` ! *ALARM* incident 7: frontend looks wrong; pingdom says: Home page: HTTP 502 (sender not proven)
    `14:02:55 +0:15` ◆ *SEEN* pingdom 4711 says down: HTTP 502
    `14:02:56 +0:16` ◆ *SEEN* the first probe failed at 14:02:40: the recovery clock starts there
    `14:03:04 +0:24` ◆ *SEEN* uptimerobot 77 says down: HTTP 502
    `14:03:11 +0:31` ◆ *SEEN* confirmed: 3 of 3 vantage points fail
    `14:03:11 +0:31` ! *ALARM* declared P1: complete service outage
    `14:03:11 +0:31` » *PAGE* rung 1 of the ladder: paging lead-developer
    `14:03:11 +0:31` ? *LOOK* checking, round 1: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
    ");
}

#[test]
fn a_very_long_timeline_shows_its_newest_part_and_names_the_rest() {
    let line = |n: u32| Line {
        at: T0,
        after: Span::ZERO,
        turn: n,
        mark: Mark::Person,
        actor: "lead-developer".into(),
        text: format!("line {n}: {}", "word ".repeat(100)),
        event_kind: "updated",
    };
    let lines: Vec<Line> = (1..=200).map(line).collect();
    let messages = timeline_messages(7, &lines);
    assert_eq!(messages.len(), MAX_PAGES);
    let texts: Vec<String> = messages.iter().map(seen).collect();
    assert!(texts[0].starts_with("aloud: Timeline of incident 7, part 1 of 10; "), "{}", texts[0]);
    let shown = texts.iter().map(|text| text.matches("*PERSON* line").count()).sum::<usize>();
    let left_out = 200 - shown;
    assert!(texts[0].contains(&format!("; {left_out} earlier lines")), "{}", texts[0]);
    assert!(texts[9].contains("line 200:"));
    let (first, last) =
        (texts[0].find(&format!("line {}:", left_out + 1)), texts[0].find("line 200:"));
    assert!(first.is_some() && last.is_none());
}

#[test]
fn a_list_shows_each_incident_with_its_button() {
    let (incident, _) = up_to(110);
    let (over, _) = up_to(1_300);
    let world = World::new();
    let rows = [incident.summary(T0), over.summary(T0 + Span::secs(1_274))];
    insta::assert_snapshot!(seen(&incident_list(&rows, world.at(1_300))), @"
    aloud: Incident 7 ! open · P1 · Application Frontend, for 21 min 40 s
    Incident 7 ✓ resolved · P1 · Application Frontend, took 21 min 14 s, began 21 min 40 s ago
    *Incident 7* ! open · P1 · Application Frontend, for 21 min 40 s [Show the card] show:7
    *Incident 7* ✓ resolved · P1 · Application Frontend, took 21 min 14 s, began 21 min 40 s ago [Show the card] show:7
    ");
    assert!(seen(&incident_list(&[], world.at(0))).contains("All clear"));
}

#[test]
fn a_bare_command_says_where_you_are_and_what_you_can_do() {
    let world = World::new();
    let (incident, _) = up_to(40);
    let live = [&incident];
    let who = world.plan.person(&"senior-developer".into());
    let shift = on_call_at(&world.plan, &Roster::default(), T0);
    let mut at = Whereabouts {
        who,
        here: None,
        live: &live,
        operations: &world.operations,
        shift: shift.as_ref(),
    };
    insta::assert_snapshot!(seen(&status(&at, world.at(40))), @"
    aloud: This is no incident's room. You are senior-developer, second on call.
    ! P1 · Application Frontend down · incident 7: 14:20 left of 15:00; nobody has it yet; rung 2 of the ladder in 1 min 51 s
    Next: /incident ack 7, /incident help
    This is no incident's room. You are senior-developer, second on call.
    *! P1 · Application Frontend down · incident 7*
    14:20 left of 15:00; nobody has it yet; rung 2 of the ladder in 1 min 51 s [Acknowledge] acknowledge:7
    ~ Next: `/incident ack 7`, `/incident help`
    [Declare an incident] declare
    ");
    let stands_in =
        Shift { primary: "senior-developer".into(), backup: None, since: None, until: None };
    at.shift = Some(&stands_in);
    let text = seen(&status(&at, world.at(40)));
    assert!(text.contains("You are senior-developer, first on call"), "{text}");
    at.who = None;
    at.here = Some(&incident);
    let text = seen(&status(&at, world.at(40)));
    assert!(text.contains("This is the room of incident 7. You are not in the plan"), "{text}");
    at.live = &[];
    at.here = None;
    assert!(seen(&status(&at, world.at(40))).contains("All clear"));
}

#[test]
fn the_home_tab_is_honest() {
    let mut world = World::new();
    let (incident, _) = up_to(110);
    world.plan.arming.rollback = Arm::Armed;
    for person in &mut world.plan.people {
        let named = ("Ada".to_owned(), "+15550104477".to_owned(), "ada@example.com".to_owned());
        (person.name, person.phone, person.email) = named;
    }
    let now = T0 + Span::secs(110);
    let proofs = BTreeMap::from([(ActClass::Rollback, now)]);
    world.standing.dry = dry(&world.plan);
    world.standing.disarmed = disarmed(&world.plan, &proofs, now);
    world.standing.frozen = Some(Freeze { by: "ada".into(), why: "moving house".into() });
    let open = Obligation { act: Act::FailOver, since: T0, reminded: T0 };
    world.standing.obligations.insert(ActClass::Failover, open);
    let backups = BTreeMap::from([
        ("database".to_owned(), T0 - Span::hours(7)),
        ("configuration".to_owned(), T0),
    ]);
    let live = [&incident];
    let shift = on_call_at(&world.plan, &Roster::default(), now);
    let house = House {
        live: &live,
        operations: &world.operations,
        shift: shift.as_ref(),
        backups: &backups,
    };
    let view = serde_json::to_value(slack_morphism::prelude::SlackView::Home(home(
        &house,
        world.scene(now),
    )));
    let view = view.unwrap();
    limits::judge_home(&view);
    insta::assert_snapshot!(drawn::blocks(&view["blocks"]), @r#"
    # Concierge Transaction Flow
    ■ *FROZEN* by ada: moving house. Nothing acts until `/incident unfreeze`
    *! P1 · Application Frontend down · incident 7*
    13:10 left of 15:00; lead-developer has it [Mitigated] mitigated:7
    [Declare an incident] declare
    [Allow actions again] danger unfreeze
       asks: Allow actions again? What is armed may act again. Frozen by ada: moving house [Allow actions again/Not now]
    ----
    *Who may act*
    ○ rollback: dry run for everyone: Amazon Route 53 has no support contact
    ○ failover: dry run for everyone: the plan says dry-run
    ○ restart: dry run for everyone: the plan says dry-run
    *On call, in this order*
    1. devops-engineer, DevOps Engineer
    2. senior-developer, Senior Developer
    3. lead-developer, Lead Developer
    *Still to do*
    ☐ traffic is on the standby: plan `allclear failback "why"` (since 1 min 50 s ago)
    ☐ incident 7: new deployments do not go live until the rollback is undone
    *Backups*
    ✗ database: 7 h 1 min old, TOO OLD (RPO 5 min)
    ? application-code: not measured yet (no limit in the plan)
    ✓ configuration: 1 min 50 s old (made every 7 d)
    ~ As of 2026-11-22T14:04:30Z
    "#);
}

fn runbook(world: &World, seconds: i64) -> String {
    let beats = outage().into_iter().filter(|(after, ..)| *after <= seconds).collect();
    let (incident, turns) = told(beats);
    let now = T0 + Span::secs(seconds);
    let list = checklist(&world.plan, &incident, &turns, &world.operations, now);
    seen(&checklist_page(&list, &vendors_seen(&turns), &world.plan))
}

#[test]
fn a_checklist_says_what_is_done_and_what_is_late() {
    let world = World::new();
    insta::assert_snapshot!(runbook(&world, 20), @"
    aloud: Runbook: Partial degradation
    · Identify the affected components: due, by 14:07:40
    · Restart or rebuild the component: due, by 14:17:40
    · Watch the recovery until evidence says all clear: due, by 14:32:40
    Providers: not looked at yet
    *Runbook: Partial degradation*
    · Identify the affected components: *due, by 14:07:40*
    · Restart or rebuild the component: *due, by 14:17:40*
    · Watch the recovery until evidence says all clear: *due, by 14:32:40*
    ~ Providers: not looked at yet
    ");
    insta::assert_snapshot!(runbook(&world, 110), @"
    aloud: Runbook: Complete application outage
    ✓ Check the status pages of Vercel and Supabase: done 14:03:13
    ✓ Check what the name servers answer: done 14:03:14
    ✓ List the recent deployments: done 14:03:14
    ✓ Check that migrations since the target deployment only added things: done 14:03:14
    ✓ Roll back to the last deployment proven healthy: done 14:04:17
    · Check the standby, then point DNS at it: due, by 14:17:40
    · Verify health, critical user flows and error rates: due, by 14:17:40
    @ If both failed: tell the incident commander, and touch no data (people): people's, by 14:17:40
    @ Allow new deployments to go live again (people): people's, within 1 d
    Providers: ✓ Supabase works (14:03:13 UTC: All Systems Operational); ✓ Vercel works (14:03:13 UTC: All Systems Operational)
    *Runbook: Complete application outage*
    ✓ Check the status pages of Vercel and Supabase: *done 14:03:13*
    ✓ Check what the name servers answer: *done 14:03:14*
    ✓ List the recent deployments: *done 14:03:14*
    ✓ Check that migrations since the target deployment only added things: *done 14:03:14*
    ✓ Roll back to the last deployment proven healthy: *done 14:04:17*
    · Check the standby, then point DNS at it: *due, by 14:17:40*
    · Verify health, critical user flows and error rates: *due, by 14:17:40*
    @ If both failed: tell the incident commander, and touch no data (people): *people's, by 14:17:40*
    @ Allow new deployments to go live again (people): *people's, within 1 d*
    ~ Providers: ✓ Supabase works (14:03:13 UTC: All Systems Operational); ✓ Vercel works (14:03:13 UTC: All Systems Operational)
    ");
    insta::assert_snapshot!(runbook(&world, 1_300), @"
    aloud: Runbook: Complete application outage
    ✓ Check the status pages of Vercel and Supabase: done 14:07:25
    ✓ Check what the name servers answer: done 14:07:26
    ✓ List the recent deployments: done 14:07:26
    ✓ Check that migrations since the target deployment only added things: done 14:07:26
    ✗ Roll back to the last deployment proven healthy: did not work, 14:07:24: it did not help
    ✗ Check the standby, then point DNS at it: did not work, 14:07:49: 2 of 2 authoritative servers, 5 of 6 resolvers
    ✓ Verify health, critical user flows and error rates: done 14:23:54, late: by 14:17:40
    @ If both failed: tell the incident commander, and touch no data (people): people's, by 14:17:40
    @ Allow new deployments to go live again (people): people's, within 1 d
    Providers: ✓ Supabase works (14:07:25 UTC: All Systems Operational); ✓ Vercel works (14:07:25 UTC: All Systems Operational)
    *Runbook: Complete application outage*
    ✓ Check the status pages of Vercel and Supabase: *done 14:07:25*
    ✓ Check what the name servers answer: *done 14:07:26*
    ✓ List the recent deployments: *done 14:07:26*
    ✓ Check that migrations since the target deployment only added things: *done 14:07:26*
    ✗ Roll back to the last deployment proven healthy: *did not work, 14:07:24: it did not help*
    ✗ Check the standby, then point DNS at it: *did not work, 14:07:49: 2 of 2 authoritative servers, 5 of 6 resolvers*
    ✓ Verify health, critical user flows and error rates: *done 14:23:54, late: by 14:17:40*
    @ If both failed: tell the incident commander, and touch no data (people): *people's, by 14:17:40*
    @ Allow new deployments to go live again (people): *people's, within 1 d*
    ~ Providers: ✓ Supabase works (14:07:25 UTC: All Systems Operational); ✓ Vercel works (14:07:25 UTC: All Systems Operational)
    ");
}

#[test]
fn a_channel_that_is_left_or_was_never_had_says_why() {
    insta::assert_snapshot!(seen(&left(Some(&"C7".into()), "is_archived")), @"
    aloud: » <#C7> can't be used any more (Slack says is_archived): what happens is told here.
    » <#C7> can't be used any more (Slack says `is_archived`): what happens is told here.
    ");
    insta::assert_snapshot!(seen(&left(None, "missing_scope")), @"
    aloud: » This incident gets no channel of its own (Slack says missing_scope): what happens is told here.
    » This incident gets no channel of its own (Slack says `missing_scope`): what happens is told here.
    ");
}

#[test]
fn the_card_shows_the_way_to_the_channel() {
    let (incident, lines) = up_to(110);
    let world = World::new();
    let card = seen(&linking_card(&incident, &lines, world.at(110), Some(&"C7".into())));
    assert!(card.contains("\n~ Channel: <#C7>\n"), "{card}");
    assert!(
        card.lines().next().unwrap().ends_with("As of 14:04:30 UTC. Channel: <#C7>."),
        "{card}"
    );
}

#[test]
fn a_channel_has_a_name_that_slack_takes() {
    let (mut incident, _) = up_to(110);
    let mut world = World::new();
    assert_eq!(channel_name(&incident, &world.plan), "inc-20261122-7-application-frontend");
    assert_eq!(
        another_name("inc-20261122-7-application-frontend", 1),
        "inc-20261122-7-application-frontend-2"
    );
    let text = "! open, P1 · Application Frontend · incident commander: lead-developer · commands: /incident help";
    assert_eq!(topic(&incident, &world.plan), text);
    world.plan.components[0].name = "Бронирование — «Рейсы»".into();
    assert_eq!(channel_name(&incident, &world.plan), "inc-20261122-7-frontend");
    world.plan.components[0].name = "Very long & <odd> name ".repeat(9);
    let name = channel_name(&incident, &world.plan);
    assert!(
        name.len() <= 80 && name.starts_with("inc-20261122-7-very-long-odd-name-very"),
        "{name}"
    );
    assert!(another_name(&name, 41).len() <= 80 && another_name(&name, 41).ends_with("-42"));
    assert!(purpose(&incident, &world.plan).encode_utf16().count() <= 250);
    assert!(purpose(&incident, &world.plan).ends_with(incident.id.as_str()));
    incident.state = State::Resolved;
    assert!(topic(&incident, &world.plan).encode_utf16().count() <= 250);
}
