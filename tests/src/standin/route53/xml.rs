//! The XML of the API: written by hand, read with a parser.

use roxmltree::Node;

use super::refusal::Refusal;

/// The namespace of every request and answer.
const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

/// A whole answer.
pub fn document(root: &str, inside: &str) -> String {
    format!("<?xml version=\"1.0\"?>\n<{root} xmlns=\"{NAMESPACE}\">{inside}</{root}>")
}

/// An element around others.
pub fn wrap(tag: &str, inside: &str) -> String {
    format!("<{tag}>{inside}</{tag}>")
}

/// An element around text.
#[expect(clippy::needless_pass_by_value, reason = "callers give numbers and texts as they come")]
pub fn element(tag: &str, text: impl ToString) -> String {
    let text = text.to_string().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    wrap(tag, &text)
}

/// An element around text, or nothing.
pub fn optional(tag: &str, text: Option<impl ToString>) -> String {
    text.map(|text| element(tag, text)).unwrap_or_default()
}

/// The child with that tag.
pub fn child<'a, 'b>(node: Node<'a, 'b>, tag: &str) -> Option<Node<'a, 'b>> {
    node.children().find(|it| it.tag_name().name() == tag)
}

/// The child elements of the child with that tag.
pub fn children<'a, 'b>(node: Node<'a, 'b>, tag: &str) -> Vec<Node<'a, 'b>> {
    let parent = child(node, tag).into_iter();
    parent.flat_map(|it| it.children()).filter(Node::is_element).collect()
}

/// The text of the child with that tag.
pub fn text(node: Node<'_, '_>, tag: &str) -> Option<String> {
    child(node, tag).map(|it| it.text().unwrap_or_default().to_owned())
}

/// The text of the child with that tag as a number, a truth value and the like.
pub fn parsed<T: std::str::FromStr>(node: Node<'_, '_>, tag: &str) -> Result<Option<T>, Refusal> {
    let Some(text) = text(node, tag) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Refusal::input(&format!("{tag} can't be `{text}`")))
}

/// Refuses children that are unknown or out of the documented order (rule R21).
pub fn in_order(node: Node<'_, '_>, order: &[&str]) -> Result<(), Refusal> {
    let mut rest = order.iter();
    for child in node.children().filter(Node::is_element) {
        let tag = child.tag_name().name();
        if !rest.any(|known| *known == tag) {
            let parent = node.tag_name().name();
            return Err(Refusal::input(&format!("{tag} is unknown or out of order in {parent}")));
        }
    }
    Ok(())
}
