//! Reads our TwiML as strictly as nobody else does: an unknown verb or attribute is a mistake, a relative address too.
//!
//! Source: Twilio, "TwiML for Programmable Voice" and "… Messaging".

use roxmltree::{Document, Node};

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Says this.
    Say(String),
    /// Says this while it waits for keys, and hands them on.
    Gather {
        /// What is said meanwhile.
        says: Vec<String>,
        /// Where the keys go.
        action: String,
        /// How many keys it waits for.
        digits: usize,
    },
    /// Goes on there.
    Redirect(String),
    /// Connects to that number.
    Dial(String),
    /// Waits.
    Pause,
    /// Ends the call.
    Hangup,
    /// Answers with a message.
    Message(String),
}

/// Reads a document.
///
/// # Errors
/// What Twilio would stumble over, and what it would take without doing what we mean.
pub fn read(text: &str) -> Result<Vec<Verb>, String> {
    let document = Document::parse(text).map_err(|error| format!("no XML: {error}"))?;
    let root = document.root_element();
    if root.tag_name().name() != "Response" {
        return Err(format!("its root is <{}>", root.tag_name().name()));
    }
    verbs(root)
}

fn verbs(parent: Node<'_, '_>) -> Result<Vec<Verb>, String> {
    let loose = parent.children().any(|node| node.is_text() && !is_blank(node));
    if loose {
        return Err(format!("there is text loose in <{}>", parent.tag_name().name()));
    }
    parent.children().filter(Node::is_element).map(verb).collect()
}

fn verb(node: Node<'_, '_>) -> Result<Verb, String> {
    match node.tag_name().name() {
        "Say" => {
            only(node, &["voice", "language", "loop"])?;
            Ok(Verb::Say(words(node)?))
        }
        "Gather" => gather(node),
        "Redirect" => {
            only(node, &["method"])?;
            Ok(Verb::Redirect(address(&words(node)?)?))
        }
        "Dial" => {
            only(node, &["callerId", "timeout"])?;
            Ok(Verb::Dial(words(node)?))
        }
        "Pause" => only(node, &["length"]).map(|()| Verb::Pause),
        "Hangup" => only(node, &[]).map(|()| Verb::Hangup),
        "Message" => {
            only(node, &[])?;
            Ok(Verb::Message(words(node)?))
        }
        other => Err(format!("there is no verb <{other}>")),
    }
}

fn gather(node: Node<'_, '_>) -> Result<Verb, String> {
    only(
        node,
        &[
            "input",
            "action",
            "method",
            "timeout",
            "numDigits",
            "finishOnKey",
            "actionOnEmptyResult",
        ],
    )?;
    if node.attribute("input").is_some_and(|input| input != "dtmf") {
        return Err("it gathers more than keys".into());
    }
    let action = address(node.attribute("action").ok_or("<Gather> has no action")?)?;
    let digits = node.attribute("numDigits").ok_or("<Gather> waits for how many keys?")?;
    let digits = digits.parse().map_err(|_| format!("numDigits is {digits}"))?;
    let mut says = Vec::new();
    for inside in verbs(node)? {
        match inside {
            Verb::Say(words) => says.push(words),
            Verb::Pause => {}
            other => return Err(format!("{other:?} can't stand in <Gather>")),
        }
    }
    if says.is_empty() {
        return Err("<Gather> says nothing: a key would only count after the speech".into());
    }
    Ok(Verb::Gather { says, action, digits })
}

fn only(node: Node<'_, '_>, known: &[&str]) -> Result<(), String> {
    match node.attributes().find(|it| !known.contains(&it.name())) {
        Some(strange) => {
            Err(format!("<{}> has no attribute {}", node.tag_name().name(), strange.name()))
        }
        None => Ok(()),
    }
}

fn words(node: Node<'_, '_>) -> Result<String, String> {
    let text = node.text().unwrap_or_default().trim();
    if text.is_empty() || node.children().any(|inside| inside.is_element()) {
        return Err(format!("<{}> wants text and nothing else", node.tag_name().name()));
    }
    Ok(text.to_owned())
}

fn address(text: &str) -> Result<String, String> {
    if text.starts_with("http://") || text.starts_with("https://") {
        return Ok(text.to_owned());
    }
    Err(format!("{text} is no absolute address"))
}

fn is_blank(node: Node<'_, '_>) -> bool {
    node.text().is_none_or(|text| text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_twilio_would_misread_is_a_mistake() {
        for bad in [
            "",
            "<Resp/>",
            "<Response>loose</Response>",
            "<Response><Speak>a</Speak></Response>",
            "<Response><Say pitch=\"1\">a</Say></Response>",
            "<Response><Say/></Response>",
            "<Response><Redirect>/again</Redirect></Response>",
            "<Response><Gather action=\"https://a/b\" numDigits=\"1\"/></Response>",
            "<Response><Gather numDigits=\"1\"><Say>a</Say></Gather></Response>",
            "<Response><Gather action=\"https://a/b\" numDigits=\"1\"><Hangup/></Gather></Response>",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_right_is_read() {
        let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>\
            <Gather input=\"dtmf\" numDigits=\"1\" action=\"https://a/b\"><Say>P1 &amp; more</Say></Gather>\
            <Redirect method=\"POST\">https://a/c</Redirect></Response>";
        let says = vec!["P1 & more".to_owned()];
        let gather = Verb::Gather { says, action: "https://a/b".into(), digits: 1 };
        assert_eq!(read(text), Ok(vec![gather, Verb::Redirect("https://a/c".into())]));
        assert_eq!(read("<Response/>"), Ok(vec![]));
    }
}
