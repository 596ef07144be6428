//! Each card at each of its moments.

use shared::effect::{Act, Change};
use shared::operation::{
    Ending, Gate, Line, OPERATIONS_STREAM, Operation, Proposal, Stage, Verdict,
};
use shared::safety::{Freeze, dry};
use shared::time::Span;

use super::*;
use crate::slack::card::{brief, incident_card};
use crate::slack::operation::operation_card;

fn card(world: &World, seconds: i64) -> String {
    let (incident, lines) = up_to(seconds);
    seen(&incident_card(&incident, &lines, world.at(seconds)))
}

#[test]
fn a_p1_nobody_has_yet() {
    insta::assert_snapshot!(card(&World::new(), 40), @"
    aloud: ! P1 · Application Frontend down · incident 7. Status open: 14:20 left of 15:00. nobody has it yet; rung 2 of the ladder in 1 min 51 s. Incident commander: nobody yet. Machines: everything is checked; the evidence does not suffice yet. Last evidence: confirmed: 3 of 3 vantage points fail, 14:03:11 UTC. Severity because: complete service outage. As of 14:03:20 UTC.
    # ! P1 · Application Frontend down · incident 7
    complete service outage
    | *Severity:* P1
    | *Status:* ! open
    | *Incident commander:* nobody yet
    | *Since the first failing probe:* 0:40 (14:02:40)
    | *Time to recover:* 14:20 left of 15:00
    | *People:* nobody has it yet; rung 2 of the ladder in 1 min 51 s
    | *Machines:* everything is checked; the evidence does not suffice yet
    ~ Last evidence: confirmed: 3 of 3 vantage points fail, 14:03:11 UTC
    ~ As of 14:03:20 UTC
    [Acknowledge] primary acknowledge:7
    [Set the severity] severity:7
    [Plan a rollback] danger plan-rollback:7
       asks: Plan a rollback? This plans a rollback for incident 7: what would change, and what speaks for and against it. Nothing is changed before people approved that plan and ran it. [Plan a rollback/Not now]
    [Plan a failover] danger plan-failover:7
       asks: Plan a failover? This plans a failover for incident 7: what would change, and what speaks for and against it. Nothing is changed before people approved that plan and ran it. [Plan a failover/Not now]
    [Freeze every action] danger freeze
       asks: Freeze every action? Nothing acts any more until somebody allows it again. You are asked why first. [Freeze every action/Not now]
    […]
       Write an update update:7
       Assign a role assign:7
       Mitigated mitigated:7
       Resolve without evidence resolve-anyway:7
       Show the timeline timeline:7
    ");
}

#[test]
fn whoever_said_something_sees_in_short_where_it_stands() {
    let (world, (incident, _)) = (World::new(), up_to(110));
    insta::assert_snapshot!(seen(&brief(&incident, world.at(110))), @"
    aloud: ! P1 · Application Frontend down · incident 7
    Severity: P1
    Status: ! open
    Incident commander: lead-developer
    Since the first failing probe: 1:50 (14:02:40)
    Time to recover: 13:10 left of 15:00
    People: lead-developer has it
    Machines: the rollback is done; it should answer soon
    # ! P1 · Application Frontend down · incident 7
    | *Severity:* P1
    | *Status:* ! open
    | *Incident commander:* lead-developer
    | *Since the first failing probe:* 1:50 (14:02:40)
    | *Time to recover:* 13:10 left of 15:00
    | *People:* lead-developer has it
    | *Machines:* the rollback is done; it should answer soon
    [Mitigated] primary mitigated:7
    [Set the severity] severity:7
    [Plan a rollback] danger plan-rollback:7
       asks: Plan a rollback? This plans a rollback for incident 7: what would change, and what speaks for and against it. Nothing is changed before people approved that plan and ran it. [Plan a rollback/Not now]
    [Plan a failover] danger plan-failover:7
       asks: Plan a failover? This plans a failover for incident 7: what would change, and what speaks for and against it. Nothing is changed before people approved that plan and ran it. [Plan a failover/Not now]
    [Freeze every action] danger freeze
       asks: Freeze every action? Nothing acts any more until somebody allows it again. You are asked why first. [Freeze every action/Not now]
    […]
       Write an update update:7
       Assign a role assign:7
       Resolve without evidence resolve-anyway:7
       Show the timeline timeline:7
    ");
}

#[test]
fn an_acknowledged_p1() {
    insta::assert_snapshot!(card(&World::new(), 110), @"
    aloud: ! P1 · Application Frontend down · incident 7. Status open: 13:10 left of 15:00. lead-developer has it. Incident commander: lead-developer. Machines: the rollback is done; it should answer soon. Last evidence: sure enough to act: 3 of 3 vantage points fail, 14:04:12 UTC. Severity because: complete service outage. Still to do: ☐ new deployments do not go live until the rollback is undone. As of 14:04:30 UTC.
    # ! P1 · Application Frontend down · incident 7
    complete service outage
    | *Severity:* P1
    | *Status:* ! open
    | *Incident commander:* lead-developer
    | *Since the first failing probe:* 1:50 (14:02:40)
    | *Time to recover:* 13:10 left of 15:00
    | *People:* lead-developer has it
    | *Machines:* the rollback is done; it should answer soon
    *Still to do*
    ☐ new deployments do not go live until the rollback is undone
    ~ Last evidence: sure enough to act: 3 of 3 vantage points fail, 14:04:12 UTC
    ~ As of 14:04:30 UTC
    [Mitigated] primary mitigated:7
    [Set the severity] severity:7
    [Plan a rollback] danger plan-rollback:7
       asks: Plan a rollback? This plans a rollback for incident 7: what would change, and what speaks for and against it. Nothing is changed before people approved that plan and ran it. [Plan a rollback/Not now]
    [Plan a failover] danger plan-failover:7
       asks: Plan a failover? This plans a failover for incident 7: what would change, and what speaks for and against it. Nothing is changed before people approved that plan and ran it. [Plan a failover/Not now]
    [Freeze every action] danger freeze
       asks: Freeze every action? Nothing acts any more until somebody allows it again. You are asked why first. [Freeze every action/Not now]
    […]
       Write an update update:7
       Assign a role assign:7
       Resolve without evidence resolve-anyway:7
       Show the timeline timeline:7
    ");
}

#[test]
fn a_mitigated_p1() {
    insta::assert_snapshot!(card(&World::new(), 440), @"
    aloud: ↑ P1 · Application Frontend answers again · incident 7. Status mitigated: ✓ recovered after 6:08 of 15:00. lead-developer has it. Incident commander: lead-developer. Machines: being watched until it is steady. Last evidence: answers again since 14:08:48, seen by our own probes, 14:08:50 UTC. Severity because: complete service outage. Last update: Logins work again, I watch the error rate. Still to do: ☐ new deployments do not go live until the rollback is undone; ☐ traffic stays on the standby until a person plans the failback. As of 14:10:00 UTC.
    # ↑ P1 · Application Frontend answers again · incident 7
    complete service outage
    | *Severity:* P1
    | *Status:* ↑ mitigated
    | *Incident commander:* lead-developer
    | *Since the first failing probe:* 7:20 (14:02:40)
    | *Time to recover:* ✓ recovered after 6:08 of 15:00
    | *People:* lead-developer has it
    | *Machines:* being watched until it is steady
    *Last update*
    Logins work again, I watch the error rate
    *Still to do*
    ☐ new deployments do not go live until the rollback is undone
    ☐ traffic stays on the standby until a person plans the failback
    ~ Last evidence: answers again since 14:08:48, seen by our own probes, 14:08:50 UTC
    ~ As of 14:10:00 UTC
    [Resolve] primary resolve:7
    [Set the severity] severity:7
    [Freeze every action] danger freeze
       asks: Freeze every action? Nothing acts any more until somebody allows it again. You are asked why first. [Freeze every action/Not now]
    […]
       Write an update update:7
       Assign a role assign:7
       Resolve without evidence resolve-anyway:7
       Show the timeline timeline:7
    ");
}

#[test]
fn a_resolved_p1() {
    insta::assert_snapshot!(card(&World::new(), 1_300), @"
    aloud: ✓ P1 · Application Frontend all clear · incident 7. Status resolved: ✓ recovered after 6:08 of 15:00. lead-developer has it. Incident commander: lead-developer. Machines: nothing more is done. Last evidence: ALL CLEAR, seen by our own probes: steady for 15 min, log in, open a transaction, sign out, 14:23:54 UTC. Severity because: complete service outage. Last update: Logins work again, I watch the error rate. Still to do: ☐ new deployments do not go live until the rollback is undone; ☐ traffic stays on the standby until a person plans the failback. As of 14:24:20 UTC.
    # ✓ P1 · Application Frontend all clear · incident 7
    complete service outage
    | *Severity:* P1
    | *Status:* ✓ resolved
    | *Incident commander:* lead-developer
    | *Since the first failing probe:* 21:14 (14:02:40)
    | *Time to recover:* ✓ recovered after 6:08 of 15:00
    | *People:* lead-developer has it
    | *Machines:* nothing more is done
    *Last update*
    Logins work again, I watch the error rate
    *Still to do*
    ☐ new deployments do not go live until the rollback is undone
    ☐ traffic stays on the standby until a person plans the failback
    ~ Last evidence: ALL CLEAR, seen by our own probes: steady for 15 min, log in, open a transaction, sign out, 14:23:54 UTC
    ~ As of 14:24:20 UTC
    [Write the report] primary report:7
    […]
       Show the timeline timeline:7
       Open it again reopen:7
    ");
}

#[test]
fn a_frozen_p1_beyond_its_time_to_recover() {
    let mut world = World::new();
    world.standing.frozen =
        Some(Freeze { by: "lead-developer".into(), why: "we look at <it> ourselves".into() });
    let (incident, lines) = up_to(310);
    let card = incident_card(&incident, &lines, world.at(1_030));
    insta::assert_snapshot!(seen(&card), @"
    aloud: ! P1 · Application Frontend down · incident 7. Status open: ✗ 2:10 over 15:00. lead-developer has it. Incident commander: lead-developer. Machines: the failover is done; it should answer soon. ■ FROZEN by lead-developer: we look at &lt;it&gt; ourselves. Nothing acts until /incident unfreeze. Last evidence: sure enough to act: 3 of 3 vantage points fail, 14:04:12 UTC. Severity because: complete service outage. Still to do: ☐ new deployments do not go live until the rollback is undone; ☐ traffic stays on the standby until a person plans the failback. As of 14:19:50 UTC.
    # ! P1 · Application Frontend down · incident 7
    ■ *FROZEN* by lead-developer: we look at &lt;it&gt; ourselves. Nothing acts until `/incident unfreeze`
    complete service outage
    | *Severity:* P1
    | *Status:* ! open
    | *Incident commander:* lead-developer
    | *Since the first failing probe:* 17:10 (14:02:40)
    | *Time to recover:* ✗ 2:10 over 15:00
    | *People:* lead-developer has it
    | *Machines:* the failover is done; it should answer soon
    *Still to do*
    ☐ new deployments do not go live until the rollback is undone
    ☐ traffic stays on the standby until a person plans the failback
    ~ Last evidence: sure enough to act: 3 of 3 vantage points fail, 14:04:12 UTC
    ~ As of 14:19:50 UTC
    [Mitigated] primary mitigated:7
    [Set the severity] severity:7
    [Plan a rollback] danger plan-rollback:7
       asks: Plan a rollback? This plans a rollback for incident 7: what would change, and what speaks for and against it. Nothing is changed before people approved that plan and ran it. [Plan a rollback/Not now]
    [Plan a failover] danger plan-failover:7
       asks: Plan a failover? This plans a failover for incident 7: what would change, and what speaks for and against it. Nothing is changed before people approved that plan and ran it. [Plan a failover/Not now]
    [Allow actions again] danger unfreeze
       asks: Allow actions again? What is armed may act again. Frozen by lead-developer: we look at &lt;it&gt; ourselves [Allow actions again/Not now]
    […]
       Write an update update:7
       Assign a role assign:7
       Resolve without evidence resolve-anyway:7
       Show the timeline timeline:7
    ");
}

#[test]
fn a_suspicion_has_no_severity_yet() {
    let (incident, lines) = story(noticed().into_iter().take(3).collect());
    let message = incident_card(&incident, &lines, World::new().at(26));
    let text = seen(&message);
    let head = text.lines().find(|line| line.starts_with('#'));
    assert_eq!(head, Some("# ? Application Frontend looks wrong · incident 7"));
    assert!(!text.contains("[Acknowledge]"), "{text}");
}

pub fn rollback(stage: Stage, approvals: &[&str]) -> Operation {
    let act = Act::RollBack { from: "dpl_81".into(), to: "dpl_80".into() };
    let gate =
        |what: &str, verdict, says: &str| Gate { what: what.into(), verdict, says: says.into() };
    let change = Change {
        target: "production of concierge-transaction-flow".into(),
        before: "dpl_81".into(),
        after: "dpl_80".into(),
    };
    let proposal = Proposal {
        by: "vercel".into(),
        changes: vec![change],
        gates: vec![
            gate("age", Verdict::Pass, "dpl_80 was live 15 h ago, within 7 d"),
            gate("schema", Verdict::Decide, "migrations since then are <unknown>"),
        ],
    };
    Operation {
        number: 3,
        by: "senior-developer".into(),
        because: "the last deployment broke the login".into(),
        incident: Some(7),
        hash: proposal.hash(&act),
        act,
        proposal,
        planned_at: T0 + Span::secs(120),
        approvals: approvals.iter().map(|one| (*one).into()).collect(),
        resumes: 0,
        stage,
    }
}

fn operation_at(operation: &Operation, story: &[(i64, &str)], seconds: i64) -> String {
    let mut world = World::new();
    world.plan.approvals.rollback = 2;
    world.standing.dry = dry(&world.plan);
    let line = |(after, says): &(i64, &str)| Line {
        number: operation.number,
        at: T0 + Span::secs(*after),
        says: (*says).into(),
    };
    let story: Vec<Line> = story.iter().map(line).collect();
    seen(&operation_card(operation, &story, world.at(seconds)))
}

#[test]
fn a_planned_operation_wants_a_second_person() {
    let planned = rollback(Stage::Planned, &[]);
    insta::assert_snapshot!(operation_at(&planned, &[], 130), @"
    aloud: Operation 3: roll back dpl_81 to dpl_80. Stage: planned, nothing has happened. ○ DRY RUN: running it changes nothing: the plan says dry-run. senior-developer asks: the last deployment broke the login. Agree: ? senior-developer; 1 more must agree. Plan 0f733d10. Next: 1 more to approve, not who asked for it.
    # ? Operation 3: roll back dpl_81 to dpl_80
    *Why*
    senior-developer: the last deployment broke the login
    ○ *DRY RUN*: running it changes nothing: the plan says dry-run
    *What would change*, by vercel
    • production of concierge-transaction-flow: dpl_81 → dpl_80
    *What was checked*
    ? decide: migrations since then are &lt;unknown&gt;
    ✓ ok: dpl_80 was live 15 h ago, within 7 d
    | *Stage:* planned, nothing has happened
    | *Agree:* ? senior-developer; *1 more must agree*
    | *Plan:* `0f733d10`
    | *Holds until:* 14:19:40 UTC
    ~ Next: 1 more to approve, not who asked for it
    ~ Belongs to incident 7
    [Approve] primary approve:3:0f733d1090830bfe997decdf2562898fecbd3154dbbf6a327cafef44132eb4b5
       asks: Approve? You agree to plan `0f733d10` of operation 3: roll back dpl_81 to dpl_80. You agree to exactly what the card shows. [Approve/Not now]
    [Call it off] abort:3:0f733d1090830bfe997decdf2562898fecbd3154dbbf6a327cafef44132eb4b5
       asks: Call it off? Nothing of plan `0f733d10` of operation 3 will be done. [Call it off/Not now]
    ");
}

#[test]
fn an_approved_operation_can_be_run() {
    let approved = rollback(Stage::Planned, &["lead-developer"]);
    insta::assert_snapshot!(operation_at(&approved, &[], 150), @"
    aloud: Operation 3: roll back dpl_81 to dpl_80. Stage: planned, nothing has happened. ○ DRY RUN: running it changes nothing: the plan says dry-run. senior-developer asks: the last deployment broke the login. Agree: ✓ senior-developer, lead-developer. Plan 0f733d10. Next: run it.
    # ? Operation 3: roll back dpl_81 to dpl_80
    *Why*
    senior-developer: the last deployment broke the login
    ○ *DRY RUN*: running it changes nothing: the plan says dry-run
    *What would change*, by vercel
    • production of concierge-transaction-flow: dpl_81 → dpl_80
    *What was checked*
    ? decide: migrations since then are &lt;unknown&gt;
    ✓ ok: dpl_80 was live 15 h ago, within 7 d
    | *Stage:* planned, nothing has happened
    | *Agree:* ✓ senior-developer, lead-developer
    | *Plan:* `0f733d10`
    | *Holds until:* 14:19:40 UTC
    ~ Next: run it
    ~ Belongs to incident 7
    [Run] danger run:3:0f733d1090830bfe997decdf2562898fecbd3154dbbf6a327cafef44132eb4b5
       asks: Run? Plan `0f733d10` of operation 3: roll back dpl_81 to dpl_80. It is checked that nothing has changed since; then it is done. [Run/Not now]
    [Call it off] abort:3:0f733d1090830bfe997decdf2562898fecbd3154dbbf6a327cafef44132eb4b5
       asks: Call it off? Nothing of plan `0f733d10` of operation 3 will be done. [Call it off/Not now]
    ");
}

#[test]
fn an_operation_that_is_over_tells_its_end() {
    let verified = Ending::Verified { says: "3 of 3 names serve dpl_80".into() };
    let over = rollback(Stage::Over(verified), &["lead-developer"]);
    let story =
        [(170, "lead-developer says go (by slack)"), (190, "VERIFIED: 3 of 3 names serve dpl_80")];
    insta::assert_snapshot!(operation_at(&over, &story, 200), @"
    aloud: Operation 3: roll back dpl_81 to dpl_80. Stage: VERIFIED: 3 of 3 names serve dpl_80. senior-developer asks: the last deployment broke the login. Agree: ✓ senior-developer, lead-developer. Plan 0f733d10. Nothing is left to press.
    # ✓ Operation 3: roll back dpl_81 to dpl_80
    *Why*
    senior-developer: the last deployment broke the login
    *What would change*, by vercel
    • production of concierge-transaction-flow: dpl_81 → dpl_80
    *What was checked*
    ? decide: migrations since then are &lt;unknown&gt;
    ✓ ok: dpl_80 was live 15 h ago, within 7 d
    | *Stage:* VERIFIED: 3 of 3 names serve dpl_80
    | *Agree:* ✓ senior-developer, lead-developer
    | *Plan:* `0f733d10`
    | *Holds until:* 14:19:40 UTC
    *What happened*
    14:05:30  lead-developer says go (by slack)
    14:05:50  VERIFIED: 3 of 3 names serve dpl_80
    ~ Nothing is left to press
    ~ Belongs to incident 7
    ");
}

#[test]
fn what_cannot_be_run_has_no_button_for_it() {
    let reading = Stage::ReadingBack {
        operation: shared::id::EffectKey { stream: OPERATIONS_STREAM.into(), turn: 1, position: 0 },
    };
    let text = operation_at(&rollback(reading, &["lead-developer"]), &[], 200);
    assert!(!text.contains('['), "{text}");
    let text = operation_at(&rollback(Stage::Planned, &["lead-developer"]), &[], 120 + 15 * 60 + 1);
    assert!(text.contains("Too old: plan again") && !text.contains("[Run]"), "{text}");
    let mut stopped = rollback(Stage::Planned, &["lead-developer"]);
    stopped.proposal.gates[0].verdict = Verdict::Stop;
    let text = operation_at(&stopped, &[], 150);
    assert!(text.contains("✗ STOP") && !text.contains("[Run]"), "{text}");
    // Somebody who left the plan doesn't count any more.
    let left = rollback(Stage::Planned, &["somebody-else"]);
    assert!(operation_at(&left, &[], 150).contains("1 more must agree"));
}
