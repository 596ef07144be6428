//! Each finding appears with the value that causes it, and goes with it.

use std::fmt::Write;

use super::*;
use crate::plan::{BackupPolicy, Scenario, Severity, built_in_text, read};
use crate::time::Span;

fn built_in() -> Plan {
    read::read("infra/plan.toml", built_in_text()).unwrap()
}

fn day(text: &str) -> Date {
    Date(text.parse().unwrap())
}

fn findings(plan: &Plan) -> Vec<Finding> {
    check(plan, day("2026-11-22"))
}

/// What is found of those rows after a change to the built-in plan, one line a part.
fn found(rows: &[u8], change: impl FnOnce(&mut Plan)) -> String {
    let mut plan = built_in();
    change(&mut plan);
    let mut text = String::new();
    for f in findings(&plan).iter().filter(|finding| rows.contains(&finding.row)) {
        writeln!(text, "{} {:?}: {}", f.row, f.level, f.plan_says).unwrap();
        writeln!(text, "   but {}", f.problem).unwrap();
        writeln!(text, "   so  {}", f.system_does).unwrap();
    }
    text
}

fn runbook(plan: &mut Plan, scenario: Scenario) -> &mut crate::plan::Runbook {
    plan.runbooks.iter_mut().find(|runbook| runbook.scenario == scenario).unwrap()
}

#[test]
fn lines_that_fail_together_are_found() {
    let phone = |change: fn(&mut crate::plan::Phone)| {
        found(&[22], |plan| change(plan.phone.as_mut().unwrap()))
    };
    insta::assert_snapshot!(phone(|_| {}), @"
    22 Warning: Texts are sent. `registration` is not stated.
       but US carriers drop texts of senders they don't know (10DLC, toll-free).
       so  Calls first: voice is the emergency channel.
    ");
    insta::assert_snapshot!(found(&[22], |plan| plan.phone = None), @"
    22 Warning: Emergency: the phone tree. There is no [phone].
       but Nobody can be called or texted.
       so  Pages by mail and Slack where it can.
    ");
    let whole = |phone: &mut crate::plan::Phone| {
        phone.registration = Some(crate::plan::Registration::Registered);
    };
    assert_eq!(phone(whole), "");
    insta::assert_snapshot!(phone(|phone| {
        phone.registration = Some(crate::plan::Registration::Pending);
        phone.voice.truncate(1);
        phone.sms.truncate(1);
        phone.from.clear();
        phone.fallback_url = None;
    }), @"
    22 Warning: Calls go through twilio alone.
       but Voice and text of one provider are one failure domain: when it is down, nobody is woken.
       so  Copies a page 4 times at most, then tries another means.
    22 Contradiction: Texts are sent. The sender is not registered.
       but US carriers may drop every one of them, and say nothing.
       so  Calls first: voice is the emergency channel.
    22 Warning: twilio carries pages. It has no number under [phone.from].
       but It will refuse every one of them.
       so  Goes to the next provider at once.
    22 Note: Providers call back at one address.
       but When that does not answer, a key that is pressed is lost.
       so  Goes on calling: nothing is acknowledged that was not recorded.
    ");
}

#[test]
fn people_whom_no_page_reaches_are_found() {
    insta::assert_snapshot!(found(&[23, 24], |plan| {
        *plan = crate::town::rehearsal_plan(plan);
        for person in &mut plan.people {
            person.quiet_hours = toml::from_str("from = \"22:00\"\nuntil = \"07:00\"").ok();
        }
        plan.people[0].phone = "[Phone]".into();
        plan.on_call = toml::from_str(
            "zone = \"Europe/Berlin\"\npeople = [\"senior-developer\", \"lead-developer\"]\n\
             start = \"2026-12-07\"\nhand_over = \"09:00\"\ndays = 7",
        ).ok();
    }), @"
    23 Warning: Senior Developer, DevOps Engineer, Project Manager, Stakeholder Representative: a number without `phone_verified`.
       but Nobody knows whether it is theirs.
       so  Tests it with `allclear page test PERSON`; write the day of the answer there.
    23 Warning: Everybody has quiet hours.
       but At 00:00:00 UTC, for one, nobody hears of a P3.
       so  Pages wait until the first of them ends; P1 and P2 wake everyone.
    24 Note: The rotation starts on 2026-12-07.
       but Until then the order is counted backwards.
       so  Somebody is on call at every moment, before it too.
    24 Contradiction: lead-developer is on call on 2026-11-22.
       but No call can reach them: a gap.
       so  Calls the backup after the first rung.
    ");
    let well = found(&[23, 24], |plan| {
        *plan = crate::town::rehearsal_plan(plan);
        let today = day("2026-11-01");
        plan.people.iter_mut().for_each(|person| person.phone_verified = Some(today));
    });
    assert_eq!(well, "");
}

#[test]
fn the_plans_targets_contradict_each_other() {
    insta::assert_snapshot!(found(&[1, 2, 3, 4, 5, 6, 7], |_| {}), @"
    1 Contradiction: Database: lose 5 min at most. Backups every 6 h.
       but Up to 6 h of work can be lost. That is 72 times the target.
       so  Reports the loss that was measured, never the target. Not built: an alarm on its age.
    1 Contradiction: Authentication: lose nothing. Backups every 6 h.
       but Up to 6 h of work can be lost. The target allows none.
       so  Reports the loss that was measured, never the target. Not built: an alarm on its age.
    2 Contradiction: Backups of the database at Supabase are kept 30 d.
       but Supabase sells 28 d at most, and 7 d with the Pro plan.
       so  Says so. Not built: own copies elsewhere, locked against deletion.
    3 Contradiction: Authentication: back in 15 min, losing nothing.
       but What it needs takes 30 min and may lose 5 min at most.
       so  Counts with 30 min and 5 min; shows both.
    4 Contradiction: File Storage: lose 15 min at most.
       but No backup covers it: what is lost stays lost.
       so  Says so; a copy every 15 min would keep the target.
    5 Contradiction: Up 99.99 % of the time. Back in 15 min at best.
       but That allows 4.3 min a month. One outage of 15 min spends 3.5 months.
       so  Shows each outage's share of the budget. Machines do only what can be undone.
    6 Note: Critical: down for 30 s.
       but A blip of 43 s wakes someone.
       so  Pages at 30 s. Acts after 1 min 30 s at the earliest.
    7 Warning: Errors below 0.1 %. Alert above 0.5 %.
       but 5.0 times the allowed errors tell nobody.
       so  Says so, and keeps the alert where the plan has it.
    7 Note: Answers within 200 ms. Alert above 500 ms.
       but Between 200 and 500 ms nobody is told.
       so  Says so, and keeps the alert where the plan has it.
    ");
}

#[test]
fn the_plans_procedures_would_do_harm() {
    insta::assert_snapshot!(found(&[8, 9, 10, 11, 12, 13, 14, 15, 16, 17], |_| {}), @r#"
    8 Warning: 12 drills, each with its cadence.
       but 12 of them have no date: never held.
       so  Counts them as overdue. What they prove stays disarmed.
    9 Contradiction: "If rollback fails, restore from backup: ./deployment/backup-disaster-recovery.sh restore LATEST_BACKUP"
       but An outage is no proof of damage: this destroys good data.
       so  The runbook has instead: If both failed: tell the incident commander, and touch no data.
    10 Contradiction: "supabase db reset --linked; supabase db push"
       but `supabase db reset` wipes the data and all accounts.
       so  The runbook has instead: Restore the newest verified backup into a new project.
    11 Contradiction: "vercel ls --limit 5"
       but The command line tool knows `--limit` only since July 2026.
       so  The runbook has instead: List the recent deployments.
    11 Contradiction: "supabase db ping"
       but There is no such command.
       so  The runbook has instead: Ask the database itself: reachable, damaged, or emptied.
    11 Contradiction: "supabase db test"
       but It tests the database on the laptop, not the one restored.
       so  The runbook has instead: Compare rows, accounts and policies with the backup's manifest.
    12 Contradiction: Supabase: Multi-AZ deployment.
       but Its documents promise none, and no replica can be promoted.
       so  Counts with one Region and with nothing taking over.
    13 Warning: The application's home is us-east-1. Failover: automatic DNS switching.
       but DNS records are edited in that same Region.
       so  Runs in another Region. Not built: flipping records that were made beforehand.
    14 Warning: "Put application in maintenance mode"
       but It doesn't say how.
       so  The runbook has instead: Show the maintenance page: flag first, then a WAF rule, then DNS to a static page.
    15 Contradiction: "Revoke all API keys and tokens (Execute through Supabase dashboard)"
       but Without our own token nothing more can be done.
       so  The runbook has instead: Revoke every session, key and token except our own.
    16 Warning: Of application-code, the last 10 are kept.
       but A busy team makes that many in a day, good or bad.
       so  Rolls back only to one proven healthy that is still a candidate.
    17 Warning: "./deployment/rollback.sh "Complete application outage""
       but Old code may meet a newer database schema.
       so  Checks that migrations since then only added things; else asks people.
    "#);
}

#[test]
fn the_plans_people_cannot_be_reached() {
    insta::assert_snapshot!(found(&[18, 19, 20, 21], |_| {}), @"
    18 Contradiction: The status page is status.concierge-transaction-flow.com.
       but It is in the application's own zone and goes down with it.
       so  Doesn't depend on it: pages by phone, and the plan is in the binary.
    19 Contradiction: Lead Developer, Senior Developer, DevOps Engineer, Project Manager, Stakeholder Representative: [Name] - [Phone] - [Email].
       but Nobody can be paged there.
       so  Stays disarmed.
    19 Warning: Amazon Route 53: [Contact Information].
       but Nobody knows whom to call.
       so  Stays disarmed.
    20 Warning: Next review: 2025-04-06.
       but It is 595 days overdue.
       so  Says so to the Technical Lead until it is done.
    21 Warning: database: integrity check every 1 d.
       but A checksum doesn't prove that it can be restored.
       so  Never calls it restorable. Not built: restoring it into a scratch database.
    ");
}

/// The plan as it should be.
fn corrected() -> Plan {
    let mut plan = built_in();
    let pitr = plan.backups[0].clone();
    plan.backups[0].storage = "own bucket".into();
    plan.backups[0].verification = "restore test".into();
    plan.backups[1].keep_for = Some(Span::days(30));
    plan.backups.push(BackupPolicy {
        every: Some(Span::mins(2)),
        keep_for: Some(Span::days(7)),
        verification: "restore test".into(),
        covers: vec!["auth".into(), "storage".into()],
        ..pitr
    });
    let auth = plan.components.iter_mut().find(|c| c.id.as_str() == "auth").unwrap();
    (auth.rto, auth.rpo) = (Span::mins(30), Span::mins(5));
    plan.targets.availability = 0.999;
    plan.thresholds.error_rate = plan.targets.error_rate;
    plan.thresholds.slow_ms = plan.targets.response_ms;
    plan.thresholds.down_for = Span::secs(60);
    plan.drills.iter_mut().for_each(|drill| drill.last = Some(day("2026-11-20")));
    let steps = plan.runbooks.iter_mut().flat_map(|runbook| &mut runbook.steps);
    steps.for_each(|step| step.instead_of = None);
    plan.vendors.iter_mut().for_each(|vendor| vendor.replication = None);
    plan.vendors.iter_mut().for_each(|vendor| vendor.support = "support@example.com".into());
    plan.regions.primary = "eu-central-1".into();
    plan.channels.status_page = "https://status.example.com/".into();
    plan.channels.mail_list = "all@example.com".into();
    plan.document.next_review = day("2027-01-01");
    plan.dns.standby = "76.76.21.22".into();
    for person in &mut plan.people {
        person.name = "Ann".into();
        person.phone = "+12025550123".into();
        person.email = "ann@example.com".into();
        person.phone_verified = Some(day("2026-11-20"));
    }
    if let Some(phone) = &mut plan.phone {
        phone.registration = Some(crate::plan::Registration::Registered);
    }
    plan
}

#[test]
fn a_corrected_plan_has_no_findings_and_may_be_armed() {
    assert_eq!(findings(&corrected()), []);
    assert_eq!(disarmed_because(&corrected()), Vec::<String>::new());
}

/// Puts a value of the built-in plan, the second, back into a corrected one.
type Undo = fn(&mut Plan, &Plan);

/// Each correction of [`corrected`] is needed: undone alone, its row comes back and no other.
#[test]
fn each_finding_hangs_on_its_own_value() {
    let plan = built_in();
    let undo: [(u8, Undo); 16] = [
        (1, |plan, _| plan.backups.last_mut().unwrap().every = Some(Span::mins(10))),
        (2, |plan, built_in| plan.backups[0].storage.clone_from(&built_in.backups[0].storage)),
        (3, |plan, _| plan.components[3].rto = Span::mins(20)),
        (4, |plan, _| drop(plan.backups.last_mut().unwrap().covers.pop())),
        (5, |plan, built_in| plan.targets.availability = built_in.targets.availability),
        (6, |plan, built_in| plan.thresholds.down_for = built_in.thresholds.down_for),
        (7, |plan, built_in| plan.thresholds.error_rate = built_in.thresholds.error_rate),
        (8, |plan, _| plan.drills[0].last = Some(day("2026-10-01"))),
        (12, |plan, built_in| plan.vendors[1].replication = built_in.vendors[1].replication),
        (13, |plan, built_in| plan.regions = built_in.regions.clone()),
        (16, |plan, built_in| plan.backups[1].keep_for = built_in.backups[1].keep_for),
        (18, |plan, built_in| plan.channels = built_in.channels.clone()),
        (19, |plan, built_in| plan.people[0] = built_in.people[0].clone()),
        (19, |plan, _| drop(plan.roles.on_call.remove(0))),
        (20, |plan, _| plan.document.next_review = day("2026-11-21")),
        (21, |plan, built_in| {
            plan.backups[0].verification.clone_from(&built_in.backups[0].verification);
        }),
    ];
    for (row, undo) in undo {
        let mut changed = corrected();
        undo(&mut changed, &plan);
        let rows: Vec<u8> = findings(&changed).iter().map(|finding| finding.row).collect();
        assert!(!rows.is_empty() && rows.iter().all(|found| *found == row), "{row}: {rows:?}");
    }
}

#[test]
fn the_plans_own_words_bring_their_rows_back() {
    for (row, words) in [
        (9, "If rollback fails, restore from backup"),
        (10, "supabase db reset --linked"),
        (11, "supabase db ping"),
        (11, "vercel ls --limit 5"),
        (14, "Put application in maintenance mode"),
        (17, "./deployment/rollback.sh \"P1 incident - complete outage\""),
    ] {
        let mut plan = corrected();
        let steps = &mut runbook(&mut plan, Scenario::CompleteOutage).steps;
        steps[0].instead_of = Some(words.into());
        let rows: Vec<u8> = findings(&plan).iter().map(|finding| finding.row).collect();
        assert_eq!(rows, [row], "{words}");
    }
}

#[test]
fn a_breach_ends_with_a_rotation() {
    let mut plan = corrected();
    let steps = &mut runbook(&mut plan, Scenario::SecurityBreach).steps;
    let restore = steps.iter().rposition(|step| step.what.starts_with("Restore")).unwrap();
    steps.truncate(restore + 1);
    assert_eq!(findings(&plan).iter().map(|f| f.row).collect::<Vec<_>>(), [15]);
}

#[test]
fn acting_is_later_than_paging_and_probes_are_closer_than_both() {
    insta::assert_snapshot!(found(&[6], |plan| {
        plan.safety.act_after = Span::secs(30);
        plan.detection.probe_every = Span::secs(30);
    }), @r"
    6 Contradiction: Critical: down for 30 s. A probe every 30 s.
       but The probes are too far apart to see it.
       so  Pages one probe later than promised.
    6 Contradiction: People are paged after 30 s, machines act after 30 s.
       but Machines act before anyone knows, and on every blip.
       so  Acts only with a quorum, and never automatically again without a person.
    ");
}

#[test]
fn a_ladder_as_slow_as_the_recovery_target_is_a_contradiction() {
    insta::assert_snapshot!(found(&[19], |plan| {
        *plan = corrected();
        let policy = plan.escalation.iter_mut().find(|p| p.severity == Severity::P1).unwrap();
        policy.rungs.drain(1..3);
    }), @r"
    19 Contradiction: Back in 15 min. A P1 escalates after 15 min.
       but When the first person sleeps, the target is lost.
       so  Starts the recovery before anyone answers, where armed.
    ");
}

#[test]
fn an_executor_a_standby_and_a_ttl_can_be_in_the_wrong_place() {
    insta::assert_snapshot!(found(&[13], |plan| {
        plan.regions.primary = "us-west-2".into();
        plan.dns.ttl = Span::mins(5);
        plan.dns.standby = "cname.vercel-dns.com".into();
    }), @r"
    13 Contradiction: The application's home is us-west-2.
       but This executor lives there too and dies with it.
       so  Works from a laptop as well; move the executor.
    13 Contradiction: The application's home is us-west-2.
       but The standby is in the same Region.
       so  Checks the standby before every failover.
    13 Warning: DNS answers live 5 min.
       but Visitors stay on the dead address for up to 5 min.
       so  Counts that time into the recovery.
    13 Contradiction: The standby is cname.vercel-dns.com.
       but It is at the primary's provider and fails with it.
       so  Refuses to fail over when both are down.
    ");
}

#[test]
fn placeholders_keep_everything_disarmed() {
    insta::assert_snapshot!(disarmed_because(&built_in()).join("\n"), @r"
    Lead Developer has no name, phone, mail
    Senior Developer has no name, phone, mail
    DevOps Engineer has no name, phone, mail
    Project Manager has no name, phone, mail
    Stakeholder Representative has no name, phone, mail
    Amazon Route 53 has no support contact
    the mail list has no address
    the standby's address 192.0.2.10 is only an example
    ");
}

#[test]
fn every_sentence_is_short() {
    for finding in findings(&built_in()) {
        for sentence in finding.problem.split_inclusive(". ") {
            assert!(sentence.split(' ').count() <= 16, "{sentence}");
        }
    }
}
