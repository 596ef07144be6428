//! Socket Mode: `WebSockets` over which Slack sends what it would post, and hears our acknowledgements.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use super::deliver::{Delivery, Kind, PATIENCE};
use super::state::State;
use super::{APP, Shared, Slack};
use crate::standin::site::Authority;

/// Sockets of one app at the same time.
const SOCKETS_MAX: usize = 10;
/// A ticket opens one socket, and not later than this.
const TICKET_LIFE: Duration = Duration::from_secs(30);
/// How often Slack looks whether we are still there.
const PING_EVERY: Duration = Duration::from_secs(5);
/// From the request to reconnect until the old socket is closed.
const GRACE: Duration = Duration::from_millis(500);
/// A client that takes longer to connect is broken.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// How a delivery over a socket was acknowledged.
#[derive(Clone, Debug)]
pub struct Ack {
    /// What came with the acknowledgement; null if nothing did.
    pub payload: Value,
    /// How long it took.
    pub took: Duration,
    /// Over which socket it was delivered, counted from 1.
    pub socket: u64,
    /// What Slack has against the payload, if it has.
    pub objection: Option<String>,
}

/// What a socket is told to do.
enum Order {
    Say(Value),
    Close,
    Cut,
    Hush,
}

/// One socket as the stand-in holds it.
struct Link {
    id: u64,
    /// Whether it was told to go, and gets nothing new.
    leaving: bool,
    orders: mpsc::UnboundedSender<Order>,
}

/// The sockets, and who waits for which acknowledgement.
#[derive(Default)]
struct Switchboard {
    links: Vec<Link>,
    waiting: BTreeMap<String, (bool, oneshot::Sender<Value>)>,
    opened: u64,
    at_once: usize,
    turn: usize,
}

type Board = Arc<Mutex<Switchboard>>;

fn lock(board: &Board) -> MutexGuard<'_, Switchboard> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The listener and its sockets; they end when it is dropped.
pub(super) struct Sockets {
    url: String,
    board: Board,
    task: JoinHandle<()>,
}

impl Sockets {
    pub async fn start(state: Shared) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("ws://{}", listener.local_addr()?);
        let board = Board::default();
        let kept = Arc::clone(&board);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, state.clone(), Arc::clone(&kept)));
            }
        });
        Ok(Self { url, board, task })
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    fn order(&self, order: impl Fn() -> Order) {
        for link in &lock(&self.board).links {
            let _it_may_have_ended = link.orders.send(order());
        }
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        self.task.abort();
        self.order(|| Order::Cut);
    }
}

async fn serve(stream: TcpStream, state: Shared, board: Board) {
    #[expect(clippy::result_large_err, reason = "the signature is the library's")]
    let admit = |request: &Request, response: Response| admit(&mut state.lock(), request, response);
    let Ok(mut socket) = accept_hdr_async(stream, admit).await else { return };
    let (orders, inbox) = mpsc::unbounded_channel();
    let joined = join(&mut lock(&board), orders);
    let Some((id, count)) = joined else {
        let no = goodbye("too_many_websockets").to_string();
        let _it_hangs_up_anyway = socket.send(Message::text(no)).await;
        return;
    };
    let hello = json!({
        "type": "hello", "num_connections": count, "connection_info": {"app_id": APP},
        "debug_info": {"host": "applink-1", "build_number": 1, "approximate_connection_time": 18_060},
    });
    if socket.send(Message::text(hello.to_string())).await.is_ok() {
        talk(socket, inbox, &state, &board).await;
    }
    lock(&board).links.retain(|link| link.id != id);
}

/// Lets in who has a ticket that was not used yet.
#[expect(clippy::result_large_err, reason = "the signature is the library's")]
fn admit(
    state: &mut State,
    request: &Request,
    response: Response,
) -> std::result::Result<Response, ErrorResponse> {
    let query = request.uri().query().unwrap_or_default();
    let ticket = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "ticket");
    let issued = ticket.and_then(|(_, ticket)| state.tickets.remove(&*ticket));
    let fresh = issued.is_some_and(|at| state.now() - at <= TICKET_LIFE.as_millis() as i64);
    if fresh && !state.down && request.uri().path() == "/link/" {
        return Ok(response);
    }
    let mut refusal = ErrorResponse::new(None);
    *refusal.status_mut() = axum::http::StatusCode::NOT_FOUND;
    Err(refusal)
}

/// A place among the sockets, if one is left: its number, and how many there are now.
fn join(board: &mut Switchboard, orders: mpsc::UnboundedSender<Order>) -> Option<(u64, usize)> {
    if board.links.len() >= SOCKETS_MAX {
        return None;
    }
    board.opened += 1;
    let id = board.opened;
    board.links.push(Link { id, leaving: false, orders });
    board.at_once = board.at_once.max(board.links.len());
    Some((id, board.links.len()))
}

/// Says what it is told to, and hears acknowledgements, until either side ends it.
async fn talk(
    mut socket: WebSocketStream<TcpStream>,
    mut orders: mpsc::UnboundedReceiver<Order>,
    state: &Shared,
    board: &Board,
) {
    let mut ping = interval(PING_EVERY);
    loop {
        let sent = tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Say(said)) => socket.send(Message::text(said.to_string())).await,
                Some(Order::Close) => socket.close(None).await,
                // The line stays, and nobody reads or writes there any more.
                Some(Order::Hush) => std::future::pending().await,
                Some(Order::Cut) | None => return,
            },
            heard = socket.next() => match heard {
                Some(Ok(Message::Text(text))) => {
                    if let Err(why) = acknowledge(&mut lock(board), &text) {
                        state.lock().strays.push(why);
                    }
                    Ok(())
                }
                Some(Ok(_)) => Ok(()),
                Some(Err(_)) | None => return,
            },
            _ = ping.tick() => socket.send(Message::Ping("Ping from applink-1".into())).await,
        };
        if sent.is_err() {
            return;
        }
    }
}

/// Hands an acknowledgement to who waits for it, or says why nobody does.
fn acknowledge(board: &mut Switchboard, text: &str) -> std::result::Result<(), String> {
    let said: Value = serde_json::from_str(text).map_err(|_| format!("no JSON: {text}"))?;
    let id = said["envelope_id"].as_str().ok_or_else(|| format!("no envelope_id: {text}"))?;
    let (takes_payload, waiting) = board
        .waiting
        .remove(id)
        .ok_or_else(|| format!("an envelope that nobody waits for: {text}"))?;
    let payload = said["payload"].clone();
    let empty = payload.is_null() || payload == json!({});
    let _they_may_have_given_up = waiting.send(payload);
    if takes_payload || empty { Ok(()) } else { Err(format!("an event takes no payload: {text}")) }
}

impl Slack {
    /// How many sockets are open.
    pub fn sockets(&self) -> usize {
        lock(&self.sockets.board).links.iter().filter(|link| !link.leaving).count()
    }

    /// How many were ever opened.
    pub fn sockets_opened(&self) -> u64 {
        lock(&self.sockets.board).opened
    }

    /// How many were open at the same time, at most.
    pub fn sockets_at_once(&self) -> usize {
        lock(&self.sockets.board).at_once
    }

    /// New sockets are opened over TLS, at `localhost`, with a certificate of this authority.
    ///
    /// # Errors
    /// If there is no free port, or no certificate.
    pub async fn speaks_tls(&self, authority: &Authority) -> Result<()> {
        let acceptor = authority.acceptor(&["localhost"], None)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let plain = self.sockets.url().replace("ws://", "");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, plain) = (acceptor.clone(), plain.clone());
                tokio::spawn(async move {
                    let mut outside = acceptor.accept(stream).await?;
                    let mut inside = TcpStream::connect(plain).await?;
                    copy_bidirectional(&mut outside, &mut inside).await
                });
            }
        });
        self.state().socket_url = format!("wss://localhost:{port}");
        Ok(())
    }

    /// Waits until so many sockets were opened since the start, and one of them is open.
    ///
    /// # Errors
    /// `TimedOut` after 10 s.
    pub async fn connected(&self, opened: u64) -> Result<()> {
        let begun = Instant::now();
        while self.sockets_opened() < opened || self.sockets() == 0 {
            if begun.elapsed() > CONNECT_PATIENCE {
                return Err(Error::new(ErrorKind::TimedOut, "nobody connects"));
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Sends over one of the sockets, each in its turn, and waits for the acknowledgement.
    ///
    /// # Errors
    /// `NotConnected` when there is no socket, `TimedOut` when nobody acknowledges in 3 s.
    pub async fn send_over_socket(&self, delivery: &Delivery) -> Result<Ack> {
        let begun = Instant::now();
        let (id, waiting) = (format!("{:032x}", fastrand::u128(..)), oneshot::channel());
        let socket = {
            let mut board = lock(&self.sockets.board);
            board.waiting.insert(id.clone(), (delivery.kind != Kind::Event, waiting.0));
            board.say(&envelope(&id, delivery))
        };
        let answer = match socket {
            Ok(_) => {
                timeout(PATIENCE, waiting.1).await.map_err(|_| Error::from(ErrorKind::TimedOut))
            }
            Err(_) => Err(Error::new(ErrorKind::NotConnected, "no socket is open")),
        };
        lock(&self.sockets.board).waiting.remove(&id);
        let payload = answer?.map_err(Error::other)?;
        let shown = self.state().replied(delivery, &payload);
        let objection = shown.err().map(|refusal| format!("{}: {}", refusal.error, refusal.more));
        Ok(Ack { payload, took: begun.elapsed(), socket: socket?, objection })
    }

    /// Sends the same twice at the same time, in two envelopes.
    ///
    /// # Errors
    /// As [`Slack::send_over_socket`], for the first that fails.
    pub async fn send_twice_over_socket(&self, delivery: &Delivery) -> Result<[Ack; 2]> {
        let both = (self.send_over_socket(delivery), self.send_over_socket(delivery));
        let (first, second) = tokio::join!(both.0, both.1);
        Ok([first?, second?])
    }

    /// Announces that the sockets will be replaced soon; they stay as they are.
    pub fn warn(&self) {
        self.sockets.order(|| Order::Say(goodbye("warning")));
    }

    /// Asks every client to reconnect, and closes its socket soon after. Nothing new is sent over the old ones.
    pub fn refresh(&self) {
        let mut board = lock(&self.sockets.board);
        for link in &mut board.links {
            link.leaving = true;
            let _it_may_have_ended = link.orders.send(Order::Say(goodbye("refresh_requested")));
            let orders = link.orders.clone();
            tokio::spawn(async move {
                sleep(GRACE).await;
                orders.send(Order::Close)
            });
        }
    }

    /// Socket Mode is switched off for the app: its sockets are told so and closed.
    pub fn disables_sockets(&self) {
        self.sockets.order(|| Order::Say(goodbye("link_disabled")));
        self.sockets.order(|| Order::Close);
    }

    /// Every socket that is open falls silent: it stays open, and nobody is there any more. What is sent afterwards goes
    /// over new ones.
    pub fn falls_silent(&self) {
        self.sockets.order(|| Order::Hush);
        lock(&self.sockets.board).links.iter_mut().for_each(|link| link.leaving = true);
    }

    /// Cuts every socket without a word.
    pub fn cut(&self) {
        self.sockets.order(|| Order::Cut);
    }
}

impl Switchboard {
    /// Says it over the socket whose turn it is; one that has just ended is passed over.
    fn say(&mut self, said: &Value) -> Result<u64> {
        self.turn += 1;
        let mut links: Vec<_> = self.links.iter().filter(|link| !link.leaving).collect();
        let first = self.turn % links.len().max(1);
        links.rotate_left(first);
        for link in links {
            if link.orders.send(Order::Say(said.clone())).is_ok() {
                return Ok(link.id);
            }
        }
        Err(ErrorKind::NotConnected.into())
    }
}

fn goodbye(reason: &str) -> Value {
    json!({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}})
}

fn envelope(id: &str, delivery: &Delivery) -> Value {
    let kind = match delivery.kind {
        Kind::Command => "slash_commands",
        Kind::Interaction => "interactive",
        Kind::Event => "events_api",
    };
    let takes_payload = delivery.kind != Kind::Event;
    let mut envelope = json!({
        "envelope_id": id, "type": kind, "accepts_response_payload": takes_payload,
        "payload": delivery.payload,
    });
    if delivery.kind == Kind::Event {
        let (attempt, reason) = delivery.retry().unwrap_or((0, ""));
        envelope["retry_attempt"] = json!(attempt);
        envelope["retry_reason"] = json!(reason);
    }
    envelope
}
