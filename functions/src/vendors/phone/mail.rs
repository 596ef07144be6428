//! Mail, by SMTP to the relay that the settings name. Slow and easily overlooked: the last means of a ladder.
//!
//! Every copy of a page carries the same `Message-ID`, so that a relay that took it twice delivers it once. Deliberately
//! absent: HTML, for a phone shows the text at once.

use std::fmt;
use std::time::Duration;

use lettre::address::Address;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::said::{Said, WAIT_MAX};
use crate::http::Roots;

/// A relay that takes longer for one command is given up.
const COMMAND_WITHIN: Duration = Duration::from_secs(5);
/// What a relay answers where our user and password are not in order (RFC 4954).
const UNAUTHENTICATED: [u16; 3] = [530, 534, 535];

/// A relay.
pub struct Mail {
    relay: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("from", &self.from).finish_non_exhaustive()
    }
}

/// What is written to somebody.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// The address.
    pub to: &'a str,
    /// One line.
    pub subject: &'a str,
    /// The text.
    pub text: &'a str,
    /// Names the page, the same on every copy.
    pub id: &'a str,
}

impl Mail {
    /// `None` without a relay. Its URL is `smtps://user:password@host` or `smtp://host:25?tls=required`; `from` is the
    /// sender's address.
    /// Its certificate may also be signed by one of `roots`.
    pub fn from_environment(
        from: &str,
        roots: &Roots,
        read: impl Fn(&str) -> Option<String>,
    ) -> Option<Self> {
        let url = read("SMTP_URL").filter(|url| !url.is_empty())?;
        let relay = AsyncSmtpTransport::<Tokio1Executor>::from_url(&url).ok()?;
        let relay = relay.tls(tls(&url, roots)?).timeout(Some(COMMAND_WITHIN)).build();
        Some(Self { relay, from: mailbox(from)? })
    }

    /// Sends a letter.
    pub async fn send(&self, letter: &Letter<'_>) -> Said {
        let Some(to) = mailbox(letter.to) else {
            return Said::Refused { why: "the plan has no right address".into() };
        };
        let host = self.from.email.domain();
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(letter.subject)
            .message_id(Some(format!("<{}@{host}>", letter.id)))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.to_owned());
        let Ok(message) = message else {
            return Said::Refused { why: "the letter makes no sense".into() };
        };
        match self.relay.send(message).await {
            Ok(answer) => {
                let words: Vec<&str> = answer.message().collect();
                Said::Took { receipt: words.join(" ") }
            }
            Err(error) => said(&error),
        }
    }
}

/// How the relay is spoken to, as its URL has it.
fn tls(url: &str, roots: &Roots) -> Option<Tls> {
    let url = reqwest::Url::parse(url).ok()?;
    let wanted = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value);
    let kind: fn(TlsParameters) -> Tls = match (url.scheme(), wanted.as_deref()) {
        ("smtps", _) => Tls::Wrapper,
        (_, Some("required")) => Tls::Required,
        (_, Some("opportunistic")) => Tls::Opportunistic,
        (_, _) => return Some(Tls::None),
    };
    let mut parameters = TlsParameters::builder(url.host_str()?.to_owned());
    for root in roots.certificates() {
        parameters = parameters.add_root_certificate(Certificate::from_der(root.to_vec()).ok()?);
    }
    Some(kind(parameters.build().ok()?))
}

fn mailbox(address: &str) -> Option<Mailbox> {
    Some(Mailbox::new(None, address.parse::<Address>().ok()?))
}

fn said(error: &Error) -> Said {
    let why = error.to_string();
    let code = error.status().map(u16::from);
    if code.is_some_and(|code| UNAUTHENTICATED.contains(&code)) {
        return Said::Closed { why: format!("the relay refuses us: mend SMTP_URL ({why})") };
    }
    match () {
        () if error.is_permanent() => Said::Refused { why },
        () if error.is_transient() => Said::Busy { why, after: WAIT_MAX },
        // Nothing was said yet: there was no relay to say it to.
        () if error.is_client() || why.starts_with("Connection error") => Said::Closed { why },
        () => Said::Lost { why },
    }
}
