//! Commands that must not be run, or that don't do what the plan thinks.

/// A command that is never run, by machine or by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeniedCommand {
    /// Its words; other words may stand between and after them.
    pub command: &'static str,
    /// What it does: completes "it …".
    pub harm: &'static str,
    /// What to do instead: completes "write …".
    pub instead: &'static str,
}

/// The commands that destroy what they are meant to save (the vendors' own documents).
pub const DENIED_COMMANDS: [DeniedCommand; 6] = [
    DeniedCommand {
        command: "supabase db reset",
        harm: "wipes the data and all accounts",
        instead: "a restore of a verified backup into a new project",
    },
    DeniedCommand {
        command: "supabase db push",
        harm: "brings back tables without a single row",
        instead: "a restore of a verified backup into a new project",
    },
    DeniedCommand {
        command: "supabase projects delete",
        harm: "deletes the project with its backups",
        instead: "a new project beside the old one",
    },
    DeniedCommand {
        command: "vercel project rm",
        harm: "deletes every deployment one could roll back to",
        instead: "a rollback",
    },
    DeniedCommand {
        command: "drop database",
        harm: "deletes the evidence and the data",
        instead: "a restore of a verified backup into a new project",
    },
    DeniedCommand {
        command: "delete-hosted-zone",
        harm: "takes every name of the application off the net",
        instead: "a change of the records named in [dns]",
    },
];

/// Commands of the plan that fail or answer another question, each with the reason.
pub(super) const USELESS_COMMANDS: [(&str, &str); 3] = [
    ("supabase db ping", "There is no such command."),
    ("vercel ls --limit", "The command line tool knows `--limit` only since July 2026."),
    ("supabase db test", "It tests the database on the laptop, not the one restored."),
];

/// The first denied command in a text, whatever its case, spacing and options.
pub fn denied_command(text: &str) -> Option<&'static DeniedCommand> {
    DENIED_COMMANDS.iter().find(|denied| runs(text, denied.command))
}

/// Whether a text holds the command's words in order, with nothing but options between them.
pub(super) fn runs(text: &str, command: &str) -> bool {
    let text = text.to_lowercase();
    let bare = |word: &str| word.trim_matches(|c: char| "`'\"();,&|".contains(c)).to_owned();
    let words: Vec<String> = text.split_whitespace().map(bare).collect();
    (0..words.len()).any(|start| starts_with(&words[start..], command))
}

/// Whether the words begin with the command's. Options, and `npx` with its like, don't hide a
/// command.
fn starts_with(words: &[String], command: &str) -> bool {
    let mut wanted = command.split(' ').peekable();
    for word in words {
        match wanted.peek() {
            None => break,
            Some(next) if word == next => drop(wanted.next()),
            Some(_) if word.starts_with('-') => {}
            Some(_) => return false,
        }
    }
    wanted.peek().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_command_is_found_however_it_is_dressed() {
        for text in [
            "supabase db reset --linked",
            "Run `npx supabase db reset`, then wait",
            "cd app && SUPABASE  DB\treset",
            "supabase --debug db reset --linked; supabase db push",
            "psql -c 'drop database postgres'",
        ] {
            assert!(denied_command(text).is_some(), "{text}");
        }
    }

    #[test]
    fn talking_about_a_reset_is_allowed() {
        for text in
            ["Reset all development credentials", "supabase db dump", "push the database", ""]
        {
            assert_eq!(denied_command(text), None, "{text}");
        }
    }
}
