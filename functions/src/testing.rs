//! What this crate's tests share: a plan whose people can be reached, and a desk over a store in memory.

use std::sync::Arc;

use shared::engine::{Engine, Target};
use shared::incident::Wish;
use shared::plan::{Plan, built_in_text, read::read};
use shared::store::MemoryStore;

use crate::clock;
use crate::desk::{self, Opened, Utterance};

/// The built-in plan with contact points and everything armed.
pub fn plan() -> Arc<Plan> {
    let text = built_in_text()
        .replace("[Phone]", "+12025550123")
        .replace("[Email]", "someone@example.com")
        .replace("[Name]", "Someone")
        .replace("[Contact Information]", "https://example.com/support");
    Arc::new(read("plan.toml", &text).unwrap())
}

/// A desk over an empty store.
pub fn desk() -> Opened {
    let engine = Engine::open(plan(), MemoryStore::default(), clock::now()).unwrap();
    desk::open(engine, clock::now).unwrap()
}

/// Somebody declares the frontend down.
pub fn declaration() -> Utterance {
    Utterance {
        target: Target::Component("frontend".into()),
        by: "lead-developer".into(),
        via: "terminal".into(),
        key: "said-once".into(),
        wish: Wish::Declare {
            component: "frontend".into(),
            severity: None,
            says: "nothing loads".into(),
            number: 0,
        },
    }
}
