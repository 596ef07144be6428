//! stub
use super::Plan;
pub fn disarmed_because(_plan: &Plan) -> Vec<String> {
    vec![]
}
