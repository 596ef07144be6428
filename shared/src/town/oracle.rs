//! stub
use super::Simulation;
/// p
#[derive(Clone, Debug, PartialEq)]
pub struct Promise {
    pub name: &'static str,
    pub kept: bool,
    pub says: String,
}
/// p
pub fn promises(_s: &Simulation) -> Vec<Promise> {
    vec![]
}
