//! Each mistake is reported where it stands, with what to write instead.

use proptest::prelude::*;

use super::*;
use crate::plan::built_in_text;

mod phone;

const SAMPLE: &str = include_str!("sample.toml");

/// What is said of the sample after these replacements.
fn said(changes: &[(&str, &str)]) -> String {
    let mut text = SAMPLE.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "the sample has no {from}");
        text = text.replacen(from, to, 1);
    }
    let mistakes = read("plan.toml", &text).unwrap_err();
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_built_in_plan_and_the_sample_have_no_mistakes() {
    for text in [built_in_text(), SAMPLE] {
        if let Err(mistakes) = read("infra/plan.toml", text) {
            panic!("{}", mistakes.iter().map(ToString::to_string).collect::<String>());
        }
    }
}

#[test]
fn every_mistake_names_its_path() {
    let text = SAMPLE.replace("shared = [\"database\"]", "shared = [\"web\", \"x\"]");
    assert_eq!(read("plan.toml", &text).unwrap_err()[0].path, "dns.shared[1]");
    let text = SAMPLE.replace("after = \"2m\"", "after = \"2\"");
    assert_eq!(read("plan.toml", &text).unwrap_err()[0].path, "escalation[0].rungs[1].after");
}

#[test]
fn an_empty_file_is_refused() {
    assert_eq!(read("plan.toml", "").unwrap_err()[0].line, 1);
}

#[test]
fn a_changed_plan_has_another_fingerprint() {
    assert_eq!(fingerprint(SAMPLE), fingerprint(SAMPLE));
    assert_ne!(fingerprint(SAMPLE), fingerprint(&SAMPLE.replace("90s", "91s")));
}

/// A plan damaged at random: bytes overwritten, a line taken out or doubled.
fn damaged() -> impl Strategy<Value = String> {
    let bytes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    let line = any::<prop::sample::Index>();
    (prop::sample::select(vec![SAMPLE, built_in_text()]), bytes, line, 0..3_usize).prop_map(
        |(text, bytes, line, copies)| {
            let mut lines: Vec<&str> = text.lines().collect();
            let at = line.index(lines.len());
            let taken = lines.remove(at);
            lines.splice(at..at, std::iter::repeat_n(taken, copies));
            let mut text = lines.join("\n").into_bytes();
            for (at, byte) in bytes {
                let at = at.index(text.len());
                text[at] = byte;
            }
            String::from_utf8_lossy(&text).into_owned()
        },
    )
}

proptest! {
    #[test]
    fn a_damaged_plan_is_read_or_refused_with_lines_that_exist(text in damaged()) {
        if let Err(mistakes) = read("plan.toml", &text) {
            prop_assert!(!mistakes.is_empty());
            for mistake in mistakes {
                prop_assert!((1..=text.split('\n').count()).contains(&mistake.line));
                prop_assert!(mistake.column <= mistake.source.chars().count() + 1);
                prop_assert!(text.contains(&mistake.source));
                prop_assert!(!mistake.to_string().is_empty());
            }
        }
    }
}

#[test]
fn what_toml_forbids_is_reported_where_it_stands() {
    let said = said(&[("slow_ms = 500", "slow_ms = = 500")]);
    insta::assert_snapshot!(said, @r"
    plan.toml:16:11: extra `=`
    16 | slow_ms = = 500
       |           ^ write nothing
    ");
}

#[test]
fn an_unknown_field_gets_the_nearest_known_one() {
    let said = said(&[("rto = \"30m\"", "rtoo = \"30m\"")]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:57:1: there is no field `rtoo` here
    57 | rtoo = "30m"
       | ^ write `rto`
    "#);
}

#[test]
fn a_field_unlike_any_gets_the_whole_list() {
    let said =
        said(&[("vendor = \"host\"\nproject", "colour = \"red\"\nvendor = \"host\"\nproject")]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:98:1: there is no field `colour` here
    98 | colour = "red"
       | ^ write one of vendor, project, team, suspect_window, rollback_max_age, cache_tags
    "#);
}

#[test]
fn a_missing_section_is_named() {
    let said = said(&[("[arming]", "[harming]")]);
    insta::assert_snapshot!(said, @r"
    plan.toml:40:2: there is no field `harming` here
    40 | [harming]
       |  ^ write `arming`
    ");
}

#[test]
fn without_its_last_section_the_plan_is_incomplete() {
    let text = SAMPLE.split("# At the end").next().unwrap();
    insta::assert_snapshot!(read("plan.toml", text).unwrap_err()[0], @r"
    plan.toml:1:1: `classification` is missing here
    1 | # The smallest plan that can be read; the tests damage it.
      | ^ write a section classification
    ");
}

#[test]
fn a_missing_field_is_named() {
    let said = said(&[("rpo = \"5m\"\n", "")]);
    insta::assert_snapshot!(said, @r"
    plan.toml:54:1: `rpo` is missing here
    54 | [[components]]
       | ^ write a line rpo = …
    ");
}

#[test]
fn a_wrong_choice_gets_the_nearest_one() {
    let said = said(&[("restart = \"dry-run\"", "restart = \"dryrun\"")]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:43:11: there is no value `dryrun` here
    43 | restart = "dryrun"
       |           ^ write `dry-run`
    "#);
}

#[test]
fn a_wrong_type_is_named() {
    let said = said(&[("quorum = 3", "quorum = \"three\"")]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:29:10: this is the string "three"
    29 | quorum = "three"
       |          ^ write a whole number
    "#);
}

#[test]
fn a_length_of_time_needs_its_unit() {
    let said = said(&[("act_after = \"90s\"", "act_after = \"90\"")]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:30:13: `90` is not a length of time
    30 | act_after = "90"
       |             ^ write e.g. 30s, 2m, 6h, 30d or 500ms
    "#);
}

#[test]
fn a_day_is_written_as_a_day() {
    let said = said(&[("last_updated = \"2026-01-01\"", "last_updated = \"January 6\"")]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:5:16: `January 6` is not a day
    5 | last_updated = "January 6"
      |                ^ write e.g. "2025-01-06"
    "#);
}

#[test]
fn an_unknown_component_gets_the_nearest_one() {
    let said = said(&[("shared = [\"database\"]", "shared = [\"databse\"]")]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:96:11: no component is called `databse`
    96 | shared = ["databse"]
       |           ^ write "database"
    "#);
}

#[test]
fn every_reference_to_a_component_is_checked() {
    let said = said(&[
        ("depends_on = [\"web\"]", "depends_on = [\"x1\"]"),
        ("component = \"web\"", "component = \"x2\""),
        ("component = \"database\" }", "component = \"x3\" }"),
        ("component = \"database\"\nevery", "component = \"x4\"\ncovers = [\"x5\"]\nevery"),
    ]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:62:15: no component is called `x1`
    62 | depends_on = ["x1"]
       |               ^ write one of web, database
    plan.toml:105:13: no component is called `x2`
    105 | component = "x2"
        |             ^ write one of web, database
    plan.toml:106:44: no component is called `x3`
    106 | monitors = [{ contains = "db", component = "x3" }]
        |                                            ^ write one of web, database
    plan.toml:145:13: no component is called `x4`
    145 | component = "x4"
        |             ^ write one of web, database
    plan.toml:146:11: no component is called `x5`
    146 | covers = ["x5"]
        |           ^ write one of web, database
    "#);
}

#[test]
fn an_unknown_person_or_vendor_is_reported() {
    let said = said(&[
        ("business_lead = \"ann\"", "business_lead = \"anne\""),
        ("on_call = [\"ann\"]", "on_call = [\"ann\", \"bob\"]"),
        ("vendor = \"host\"\nproject", "vendor = \"hots\"\nproject"),
    ]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:73:17: no person is called `anne`
    73 | business_lead = "anne"
       |                 ^ write "ann"
    plan.toml:74:19: no person is called `bob`
    74 | on_call = ["ann", "bob"]
       |                   ^ write one of ann
    plan.toml:98:10: no vendor is called `hots`
    98 | vendor = "hots"
       |          ^ write "host"
    "#);
}

#[test]
fn needs_in_a_circle_are_refused() {
    let said = said(&[(
        "recovery = \"manual\"\n[[components]]",
        "recovery = \"manual\"\ndepends_on = [\"database\"]\n[[components]]",
    )]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:54:14: `web` needs itself in the end
    54 | depends_on = ["database"]
       |              ^ write only what it can't come back without
    plan.toml:63:14: `database` needs itself in the end
    63 | depends_on = ["web"]
       |              ^ write only what it can't come back without
    "#);
}

#[test]
fn an_id_stands_once_and_is_plain() {
    let said = said(&[
        ("id = \"database\"", "id = \"web\""),
        ("id = \"grafana\"", "id = \"Grafana Cloud\""),
        ("\"eu-west-1\"", "\"us-west-2\""),
    ]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:23:32: `us-west-2` is there twice
    23 | vantage_points = ["us-west-2", "us-west-2", "us-east-2"]
       |                                ^ write each only once
    plan.toml:55:6: `web` is there twice
    55 | id = "web"
       |      ^ write each only once
    plan.toml:62:14: `web` needs itself in the end
    62 | depends_on = ["web"]
       |              ^ write only what it can't come back without
    plan.toml:96:11: no component is called `database`
    96 | shared = ["database"]
       |           ^ write one of web, web
    plan.toml:103:6: `Grafana Cloud` can't be an id
    103 | id = "Grafana Cloud"
        |      ^ write lower-case letters, digits and -
    plan.toml:106:44: no component is called `database`
    106 | monitors = [{ contains = "db", component = "database" }]
        |                                            ^ write one of web, web
    plan.toml:145:13: no component is called `database`
    145 | component = "database"
        |             ^ write one of web, web
    "#);
}

#[test]
fn empty_lists_are_refused() {
    let said = said(&[
        ("on_call = [\"ann\"]", "on_call = []"),
        ("by = [\"voice\"] },\n]", "by = [] },\n]"),
        ("steps = [{ what = \"Freeze\", by = \"5m\", who = \"approved\" }]", "steps = []"),
    ]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:74:11: `roles.on_call` is empty
    74 | on_call = []
       |           ^ write at least one entry
    plan.toml:112:48: `escalation[0].rungs[1].by` is empty
    112 |     { after = "2m", page = ["all-hands"], by = [] },
        |                                                ^ write at least one entry
    plan.toml:134:9: `runbooks[2].steps` is empty
    134 | steps = []
        |         ^ write at least one entry
    "#);
}

#[test]
fn a_severity_nobody_is_paged_for_is_refused() {
    let said = said(&[("severity = \"P4\"\nrungs", "severity = \"P3\"\nrungs")]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:107:1: nobody is paged for a P4
    107 | [[escalation]]
        | ^ write an [[escalation]] with severity = "P4"
    plan.toml:121:12: `P3` is there twice
    121 | severity = "P3"
        |            ^ write each only once
    "#);
}

#[test]
fn a_ladder_starts_at_once_and_climbs() {
    let said = said(&[
        ("after = \"2m\"", "after = \"0m\""),
        (
            "severity = \"P2\"\nrungs = [{ after = \"0m\"",
            "severity = \"P2\"\nrungs = [{ after = \"1m\"",
        ),
    ]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:112:15: this rung is not later than the one before
    112 |     { after = "0m", page = ["all-hands"], by = ["voice"] },
        |               ^ write more than 0 s
    plan.toml:116:20: the first rung is not at once
    116 | rungs = [{ after = "1m", page = ["on-call"], by = ["voice"] }]
        |                    ^ write "0m"
    "#);
}

#[test]
fn an_alert_without_a_severity_is_refused() {
    let said = said(&[(
        "alert = \"info\"\npriority = \"medium\"",
        "alert = \"info\"\npriority = \"high\"",
    )]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:165:1: no severity for the alert info on priority medium
    165 | [[classification]]
        | ^ write a [[classification]] with alert = "info", priority = "medium"
    "#);
}

#[test]
fn a_scenario_without_a_runbook_is_refused() {
    let said = said(&[("scenario = \"security-breach\"", "scenario = \"database-loss\"")]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:123:1: no runbook for security-breach
    123 | [[runbooks]]
        | ^ write a [[runbooks]] with scenario = "security-breach"
    plan.toml:132:12: `database-loss` is there twice
    132 | scenario = "database-loss"
        |            ^ write each only once
    "#);
}

#[test]
fn no_length_of_time_is_nothing() {
    let said = said(&[
        ("probe_every = \"10s\"", "probe_every = \"0s\""),
        ("every = \"30d\"", "every = 0"),
        ("rpo = \"5m\"", "rpo = -1"),
        ("repeat_after = \"5m\"", "repeat_after = \"0m\""),
    ]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:21:15: `detection.probe_every` must be longer than nothing
    21 | probe_every = "0s"
       |               ^ write e.g. "30s"
    plan.toml:58:7: `components[1].rpo` must be longer than nothing
    58 | rpo = -1
       |       ^ write e.g. "30s"
    plan.toml:109:16: `escalation[0].repeat_after` must be longer than nothing
    109 | repeat_after = "0m"
        |                ^ write e.g. "30s"
    plan.toml:153:9: `drills[0].every` must be longer than nothing
    153 | every = 0
        |         ^ write e.g. "30s"
    "#);
}

#[test]
fn shares_and_counts_are_possible() {
    let said = said(&[
        ("availability = 0.99", "availability = 99.0"),
        ("query_ms = 100", "query_ms = nan"),
        ("act_failures = 3", "act_failures = 0"),
    ]);
    insta::assert_snapshot!(said, @"
    plan.toml:10:16: `targets.availability` is a share between 0 and 1, not 99
    10 | availability = 99.0
       |                ^ write e.g. 0.001 for 0.1 %
    plan.toml:13:12: `targets.query_ms` can't be NaN
    13 | query_ms = nan
       |            ^ write milliseconds, e.g. 500
    plan.toml:31:16: `safety.act_failures` must be at least 1
    31 | act_failures = 0
       |                ^ write 1 or more
    ");
}

#[test]
fn two_vantage_points_are_too_few() {
    let said = said(&[(
        "[\"us-west-2\", \"eu-west-1\", \"us-east-2\"]",
        "[\"us-west-2\", \"eu-west-1\"]",
    )]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:23:18: 2 vantage points can't outvote a broken one
    23 | vantage_points = ["us-west-2", "eu-west-1"]
       |                  ^ write at least 3 places
    plan.toml:29:10: a quorum of 3 can't come from 2 vantage points
    29 | quorum = 3
       |          ^ write at most 2
    "#);
}

#[test]
fn a_quorum_of_nothing_is_refused() {
    let said = said(&[("quorum = 3", "quorum = 0")]);
    insta::assert_snapshot!(said, @"
    plan.toml:29:10: a quorum of 0 would act on no evidence
    29 | quorum = 0
       |          ^ write 1 or more
    ");
}

#[test]
fn contacts_can_be_reached() {
    let said = said(&[
        ("phone = \"+12025550123\"", "phone = \"202 555 0123\""),
        ("email = \"ann@example.com\"", "email = \"ann\""),
        ("slack = \"#incidents\"", "slack = \"incidents\""),
    ]);
    insta::assert_snapshot!(said, @r##"
    plan.toml:79:9: `202 555 0123` is not an international phone number
    79 | phone = "202 555 0123"
       |         ^ write e.g. "+12025550123"
    plan.toml:80:9: `ann` is not a mail address
    80 | email = "ann"
       |         ^ write e.g. "on-call@example.com"
    plan.toml:82:9: a Slack channel begins with #
    82 | slack = "incidents"
       |         ^ write e.g. "#incidents"
    "##);
}

#[test]
fn addresses_are_urls() {
    let said = said(&[
        ("\"https://db.example.com/health\"", "\"http://db.example.com\""),
        ("\"https://status.example.net/api", "\"status.example.net/api"),
    ]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:61:14: `http://db.example.com` is not an https URL
    61 | health_url = "http://db.example.com"
       |              ^ write e.g. "https://example.com/health"
    plan.toml:68:14: `status.example.net/api/v2/summary.json` is not an https URL
    68 | status_url = "status.example.net/api/v2/summary.json"
       |              ^ write e.g. "https://example.com/health"
    "#);
}

#[test]
fn names_stay_inside_of_the_zone() {
    let said = said(&[("\"www.example.com\"]", "\"www.example.net\"]")]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:91:25: `www.example.net` is outside of the zone example.com
    91 | names = ["example.com", "www.example.net"]
       |                         ^ write a name that ends in example.com
    "#);
}

#[test]
fn the_standby_is_another_address() {
    let said = said(&[("standby = \"198.51.100.1\"", "standby = \"192.0.2.1\"")]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:93:11: primary and standby are the same address
    93 | standby = "192.0.2.1"
       |           ^ write an address off the primary's provider
    "#);
}

#[test]
fn the_top_of_a_zone_points_to_an_address() {
    let said = said(&[("standby = \"198.51.100.1\"", "standby = \"standby.example.net\"")]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:93:11: the top of a zone can't point to the name `standby.example.net`
    93 | standby = "standby.example.net"
       |           ^ write an IP address
    "#);
}

#[test]
fn a_backup_says_how_long_it_is_kept() {
    let said = said(&[("keep_for = \"7d\"\n", "")]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:143:1: nothing says how long `database` is kept
    143 | [[backups]]
        | ^ write a line keep_for = "30d" or keep_last = 10
    "#);
}

#[test]
fn a_step_never_runs_a_denied_command() {
    let said = said(&[("what = \"Restore\", by", "what = \"Run supabase db reset --linked\", by")]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:130:19: `supabase db reset` is never run: it wipes the data and all accounts
    130 | steps = [{ what = "Run supabase db reset --linked", by = "30m", who = "approved" }]
        |                   ^ write a restore of a verified backup into a new project
    "#);
}

#[test]
fn traffic_can_be_moved_by_what_is_written() {
    let at = "[hosting]";
    let latch = "[dns.latch]\nbucket = \"b\"\nregion = \"us-east-1\"\nkey = \"k\"\n";
    let checks = "[dns.health_checks]\nprimary_host = \"example.com\"\nstandby_host = \"hc.example.com\"\npath = \"/\"\nevery = \"20s\"\nfailures = 2\n";
    insta::assert_snapshot!(said(&[(at, &format!("{latch}{checks}\n{at}"))]), @r#"
    plan.toml:89:1: the driver records lacks its settings
    89 | [dns]
       | ^ write zone_id = "Z…" in [dns]
    plan.toml:99:10: the latch would be gone with us-east-1
    99 | region = "us-east-1"
       |          ^ write "us-west-2"
    plan.toml:102:16: the check of `example.com` would follow its own verdict
    102 | primary_host = "example.com"
        |                ^ write a name of its own, e.g. "hc-primary.example.com"
    plan.toml:105:9: Route 53 does not check every 20 s
    105 | every = "20s"
        |         ^ write "10s" or "30s"
    plan.toml:106:12: Route 53 would flip after 40 s, machines wait 1 min 30 s
    106 | failures = 2
        |            ^ write every = "30s" with failures = 3, or more
    "#);
    insta::assert_snapshot!(said(&[(at, &format!("{latch}\n{at}"))]), @r#"
    plan.toml:89:1: the driver latch lacks its settings
    89 | [dns]
       | ^ write [dns.latch] and [dns.health_checks]
    plan.toml:89:1: the driver records lacks its settings
    89 | [dns]
       | ^ write zone_id = "Z…" in [dns]
    plan.toml:99:10: the latch would be gone with us-east-1
    99 | region = "us-east-1"
       |          ^ write "us-west-2"
    "#);
    let two = "names = [\"example.com\", \"www.example.com\"";
    let five = format!("{two}, \"a.example.com\", \"b.example.com\", \"c.example.com\"");
    insta::assert_snapshot!(said(&[(two, &five)]), @r#"
    plan.toml:91:9: 5 names would be moved at once
    91 | names = ["example.com", "www.example.com", "a.example.com", "b.example.com", "c.example.com"]
       |         ^ write at most 4
    "#);
    insta::assert_snapshot!(said(&[("[dns]", "[dns]\ndrivers = []\nresolvers = [\"dns\"]")]), @r#"
    plan.toml:90:11: traffic could not be moved at all
    90 | drivers = []
       |           ^ write e.g. ["latch"]
    plan.toml:91:13: 1 public resolvers prove little
    91 | resolvers = ["dns"]
       |             ^ write at least 3
    plan.toml:91:14: `dns` is not the address of a resolver
    91 | resolvers = ["dns"]
       |              ^ write e.g. "1.1.1.1"
    "#);
}

#[test]
fn approvals_can_be_given() {
    let approvals = "[approvals]\nfailback = 9\nrollback = 0\nvalid_for = \"0s\"\n\n[hosting]";
    insta::assert_snapshot!(said(&[("[hosting]", approvals)]), @r#"
    plan.toml:98:12: 9 people can't agree to a failback
    98 | failback = 9
       |            ^ write 1 to 2
    plan.toml:99:12: 0 people can't agree to a rollback
    99 | rollback = 0
       |            ^ write 1 to 2
    plan.toml:100:13: an approval would have expired before it is used
    100 | valid_for = "0s"
        |             ^ write "15m"
    "#);
}
