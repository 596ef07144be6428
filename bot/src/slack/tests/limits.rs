//! Slack's limits, written down once more from its reference, as a judge of finished payloads. It shares no number and
//! no code with what makes them.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex};

use serde_json::Value;

/// Text objects by where they stand: the key that holds them, and how long they may be.
fn text_limit(holder: &str, key: &str) -> usize {
    match (holder, key) {
        ("button" | "option", "text") | ("option", "description") => 75,
        ("confirm", "title") => 100,
        ("confirm", "text") => 300,
        ("confirm", "confirm" | "deny") => 30,
        ("header", "text") | ("static_select" | "plain_text_input", "placeholder") => 150,
        ("input", "label" | "hint") | ("section", "field") => 2_000,
        ("view", "title" | "submit" | "close") => 24,
        _ => 3_000,
    }
}

/// Panics with everything that Slack would refuse.
#[track_caller]
pub fn judge_message(message: &Value) {
    let mut judge = Judge::default();
    judge.size("top-level text", &message["text"], 1, 40_000);
    judge.blocks(&message["blocks"], 50, &["section", "header", "context", "actions", "divider"]);
    judge.verdict(message);
    let mut posted = message.clone();
    posted["channel"] = "C0123456789".into();
    second_opinion("message", &posted);
}

/// The same for a form.
#[track_caller]
pub fn judge_modal(view: &Value) {
    let mut judge = Judge::default();
    assert_eq!(view["type"], "modal");
    for key in ["title", "submit", "close"] {
        if view.get(key).is_some() {
            judge.text("view", key, &view[key], &["plain_text"]);
        }
    }
    judge.at_most("callback_id", &view["callback_id"], 255);
    judge.at_most("private_metadata", &view["private_metadata"], 3_000);
    judge.blocks(&view["blocks"], 100, &["section", "context", "input", "divider", "header"]);
    let asks = view["blocks"].as_array().unwrap().iter().any(|it| it["type"] == "input");
    judge.wants(!asks || view.get("submit").is_some(), "inputs want a submit button");
    judge.verdict(view);
    second_opinion("modal", view);
}

/// The same for the home tab.
#[track_caller]
pub fn judge_home(view: &Value) {
    let mut judge = Judge::default();
    assert_eq!(view["type"], "home");
    judge.blocks(&view["blocks"], 100, &["section", "header", "context", "actions", "divider"]);
    judge.verdict(view);
    second_opinion("home", view);
}

/// What somebody else's reading of Slack's reference says of it.
#[track_caller]
fn second_opinion(sort: &str, payload: &Value) {
    static OTHER: LazyLock<Mutex<Other>> = LazyLock::new(|| Mutex::new(Other::hired()));
    let verdict = OTHER.lock().map(|mut other| other.asked(sort, payload)).unwrap();
    assert_eq!(verdict, "ok", "slackblocks on {payload:#}");
}

/// The judge under `tests/blocks`: a program of its own, so that its dependencies stay out of ours.
struct Other {
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Other {
    #[expect(clippy::zombie_processes, reason = "it ends with its stdin, when this process does")]
    fn hired() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut cargo = Command::new("cargo");
        cargo.args(["run", "--quiet", "--locked", "--manifest-path"]);
        cargo.arg(root.join("tests/blocks/Cargo.toml"));
        cargo.arg("--target-dir").arg(root.join("target/blocks"));
        let mut child = cargo.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let questions = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { questions, answers }
    }

    fn asked(&mut self, sort: &str, payload: &Value) -> String {
        writeln!(self.questions, "{sort} {payload}").unwrap();
        self.answers.next().expect("the judge went away").unwrap()
    }
}

#[derive(Default)]
struct Judge {
    wrong: Vec<String>,
}

impl Judge {
    #[track_caller]
    fn verdict(self, payload: &Value) {
        assert!(self.wrong.is_empty(), "{:#?}\n{payload:#}", self.wrong);
    }

    fn wants(&mut self, good: bool, otherwise: &str) {
        if !good {
            self.wrong.push(otherwise.to_owned());
        }
    }

    fn size(&mut self, what: &str, value: &Value, least: usize, most: usize) {
        let length = value.as_str().map_or(0, |text| text.encode_utf16().count());
        self.wants(
            (least..=most).contains(&length),
            &format!("{what}: {length} not in {least}..={most}"),
        );
    }

    fn at_most(&mut self, what: &str, value: &Value, most: usize) {
        self.size(what, value, 0, most);
    }

    fn count<'a>(&mut self, what: &str, list: &'a Value, most: usize) -> &'a [Value] {
        let list = list.as_array().map_or(&[][..], Vec::as_slice);
        let good = (1..=most).contains(&list.len());
        self.wants(good, &format!("{what}: {} of 1..={most}", list.len()));
        list
    }

    fn blocks(&mut self, blocks: &Value, most: usize, allowed: &[&str]) {
        let mut ids = BTreeSet::new();
        for block in self.count("blocks", blocks, most) {
            let sort = block["type"].as_str().unwrap();
            self.wants(allowed.contains(&sort), &format!("{sort} is not allowed here"));
            self.at_most("block_id", &block["block_id"], 255);
            if let Some(id) = block["block_id"].as_str() {
                self.wants(ids.insert(id), "a block_id comes twice");
            }
            self.block(sort, block);
        }
    }

    fn block(&mut self, sort: &str, block: &Value) {
        match sort {
            "header" => self.text("header", "text", &block["text"], &["plain_text"]),
            "section" => {
                let (text, fields) = (block.get("text"), block.get("fields"));
                self.wants(text.is_some() || fields.is_some(), "a section says nothing");
                if let Some(text) = text {
                    self.text("section", "text", text, &["mrkdwn"]);
                }
                if let Some(fields) = fields {
                    for field in self.count("fields", fields, 10) {
                        self.text("section", "field", field, &["mrkdwn"]);
                    }
                }
                if let Some(one) = block.get("accessory") {
                    self.element(one);
                }
            }
            "context" => {
                for one in self.count("context", &block["elements"], 10) {
                    self.text("context", "element", one, &["mrkdwn"]);
                }
            }
            "actions" => {
                let elements = self.count("actions", &block["elements"], 25);
                let ids: BTreeSet<_> = elements.iter().map(|it| it["action_id"].as_str()).collect();
                self.wants(ids.len() == elements.len(), "an action_id comes twice");
                for one in elements {
                    self.element(one);
                }
            }
            "input" => {
                self.text("input", "label", &block["label"], &["plain_text"]);
                self.text("input", "hint", &block["hint"], &["plain_text"]);
                self.element(&block["element"]);
            }
            _ => {}
        }
    }

    fn element(&mut self, one: &Value) {
        self.size("action_id", &one["action_id"], 1, 255);
        match one["type"].as_str().unwrap() {
            "button" => {
                self.text("button", "text", &one["text"], &["plain_text"]);
                self.at_most("button value", &one["value"], 2_000);
                let style = one["style"].as_str();
                self.wants(matches!(style, None | Some("primary" | "danger")), "a strange style");
            }
            "overflow" => self.options(&one["options"], 5),
            "static_select" => {
                self.options(&one["options"], 100);
                if let Some(initial) = one.get("initial_option") {
                    let known = one["options"].as_array().unwrap().contains(initial);
                    self.wants(known, "the initial option is none of the options");
                }
            }
            "plain_text_input" => {
                let most = one["max_length"].as_u64().unwrap_or(0);
                self.wants((1..=3_000).contains(&most), "max_length of an input");
            }
            other => self.wants(false, &format!("{other} is unknown here")),
        }
        if let Some(asks) = one.get("confirm") {
            for key in ["title", "confirm", "deny"] {
                self.text("confirm", key, &asks[key], &["plain_text"]);
            }
            self.text("confirm", "text", &asks["text"], &["mrkdwn", "plain_text"]);
        }
    }

    fn options(&mut self, options: &Value, most: usize) {
        let options = self.count("options", options, most);
        let values: BTreeSet<_> = options.iter().map(|it| it["value"].as_str()).collect();
        self.wants(values.len() == options.len(), "an option's value comes twice");
        for option in options {
            self.text("option", "text", &option["text"], &["plain_text"]);
            self.size("option value", &option["value"], 1, 150);
        }
    }

    fn text(&mut self, holder: &str, key: &str, text: &Value, sorts: &[&str]) {
        let what = format!("{holder}.{key}");
        self.size(&what, &text["text"], 1, text_limit(holder, key));
        let sort = text["type"].as_str().unwrap_or_default();
        self.wants(sorts.contains(&sort), &format!("{what} may not be {sort}"));
        let says = text["text"].as_str().unwrap_or_default();
        self.wants(!says.trim().is_empty(), &format!("{what} is blank"));
        if sort == "mrkdwn" {
            self.wants(text["verbatim"] == true, &format!("{what} would be searched for names"));
            self.wants(is_escaped(says), &format!("{what} is not escaped: {says}"));
        }
        self.wants(!calls_somebody(says), &format!("{what} calls somebody: {says}"));
    }
}

/// No raw angle bracket, and no ampersand but those of the three entities. The only links that we make ourselves lead to
/// the channel of an incident, which is this one in every test.
fn is_escaped(says: &str) -> bool {
    let says = says.replace("<#C7>", "");
    let entity = |at| ["&amp;", "&lt;", "&gt;"].iter().any(|one| says[at..].starts_with(one));
    !says.contains(['<', '>']) && says.match_indices('&').all(|(at, _)| entity(at))
}

fn calls_somebody(says: &str) -> bool {
    ["@here", "@channel", "@everyone"].iter().any(|name| {
        says.match_indices(name)
            .any(|(at, _)| !says[..at].ends_with(|c: char| c.is_ascii_alphanumeric()))
    })
}

#[test]
#[should_panic(expected = "is not escaped")]
fn the_judge_is_not_blind() {
    let text = serde_json::json!({"type": "mrkdwn", "text": "a <!channel> b", "verbatim": true});
    let block = serde_json::json!({"type": "section", "text": text});
    judge_message(&serde_json::json!({"text": "a", "blocks": [block]}));
}

#[test]
fn the_other_judge_is_not_blind() {
    let header = |letters: usize| {
        let text = serde_json::json!({"type": "plain_text", "text": "a".repeat(letters)});
        let block = serde_json::json!({"type": "header", "text": text});
        serde_json::json!({"channel": "C0123456789", "text": "a", "blocks": [block]})
    };
    let mut other = Other::hired();
    assert_eq!(other.asked("message", &header(150)), "ok");
    let refused = other.asked("message", &header(151));
    assert!(refused.starts_with("length-exceeded at"), "{refused}");
}
