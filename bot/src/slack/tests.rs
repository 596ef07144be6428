//! What people see in Slack, drawn as text; every payload is also judged by a table of Slack's limits.

use serde_json::Value;
use shared::incident::Incident;
use shared::operation::Operations;
use shared::plan::Plan;
use shared::safety::Standing;
use shared::time::{Span, Ts};
use shared::timeline::{Line, timeline};

use super::action::Action;
use super::{Message, Scene};
use crate::report::tests::story::{Beat, T0, noticed, outage, plan, told};

mod anything;
mod cards;
mod drawn;
mod forms;
mod limits;
mod pages;

/// The plan, with nothing armed and nothing frozen.
struct World {
    plan: Plan,
    standing: Standing,
    operations: Operations,
}

impl World {
    fn new() -> Self {
        let plan = plan();
        let standing = Standing::under(&plan);
        Self { plan, standing, operations: Operations::default() }
    }

    fn at(&self, seconds: i64) -> Scene<'_> {
        self.scene(T0 + Span::secs(seconds))
    }

    fn scene(&self, now: Ts) -> Scene<'_> {
        Scene { plan: &self.plan, standing: &self.standing, now }
    }
}

fn story(beats: Vec<Beat>) -> (Incident, Vec<Line>) {
    let (incident, turns) = told(beats);
    (incident, timeline(&turns))
}

/// The story of an outage up to so many seconds after it began.
fn up_to(seconds: i64) -> (Incident, Vec<Line>) {
    story(outage().into_iter().filter(|(after, ..)| *after <= seconds).collect())
}

/// Draws a message, and judges it.
fn seen(message: &Message) -> String {
    let json = serde_json::to_value(message).unwrap();
    limits::judge_message(&json);
    every_press_reads_back(&json);
    drawn::message(&json).replace('\u{200b}', "<ZERO WIDTH>")
}

/// Whatever can be pressed comes back as the action that was meant.
fn every_press_reads_back(json: &Value) {
    let Some(id) = json["action_id"].as_str() else {
        match json {
            Value::Array(all) => all.iter().for_each(every_press_reads_back),
            Value::Object(all) => all.values().for_each(every_press_reads_back),
            _ => {}
        }
        return;
    };
    let options = json["options"].as_array().into_iter().flatten();
    for value in options.chain([json]).filter_map(|one| one["value"].as_str()) {
        let action = Action::read(id, value).unwrap();
        assert_eq!(action.to_string(), value);
    }
}
