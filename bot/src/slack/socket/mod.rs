//! Socket Mode: Slack speaks to us over a WebSocket that we open, so no address of ours has to be public.
//!
//! Here is what keeps one open: the next is opened before an old one closes, and while none opens we ask less and less
//! often. What comes over it goes into the same inbox as what comes over HTTP. Source: Slack, "Using Socket Mode".

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_rustls::rustls::ClientConfig;

use super::api::{Api, Trouble};
use super::inbox::Inbox;

mod dial;
mod envelope;
mod link;

/// A socket that lived this long was well: the next trouble is a new one.
const STEADY: Duration = Duration::from_secs(10);
/// The wait after the second failure in a row; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest of these waits.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The wait where only people can help: another token, another setting of the app.
const PEOPLE_WAIT: Duration = Duration::from_mins(2);

/// What is needed to open sockets.
pub struct Socket {
    /// The Web API with the app's own token.
    pub api: Api,
    /// How it speaks TLS.
    pub tls: Arc<ClientConfig>,
    /// Where what comes goes.
    pub inbox: Arc<Inbox>,
}

/// Why a socket is not open, or will not be for long.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Closed {
    /// Slack asks for a successor; the old one goes on for a moment.
    Leaving(String),
    /// It may open later, and not before this.
    Later { why: String, after: Duration },
    /// Only people can help.
    Refused(String),
}

impl Closed {
    fn lost(why: &str) -> Self {
        Self::Later { why: why.into(), after: Duration::ZERO }
    }

    fn why(&self) -> &str {
        match self {
            Self::Leaving(why) | Self::Later { why, .. } | Self::Refused(why) => why,
        }
    }
}

impl From<Trouble> for Closed {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Later { why, after } => Self::Later { why, after },
            Trouble::Lost(why) => Self::Later { why, after: Duration::ZERO },
            Trouble::Never(code) => Self::Refused(super::ask::advice(&code, "SLACK_APP_TOKEN")),
        }
    }
}

/// Keeps a socket open for as long as it is polled.
pub async fn keep_open(socket: Socket) {
    let mut links = JoinSet::new();
    let mut pace = Pace::default();
    loop {
        let begun = Instant::now();
        let closed = match socket.open().await {
            Err(closed) => closed,
            Ok(link) => {
                let face = &socket.inbox.face;
                face.line.opens((face.clock)());
                let (leaving, left) = oneshot::channel();
                links.spawn(link.talk(leaving));
                left.await.unwrap_or_else(|_| Closed::lost("the socket ended"))
            }
        };
        while links.try_join_next().is_some() {}
        pace.lived(begun.elapsed());
        socket.reports(&closed);
        sleep(pace.wait(&closed, fastrand::f64())).await;
    }
}

impl Socket {
    fn reports(&self, closed: &Closed) {
        let why = closed.why();
        match closed {
            Closed::Leaving(_) => {
                return tracing::info!(why, "Slack replaces its socket: the next one is opened");
            }
            Closed::Later { .. } => {
                tracing::warn!(why, "no socket to Slack: opened again");
            }
            Closed::Refused(_) => {
                tracing::error!(why, "Slack refuses a socket: nothing said in Slack is heard");
            }
        }
        let face = &self.inbox.face;
        face.line.closes(why, (face.clock)());
    }
}

/// How soon the next socket is opened.
#[derive(Default)]
struct Pace {
    /// Sockets in a row that did not live long, or never opened.
    short: u32,
}

impl Pace {
    fn lived(&mut self, life: Duration) {
        self.short = if life >= STEADY { 0 } else { self.short.saturating_add(1) };
    }

    /// One try at once, then after longer and longer waits. `dice` is between 0 and 1, so that servers which were cut
    /// off together don't come back together.
    fn wait(&self, closed: &Closed, dice: f64) -> Duration {
        let doubled = |times: u32| FIRST_WAIT.saturating_mul(2_u32.saturating_pow(times));
        let wait = self.short.checked_sub(2).map_or(Duration::ZERO, doubled).min(LONGEST_WAIT);
        let wait = wait.mul_f64(f64::midpoint(1.0, dice));
        match closed {
            Closed::Leaving(_) => wait,
            Closed::Later { after, .. } => wait.max(*after),
            Closed::Refused(_) => PEOPLE_WAIT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_limit_and_start_anew_after_a_steady_socket() {
        let mut pace = Pace::default();
        let closed = Closed::lost("cut");
        let mut waits = Vec::new();
        for _ in 0..9 {
            pace.lived(Duration::ZERO);
            waits.push(pace.wait(&closed, 1.0).as_secs());
        }
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(pace.wait(&closed, 0.0), LONGEST_WAIT / 2);
        pace.short = u32::MAX;
        assert_eq!(pace.wait(&closed, 1.0), LONGEST_WAIT);
        pace.lived(STEADY);
        assert_eq!(pace.wait(&Closed::Leaving("refresh_requested".into()), 1.0), Duration::ZERO);
    }

    #[test]
    fn what_slack_says_of_waiting_is_obeyed_and_people_get_their_time() {
        let pace = Pace { short: 3 };
        let after = Duration::from_secs(40);
        assert_eq!(pace.wait(&Closed::Later { why: "busy".into(), after }, 0.3), after);
        let refused = Closed::from(Trouble::Never("invalid_auth".into()));
        assert_eq!(pace.wait(&refused, 0.0), PEOPLE_WAIT);
        assert!(refused.why().contains("SLACK_APP_TOKEN"), "{}", refused.why());
    }
}
