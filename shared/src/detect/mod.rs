//! stub
use crate::time::Ts;
use serde::{Deserialize, Serialize};
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quorum {
    pub fresh: u32,
    pub failing: u32,
    pub total: u32,
    pub since: Option<Ts>,
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum News {
    FirstFailure { since: Ts },
    Down { quorum: Quorum, since: Ts },
    Certain { quorum: Quorum, since: Ts },
    Recovered { at: Ts },
    Steady { since: Ts, successes: u32 },
    Slow { since: Ts, latency_ms: f64 },
    Erring { since: Ts, rate: f64 },
    Eased,
    Blind { why: String },
    Sighted,
}
