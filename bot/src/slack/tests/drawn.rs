//! Payloads as text: what is drawn is what goes over the wire, not what was meant.

use serde_json::Value;

/// A message: what is read aloud, then what is seen.
pub fn message(message: &Value) -> String {
    format!("aloud: {}\n{}", text(&message["text"]), blocks(&message["blocks"]))
}

/// Blocks, one after the other.
pub fn blocks(blocks: &Value) -> String {
    blocks.as_array().unwrap().iter().map(block).collect::<Vec<_>>().join("\n")
}

fn block(block: &Value) -> String {
    match block["type"].as_str().unwrap() {
        "header" => format!("# {}", words(&block["text"])),
        "section" if block.get("fields").is_some() => {
            let field = |field: &Value| format!("| {}", words(field).replacen("*\n", ":* ", 1));
            each(&block["fields"], field)
        }
        "section" => {
            let button = block.get("accessory").map(|one| format!(" {}", element(one)));
            format!("{}{}", words(&block["text"]), button.unwrap_or_default())
        }
        "context" => each(&block["elements"], |one| format!("~ {}", words(one))),
        "actions" => each(&block["elements"], element),
        "divider" => "----".into(),
        "input" => {
            let optional = if block["optional"] == true { " (optional)" } else { "" };
            let (label, hint) = (words(&block["label"]), words(&block["hint"]));
            format!("{label}{optional} {} // {hint}", element(&block["element"]))
        }
        other => panic!("no way to draw {other}"),
    }
}

fn each(list: &Value, draw: impl Fn(&Value) -> String) -> String {
    list.as_array().unwrap().iter().map(draw).collect::<Vec<_>>().join("\n")
}

fn element(one: &Value) -> String {
    let value = text(&one["value"]);
    match one["type"].as_str().unwrap() {
        "button" => {
            let style = match text(&one["style"]).as_str() {
                "" => String::new(),
                style => format!(" {style}"),
            };
            let asks = one.get("confirm").map_or_else(String::new, |asks| {
                let (title, says) = (words(&asks["title"]), words(&asks["text"]));
                format!(
                    "\n   asks: {title} {says} [{}/{}]",
                    words(&asks["confirm"]),
                    words(&asks["deny"])
                )
            });
            format!("[{}]{style} {value}{asks}", words(&one["text"]))
        }
        "overflow" => {
            let options = each(&one["options"], |it| {
                format!("   {} {}", words(&it["text"]), text(&it["value"]))
            });
            format!("[…]\n{options}")
        }
        "plain_text_input" => "[words]".into(),
        "static_select" => {
            let options: Vec<String> =
                one["options"].as_array().unwrap().iter().map(|it| text(&it["value"])).collect();
            format!("<{}>", options.join("|"))
        }
        other => panic!("no way to draw {other}"),
    }
}

fn words(one: &Value) -> String {
    text(&one["text"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
