//! What the benchmarks share: a client that costs nothing, the servers they measure, and how figures are shown.
//!
//! Everything runs on this machine's loopback. No statistics beyond medians and percentiles: a goal that is only met on
//! average is not met.

use std::time::Instant;

pub mod http;
pub mod link;
pub mod process;
pub mod report;
pub mod servers;

/// The time, for measuring.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark measures time; nothing is decided by it"
)]
pub fn now() -> Instant {
    Instant::now()
}

/// The value below which that share of the values lies; the middle one for 0.5. Not a number if there are none.
#[must_use]
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// The middle value.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
}

/// The largest value.
#[must_use]
pub fn largest(values: &[f64]) -> f64 {
    percentile(values, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        let wanted = [(0.01, 1.0), (0.5, 50.0), (0.99, 99.0), (1.0, 100.0)];
        for (share, value) in wanted {
            assert!((percentile(&values, share) - value).abs() < f64::EPSILON, "{share}");
        }
        assert!(median(&[]).is_nan());
    }
}
