//! A second opinion on Slack payloads, from the crate `slackblocks`. A line in: the sort of payload, a space, its JSON.
//! A line out: `ok`, or what Slack would refuse.

use std::io::{BufRead, Write, stdin, stdout};

use serde_json::Value;
use slackblocks::{HomeTabView, MessagePayload, ModalView};

fn main() {
    for line in stdin().lock().lines() {
        let line = line.expect("stdin is text");
        let verdict = judge(&line).err().unwrap_or_else(|| "ok".into());
        writeln!(stdout(), "{}", verdict.replace('\n', " ")).expect("somebody reads");
        stdout().flush().expect("somebody reads");
    }
}

fn judge(line: &str) -> Result<(), String> {
    let (sort, json) = line.split_once(' ').ok_or("write: sort, space, JSON")?;
    let payload: Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let judged = match sort {
        "message" => MessagePayload::try_from(payload).map(drop),
        "modal" => ModalView::try_from(payload).map(drop),
        "home" => HomeTabView::try_from(payload).map(drop),
        other => return Err(format!("`{other}` is no sort of payload")),
    };
    judged.map_err(|error| error.to_string())
}
