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
    insta::assert_snapshot!(told(Scenario::BadDeployment, &[], 1), @"");
}

#[test]
fn a_platform_that_is_down_is_left_for_the_standby() {
    insta::assert_snapshot!(told(Scenario::PlatformDown, &[], 2), @"");
}

#[test]
fn a_rollback_that_does_not_help_is_followed_by_the_standby() {
    insta::assert_snapshot!(told(Scenario::RollbackDoesNotHelp, &[], 3), @"");
}

#[test]
fn names_that_resolve_to_nothing_are_pointed_at_the_standby() {
    insta::assert_snapshot!(told(Scenario::DnsBroken, &[], 4), @"");
}

#[test]
fn a_hosting_api_that_is_away_leaves_the_standby_as_the_way_out() {
    insta::assert_snapshot!(told(Scenario::HostingApiDown, &[], 5), @"");
}

#[test]
fn a_stale_standby_is_left_to_people() {
    insta::assert_snapshot!(told(Scenario::StandbyStale, &[], 6), @"");
}

#[test]
fn a_class_that_is_not_armed_says_what_it_would_do() {
    insta::assert_snapshot!(told(Scenario::BadDeployment, &[Fault::NotArmed], 7), @"");
}

#[test]
fn a_kill_switch_stops_an_operation_before_it_begins() {
    insta::assert_snapshot!(told(Scenario::PlatformDown, &[Fault::Frozen], 9), @"");
}

#[test]
fn a_lost_reply_is_read_back() {
    insta::assert_snapshot!(told(Scenario::PlatformDown, &[Fault::LostReply], 10), @"");
}

#[test]
fn an_on_call_engineer_who_sleeps_on_is_not_the_last_to_be_called() {
    insta::assert_snapshot!(told(Scenario::PlatformDown, &[Fault::OnCallAsleep], 11), @"");
}

#[test]
fn a_hanging_component_is_restarted() {
    insta::assert_snapshot!(told(Scenario::EdgeFunctionHang, &[], 12), @"");
}

#[test]
fn a_partition_of_43_s_pages_and_passes() {
    insta::assert_snapshot!(told(Scenario::Partition, &[], 13), @"");
}
