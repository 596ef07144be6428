//! `allclear freeze` and `unfreeze`.

use anyhow::Result;
use functions::perform::KillSwitch;
use serde_json::json;

use super::Answer;
use crate::settings::Settings;

/// Stops every action; a freeze that is there already stays as it is, and is named.
pub fn freeze(why: &str, settings: &Settings) -> Result<Answer> {
    let by = settings.speaker()?;
    let now = settings.now();
    let mut engine = settings.engine()?;
    let before = engine.standing().frozen.clone();
    engine.batch(now, |engine| engine.freeze(by.as_str(), why, &key(settings), now))?;
    let text = match &before {
        None => "Frozen: nothing acts any more. Detection and paging go on.\n".to_owned(),
        Some(first) => format!("Frozen already, by {}: {}\n", first.by, first.why),
    };
    let frozen = engine.standing().frozen.as_ref();
    Ok(Answer { text, json: json!({"frozen": frozen, "new": before.is_none()}) })
}

/// Allows actions again; says so if the kill switch still stops them.
pub fn unfreeze(settings: &Settings) -> Result<Answer> {
    let by = settings.speaker()?;
    let now = settings.now();
    let mut engine = settings.engine()?;
    let before = engine.standing().frozen.clone();
    engine.batch(now, |engine| engine.unfreeze(by.as_str(), &key(settings), now))?;
    let switch = KillSwitch::beside(&settings.store);
    let text = match (&before, switch.thrown()) {
        (_, Some(_)) => {
            format!("Still stopped by the file {}: remove it too.\n", switch.path().display())
        }
        (Some(_), None) => "No longer frozen: what is armed may act.\n".to_owned(),
        (None, None) => "Nothing was frozen.\n".to_owned(),
    };
    Ok(Answer { text, json: json!({"was": before, "kill_switch": switch.thrown()}) })
}

/// Every command that is typed is one of its own.
fn key(settings: &Settings) -> String {
    format!("terminal/{}/{}", std::process::id(), settings.now().0)
}
