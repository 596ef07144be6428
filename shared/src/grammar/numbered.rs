//! `ack 7`, `update #7 the cache is warm`: a number right after the verb says which incident is meant. And
//! `update checkout -> 500`: what people write begins with dashes, too.
//!
//! Which verbs are about one incident, which take free words, and which flags take a value, the grammar itself is asked.

use clap::{Arg, ArgAction, Command};

/// The flag that says which incident is meant.
const ON: &str = "on";

/// Moves the number behind its flag, where the grammar wants it. `words` are without the program's name. A bare number
/// counts only where no incident is at hand: in an incident's own room, "update 2 of 3 servers are back" is about
/// servers. `#2` and `inc-2` always count.
pub fn numbered(grammar: &Command, mut words: Vec<String>, at_hand: Option<u32>) -> Vec<String> {
    let mut places = spoken(grammar, &words).into_iter();
    let (Some(topic), Some(verb)) = (places.next(), places.next()) else { return words };
    if words[topic] != "incident" || !is_about_one(grammar, &words[verb]) {
        return words;
    }
    let given = places.next().and_then(|at| Some((at, number(&words[at], at_hand.is_none())?)));
    match (given, at_hand) {
        (Some((at, given)), _) => words[at] = format!("--{ON}={given}"),
        (None, Some(at_hand)) if !words.iter().any(|word| is_flag(word, ON)) => {
            words.insert(verb + 1, format!("--{ON}={at_hand}"));
        }
        (None, _) => {}
    }
    words
}

/// Puts words that begin with a dash and are no flag behind `--`, where the verb takes free words: then they are words.
/// Flags that are known come before it, wherever they stood.
pub(super) fn with_dashes(grammar: &Command, words: Vec<String>) -> Vec<String> {
    let mut places = spoken(grammar, &words).into_iter();
    let (Some(topic), Some(verb)) = (places.next(), places.next()) else { return words };
    let said = grammar.find_subcommand(&words[topic]);
    let Some(said) = said.and_then(|verbs| verbs.find_subcommand(&words[verb])) else {
        return words;
    };
    let is_text = |word: &String| word.starts_with('-') && word != "--" && !is_known(said, word);
    if !takes_words(said) || !words[verb + 1..].iter().any(is_text) {
        return words;
    }
    let (mut flags, mut text) = (words[..=verb].to_vec(), Vec::new());
    let mut is_value = false;
    for word in &words[verb + 1..] {
        let is_flag = !is_value && word.starts_with('-') && is_known(said, word);
        let of_flags = is_value || is_flag;
        is_value = is_flag && word.strip_prefix("--").is_some_and(|flag| takes_value(said, flag));
        if of_flags { flags.push(word.clone()) } else { text.push(word.clone()) }
    }
    flags.push("--".to_owned());
    flags.extend(text);
    flags
}

/// Whether the verb takes as many words as people like.
fn takes_words(verb: &Command) -> bool {
    verb.get_positionals().any(|it| matches!(it.get_action(), ArgAction::Append))
}

/// Whether the verb knows this flag: `--on`, `--on=7`, `-h`.
fn is_known(verb: &Command, word: &str) -> bool {
    if matches!(word, "-h" | "--help") {
        return true;
    }
    verb.get_arguments().filter_map(Arg::get_long).any(|name| is_flag(word, name))
}

/// Where the words stand that are neither flags nor their values.
fn spoken(grammar: &Command, words: &[String]) -> Vec<usize> {
    let mut places = Vec::new();
    let mut is_value = false;
    for (place, word) in words.iter().enumerate() {
        if is_value {
            is_value = false;
        } else if word == "--" {
            break;
        } else if let Some(flag) = word.strip_prefix("--") {
            is_value = takes_value(grammar, flag);
        } else if !word.starts_with('-') {
            places.push(place);
        }
    }
    places
}

/// Whether the word after this flag belongs to it, whatever verb it stands behind.
fn takes_value(grammar: &Command, flag: &str) -> bool {
    let here = grammar
        .get_arguments()
        .any(|argument| argument.get_long() == Some(flag) && argument.get_action().takes_values());
    here || grammar.get_subcommands().any(|verb| takes_value(verb, flag))
}

fn is_about_one(grammar: &Command, verb: &str) -> bool {
    let verb = grammar.find_subcommand("incident").and_then(|verbs| verbs.find_subcommand(verb));
    verb.is_some_and(|verb| verb.get_arguments().any(|it| it.get_long() == Some(ON)))
}

fn is_flag(word: &str, name: &str) -> bool {
    word.strip_prefix("--").is_some_and(|flag| flag.split('=').next() == Some(name))
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
    use clap::Subcommand;

    use super::*;
    use crate::grammar::Verb;

    fn said(text: &str, at_hand: Option<u32>) -> String {
        let grammar = Verb::augment_subcommands(Command::new("/"));
        numbered(&grammar, text.split(' ').map(Into::into).collect(), at_hand).join(" ")
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

    fn dashed(text: &str) -> String {
        let grammar = Verb::augment_subcommands(Command::new("/"));
        with_dashes(&grammar, text.split(' ').map(Into::into).collect()).join(" ")
    }

    #[test]
    fn what_begins_with_a_dash_and_is_no_flag_is_a_word() {
        assert_eq!(dashed("incident update checkout -> 500"), "incident update -- checkout -> 500");
        assert_eq!(
            dashed("incident update -5 degrees --on 7 and -1"),
            "incident update --on 7 -- -5 degrees and -1"
        );
        assert_eq!(dashed("incident update --on=7 - well"), "incident update --on=7 -- - well");
        assert_eq!(dashed("incident update --help"), "incident update --help");
        assert_eq!(
            dashed("incident resolve --withot-evidence x"),
            "incident resolve --withot-evidence x"
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
