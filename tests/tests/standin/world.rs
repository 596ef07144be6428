//! A zone at the stand-in, and plain HTTP to it.

use reqwest::{Client, Method};
use tests::standin::route53::{RecordSet, Route53};

/// The zone's name.
pub const ZONE: &str = "example.com";
/// An address of the primary.
pub const PRIMARY: &str = "192.0.2.1";
/// An address of the standby.
pub const STANDBY: &str = "198.51.100.1";

/// A stand-in with one zone.
pub struct World {
    pub route53: Route53,
    pub zone: String,
    client: Client,
}

/// A status and the body that came with it.
pub type Answer = (u16, String);

impl World {
    pub async fn new() -> Self {
        let route53 = Route53::start().await.unwrap();
        let zone = route53.add_zone(ZONE);
        Self {
            route53,
            zone,
            client: functions::http::client(&functions::http::Roots::default()).unwrap(),
        }
    }

    /// Calls the API; `None` if the reply is lost.
    pub async fn call(&self, method: Method, path: &str, body: String) -> Option<Answer> {
        let url = format!("{}/2013-04-01/{path}", self.route53.url());
        let response = self.client.request(method, url).body(body).send().await.ok()?;
        let status = response.status().as_u16();
        Some((status, response.text().await.ok()?))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, String::new()).await.unwrap()
    }

    pub async fn post(&self, path: &str, body: String) -> Answer {
        self.call(Method::POST, path, body).await.unwrap()
    }

    /// Sends a batch to the zone.
    pub async fn change(&self, changes: &[(&str, &RecordSet)]) -> Answer {
        self.post(&self.rrset(), batch(changes)).await
    }

    pub fn rrset(&self) -> String {
        format!("hostedzone/{}/rrset", self.zone)
    }

    /// Creates these sets in one batch and tells the answer's code: `OK` or the refusal's.
    pub async fn create(&self, sets: &[RecordSet]) -> String {
        let changes: Vec<_> = sets.iter().map(|set| ("CREATE", set)).collect();
        code(&self.change(&changes).await)
    }

    /// Fails unless creating these sets together is refused for this one reason and leaves nothing behind.
    pub async fn refuses(&self, sets: &[RecordSet], why: &str) {
        let before = self.route53.records(&self.zone);
        let changes: Vec<_> = sets.iter().map(|set| ("CREATE", set)).collect();
        let answer = self.change(&changes).await;
        assert_eq!(code(&answer), "InvalidChangeBatch", "{why}");
        let message = text(&answer.1, "Message").unwrap();
        assert!(message.contains(why) && !message.contains(", [name="), "{why}: {message}");
        assert_eq!(self.route53.records(&self.zone), before, "{why}");
    }

    /// The pair of `www`, with health checks: those of the primary and of the standby.
    pub fn pair(&self) -> (String, String) {
        let primary = self.route53.add_endpoint_check("hc-primary.example.com", "/health");
        let standby = self.route53.add_endpoint_check("hc-standby.example.com", "/health");
        let sets = [
            a("www", PRIMARY).primary("primary").checked_by(&primary),
            a("www", STANDBY).secondary("standby").checked_by(&standby),
        ];
        self.route53.seed(&self.zone, &sets);
        (primary, standby)
    }

    /// The values that `www` answers.
    pub fn www(&self) -> Vec<String> {
        self.route53.resolve(&self.zone, "www.example.com", "A").values
    }
}

/// An A record of the zone.
pub fn a(label: &str, address: &str) -> RecordSet {
    RecordSet::new(&format!("{label}.{ZONE}"), "A", 60, &[address])
}

/// The XML of a batch.
pub fn batch(changes: &[(&str, &RecordSet)]) -> String {
    let change = |(action, set): &(&str, &RecordSet)| {
        format!("<Change><Action>{action}</Action>{}</Change>", set.write())
    };
    let changes: String = changes.iter().map(change).collect();
    format!(
        "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
         <ChangeBatch><Comment>op-1</Comment><Changes>{changes}</Changes></ChangeBatch>\
         </ChangeResourceRecordSetsRequest>"
    )
}

/// `OK` or the refusal's code.
pub fn code((status, body): &Answer) -> String {
    let code = text(body, "Code").unwrap_or_else(|| "OK".to_owned());
    assert_eq!(*status < 300, code == "OK", "{status} {body}");
    code
}

/// The text of the first element with that tag.
pub fn text(body: &str, tag: &str) -> Option<String> {
    let document = roxmltree::Document::parse(body).unwrap();
    let found = document.descendants().find(|node| node.tag_name().name() == tag);
    found.map(|node| node.text().unwrap_or_default().to_owned())
}
