//! What is on somebody's screen besides messages: modals, and the home tab.

use serde_json::{Value, json};

use super::state::State;
use super::{APP, BOT, TEAM};

/// A modal or a home tab.
#[derive(Clone, Debug)]
pub struct View {
    /// Its id.
    pub id: String,
    /// Who sees it.
    pub user: String,
    /// What was last asked to be shown.
    pub content: Value,
    /// What was shown before each update, oldest first.
    pub earlier: Vec<Value>,
    /// Whether it is still shown; one that was closed or submitted is not.
    pub open: bool,
    /// The one that it lies on.
    pub below: Option<String>,
}

impl View {
    /// What an update may name so that it meets this very state.
    pub(super) fn hash(&self) -> String {
        format!("{}.{}", self.id, self.earlier.len())
    }

    pub(super) fn change(&mut self, content: Value) {
        let before = std::mem::replace(&mut self.content, content);
        self.earlier.push(before);
    }

    /// As replies and payloads have it.
    pub(super) fn shape(&self) -> Value {
        let mut shape = json!({
            "private_metadata": "", "callback_id": "", "external_id": "", "clear_on_close": false,
            "notify_on_close": false, "close": null, "submit": null, "title": null,
        });
        if let (Some(shape), Some(content)) = (shape.as_object_mut(), self.content.as_object()) {
            shape.extend(content.clone());
        }
        for (key, value) in [("id", &*self.id), ("team_id", TEAM), ("app_id", APP), ("bot_id", BOT)]
        {
            shape[key] = json!(value);
        }
        shape["hash"] = json!(self.hash());
        shape["state"] = json!({"values": {}});
        shape["previous_view_id"] = json!(self.below);
        shape["root_view_id"] = json!(self.below.as_ref().unwrap_or(&self.id));
        shape
    }
}

impl State {
    /// The modal on top of somebody's screen.
    pub fn modal(&self, user: &str) -> Option<&View> {
        self.views
            .values()
            .rfind(|view| view.open && view.user == user && view.content["type"] == "modal")
    }

    /// Somebody's home tab.
    pub fn home(&self, user: &str) -> Option<&View> {
        self.views.values().find(|view| view.user == user && view.content["type"] == "home")
    }

    pub(super) fn show(&mut self, user: &str, content: Value, below: Option<String>) -> &View {
        let id = self.id('V');
        let (user, earlier) = (user.into(), Vec::new());
        let view = View { id: id.clone(), user, content, earlier, open: true, below };
        self.views.entry(id).or_insert(view)
    }
}
