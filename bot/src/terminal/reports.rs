//! `allclear report`: the incident report, as Markdown and as one HTML page.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

use super::{Answer, turns_of};
use crate::orders;
use crate::report::{self, Report};
use crate::settings::Settings;

/// Writes an incident's report into a folder.
pub fn run(number: u32, out: &Path, settings: &Settings) -> Result<Answer> {
    let engine = settings.reader()?;
    let incident = orders::numbered(&engine, number)?;
    let turns = turns_of(&engine, &incident.id)?;
    let report = Report::of(&settings.plan, incident, &turns);
    let files = write(&report, out, &format!("incident-{number}"))?;
    Ok(Answer {
        text: files.iter().map(|file| format!("{}\n", file.display())).collect(),
        json: json!({"number": number, "files": files, "measures": report.measures.rows()}),
    })
}

/// Writes both forms; the folder is made if need be.
pub fn write(report: &Report, out: &Path, name: &str) -> Result<[PathBuf; 2]> {
    std::fs::create_dir_all(out)
        .with_context(|| format!("failed to make the folder {}", out.display()))?;
    let files = [out.join(format!("{name}.md")), out.join(format!("{name}.html"))];
    let texts = [report::markdown(report), report::html(report)];
    for (file, text) in files.iter().zip(texts) {
        std::fs::write(file, text)
            .with_context(|| format!("failed to write {}", file.display()))?;
    }
    Ok(files)
}
