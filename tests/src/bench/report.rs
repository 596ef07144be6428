//! How figures are shown: one line each, with the goal and whether it was met. A missed goal fails no run, for a busy
//! machine misses goals, too; it is there to be read.

use std::fmt;

/// What a figure should be.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// At least this much.
    AtLeast(f64),
    /// At most this much.
    AtMost(f64),
    /// Exactly this.
    Exactly(f64),
    /// There is none: the figure explains the others.
    None,
}

/// A measured figure.
#[derive(Clone, Debug)]
pub struct Figure {
    what: String,
    value: f64,
    unit: &'static str,
    goal: Goal,
}

impl Figure {
    /// A figure in a unit, with its goal.
    pub fn new(what: impl Into<String>, value: f64, unit: &'static str, goal: Goal) -> Self {
        Self { what: what.into(), value, unit, goal }
    }

    /// A figure without a goal.
    pub fn plain(what: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self::new(what, value, unit, Goal::None)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, value, unit, goal } = self;
        let measured = format!("{} {unit}", readable(*value));
        let (sign, wanted, met) = match *goal {
            Goal::AtLeast(wanted) => (">=", wanted, *value >= wanted),
            Goal::AtMost(wanted) => ("<=", wanted, *value <= wanted),
            Goal::Exactly(wanted) => ("=", wanted, (*value - wanted).abs() < f64::EPSILON),
            Goal::None => return write!(f, "  {what:<58} {measured:>18}"),
        };
        let wanted = format!("{sign} {}", readable(wanted));
        let verdict = if met { "met" } else { "MISSED" };
        write!(f, "  {what:<58} {measured:>18}   {wanted:<12} {verdict}")
    }
}

/// Prints a heading and its figures.
#[expect(clippy::print_stdout, reason = "the figures are the benchmark's output")]
pub fn print(heading: &str, figures: &[Figure]) {
    println!("{heading}");
    for figure in figures {
        println!("{figure}");
    }
    println!();
}

/// Three digits that count, thousands apart.
fn readable(value: f64) -> String {
    match value.abs() {
        size if size >= 1_000.0 => {
            let digits = format!("{value:.0}");
            let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
            String::from_utf8_lossy(&groups.join(&b',')).into_owned()
        }
        size if size >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_says_whether_its_goal_is_met() {
        let line = |value| Figure::new("speed", value, "/s", Goal::AtLeast(2_000.0)).to_string();
        assert!(line(12_345.6).ends_with("12,346 /s   >= 2,000     met"));
        assert!(line(1.234).ends_with("1.23 /s   >= 2,000     MISSED"));
    }
}
