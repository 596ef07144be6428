//! Establishing a failure: thresholds with Prometheus `for` semantics, vantage points, hysteresis.
