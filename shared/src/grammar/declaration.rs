//! What is declared in a few words.

use super::severity;
use crate::id::ComponentId;
use crate::plan::{Plan, Severity};

/// Reads `[p1..p4] [component] words…`; without a component the first one of the plan is meant. What looks like a slip
/// of the thumb is asked back: paging people for the wrong thing is worse.
pub fn declaration(
    words: &[String],
    plan: &Plan,
) -> Result<(Option<Severity>, ComponentId, String), String> {
    let mut rest = words;
    let mut chosen = None;
    if let Some((first, others)) = rest.split_first()
        && let Ok(found) = severity(first)
    {
        (chosen, rest) = (Some(found), others);
    } else if let Some(first) = rest.first().filter(|word| is_severity_like(word)) {
        return Err(format!("there is no severity `{first}`: write p1, p2, p3 or p4, or none"));
    }
    let site = plan.components.first().map(|one| one.id.clone());
    let mut component = site.ok_or("the plan has no components")?;
    if let Some((first, others)) = rest.split_first() {
        let id = ComponentId::from(first.to_lowercase());
        if plan.component(&id).is_some() {
            (component, rest) = (id, others);
        } else if let Some(meant) = plan.components.iter().find(|one| is_typo_of(&id, &one.id)) {
            return Err(format!("there is no component `{id}`: did you mean `{}`?", meant.id));
        }
    }
    let says = if rest.is_empty() { format!("{component} is down") } else { rest.join(" ") };
    Ok((chosen, component, says))
}

/// `p0`, `p7` and the like: nobody begins a sentence with them.
fn is_severity_like(word: &str) -> bool {
    let digits = word.strip_prefix(['p', 'P']).unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_typo_of(word: &ComponentId, component: &ComponentId) -> bool {
    strsim::damerau_levenshtein(word.as_str(), component.as_str()) <= 2 && word.as_str().len() > 3
}
