//! Traces of probes and what is said about them. One letter is one round of all three vantage points, every 10 s.

use super::*;

/// Time between two rounds.
const ROUND: Span = Span::secs(10);

const VANTAGES: [&str; 3] = ["us-east-1", "us-west-2", "eu-central-1"];

pub(crate) fn detection() -> Detection {
    Detection {
        probe_every: ROUND,
        probe_timeout: Span::secs(5),
        vantage_points: VANTAGES.map(Into::into).to_vec(),
        control_site: "https://control.example".into(),
        confirm_within: Span::secs(30),
        join_window: Span::mins(15),
        flap_limit: 3,
    }
}

pub(crate) fn thresholds() -> Thresholds {
    Thresholds {
        down_for: Span::secs(30),
        slow_ms: 500.0,
        slow_for: Span::mins(2),
        error_rate: 0.005,
        errors_for: Span::mins(5),
    }
}

pub(crate) fn safety() -> Safety {
    Safety {
        quorum: 3,
        act_after: Span::secs(90),
        act_failures: 3,
        up_successes: 10,
        up_for: Span::mins(15),
        preflight_max_age: Span::secs(60),
        certificate_min_life: Span::days(7),
        failover_block: Span::hours(1),
        failovers_per_day: 2,
        failures_before_freeze: 2,
        recover_within: Span::mins(10),
    }
}

fn watch() -> Watch {
    Watch::new(&detection(), &thresholds(), &safety(), Ts(0))
}

fn probe(vantage: &str, at: Ts, ok: bool, latency_ms: f64) -> Probe {
    Probe { vantage: vantage.into(), at, ok, latency_ms: ok.then_some(latency_ms), why: None }
}

/// Plays one round: `.` healthy, `s` slow, `x` failing, `c` the control site fails too, `_` silent; `a` and `b` are
/// failures of the first and the first two vantage points; `-` is silence of the first two.
fn round(watch: &mut Watch, letter: char, now: Ts) -> Vec<News> {
    let mut news = watch.tick(now);
    for (place, vantage) in VANTAGES.into_iter().enumerate() {
        let fails = match letter {
            'x' | 'c' => true,
            'a' => place == 0,
            'b' => place < 2,
            _ => false,
        };
        let latency_ms = if letter == 's' { 600.0 } else { 80.0 };
        if letter != '_' && !(letter == '-' && place < 2) {
            let probe = probe(vantage, now, !fails, latency_ms);
            news.extend(watch.probe(probe, letter != 'c', now));
        }
    }
    news
}

/// Plays rounds from second 0 (or on from `start`) and renders what was said as `second: news`.
fn play_from(watch: &mut Watch, start: i64, trace: &str) -> Vec<String> {
    let mut said = Vec::new();
    for (n, letter) in trace.chars().enumerate() {
        let now = Ts(start * 1_000) + ROUND.times(n as i64);
        said.extend(round(watch, letter, now).iter().map(|news| render(now, news)));
    }
    said
}

fn play(trace: &str) -> Vec<String> {
    play_from(&mut watch(), 0, trace)
}

fn render(now: Ts, news: &News) -> String {
    let s = |at: &Ts| at.0 / 1_000;
    let what = match news {
        News::FirstFailure { since } => format!("first failure since {}", s(since)),
        News::Down { quorum, since } => format!("down since {}, {quorum}", s(since)),
        News::Certain { quorum, since } => format!("certain since {}, {quorum}", s(since)),
        News::Recovered { .. } => "recovered".into(),
        News::Steady { since, successes } => format!("steady since {}, {successes}", s(since)),
        News::Slow { since, latency_ms } => format!("slow since {}, {latency_ms} ms", s(since)),
        News::Erring { since, rate } => format!("erring since {}, {rate}", s(since)),
        News::Eased { alert, .. } => format!("eased {alert:?}"),
        News::Blind { why, .. } => format!("blind: {why}"),
        News::Sighted { .. } => "sighted".into(),
    };
    format!("{}: {what}", s(&now))
}

#[test]
fn a_lasting_outage_is_suspected_then_paged_then_certain() {
    assert_eq!(
        play("..xxxxxxxxxxxxxxxxxxxx"),
        [
            "20: first failure since 20",
            "50: down since 20, 3 of 3 vantage points fail",
            "110: certain since 20, 3 of 3 vantage points fail"
        ]
    );
}

#[test]
fn a_blip_of_20_seconds_is_only_a_suspicion() {
    assert_eq!(play("..xx.........."), ["20: first failure since 20", "40: recovered"]);
}

#[test]
fn a_partition_of_43_seconds_is_paged_and_never_certain() {
    assert_eq!(
        play("..xxxxx.........."),
        [
            "20: first failure since 20",
            "50: down since 20, 3 of 3 vantage points fail",
            "70: recovered"
        ]
    );
}

#[test]
fn flapping_is_never_certain() {
    for up in 1..4 {
        for down in 1..9 {
            let trace = ("x".repeat(down) + &".".repeat(up)).repeat(30);
            let said = play(&trace);
            assert!(!said.iter().any(|news| news.contains("certain")), "{trace}: {said:?}");
        }
    }
}

#[test]
fn silence_is_neither_down_nor_recovered() {
    let said = play("...____________________");
    assert_eq!(said, ["60: blind: no vantage point reports any more"]);
    let said = play("..xxxx__________________.");
    assert_eq!(
        said,
        [
            "20: first failure since 20",
            "50: down since 20, 3 of 3 vantage points fail",
            "90: blind: no vantage point reports any more",
            "240: sighted",
            "240: recovered"
        ]
    );
}

#[test]
fn time_that_passes_is_no_evidence() {
    let mut watch = watch();
    play_from(&mut watch, 0, "xxxxxxxxx");
    assert_eq!(watch.tick(Ts(100_000)), [], "held for 100 s, but the newest result is of 80 s");
}

#[test]
fn failures_prove_nothing_while_the_control_site_fails_too() {
    let said = play("..cccccccccccccccccccccccc..");
    assert_eq!(
        said,
        ["20: blind: the control site fails too: our own network is suspect", "260: sighted"]
    );
}

#[test]
fn after_blindness_every_wait_starts_over() {
    assert_eq!(
        play("..xxxxxxxxxcxxxxxxxxxxxxxx"),
        [
            "20: first failure since 20",
            "50: down since 20, 3 of 3 vantage points fail",
            "110: blind: the control site fails too: our own network is suspect",
            "120: sighted",
            "210: certain since 20, 3 of 3 vantage points fail"
        ]
    );
}

#[test]
fn a_majority_that_dissolves_by_silence_starts_the_wait_over() {
    let mut watch = watch();
    play_from(&mut watch, 0, "...");
    let mut said = Vec::new();
    // (second, vantage point, healthy); at 59 s the second one's failure is stale: one against one.
    for (second, place, ok) in [(22, 1, false), (30, 0, true), (46, 2, false), (60, 0, false)] {
        said.extend(watch.tick(Ts(second * 1_000 - 1_000)));
        let now = Ts(second * 1_000);
        said.extend(watch.probe(probe(VANTAGES[place], now, ok, 80.0), true, now));
    }
    assert_eq!(said, [News::FirstFailure { since: Ts(22_000) }]);
    said.clear();
    play_from(&mut watch, 70, "xx");
    assert_eq!(watch.quorum(Ts(80_000)).held_since, Some(Ts(60_000)), "not since 46 s");
}

#[test]
fn one_vantage_point_alone_convinces_nobody() {
    assert!(play(&"a".repeat(100)).is_empty());
}

#[test]
fn too_few_vantage_points_may_page_but_never_act() {
    let mut watch = watch();
    let mut said = Vec::new();
    for n in 0..60 {
        let now = Ts(0) + ROUND.times(n);
        for vantage in &VANTAGES[..2] {
            let news = watch.probe(probe(vantage, now, n < 5, 80.0), true, now);
            said.extend(news.iter().map(|news| render(now, news)));
        }
    }
    assert_eq!(
        said,
        [
            "50: first failure since 50",
            "80: down since 50, 2 of 2 vantage points fail, 1 can't tell"
        ]
    );
}

#[test]
fn a_place_with_a_trouble_of_its_own_does_not_date_the_outage() {
    let said = play(&("a".repeat(50) + "bbbb"));
    assert_eq!(said[0], "500: first failure since 500");
    assert_eq!(said[1], "530: down since 500, 2 of 3 vantage points fail");
}

#[test]
fn the_outage_is_dated_from_the_first_failing_probe() {
    assert_eq!(play("..abb")[0], "30: first failure since 20");
}

#[test]
fn a_relapse_is_an_outage_of_its_own() {
    let said = play("..bbab");
    assert_eq!(said, ["20: first failure since 20", "40: recovered", "50: first failure since 50"]);
}

#[test]
fn a_relapse_is_certain_again() {
    let said = play(&("x".repeat(12) + "...." + &"x".repeat(12)));
    let certain = said.iter().filter(|news| news.contains("certain")).collect::<Vec<_>>();
    assert_eq!(
        certain,
        [
            "90: certain since 0, 3 of 3 vantage points fail",
            "250: certain since 160, 3 of 3 vantage points fail"
        ]
    );
}

#[test]
fn those_who_fall_silent_while_failing_cannot_make_it_recover() {
    let said = play("..b-------...");
    assert_eq!(said, ["20: first failure since 20", "100: recovered"]);
}

#[test]
fn those_who_abstain_after_failing_cannot_make_it_recover() {
    let mut watch = watch();
    play_from(&mut watch, 0, ".b");
    for n in 2..20 {
        let now = Ts(0) + ROUND.times(n);
        for (place, vantage) in VANTAGES.into_iter().enumerate() {
            assert_eq!(watch.probe(probe(vantage, now, place == 2, 80.0), false, now), []);
        }
    }
}

#[test]
fn all_clear_takes_successes_and_time() {
    let said = play(&("xx".to_owned() + &".".repeat(100)));
    assert_eq!(said.last().unwrap(), "920: steady since 20, 90");
    let split = "xx".to_owned() + &".".repeat(50) + "____" + &".".repeat(95);
    assert_eq!(play(&split).last().unwrap(), "1460: steady since 560, 90");
}

#[test]
fn a_restart_keeps_the_start_of_the_outage_and_needs_fresh_evidence() {
    let mut resumed = Watch::new(&detection(), &thresholds(), &safety(), Ts(1_000_000));
    resumed.resume(Ts(700_000));
    assert_eq!(
        play_from(&mut resumed, 1_000, "xxxxxxxxxxxx."),
        [
            "1030: down since 700, 3 of 3 vantage points fail",
            "1090: certain since 700, 3 of 3 vantage points fail",
            "1120: recovered"
        ]
    );
}

#[test]
fn after_a_restart_one_success_is_not_a_majority() {
    let mut resumed = Watch::new(&detection(), &thresholds(), &safety(), Ts(1_000_000));
    resumed.resume(Ts(700_000));
    for n in 0..10 {
        let now = Ts(1_000_000) + ROUND.times(n);
        let news = resumed.probe(probe(VANTAGES[0], now, true, 80.0), true, now);
        assert_eq!(news, []);
    }
    let now = Ts(1_100_000);
    let news = resumed.probe(probe(VANTAGES[1], now, true, 80.0), true, now);
    assert_eq!(news, [News::Recovered { at: now }]);
}

#[test]
fn slowness_warns_after_two_minutes_and_only_a_fast_answer_ends_it() {
    assert_eq!(
        play(&("..".to_owned() + &"s".repeat(14) + "xx_____s.")),
        [
            "140: slow since 20, 600 ms",
            "160: first failure since 160",
            "210: blind: no vantage point reports any more",
            "230: sighted",
            "230: recovered",
            "240: eased Warning"
        ]
    );
    assert!(play(&("s".repeat(11) + "." + &"s".repeat(12))).is_empty());
    let said = play(&("s".repeat(11) + "_____" + &"s".repeat(12)));
    assert!(!said.iter().any(|news| news.contains("slow")), "a wait across silence: {said:?}");
}

#[test]
fn errors_are_told_after_five_minutes_above_half_a_percent() {
    let mut watch = watch();
    let mut minute = |n: i64, requests, errors| watch.measured(Ts(n * 60_000), requests, errors);
    for n in 0..20 {
        assert_eq!(minute(n, 1_000, 5), [], "exactly 0.5 % is not above it");
    }
    for n in 20..25 {
        assert_eq!(minute(n, 1_000, 10), []);
    }
    let erring = News::Erring { since: Ts(20 * 60_000), rate: 0.01 };
    assert_eq!(minute(25, 1_000, 10), [erring]);
    assert_eq!(minute(25, 1_000, 0), [], "a repeated measurement is no news");
    let eased = News::Eased { alert: Alert::Info, at: Ts(26 * 60_000) };
    assert_eq!(minute(26, 0, 0), [eased], "without requests nobody meets an error");
    for n in 0..5 {
        assert_eq!(minute(30 + 6 * n, 1_000, 10), [], "two looks far apart are no row");
    }
}

#[test]
fn strangers_repetitions_and_overtaken_probes_have_no_vote() {
    let mut watch = watch();
    play_from(&mut watch, 0, "...");
    let now = Ts(21_000);
    for n in 0..9 {
        assert_eq!(watch.probe(probe("elsewhere", now + Span(n), false, 0.0), true, now), []);
        assert_eq!(watch.probe(probe(VANTAGES[0], Ts(20_000), false, 0.0), true, now), []);
        assert_eq!(watch.probe(probe(VANTAGES[1], Ts(19_000), false, 0.0), true, now), []);
    }
    assert_eq!(watch.quorum(now).failing, 0);
}

#[test]
fn a_prober_whose_clock_is_fast_still_votes() {
    let mut watch = watch();
    play_from(&mut watch, 0, "...");
    let now = Ts(30_000);
    watch.probe(probe(VANTAGES[0], now + Span::mins(5), false, 0.0), true, now);
    assert_eq!(watch.quorum(now).failing, 1);
    assert_eq!(watch.points()[0].since, now);
}

#[test]
fn nobody_acts_before_people_are_told() {
    let hasty = Safety { act_after: Span::ZERO, act_failures: 1, ..safety() };
    let mut watch = Watch::new(&detection(), &thresholds(), &hasty, Ts(0));
    let said = play_from(&mut watch, 0, "xxxx");
    assert!(said[1].starts_with("30: down") && said[2].starts_with("30: certain"), "{said:?}");
}

#[test]
fn a_clock_set_back_blinds_nobody_for_long() {
    let mut watch = watch();
    play_from(&mut watch, 36_000, "....");
    assert_eq!(
        play_from(&mut watch, 0, "xxxx"),
        [
            "0: blind: no vantage point reports any more",
            "0: sighted",
            "0: first failure since 0",
            "30: down since 0, 3 of 3 vantage points fail"
        ]
    );
}

#[test]
fn news_read_back_as_written() {
    let quorum = Quorum { total: 3, since: Some(Ts(1)), ..Quorum::default() };
    let news = News::Down { quorum, since: Ts(1) };
    let text = serde_json::to_string(&news).unwrap();
    assert_eq!(serde_json::from_str::<News>(&text).unwrap(), news);
}
