//! One socket: hears what Slack says, acknowledges it, and notices when nobody is there any more.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{Instant, interval, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::Closed;
use super::dial::Wire;
use super::envelope::{Envelope, Said, acknowledgement};
use crate::slack::inbox::Inbox;

/// Slack greets at once.
const GREETED_WITHIN: Duration = Duration::from_secs(10);
/// How often we ask whether Slack is still there.
const PING_EVERY: Duration = Duration::from_secs(5);
/// Without a word for this long, nobody is.
const SILENT_AFTER: Duration = Duration::from_secs(15);
/// A frame that doesn't leave in this time never will.
const SENT_WITHIN: Duration = Duration::from_secs(5);
/// How long a socket that has a successor may go on.
const DRAINED_WITHIN: Duration = Duration::from_secs(30);
/// Envelopes at work at the same time; beyond that the socket is not read.
const AT_ONCE: usize = 256;

/// An open socket.
pub struct Link {
    stream: WebSocketStream<Wire>,
    inbox: Arc<Inbox>,
    room: Arc<Semaphore>,
    acks: mpsc::Sender<String>,
    answered: mpsc::Receiver<String>,
}

impl Link {
    /// Waits for Slack's greeting.
    pub(super) async fn greeted(
        mut stream: WebSocketStream<Wire>,
        inbox: Arc<Inbox>,
    ) -> Result<Self, Closed> {
        let greeting = timeout(GREETED_WITHIN, async {
            while let Some(Ok(frame)) = stream.next().await {
                match frame.to_text().map(Said::read) {
                    Ok(Said::Hello) => return Ok(()),
                    Ok(Said::Goodbye(closed)) => return Err(closed),
                    Ok(Said::Envelope(_) | Said::Noise) | Err(_) => {}
                }
            }
            Err(Closed::lost("Slack hung up without a word"))
        });
        greeting.await.unwrap_or_else(|_| Err(Closed::lost("Slack says nothing")))?;
        let (acks, answered) = mpsc::channel(AT_ONCE);
        Ok(Self { stream, inbox, room: Arc::new(Semaphore::new(AT_ONCE)), acks, answered })
    }

    /// Hears and acknowledges until the socket ends. That a successor is wanted is said through `leaving`, once.
    pub(super) async fn talk(mut self, leaving: oneshot::Sender<Closed>) {
        let mut leaving = Some(leaving);
        let mut ping = interval(PING_EVERY);
        let (mut heard, mut left) = (Instant::now(), None);
        let end = loop {
            let said = tokio::select! {
                frame = self.stream.next() => {
                    heard = Instant::now();
                    match frame {
                        Some(Ok(Message::Text(text))) => Said::read(text.as_str()),
                        Some(Ok(_)) => Said::Noise,
                        Some(Err(_)) | None => break Closed::lost("Slack hung up"),
                    }
                }
                Some(ack) = self.answered.recv() => match self.send(Message::text(ack)).await {
                    Ok(()) => continue,
                    Err(closed) => break closed,
                },
                _ = ping.tick() => match self.beat(heard, left).await {
                    Ok(()) => continue,
                    Err(closed) => break closed,
                },
            };
            match said {
                Said::Hello | Said::Noise => {}
                Said::Goodbye(closed) => {
                    left.get_or_insert(heard);
                    if let Some(leaving) = leaving.take() {
                        let _nobody_may_wait = leaving.send(closed);
                    }
                }
                Said::Envelope(envelope) => {
                    if let Err(closed) = self.take(envelope).await {
                        break closed;
                    }
                }
            }
        };
        if let Some(leaving) = leaving.take() {
            let _nobody_may_wait = leaving.send(end);
        }
    }

    /// Asks whether Slack is still there, and ends what nobody needs any more.
    async fn beat(&mut self, heard: Instant, left: Option<Instant>) -> Result<(), Closed> {
        if heard.elapsed() > SILENT_AFTER {
            return Err(Closed::lost("Slack fell silent"));
        }
        if left.is_some_and(|left| left.elapsed() > DRAINED_WITHIN) {
            self.send(Message::Close(None)).await?;
            return Err(Closed::lost("it was replaced"));
        }
        self.send(Message::Ping("allclear".into())).await
    }

    /// Acknowledges what has no answer before it is done; what may have one is acknowledged with it.
    async fn take(&mut self, envelope: Envelope) -> Result<(), Closed> {
        let Envelope { id, takes_answer, sent } = envelope;
        let Some(sent) = sent else { return self.acknowledge(&id).await };
        let answered = takes_answer && sent.is_answered();
        if !answered {
            self.acknowledge(&id).await?;
        }
        let room = Arc::clone(&self.room).acquire_owned().await;
        let room = room.map_err(|_| Closed::lost("it is closing"))?;
        let (inbox, acks) = (Arc::clone(&self.inbox), self.acks.clone());
        // Never cut off: what was acknowledged is done, though the socket may end.
        tokio::spawn(async move {
            let answer = inbox.take(sent).await;
            drop(room);
            if answered && acks.send(acknowledgement(&id, &answer)).await.is_err() {
                tracing::warn!("the socket closed before its answer was there");
            }
        });
        Ok(())
    }

    async fn acknowledge(&mut self, id: &str) -> Result<(), Closed> {
        self.send(Message::text(acknowledgement(id, &Value::Null))).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Closed> {
        match timeout(SENT_WITHIN, self.stream.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Closed::lost("Slack hung up")),
            Err(_late) => Err(Closed::lost("Slack does not listen")),
        }
    }
}
