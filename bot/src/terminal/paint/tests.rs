//! Snapshots at the widths people have: a phone's ssh, a classic terminal, a wide one.

use shared::time::{Span, Ts};

use super::*;
use crate::report::tests::story::{T0, noticed, outage, plan, promises, report, told};

fn plain_brush(width: usize) -> Brush {
    Brush { width, colours: false }
}

fn lines(width: usize) -> String {
    report().lines.iter().map(|line| timeline_line(line, plain_brush(width))).collect()
}

fn page(beats: Vec<crate::report::tests::story::Beat>, after: i64, width: usize) -> String {
    let (incident, _) = told(beats);
    incident_page(&incident, &plan(), T0 + Span::secs(after), plain_brush(width))
}

fn without_codes(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    first + &parts.map(|part| part.split_once('m').unwrap().1).collect::<String>()
}

#[test]
fn the_timeline_at_80_columns() {
    insta::assert_snapshot!(lines(80), @"
    14:02:55    +0:15  ! ALARM   incident 7: frontend looks wrong; pingdom says:
                                 Home page: HTTP 502 (sender not proven)
    14:02:55    +0:15  ◆ SEEN    pingdom 4711 says down: HTTP 502
    14:02:56    +0:16  ◆ SEEN    the first probe failed at 14:02:40: the recovery
                                 clock starts there
    14:03:04    +0:24  ◆ SEEN    uptimerobot 77 says down: HTTP 502
    14:03:11    +0:31  ◆ SEEN    confirmed: 3 of 3 vantage points fail
    14:03:11    +0:31  ! ALARM   declared P1: complete service outage
    14:03:11    +0:31  » PAGE    rung 1 of the ladder: paging lead-developer
    14:03:11    +0:31  ? LOOK    checking, round 1: vercel's status, supabase's
                                 status, the control site, our DNS names, recent
                                 deployments, the standby
    14:03:12    +0:32  » PAGE    rung 1: lead-developer by voice and SMS (code 745)
    14:03:13    +0:33  ? LOOK    found: vercel works; supabase works; the control
                                 site is reachable; DNS is right (3 of 3 names);
                                 dpl_81 has been live since 2026-11-22T13:58:40Z;
                                 the standby is well, data 40 s old
    14:03:55    +1:15  @ PERSON  lead-developer has it (by keypad)
    14:03:55    +1:15  @ PERSON  lead-developer is now incident commander
    14:04:12    +1:32  ◆ SEEN    sure enough to act: 3 of 3 vantage points fail
    14:04:12    +1:32  ◇ DECIDE  decided to roll back dpl_81 to dpl_80: dpl_81 went
                                 live 4 min before the outage
    14:04:12    +1:32  ► ACT     started to roll back dpl_81 to dpl_80
    14:04:17    +1:37  ► ACT     done: roll back dpl_81 to dpl_80
    14:04:17    +1:37  ? LOOK    checking whether the rollback took full effect
    14:04:17    +1:37  · NOTE    still to do: new deployments do not go live until
                                 the rollback is undone
    14:04:24    +1:44  ? LOOK    found: full effect (3 of 3 names serve dpl_80)
    14:07:24    +4:44  ► ACT     the rollback did NOT help
    14:07:24    +4:44  ? LOOK    checking, round 2: vercel's status, supabase's
                                 status, the control site, our DNS names, recent
                                 deployments, the standby
    14:07:25    +4:45  ? LOOK    found: vercel works; supabase works; the control
                                 site is reachable; DNS is right (3 of 3 names);
                                 dpl_81 has been live since 2026-11-22T13:58:40Z;
                                 the standby is well, data 40 s old
    14:07:28    +4:48  ◇ DECIDE  decided to fail over to the standby: the rollback
                                 did not bring it back; the standby is healthy
    14:07:28    +4:48  ► ACT     started to fail over to the standby
    14:07:39    +4:59  ► ACT     reply lost, it may or may not have: fail over to
                                 the standby (no reply within 10 s)
    14:07:39    +4:59  ? LOOK    checking whether the failover took place
    14:07:43    +5:03  ? LOOK    found: it did take place
    14:07:43    +5:03  ? LOOK    checking whether the failover took full effect
    14:07:43    +5:03  · NOTE    still to do: traffic stays on the standby until a
                                 person plans the failback
    14:07:49    +5:09  ? LOOK    found: NO full effect (2 of 2 authoritative
                                 servers, 5 of 6 resolvers)
    14:08:50    +6:10  ↑ BETTER  answers again since 14:08:48, seen by our own
                                 probes
    14:09:51    +7:11  @ PERSON  lead-developer says: Logins work again, I watch the
                                 error rate
    14:23:48   +21:08  ↑ BETTER  steady: 90 good answers in a row
    14:23:48   +21:08  ? LOOK    checking the critical path
    14:23:54   +21:14  ? LOOK    found: critical path passed (log in, open a
                                 transaction, sign out)
    14:23:54   +21:14  ✓ CLEAR   ALL CLEAR, seen by our own probes: steady for 15
                                 min, log in, open a transaction, sign out
    ");
}

#[test]
fn the_timeline_at_40_columns() {
    let text = lines(40);
    let beginning: Vec<&str> = text.lines().take(28).collect();
    insta::assert_snapshot!(beginning.join("\n"), @"
    14:02:55  +0:15 ! ALARM
      incident 7: frontend looks wrong;
      pingdom says: Home page: HTTP 502
      (sender not proven)
    14:02:55  +0:15 ◆ SEEN
      pingdom 4711 says down: HTTP 502
    14:02:56  +0:16 ◆ SEEN
      the first probe failed at 14:02:40:
      the recovery clock starts there
    14:03:04  +0:24 ◆ SEEN
      uptimerobot 77 says down: HTTP 502
    14:03:11  +0:31 ◆ SEEN
      confirmed: 3 of 3 vantage points fail
    14:03:11  +0:31 ! ALARM
      declared P1: complete service outage
    14:03:11  +0:31 » PAGE
      rung 1 of the ladder: paging lead-
      developer
    14:03:11  +0:31 ? LOOK
      checking, round 1: vercel's status,
      supabase's status, the control site,
      our DNS names, recent deployments, the
      standby
    14:03:12  +0:32 » PAGE
      rung 1: lead-developer by voice and
      SMS (code 745)
    14:03:13  +0:33 ? LOOK
      found: vercel works; supabase works;
    ");
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in [40, 60, 80, 120] {
        let mut text = lines(width) + &page(outage(), 1_400, width);
        text += &scorecard(&promises(), plain_brush(width));
        text += &measures(&report().measures, plain_brush(width));
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(width), "{widest:?} in {width}:\n{text}");
    }
}

#[test]
fn colours_add_nothing_but_colour() {
    let brush = Brush { width: 80, colours: true };
    for line in report().lines {
        let painted = timeline_line(&line, brush);
        assert!(painted.contains('\u{1b}'));
        assert_eq!(without_codes(&painted), timeline_line(&line, plain_brush(80)));
    }
}

#[test]
fn an_open_incident_on_one_page() {
    insta::assert_snapshot!(page(noticed(), 61, 80), @"
    Incident 7  P1  open
    Application Frontend: complete service outage

    since      2026-11-22T14:02:40Z (1 min 1 s ago)
    recovery   13 min 59 s left of the RTO of 15 min
    people     nobody has it yet; rung 2 of the ladder in 1 min 30 s
    now        checking, round 1
    evidence   our own probes fail; 2 monitors say down or degraded
    ledger     4 turns, head 1646d50c: allclear verify 7
    ");
}

#[test]
fn a_resolved_incident_on_a_phone() {
    insta::assert_snapshot!(page(outage(), 4_874, 40), @"
    Incident 7  P1  resolved
    Application Frontend: complete service
    outage

    since      2026-11-22T14:02:40Z (1 h 21
               min ago)
    recovery   recovered after 6 min 8 s,
               within the RTO of 15 min
    people     lead-developer has it
    now        nothing more is done
    evidence   our own probes report no
               failure; 2 monitors say down
               or degraded
    paged      lead-developer; voice: telco:
               sent; SMS: telco: sent
    role       lead-developer is incident
               commander
    update     Logins work again, I watch
               the error rate
    to do      new deployments do not go
               live until the rollback is
               undone
    to do      traffic stays on the standby
               until a person plans the
               failback
    ledger     31 turns, head cde3a653:
               allclear verify 7
    ");
}

#[test]
fn a_missed_recovery_time_is_said_in_words() {
    let late = page(noticed(), 1_000, 80);
    assert!(late.contains("the RTO of 15 min is BROKEN since 1 min 40 s"), "{late}");
}

#[test]
fn a_list_of_incidents() {
    let (open, _) = told(noticed());
    let (over, turns) = told(outage());
    let now = T0 + Span::mins(90);
    let rows = [open.summary(now), over.summary(turns.last().unwrap().at)];
    let list: String = rows.iter().map(|row| incident_row(row, now, plain_brush(80))).collect();
    insta::assert_snapshot!(list, @"
    7  P1  open       frontend, for 1 h 30 min
    7  P1  resolved   frontend, took 21 min 14 s, began 1 h 30 min ago
    ");
}

#[test]
fn a_suspicion_has_no_severity_yet() {
    let suspected =
        Summary { state: State::Suspected, ended: None, ..told(noticed()).0.summary(T0) };
    let row = incident_row(&suspected, T0 + Span::secs(9), plain_brush(80));
    insta::assert_snapshot!(row, @"7  --  suspected  frontend, for 9 s");
}

#[test]
fn a_scorecard() {
    insta::assert_snapshot!(scorecard(&promises(), plain_brush(80)), @"
    ✓ kept    no page is lost: 2 of 2 pages were taken
    ✓ kept    recovered within the RTO: 6 min 8 s of 15 min
    ✗ BROKEN  no data is lost: the standby's data was 40 s old
    2 of 3 promises kept
    ");
}

#[test]
fn measures_with_their_verdicts() {
    insta::assert_snapshot!(measures(&report().measures, plain_brush(60)), @"
    – Start of the outage: 2026-11-22T14:02:40Z (first failing
      probe)
    – Detection: 31 s
    – Acknowledgement: 44 s
    – First action: 1 min 32 s
    ✗ Sure to accepted: 5.0 s (2 s: BROKEN by 3 s)
    ✓ Traffic moved: 1 min 37 s: sure after 1 min 32 s, ours 5.0
      s (1 min 42 s: kept)
    ✓ Recovery: 6 min 8 s (RTO 15 min: kept)
    – All clear: 21 min 14 s
    ✗ Data loss: up to 40 s: the age of the standby's data (RPO
      0 s: BROKEN by 40 s)
    ✗ Error budget: 6 min 8 s down: 142 % of the budget (4 min
      19 s in 30 days: BROKEN by 1 min 48 s)
    – Pages: 2 sent, 0 copies, 0 lost
    – Actions: 2 executed, 0 refused, 0 held back
    – Report: not measured: not written yet
    ");
}

#[test]
fn paragraphs_hang_under_their_labels() {
    let but =
        "backups run every 6 h, so 6 h can be lost: 72 times the target of 5 min that it names";
    let text = paragraphs("WARNING 1", &[("plan", "RPO 5 min"), ("but", but)], plain_brush(40));
    insta::assert_snapshot!(text, @"
    WARNING 1
    plan       RPO 5 min
    but        backups run every 6 h, so 6 h
               can be lost: 72 times the
               target of 5 min that it names
    ");
}

#[test]
fn times_are_told_from_now() {
    assert_eq!(ago(Ts(0), Ts(125_000)), "2 min 5 s ago");
    assert_eq!(ago(Ts(40_000), Ts(0)), "in 40 s");
    assert_eq!(ago(Ts(1), Ts(1)), "now");
}
