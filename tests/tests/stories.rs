//! Every branch of the complete-outage runbook, and the P2 branch, as a story: the timeline that people read.
//!
//! The monitors are silent in most of them, so that each story shows its branch and nothing else.

use shared::town::{Fault, Scenario, Script};
use tests::rehearsal::{broken, run, story};

fn told(scenario: Scenario, faults: &[Fault], seed: u64) -> String {
    let script = Script::of(scenario).with([Fault::WebhooksLost]).with(faults.iter().copied());
    let simulation = run(script, seed);
    assert_eq!(broken(&simulation), Vec::<String>::new());
    story(&simulation)
}

#[test]
fn a_bad_deployment_is_rolled_back() {
    insta::assert_snapshot!(told(Scenario::BadDeployment, &[], 1), @"
    #1 frontend
     +0:03 ALARM  incident 1: frontend looks wrong; prober says: a majority of our vantage points fails
     +0:03 SEEN   the first probe failed at 02:46:16: the recovery clock starts there
     +0:33 SEEN   confirmed: 3 of 3 vantage points fail
     +0:33 ALARM  declared P1: complete service outage
     +0:33 PAGE   rung 1 of the ladder: paging devops-engineer
     +0:33 LOOK   checking, round 1: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
     +0:33 PAGE   rung 1: devops-engineer by SMS and voice (code 764)
     +0:33 LOOK   found: vercel works; the standby is well, data 6 s old; dpl_4d6fe1b0 has been live since 2026-11-22T02:42:24Z; supabase works; DNS is right (as the plan says); the control site is reachable
     +1:33 SEEN   sure enough to act: 3 of 3 vantage points fail
     +1:33 DECIDE decided to roll back dpl_4d6fe1b0 to dpl_4c95357a: dpl_4d6fe1b0 went live 3 min 52 s before the outage
     +1:33 ACT    started to roll back dpl_4d6fe1b0 to dpl_4c95357a
     +1:34 ACT    done: roll back dpl_4d6fe1b0 to dpl_4c95357a
     +1:34 LOOK   checking whether the rollback took full effect
     +1:34 NOTE   still to do: new deployments do not go live until the rollback is undone or a deployment is promoted
     +1:34 LOOK   found: full effect (all agree)
     +1:35 ACT    cached pages were thrown away
     +1:40 BETTER answers again since 02:47:56, seen by our own probes
     +1:51 PERSON devops-engineer has it (by sms)
    +16:40 BETTER steady: 91 good answers in a row
    +16:40 LOOK   checking the critical path
    +16:40 LOOK   found: critical path passed (every step passed)
    +16:40 CLEAR  ALL CLEAR, seen by our own probes: steady for 15 min, every step passed
    +16:41 NOTE   the report is written
    ");
}

#[test]
fn a_platform_that_is_down_is_left_for_the_standby() {
    insta::assert_snapshot!(told(Scenario::PlatformDown, &[], 2), @"
    #1 frontend
     +0:03 ALARM  incident 1: frontend looks wrong; prober says: a majority of our vantage points fails
     +0:03 SEEN   the first probe failed at 02:45:56: the recovery clock starts there
     +0:33 SEEN   confirmed: 3 of 3 vantage points fail
     +0:33 ALARM  declared P1: complete service outage
     +0:33 PAGE   rung 1 of the ladder: paging devops-engineer
     +0:33 LOOK   checking, round 1: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
     +0:33 PAGE   rung 1: devops-engineer by voice and SMS (code 577)
     +0:33 LOOK   found: the standby is well, data 1 min 59 s old; dpl_08d8fb95 has been live since 2026-11-20T03:35:38Z; DNS is right (as the plan says); the control site is reachable; supabase works; vercel works
     +1:33 SEEN   sure enough to act: 3 of 3 vantage points fail
     +1:33 DECIDE decided to fail over to the standby: no deployment explains it; the standby is healthy
     +1:33 ACT    started to fail over to the standby
     +1:33 ACT    done: fail over to the standby
     +1:33 LOOK   checking whether the failover took full effect
     +1:33 NOTE   still to do: traffic stays on the standby until a person plans the failback
     +1:34 LOOK   found: most agree; NOT yet some visitors
     +1:34 ACT    cached pages were thrown away
     +1:41 PERSON devops-engineer has it (by keypad)
     +3:10 BETTER answers again since 02:49:06, seen by our own probes
    +18:10 BETTER steady: 91 good answers in a row
    +18:10 LOOK   checking the critical path
    +18:10 LOOK   found: critical path passed (every step passed)
    +18:10 CLEAR  ALL CLEAR, seen by our own probes: steady for 15 min, every step passed
    +18:10 NOTE   the report is written
    ");
}

#[test]
fn a_rollback_that_does_not_help_is_followed_by_the_standby() {
    insta::assert_snapshot!(told(Scenario::RollbackDoesNotHelp, &[], 3), @"
    #1 frontend
     +0:03 ALARM  incident 1: frontend looks wrong; prober says: a majority of our vantage points fails
     +0:03 SEEN   the first probe failed at 02:46:13: the recovery clock starts there
     +0:33 SEEN   confirmed: 3 of 3 vantage points fail
     +0:33 ALARM  declared P1: complete service outage
     +0:33 PAGE   rung 1 of the ladder: paging devops-engineer
     +0:33 LOOK   checking, round 1: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
     +0:33 LOOK   found: the standby is well, data 1 min 25 s old; supabase works; DNS is right (as the plan says); dpl_beca074c has been live since 2026-11-22T02:40:05Z; the control site is reachable; vercel works
     +0:33 PAGE   rung 1: devops-engineer by SMS and voice (code 644)
     +0:58 PERSON devops-engineer has it (by keypad)
     +1:33 SEEN   sure enough to act: 3 of 3 vantage points fail
     +1:33 DECIDE decided to roll back dpl_beca074c to dpl_9581597a: dpl_beca074c went live 6 min 8 s before the outage
     +1:33 ACT    started to roll back dpl_beca074c to dpl_9581597a
     +1:33 ACT    done: roll back dpl_beca074c to dpl_9581597a
     +1:33 LOOK   checking whether the rollback took full effect
     +1:33 NOTE   still to do: new deployments do not go live until the rollback is undone or a deployment is promoted
     +1:34 LOOK   found: full effect (all agree)
     +1:34 ACT    cached pages were thrown away
     +4:34 ACT    the rollback did NOT help
     +4:34 LOOK   checking, round 2: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
     +4:34 LOOK   found: vercel reports trouble (Major outage); the control site is reachable; DNS is right (as the plan says); supabase works; dpl_9581597a has been live since 2026-11-21T11:24:42Z; the standby is well, data 1 min 25 s old
     +4:35 DECIDE decided to fail over to the standby: vercel reports trouble; the standby is healthy
     +4:35 ACT    started to fail over to the standby
     +4:35 ACT    done: fail over to the standby
     +4:35 LOOK   checking whether the failover took full effect
     +4:35 NOTE   still to do: traffic stays on the standby until a person plans the failback
     +4:36 LOOK   found: most agree; NOT yet some visitors
     +4:36 ACT    cached pages were thrown away
     +6:00 BETTER answers again since 02:52:13, seen by our own probes
    +21:00 BETTER steady: 91 good answers in a row
    +21:00 LOOK   checking the critical path
    +21:00 LOOK   found: critical path passed (every step passed)
    +21:00 CLEAR  ALL CLEAR, seen by our own probes: steady for 15 min, every step passed
    +21:01 NOTE   the report is written
    ");
}

#[test]
fn names_that_resolve_to_nothing_are_pointed_at_the_standby() {
    insta::assert_snapshot!(told(Scenario::DnsBroken, &[], 4), @"
    #1 frontend
     +0:03 ALARM  incident 1: frontend looks wrong; prober says: a majority of our vantage points fails
     +0:03 SEEN   the first probe failed at 02:45:50: the recovery clock starts there
     +0:33 SEEN   confirmed: 3 of 3 vantage points fail
     +0:33 ALARM  declared P1: complete service outage
     +0:33 PAGE   rung 1 of the ladder: paging devops-engineer
     +0:33 LOOK   checking, round 1: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
     +0:33 LOOK   found: the control site is reachable; DNS is NOT right (SERVFAIL from every resolver); dpl_d155302d has been live since 2026-11-19T22:51:15Z; the standby is well, data 3 min 19 s old; vercel works; supabase works
     +0:33 PAGE   rung 1: devops-engineer by SMS and voice (code 371)
     +1:11 PERSON devops-engineer has it (by keypad)
     +1:33 SEEN   sure enough to act: 3 of 3 vantage points fail
     +1:33 DECIDE decided to fail over to the standby: our names do not resolve to the primary; the standby is healthy
     +1:33 ACT    started to fail over to the standby
     +1:34 ACT    done: fail over to the standby
     +1:34 LOOK   checking whether the failover took full effect
     +1:34 NOTE   still to do: traffic stays on the standby until a person plans the failback
     +1:34 LOOK   found: most agree; NOT yet some visitors
     +1:34 ACT    cached pages were thrown away
     +2:56 BETTER answers again since 02:48:46, seen by our own probes
    +17:56 BETTER steady: 91 good answers in a row
    +17:56 LOOK   checking the critical path
    +17:57 LOOK   found: critical path passed (every step passed)
    +17:57 CLEAR  ALL CLEAR, seen by our own probes: steady for 15 min, every step passed
    +17:57 NOTE   the report is written
    ");
}

#[test]
fn a_hosting_api_that_is_away_leaves_the_standby_as_the_way_out() {
    insta::assert_snapshot!(told(Scenario::HostingApiDown, &[], 5), @"
    #1 frontend
     +0:03 ALARM  incident 1: frontend looks wrong; prober says: a majority of our vantage points fails
     +0:03 SEEN   the first probe failed at 02:45:53: the recovery clock starts there
     +0:33 SEEN   confirmed: 3 of 3 vantage points fail
     +0:33 ALARM  declared P1: complete service outage
     +0:33 PAGE   rung 1 of the ladder: paging devops-engineer
     +0:33 LOOK   checking, round 1: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
     +0:33 PAGE   rung 1: devops-engineer by SMS and voice (code 114)
     +0:33 LOOK   found: the control site is reachable; the standby is well, data 1 min 6 s old; DNS is right (as the plan says); vercel works; supabase works; could NOT check recent deployments (no answer in time)
     +1:07 PERSON devops-engineer has it (by keypad)
     +1:33 SEEN   sure enough to act: 3 of 3 vantage points fail
     +1:33 DECIDE decided to fail over to the standby: the list of deployments cannot be had, so none can be rolled back; the standby is healthy
     +1:33 ACT    started to fail over to the standby
     +1:33 ACT    done: fail over to the standby
     +1:33 LOOK   checking whether the failover took full effect
     +1:33 NOTE   still to do: traffic stays on the standby until a person plans the failback
     +1:34 LOOK   found: most agree; NOT yet some visitors
     +1:34 ACT    cached pages were thrown away
     +3:03 BETTER answers again since 02:48:56, seen by our own probes
    +18:03 BETTER steady: 91 good answers in a row
    +18:03 LOOK   checking the critical path
    +18:03 LOOK   found: critical path passed (every step passed)
    +18:03 CLEAR  ALL CLEAR, seen by our own probes: steady for 15 min, every step passed
    +18:04 NOTE   the report is written
    ");
}

#[test]
fn a_stale_standby_is_left_to_people() {
    insta::assert_snapshot!(told(Scenario::StandbyStale, &[], 6), @"
    #1 frontend
     +0:03 ALARM  incident 1: frontend looks wrong; prober says: a majority of our vantage points fails
     +0:03 SEEN   the first probe failed at 02:46:20: the recovery clock starts there
     +0:33 SEEN   confirmed: 3 of 3 vantage points fail
     +0:33 ALARM  declared P1: complete service outage
     +0:33 PAGE   rung 1 of the ladder: paging devops-engineer
     +0:33 LOOK   checking, round 1: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
     +0:33 LOOK   found: dpl_02b351d9 has been live since 2026-11-21T00:42:33Z; supabase works; the control site is reachable; the standby is well, data 5 h 3 min old; DNS is right (as the plan says); vercel works
     +0:33 PAGE   rung 1: devops-engineer by SMS and voice (code 423)
     +1:33 SEEN   sure enough to act: 3 of 3 vantage points fail
     +1:33 DECIDE waits for people: no deployment went live shortly before: the last is 1 d 2 h older; the standby's data is 5 h 3 min old, the RPO is 5 min
     +2:33 PAGE   rung 2 of the ladder: paging devops-engineer and senior-developer
     +2:33 LOOK   checking, round 2: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
     +2:33 PAGE   rung 2: senior-developer by voice and SMS (code 496), devops-engineer by voice and SMS (code 423)
     +2:33 LOOK   found: supabase works; the standby is well, data 5 h 3 min old; vercel works; the control site is reachable; DNS is right (as the plan says); dpl_02b351d9 has been live since 2026-11-21T00:42:33Z
     +2:34 DECIDE waits for people: no deployment went live shortly before: the last is 1 d 2 h older; the standby's data is 5 h 3 min old, the RPO is 5 min
     +3:17 PERSON senior-developer has it (by keypad)
     +4:34 LOOK   checking, round 3: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
     +4:34 LOOK   found: vercel works; DNS is right (as the plan says); dpl_02b351d9 has been live since 2026-11-21T00:42:33Z; the standby is well, data 5 h 3 min old; the control site is reachable; supabase works
     +4:34 DECIDE waits for people: no deployment went live shortly before: the last is 1 d 2 h older; the standby's data is 5 h 3 min old, the RPO is 5 min
     +8:34 LOOK   checking, round 4: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
     +8:35 LOOK   found: supabase works; DNS is right (as the plan says); the control site is reachable; the standby is well, data 5 h 3 min old; dpl_02b351d9 has been live since 2026-11-21T00:42:33Z; vercel reports trouble (Major outage)
     +8:35 DECIDE waits for people: no deployment went live shortly before: the last is 1 d 2 h older; the standby's data is 5 h 3 min old, the RPO is 5 min
    +16:35 LOOK   checking, round 5: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
    +16:35 LOOK   found: DNS is right (as the plan says); the standby is well, data 5 h 3 min old; dpl_02b351d9 has been live since 2026-11-21T00:42:33Z; supabase works; vercel reports trouble (Major outage); the control site is reachable
    +16:36 DECIDE waits for people: no deployment went live shortly before: the last is 1 d 2 h older; the standby's data is 5 h 3 min old, the RPO is 5 min
    +19:56 BETTER answers again since 03:06:16, seen by our own probes
    +34:56 BETTER steady: 91 good answers in a row
    +34:56 LOOK   checking the critical path
    +34:56 LOOK   found: critical path passed (every step passed)
    +34:56 CLEAR  ALL CLEAR, seen by our own probes: steady for 15 min, every step passed
    +34:57 NOTE   the report is written
    ");
}

#[test]
fn a_class_that_is_not_armed_says_what_it_would_do() {
    insta::assert_snapshot!(told(Scenario::BadDeployment, &[Fault::NotArmed], 7), @"
    #1 frontend
     +0:03 ALARM  incident 1: frontend looks wrong; prober says: a majority of our vantage points fails
     +0:03 SEEN   the first probe failed at 02:46:20: the recovery clock starts there
     +0:33 SEEN   confirmed: 3 of 3 vantage points fail
     +0:33 ALARM  declared P1: complete service outage
     +0:33 PAGE   rung 1 of the ladder: paging devops-engineer
     +0:33 LOOK   checking, round 1: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
     +0:33 LOOK   found: DNS is right (as the plan says); supabase works; the standby is well, data 3 min 18 s old; dpl_a8a4fd91 has been live since 2026-11-22T02:35:28Z; the control site is reachable; vercel works
     +0:33 PAGE   rung 1: devops-engineer by voice and SMS (code 423)
     +1:21 PERSON devops-engineer has it (by keypad)
     +1:33 SEEN   sure enough to act: 3 of 3 vantage points fail
     +1:33 DECIDE waits for people (it would roll back dpl_a8a4fd91 to dpl_38dfe509): rollback is not armed: no drill has proven it yet; failover is not armed: no drill has proven it yet
     +2:33 LOOK   checking, round 2: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
     +2:33 LOOK   found: supabase works; DNS is right (as the plan says); vercel works; dpl_a8a4fd91 has been live since 2026-11-22T02:35:28Z; the standby is well, data 3 min 18 s old; the control site is reachable
     +2:34 DECIDE waits for people (it would roll back dpl_a8a4fd91 to dpl_38dfe509): rollback is not armed: no drill has proven it yet; failover is not armed: no drill has proven it yet
     +4:34 LOOK   checking, round 3: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
     +4:34 LOOK   found: supabase works; dpl_a8a4fd91 has been live since 2026-11-22T02:35:28Z; the standby is well, data 3 min 18 s old; vercel works; the control site is reachable; DNS is right (as the plan says)
     +4:35 DECIDE waits for people (it would roll back dpl_a8a4fd91 to dpl_38dfe509): rollback is not armed: no drill has proven it yet; failover is not armed: no drill has proven it yet
     +8:35 LOOK   checking, round 4: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
     +8:35 LOOK   found: the control site is reachable; vercel works; the standby is well, data 3 min 18 s old; supabase works; DNS is right (as the plan says); dpl_a8a4fd91 has been live since 2026-11-22T02:35:28Z
     +8:35 DECIDE waits for people (it would roll back dpl_a8a4fd91 to dpl_38dfe509): rollback is not armed: no drill has proven it yet; failover is not armed: no drill has proven it yet
    +16:35 LOOK   checking, round 5: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
    +16:35 LOOK   found: vercel works; the control site is reachable; the standby is well, data 3 min 18 s old; supabase works; dpl_a8a4fd91 has been live since 2026-11-22T02:35:28Z; DNS is right (as the plan says)
    +16:36 DECIDE waits for people (it would roll back dpl_a8a4fd91 to dpl_38dfe509): rollback is not armed: no drill has proven it yet; failover is not armed: no drill has proven it yet
    +21:46 BETTER answers again since 03:08:06, seen by our own probes
    +36:46 BETTER steady: 91 good answers in a row
    +36:46 LOOK   checking the critical path
    +36:47 LOOK   found: critical path passed (every step passed)
    +36:47 CLEAR  ALL CLEAR, seen by our own probes: steady for 15 min, every step passed
    +36:48 NOTE   the report is written
    ");
}

#[test]
fn a_kill_switch_stops_an_operation_before_it_begins() {
    insta::assert_snapshot!(told(Scenario::PlatformDown, &[Fault::Frozen], 9), @"
    #1 frontend
     +0:03 ALARM  incident 1: frontend looks wrong; prober says: a majority of our vantage points fails
     +0:03 SEEN   the first probe failed at 02:46:13: the recovery clock starts there
     +0:33 SEEN   confirmed: 3 of 3 vantage points fail
     +0:33 ALARM  declared P1: complete service outage
     +0:33 PAGE   rung 1 of the ladder: paging devops-engineer
     +0:33 LOOK   checking, round 1: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
     +0:33 LOOK   found: dpl_9a0303bd has been live since 2026-11-20T15:11:43Z; DNS is right (as the plan says); the standby is well, data 2 min 58 s old; vercel works; supabase works; the control site is reachable
     +0:33 PAGE   rung 1: devops-engineer by SMS and voice (code 644)
     +1:13 PERSON devops-engineer has it (by keypad)
     +1:33 SEEN   sure enough to act: 3 of 3 vantage points fail
     +1:33 DECIDE decided to fail over to the standby: no deployment explains it; the standby is healthy
     +1:33 ACT    started to fail over to the standby
     +1:33 ACT    done: fail over to the standby
     +1:33 LOOK   checking whether the failover took full effect
     +1:33 NOTE   still to do: traffic stays on the standby until a person plans the failback
     +1:34 LOOK   found: most agree; NOT yet some visitors
     +1:35 ACT    cached pages were thrown away
     +3:06 BETTER answers again since 02:49:20, seen by our own probes
    +18:06 BETTER steady: 91 good answers in a row
    +18:06 LOOK   checking the critical path
    +18:06 LOOK   found: critical path passed (every step passed)
    +18:06 CLEAR  ALL CLEAR, seen by our own probes: steady for 15 min, every step passed
    +18:06 NOTE   the report is written
    ");
}

#[test]
fn a_lost_reply_is_read_back() {
    insta::assert_snapshot!(told(Scenario::PlatformDown, &[Fault::LostReply], 10), @"
    #1 frontend
     +0:03 ALARM  incident 1: frontend looks wrong; prober says: a majority of our vantage points fails
     +0:03 SEEN   the first probe failed at 02:46:26: the recovery clock starts there
     +0:33 SEEN   confirmed: 3 of 3 vantage points fail
     +0:33 ALARM  declared P1: complete service outage
     +0:33 PAGE   rung 1 of the ladder: paging devops-engineer
     +0:33 LOOK   checking, round 1: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
     +0:33 LOOK   found: DNS is right (as the plan says); the control site is reachable; vercel works; the standby is well, data 1 min 25 s old; supabase works; dpl_594c1589 has been live since 2026-11-19T22:26:22Z
     +0:34 PAGE   rung 1: devops-engineer by SMS and voice (code 754); perhaps not sent: the connection broke: the connection broke before the reply
     +0:34 PAGE   rung 1: devops-engineer by SMS (code 754, copy 2)
     +0:50 PERSON devops-engineer has it (by keypad)
     +0:53 PAGE   rung 1: devops-engineer by voice (code 754, copy 2); perhaps not sent: the connection broke before the reply
     +1:33 SEEN   sure enough to act: 3 of 3 vantage points fail
     +1:33 DECIDE decided to fail over to the standby: no deployment explains it; the standby is healthy
     +1:33 ACT    started to fail over to the standby
     +1:43 ACT    reply lost, it may or may not have: fail over to the standby (the connection broke before the reply)
     +1:43 LOOK   checking whether the failover took place
     +1:44 LOOK   found: it did take place
     +1:44 LOOK   checking whether the failover took full effect
     +1:44 NOTE   still to do: traffic stays on the standby until a person plans the failback
     +1:44 LOOK   found: most agree; NOT yet some visitors
     +1:44 ACT    cached pages were thrown away
     +2:53 BETTER answers again since 02:49:20, seen by our own probes
    +17:53 BETTER steady: 91 good answers in a row
    +17:53 LOOK   checking the critical path
    +17:53 LOOK   found: critical path passed (every step passed)
    +17:53 CLEAR  ALL CLEAR, seen by our own probes: steady for 15 min, every step passed
    +17:54 NOTE   the report is written
    ");
}

#[test]
fn an_on_call_engineer_who_sleeps_on_is_not_the_last_to_be_called() {
    insta::assert_snapshot!(told(Scenario::PlatformDown, &[Fault::OnCallAsleep], 11), @"
    #1 frontend
     +0:03 ALARM  incident 1: frontend looks wrong; prober says: a majority of our vantage points fails
     +0:03 SEEN   the first probe failed at 02:46:26: the recovery clock starts there
     +0:33 SEEN   confirmed: 3 of 3 vantage points fail
     +0:33 ALARM  declared P1: complete service outage
     +0:33 PAGE   rung 1 of the ladder: paging devops-engineer
     +0:33 LOOK   checking, round 1: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
     +0:33 PAGE   rung 1: devops-engineer by SMS and voice (code 754)
     +0:33 LOOK   found: the control site is reachable; supabase works; dpl_cf61a151 has been live since 2026-11-20T10:29:25Z; vercel works; the standby is well, data 2 min 40 s old; DNS is right (as the plan says)
     +1:33 SEEN   sure enough to act: 3 of 3 vantage points fail
     +1:33 DECIDE decided to fail over to the standby: no deployment explains it; the standby is healthy
     +1:33 ACT    started to fail over to the standby
     +1:39 ACT    done: fail over to the standby
     +1:39 LOOK   checking whether the failover took full effect
     +1:39 NOTE   still to do: traffic stays on the standby until a person plans the failback
     +1:39 LOOK   found: most agree; NOT yet some visitors
     +1:40 ACT    cached pages were thrown away
     +2:33 PAGE   rung 2 of the ladder: paging devops-engineer and senior-developer
     +2:33 PAGE   rung 2: senior-developer by SMS and voice (code 758), devops-engineer by SMS and voice (code 754)
     +2:53 BETTER answers again since 02:49:20, seen by our own probes
     +3:43 PERSON senior-developer has it (by keypad)
    +17:53 BETTER steady: 91 good answers in a row
    +17:53 LOOK   checking the critical path
    +17:53 LOOK   found: critical path passed (every step passed)
    +17:53 CLEAR  ALL CLEAR, seen by our own probes: steady for 15 min, every step passed
    +17:54 NOTE   the report is written
    ");
}

#[test]
fn a_hanging_component_is_restarted() {
    insta::assert_snapshot!(told(Scenario::EdgeFunctionHang, &[], 12), @"
    #1 edge-functions
     +0:03 ALARM  incident 1: edge-functions looks wrong; prober says: a majority of our vantage points fails
     +0:03 SEEN   the first probe failed at 02:46:03: the recovery clock starts there
     +0:33 SEEN   confirmed: 3 of 3 vantage points fail
     +0:33 ALARM  declared P2: partial service degradation
     +0:33 PAGE   rung 1 of the ladder: paging devops-engineer
     +0:33 LOOK   checking, round 1: supabase's status, the control site
     +0:33 PAGE   rung 1: devops-engineer by voice and SMS (code 487)
     +0:33 LOOK   found: the control site is reachable; supabase works
     +0:48 PERSON devops-engineer has it (by keypad)
     +1:33 SEEN   sure enough to act: 3 of 3 vantage points fail
     +1:33 DECIDE decided to restart edge-functions: only edge-functions is affected
     +1:33 ACT    started to restart edge-functions
     +1:34 ACT    done: restart edge-functions
     +1:34 LOOK   checking whether the restart took full effect
     +1:34 LOOK   found: most agree; NOT yet some visitors
     +2:00 BETTER answers again since 02:48:03, seen by our own probes
    +17:00 BETTER steady: 91 good answers in a row
    +17:00 LOOK   checking the critical path
    +17:00 LOOK   found: critical path passed (every step passed)
    +17:00 CLEAR  ALL CLEAR, seen by our own probes: steady for 15 min, every step passed
    +17:00 NOTE   the report is written
    ");
}

#[test]
fn a_partition_of_43_s_pages_and_passes() {
    insta::assert_snapshot!(told(Scenario::Partition, &[], 13), @"
    #1 frontend
     +0:03 ALARM  incident 1: frontend looks wrong; prober says: a majority of our vantage points fails
     +0:03 SEEN   the first probe failed at 02:46:20: the recovery clock starts there
     +0:33 SEEN   confirmed: 3 of 3 vantage points fail
     +0:33 ALARM  declared P1: complete service outage
     +0:33 PAGE   rung 1 of the ladder: paging devops-engineer
     +0:33 LOOK   checking, round 1: vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
     +0:33 PAGE   rung 1: devops-engineer by SMS and voice (code 423)
     +0:33 LOOK   found: supabase works; the control site is reachable; vercel works; DNS is right (as the plan says); dpl_5dbe2d20 has been live since 2026-11-20T05:16:46Z; the standby is well, data 43 s old
     +0:46 BETTER answers again since 02:47:06, seen by our own probes
     +1:36 PERSON devops-engineer has it (by keypad)
    +15:46 BETTER steady: 91 good answers in a row
    +15:46 LOOK   checking the critical path
    +15:47 LOOK   found: critical path passed (every step passed)
    +15:47 CLEAR  ALL CLEAR, seen by our own probes: steady for 15 min, every step passed
    +15:47 NOTE   the report is written
    ");
}
