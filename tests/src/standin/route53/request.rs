//! A call as it arrives and as it is answered.

use axum::http::{Method, Uri};

use super::refusal::Refusal;
use super::xml::document;

/// A call.
#[derive(Clone, Debug)]
pub struct Request {
    /// The operation's name in the API.
    pub operation: &'static str,
    /// What it is about, without a prefix; empty if nothing.
    pub id: String,
    /// What it is about, for tags.
    pub kind: String,
    query: String,
    /// The XML.
    pub body: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Where the thing that was made is.
    pub location: Option<String>,
    /// The XML.
    pub body: String,
}

impl Default for Reply {
    fn default() -> Self {
        Self { status: 200, location: None, body: String::new() }
    }
}

impl Reply {
    /// An answer with this root around these elements.
    pub fn ok(root: &str, inside: &str) -> Self {
        Self { body: document(root, inside), ..Self::default() }
    }
}

impl Request {
    /// Finds the operation; `None` if there is none like this. Any path may come before the API's version.
    pub fn read(method: &Method, uri: &Uri, body: String) -> Option<Self> {
        let path = uri.path().replace("%2F", "/").replace("%2f", "/");
        let (_, path) = path.split_once("/2013-04-01/")?;
        let mut parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
        // An id may come with its prefix, which repeats the part before it.
        parts.dedup();
        let (operation, kind, id) = operation(method.as_str(), &parts)?;
        Some(Self {
            operation,
            id: id.to_owned(),
            kind: kind.to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            body,
        })
    }

    /// A `ChangeResourceRecordSets` from within.
    pub fn change(zone: &str, body: String) -> Self {
        let operation = "ChangeResourceRecordSets";
        let (id, kind, query) = (zone.to_owned(), String::new(), String::new());
        Self { operation, id, kind, query, body }
    }

    /// A parameter of the query.
    pub fn query(&self, name: &str) -> Option<String> {
        let mut pairs = form_urlencoded::parse(self.query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// How many items fit a page.
    pub fn page_size(&self, most: usize) -> Result<usize, Refusal> {
        let Some(text) = self.query("maxitems") else { return Ok(most) };
        let size = text.parse().ok().filter(|size| *size > 0);
        let size: usize = size.ok_or_else(|| Refusal::input("maxitems is a positive number"))?;
        Ok(size.min(most))
    }
}

fn operation<'a>(method: &str, parts: &[&'a str]) -> Option<(&'static str, &'a str, &'a str)> {
    let (operation, kind, id) = match (method, parts) {
        ("POST", ["hostedzone", id, "rrset"]) => ("ChangeResourceRecordSets", "", *id),
        ("GET", ["hostedzone", id, "rrset"]) => ("ListResourceRecordSets", "", *id),
        ("GET", ["hostedzone", id]) => ("GetHostedZone", "", *id),
        ("GET", ["change", id]) => ("GetChange", "", *id),
        ("POST", ["healthcheck"]) => ("CreateHealthCheck", "", ""),
        ("GET", ["healthcheck"]) => ("ListHealthChecks", "", ""),
        ("GET", ["healthcheck", id]) => ("GetHealthCheck", "", *id),
        ("POST", ["healthcheck", id]) => ("UpdateHealthCheck", "", *id),
        ("DELETE", ["healthcheck", id]) => ("DeleteHealthCheck", "", *id),
        ("GET", ["healthcheck", id, "status"]) => ("GetHealthCheckStatus", "", *id),
        ("POST", ["tags", kind, id]) => ("ChangeTagsForResource", *kind, *id),
        ("GET", ["tags", kind, id]) => ("ListTagsForResource", *kind, *id),
        ("GET", ["testdnsanswer"]) => ("TestDNSAnswer", "", ""),
        _ => return None,
    };
    Some((operation, kind, id))
}
