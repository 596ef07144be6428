//! `allclear freeze` and `unfreeze`.

use anyhow::Result;
use serde_json::json;

use super::Answer;
use crate::settings::Settings;

/// Stops every action.
pub fn freeze(why: &str, settings: &Settings) -> Result<Answer> {
    let by = settings.speaker()?;
    let now = settings.now();
    settings.engine()?.batch(now, |engine| {
        engine.freeze(by.as_str(), why, &format!("terminal/{}", now.0), now)
    })?;
    Ok(Answer {
        text: "Frozen: nothing acts any more. Detection and paging go on.\n".into(),
        json: json!({"frozen": true, "by": by, "why": why}),
    })
}

/// Allows actions again.
pub fn unfreeze(settings: &Settings) -> Result<Answer> {
    let by = settings.speaker()?;
    let now = settings.now();
    settings
        .engine()?
        .batch(now, |engine| engine.unfreeze(by.as_str(), &format!("terminal/{}", now.0), now))?;
    Ok(Answer {
        text: "No longer frozen: actions are allowed where they are armed.\n".into(),
        json: json!({"frozen": false, "by": by}),
    })
}
