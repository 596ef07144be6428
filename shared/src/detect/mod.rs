//! Establishing a failure: from single probes to "it is down", "it may be acted upon" and "all clear".
//!
//! [`rule`] holds thresholds over time, [`vantage`] counts who says what, [`watch`] folds both into [`News`]. What
//! follows from the news (paging, acting, classifying) is the incident's affair and deliberately absent here.

pub mod rule;
pub mod vantage;
pub mod watch;

#[cfg(test)]
mod properties;

pub use rule::{Evaluator, Phase, Rule};
pub use vantage::{Point, Probe, Quorum, Verdict, Vote};
pub use watch::{Blindness, Memory, News, Watch};
