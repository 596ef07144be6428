//! The timeline drawn as SVG: time from left to right, what is alike in one lane, the service's state as a band.
//!
//! It is drawn twice, wide and for a phone; the style sheet shows one. The table under it says the same in words.

use shared::time::{Span, Ts};
use shared::timeline::{Line, Mark, elapsed};

use super::html::escape;
use super::{Report, Service};

/// A drawing's size in its own units.
pub(super) struct Canvas {
    class: &'static str,
    width: f64,
    /// Radius of a marker.
    radius: f64,
    /// Least distance of two tick labels.
    tick: f64,
}

/// For a desk or paper.
pub(super) const WIDE: Canvas = Canvas { class: "wide", width: 960.0, radius: 10.0, tick: 90.0 };
/// For a phone held upright.
pub(super) const NARROW: Canvas = Canvas { class: "narrow", width: 360.0, radius: 8.0, tick: 64.0 };

const MARGIN: f64 = 14.0;
const HEAD: f64 = 40.0;
const BAND: f64 = 26.0;
const LANE_TITLE: f64 = 18.0;
/// Rough width of a letter, for deciding whether a label fits.
const LETTER: f64 = 7.0;
/// A recovery objective is drawn when the incident lasted at least this share of it.
const RTO_IN_SIGHT: i64 = 4;

/// Distances between ticks, of which the smallest that fits is taken.
const TICKS: [Span; 15] = [
    Span::secs(10),
    Span::secs(30),
    Span::mins(1),
    Span::mins(2),
    Span::mins(5),
    Span::mins(10),
    Span::mins(15),
    Span::mins(30),
    Span::hours(1),
    Span::hours(2),
    Span::hours(6),
    Span::hours(12),
    Span::days(1),
    Span::days(7),
    Span::days(30),
];

/// A lane and the marks that belong to it.
const LANES: [(&str, &[Mark]); 3] = [
    ("Monitors and probes", &[Mark::Alarm, Mark::Evidence]),
    ("People", &[Mark::Page, Mark::Person, Mark::Note]),
    ("Recovery", &[Mark::Look, Mark::Choice, Mark::Action, Mark::Recovery, Mark::Clear]),
];

/// Draws the report's timeline.
pub(super) fn draw(report: &Report, canvas: &Canvas) -> String {
    let scale = Scale::of(report, canvas);
    let mut y = HEAD;
    let mut lanes = band(report, &scale, y);
    y += LANE_TITLE + BAND + 10.0;
    for (title, marks) in LANES {
        // Answers are drawn, questions are not: they stand at the same place.
        let told = report.lines.iter().filter(|line| !line.event_kind.ends_with("-asked"));
        let told: Vec<&Line> = told.filter(|line| marks.contains(&line.mark)).collect();
        let (drawn, height) = lane(title, &told, &scale, y);
        lanes += &drawn;
        y += height;
    }
    let height = y + 24.0;
    let label = escape(&format!("{}. The table below says the same in words.", label(report)));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"{}\" role=\"img\" aria-label=\"{label}\" \
         viewBox=\"0 0 {} {height}\">\n{}{}{lanes}</svg>\n",
        canvas.class,
        canvas.width,
        ticks(&scale, y),
        objectives(report, &scale, y),
    )
}

fn label(report: &Report) -> String {
    let recovered = match report.measures.recovery {
        Some(recovery) => format!("recovered after {recovery}"),
        None => "not recovered".into(),
    };
    format!("Timeline over {}: {} {recovered}", report.length(), report.component)
}

/// Moments to horizontal positions.
struct Scale<'a> {
    canvas: &'a Canvas,
    start: Ts,
    from: Ts,
    to: Ts,
}

impl<'a> Scale<'a> {
    fn of(report: &Report, canvas: &'a Canvas) -> Self {
        let start = report.start();
        let first = report.lines.first().map_or(start, |line| line.at).min(start);
        let last = start + Span(report.length().0.max(1_000));
        let rto = report.measures.rto.own;
        let in_sight = rto.0 <= (last - first).0 * RTO_IN_SIGHT;
        let to = if in_sight { last.max(start + rto) } else { last };
        let room = Span((to - first).0 / 40);
        Self { canvas, start, from: first - room, to: to + room }
    }

    fn x(&self, at: Ts) -> f64 {
        let share = (at - self.from).0 as f64 / (self.to - self.from).0.max(1) as f64;
        MARGIN + share.clamp(0.0, 1.0) * (self.canvas.width - 2.0 * MARGIN)
    }

    fn shows(&self, at: Ts) -> bool {
        self.from <= at && at <= self.to
    }

    fn tick(&self) -> Span {
        let fits =
            |tick: &&Span| self.x(self.from + **tick) - self.x(self.from) >= self.canvas.tick;
        TICKS.iter().find(fits).copied().unwrap_or(TICKS[TICKS.len() - 1])
    }
}

fn ticks(scale: &Scale, bottom: f64) -> String {
    let tick = scale.tick();
    let mut out = String::new();
    let mut at = scale.start;
    while scale.shows(at) {
        let x = scale.x(at);
        let after = at - scale.start;
        let name = if after == Span::ZERO { "T0".to_owned() } else { format!("+{after}") };
        out += &format!(
            "<line class=\"tick\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{HEAD}\" y2=\"{bottom}\"/>\
             <text class=\"small\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{name}</text>\n",
            bottom + 16.0
        );
        at = at + tick;
    }
    out
}

/// The recovery objective: the component's own, and the one that its dependencies allow.
fn objectives(report: &Report, scale: &Scale, bottom: f64) -> String {
    let rto = report.measures.rto;
    let mut out = objective(scale, "RTO", rto.own, 14.0, bottom);
    if rto.effective > rto.own {
        out += &objective(scale, "RTO with dependencies", rto.effective, 30.0, bottom);
    }
    out
}

fn objective(scale: &Scale, name: &str, rto: Span, y: f64, bottom: f64) -> String {
    let at = scale.start + rto;
    let text = format!("{name} {rto}");
    if !scale.shows(at) {
        let x = scale.canvas.width - MARGIN;
        return format!(
            "<text class=\"small rto\" x=\"{x}\" y=\"{y}\" text-anchor=\"end\">{text} →</text>\n"
        );
    }
    let x = scale.x(at);
    let half = text.len() as f64 * LETTER / 2.0;
    let at = x.clamp(MARGIN + half, scale.canvas.width - half);
    format!(
        "<line class=\"rto\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{}\" y2=\"{bottom}\"/>\
         <text class=\"small rto\" x=\"{at:.1}\" y=\"{y}\" text-anchor=\"middle\">{text}</text>\n",
        y + 4.0
    )
}

/// The service's state: a band with its word inside, and hatched while it is down.
fn band(report: &Report, scale: &Scale, y: f64) -> String {
    let hatch = format!("hatch-{}", scale.canvas.class);
    let mut out = format!(
        "<pattern id=\"{hatch}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><rect class=\"hatch\" width=\"2\" height=\"6\"/></pattern>\n\
         <text class=\"lane\" x=\"{MARGIN}\" y=\"{:.1}\">Service</text>\n",
        y + 12.0
    );
    let mut states = vec![(scale.from, Service::Up)];
    states.extend(&report.service);
    let ends = states.iter().skip(1).map(|(at, _)| *at).chain([scale.to]);
    for ((from, state), to) in states.iter().zip(ends.collect::<Vec<_>>()) {
        let word = state_says(report, *state);
        out += &stretch(scale, (*from, to), *state, word, y + LANE_TITLE, &hatch);
    }
    out
}

fn state_says(report: &Report, state: Service) -> &'static str {
    match state {
        Service::Up => "up",
        Service::Down if report.measures.downtime.is_none() => "slow",
        Service::Down => "down",
        Service::Watched => "watched",
    }
}

fn stretch(
    scale: &Scale,
    (from, to): (Ts, Ts),
    state: Service,
    word: &str,
    y: f64,
    hatch: &str,
) -> String {
    let (x, width) = (scale.x(from), (scale.x(to) - scale.x(from)).max(1.0));
    let class = match state {
        Service::Up => "up",
        Service::Down => "down",
        Service::Watched => "watched",
    };
    let shape = format!("x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAND}\"");
    let over = match state {
        Service::Down => format!("<rect {shape} fill=\"url(#{hatch})\"/>"),
        Service::Up | Service::Watched => String::new(),
    };
    let long = format!("{word} {}", to.since(from));
    let fits = [long.as_str(), word].into_iter().find(|text| fits(text, width));
    let (at, base) = (x + width / 2.0, y + BAND / 2.0 + 4.0);
    let label = fits.map_or_else(String::new, |text| {
        format!(
            "<text class=\"state\" x=\"{at:.1}\" y=\"{base}\" text-anchor=\"middle\">{text}</text>"
        )
    });
    let clock = from.clock();
    format!(
        "<g><title>{long} from {clock}</title><rect class=\"{class}\" {shape}/>{over}{label}</g>\n"
    )
}

fn fits(text: &str, width: f64) -> bool {
    text.len() as f64 * LETTER < width - 4.0
}

/// A lane's marks; those too close together stand in further rows. Says how high it became.
fn lane(title: &str, lines: &[&Line], scale: &Scale, y: f64) -> (String, f64) {
    let radius = scale.canvas.radius;
    let step = 2.0 * radius + 3.0;
    let mut rows: Vec<f64> = Vec::new();
    let mut out =
        format!("<text class=\"lane\" x=\"{MARGIN}\" y=\"{:.1}\">{title}</text>\n", y + 12.0);
    for line in lines {
        let x = scale.x(line.at);
        let free = rows.iter().position(|last| x - last >= step);
        let row = free.unwrap_or_else(|| {
            rows.push(f64::MIN);
            rows.len() - 1
        });
        rows[row] = x;
        out += &marker(line, x, y + LANE_TITLE + radius + row as f64 * step, radius);
    }
    (out, LANE_TITLE + rows.len().max(1) as f64 * step + 8.0)
}

fn marker(line: &Line, x: f64, y: f64, radius: f64) -> String {
    let (mark, after) = (line.mark, elapsed(line.after));
    let tip = format!("{} {after} {}: {}", line.at.clock(), mark.word(), line.text);
    format!(
        "<g class=\"mark {}\" transform=\"translate({x:.1} {y:.1})\"><title>{}</title>\
         <circle r=\"{radius}\"/><text y=\"4\" text-anchor=\"middle\">{}</text></g>\n",
        mark.word().to_lowercase(),
        escape(&tip),
        mark.sign()
    )
}
