//! Words made safe for Slack: nothing that people or vendors wrote can call a channel, forge a link or break a limit.
//!
//! Two kinds of text exist. *Plain* text is shown as it is. *Marked* text (`mrkdwn`) is escaped, and its links and
//! mentions are ours alone.

use shared::timeline::plain;
use unicode_segmentation::UnicodeSegmentation;

/// Stands where text was cut.
const CUT: &str = "…";
/// Keeps `@here` from being a mention, and a fence from closing a code block, without changing what is read.
const NOTHING: char = '\u{200b}';
/// The widest entity that escaping writes.
const LONGEST_ENTITY: usize = "&amp;".len();

/// Somebody's words on one line, as plain text: no control characters, no phone numbers, no mentions.
pub fn said(words: &str) -> String {
    without_mentions(&plain(words))
}

/// Somebody's words on one line, as marked text.
pub fn marked(words: &str) -> String {
    escape(&said(words))
}

/// Marked text that is read as it was written: Slack wants exactly these three escaped.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Text as it was written before Slack, or [`escape`], escaped it.
pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// What somebody wrote in Slack, as others would read it aloud: mentions by `name`, links by their words.
pub fn read(written: &str, name: impl Fn(&str) -> Option<String>) -> String {
    let mut plain = String::with_capacity(written.len());
    let mut rest = written;
    while let Some((before, after)) = rest.split_once('<') {
        let Some((inside, after)) = after.split_once('>') else { break };
        plain.push_str(&unescape(before));
        let (target, label) = inside.split_once('|').map_or((inside, None), |(a, b)| (a, Some(b)));
        let label = label.map(unescape);
        plain.push_str(&match (target.split_at_checked(1), label) {
            (Some(("@", user)), label) => {
                format!("@{}", name(user).or(label).unwrap_or_else(|| user.to_owned()))
            }
            (Some(("#", channel)), label) => {
                format!("#{}", label.unwrap_or_else(|| channel.to_owned()))
            }
            (Some(("!", group)), label) => label.unwrap_or_else(|| format!("@{group}")),
            (_, Some(label)) => format!("{label} ({})", unescape(target)),
            (_, None) => unescape(target),
        });
        rest = after;
    }
    plain + &unescape(rest)
}

/// Lines as a code block of at most `limit` units; its fence cannot be closed from inside.
pub fn code_block(lines: &str, limit: usize) -> String {
    let visible: String = lines.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    let calm = without_mentions(&visible).replace("``", &format!("`{NOTHING}`"));
    let fence = "```";
    let room = limit.saturating_sub(2 * fence.len() + 2);
    format!("{fence}\n{}\n{fence}", cut_marked(escape(calm.trim_end()).as_str(), room))
}

/// Cuts plain text to `limit` units, between two characters as people see them where that is possible.
pub fn cut(text: &str, limit: usize) -> String {
    if units(text) <= limit {
        return text.to_owned();
    }
    let room = limit.saturating_sub(units(CUT));
    let mut kept = fitting(text.graphemes(true), room);
    if kept.is_empty() {
        // One letter under a tower of accents: better half of it than nothing.
        kept = fitting(text.split_inclusive(|_| true), room);
    }
    kept.trim_end().to_owned() + CUT
}

/// Cuts marked text to `limit` units; never within an entity.
pub fn cut_marked(text: &str, limit: usize) -> String {
    let cut = cut(text, limit);
    let Some(kept) = cut.strip_suffix(CUT).filter(|_| cut != text) else { return cut };
    match kept.rfind('&') {
        Some(at) if !kept[at..].contains(';') && kept.len() - at < LONGEST_ENTITY => {
            kept[..at].trim_end().to_owned() + CUT
        }
        _ => cut,
    }
}

/// The length as Slack may count it: UTF-16 units are never fewer than characters.
pub fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn fitting<'a>(parts: impl Iterator<Item = &'a str>, room: usize) -> String {
    let mut kept = String::new();
    let mut used = 0;
    for part in parts {
        used += units(part);
        if used > room {
            break;
        }
        kept.push_str(part);
    }
    kept
}

/// `@here`, `@channel` and `@name` lose their power; a mail address has none.
fn without_mentions(text: &str) -> String {
    let mut calm = String::with_capacity(text.len());
    let mut before = ' ';
    for letter in text.chars() {
        if before == '@' && letter.is_alphanumeric() {
            calm.push(NOTHING);
        }
        calm.push(letter);
        before = if letter == '@' && before.is_ascii_alphanumeric() { ' ' } else { letter };
    }
    calm
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nobodys_words_call_the_channel() {
        assert_eq!(marked("<!channel> & <@U1>"), "&lt;!channel&gt; &amp; &lt;@\u{200b}U1&gt;");
        assert_eq!(said("@here look,\nroot@example.com"), "@\u{200b}here look, root@example.com");
        assert_eq!(said("call +1 555 010 4477 now"), "call (number withheld) now");
    }

    #[test]
    fn text_is_cut_between_characters_as_people_see_them() {
        assert_eq!(cut("down", 4), "down");
        assert_eq!(cut("downtime", 5), "down…");
        // A family is one character of eleven units; the second does not fit any more.
        assert_eq!(cut("👨‍👩‍👧‍👦👨‍👩‍👧‍👦!", 20), "👨‍👩‍👧‍👦…");
        assert_eq!(cut("e\u{301}e\u{301}e\u{301}", 4), "e\u{301}…");
        assert_eq!(cut(&format!("z{}", "\u{335}".repeat(99)), 3), "z\u{335}…");
        assert_eq!(cut_marked("a &amp; b", 6), "a…");
    }

    #[test]
    fn what_was_written_in_slack_is_read_as_it_was_meant() {
        let name = |user: &str| (user == "U1").then(|| "ada".to_owned());
        for (written, says) in [
            ("we &lt;3 &amp;amp; go", "we <3 &amp; go"),
            ("<@U1> and <@U2|ben> and <@U3>", "@ada and @ben and @U3"),
            (
                "see <https://a.example/?x=1&amp;y=2|the log> in <#C1|ops>",
                "see the log (https://a.example/?x=1&y=2) in #ops",
            ),
            ("<!here> <https://a.example>", "@here https://a.example"),
            ("a < b", "a < b"),
            ("<>|", "|"),
        ] {
            assert_eq!(read(written, name), says);
        }
    }

    #[test]
    fn a_code_block_cannot_be_left() {
        let block = code_block("``` <!channel>\n```\n", 3_000);
        assert_eq!(block.matches("```").count(), 2, "{block}");
        assert!(block.contains("&lt;!channel&gt;"));
    }

    proptest! {
        #[test]
        fn whatever_was_written_fits(text in "\\PC{0,80}", limit in 1usize..60) {
            prop_assert!(units(&cut(&text, limit)) <= limit);
            let short = cut_marked(&marked(&text), limit);
            prop_assert!(units(&short) <= limit);
            for (at, _) in short.match_indices('&') {
                let whole = ["&amp;", "&lt;", "&gt;"].iter().any(|one| short[at..].starts_with(one));
                prop_assert!(whole, "{short}");
            }
            prop_assert!(units(&code_block(&text, limit + 10)) <= limit + 10);
        }
    }
}
