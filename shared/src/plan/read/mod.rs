//! Reads `infra/plan.toml`; a mistake is reported with file, line and what to write instead.
//!
//! Three passes: the syntax, the types, and in `cross` what one value demands of another. Each
//! pass reports all it can; a later one only runs when the earlier found nothing. Whether the
//! plan's promises can be kept is not asked here but in [`check`](super::check): a plan may be
//! readable and still bad.

use std::fmt;

use serde::Deserialize;
use toml::de::DeTable;

use crate::ledger::Hash;
use crate::plan::Plan;

mod bounds;
mod cross;
mod hands;
mod phone;
mod place;

use place::Text;

/// A mistake in the plan's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file as it was named to us.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// Where in the plan, e.g. `components[1].depends_on[0]`; empty for the file as a whole.
    pub path: String,
    /// What is wrong: a clause in lower case.
    pub problem: String,
    /// What to write instead, without the word "write"; empty where the problem says it all.
    pub write: String,
    /// The line's text.
    pub source: String,
}

/// Like rustc: the place and the problem, then the line, then what to write under the spot.
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, problem, write, source, .. } = self;
        let gutter = line.to_string().len();
        writeln!(f, "{file}:{line}:{column}: {problem}")?;
        write!(f, "{line} | {source}")?;
        if write.is_empty() {
            return Ok(());
        }
        // Tabs stay tabs, so that the mark stands under its spot at any tab width.
        let indent = source.chars().take(column - 1).map(|c| if c == '\t' { c } else { ' ' });
        write!(f, "\n{:gutter$} | {}^ write {write}", "", indent.collect::<String>())
    }
}

/// Reads the plan from the text of `file`, which only names it in messages.
///
/// On failure there is at least one mistake, in the order of the lines.
pub fn read(file: &str, text: &str) -> Result<Plan, Vec<Mistake>> {
    let whole = text;
    let text = Text { file, text };
    let (table, errors) = DeTable::parse_recoverable(text.text);
    if !errors.is_empty() {
        let mut mistakes = in_order(errors.iter().map(|e| text.syntax_mistake(e)).collect());
        // What follows a slip in its line is only its echo.
        mistakes.dedup_by_key(|mistake| mistake.line);
        return Err(mistakes);
    }
    let plan = Plan::deserialize(toml::de::Deserializer::from(table.clone()))
        .map_err(|error| vec![text.type_mistake(&table, &error)])?;
    let mistakes = cross::mistakes(&plan, &text, &table);
    let plan = Plan { text: whole.into(), ..plan };
    if mistakes.is_empty() { Ok(plan) } else { Err(in_order(mistakes)) }
}

/// Names a version of the plan: every decision is recorded with the fingerprint it was made under.
pub fn fingerprint(text: &str) -> Hash {
    Hash::of(&[text.as_bytes()])
}

fn in_order(mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
    mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    mistakes.dedup();
    mistakes
}

/// The known word nearest to a misspelt one; `None` when nothing is near enough to be meant.
fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.len().max(3) / 3)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests;
