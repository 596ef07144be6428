//! `ack 7`, `update #7 the cache is warm`: a number right after the verb says which incident is meant.

/// Verbs of `incident` that are about one incident.
const ABOUT_ONE: [&str; 21] = [
    "show",
    "status",
    "ack",
    "a",
    "acknowledge",
    "update",
    "edit",
    "severity",
    "sev",
    "assign",
    "role",
    "handoff",
    "mitigated",
    "mit",
    "mitigate",
    "resolve",
    "resolved",
    "fixed",
    "reopen",
    "timeline",
    "report",
];

/// Moves the number behind a flag, where the grammar wants it. A bare number counts only where no incident is at hand:
/// in an incident's own room, "update 2 of 3 servers are back" is about servers. `#2` and `inc-2` always count.
pub fn numbered(mut words: Vec<String>, at_hand: Option<u32>) -> Vec<String> {
    let Some(place) = words.iter().position(|word| word == "incident") else { return words };
    let (verb, next) = (place + 1, place + 2);
    if !words.get(verb).is_some_and(|word| ABOUT_ONE.contains(&word.as_str())) {
        return words;
    }
    let given = words.get(next).and_then(|word| number(word, at_hand.is_none()));
    match (given, at_hand) {
        (Some(given), _) => {
            words[next] = format!("--on={given}");
        }
        (None, Some(at_hand)) if !words.iter().any(|word| word.starts_with("--on")) => {
            words.insert(next, format!("--on={at_hand}"));
        }
        (None, _) => {}
    }
    words
}

/// `7` where bare numbers count, `#7`, `inc-7`, `INC-7`.
fn number(word: &str, bare: bool) -> Option<u32> {
    let lower = word.to_lowercase();
    let marked = lower.strip_prefix('#').or_else(|| lower.strip_prefix("inc-"));
    match marked {
        Some(digits) => digits.parse().ok(),
        None if bare => lower.parse().ok(),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, at_hand: Option<u32>) -> String {
        numbered(text.split(' ').map(Into::into).collect(), at_hand).join(" ")
    }

    #[test]
    fn a_number_after_the_verb_says_which_incident() {
        assert_eq!(said("incident ack 7", None), "incident ack --on=7");
        assert_eq!(
            said("incident update INC-7 all well", Some(3)),
            "incident update --on=7 all well"
        );
        assert_eq!(said("incident show", None), "incident show");
        assert_eq!(
            said("incident declare 7 servers down", None),
            "incident declare 7 servers down"
        );
    }

    #[test]
    fn in_an_incidents_own_room_it_is_the_one_that_is_meant() {
        let said_there = said("incident update 2 of 3 are back", Some(9));
        assert_eq!(said_there, "incident update --on=9 2 of 3 are back");
        assert_eq!(said("incident ack", Some(9)), "incident ack --on=9");
        assert_eq!(said("incident ack --on 4", Some(9)), "incident ack --on 4");
    }
}
