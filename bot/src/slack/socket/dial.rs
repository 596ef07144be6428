//! Opening a socket: Slack names an address that is good for one connection, and we connect.

use std::io::{Error, Result};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use url::{Host, Url};

use super::link::Link;
use super::{Closed, Socket};

/// Time to connect, handshakes included.
const CONNECTED_WITHIN: Duration = Duration::from_secs(10);
/// Largest message taken, in bytes: a view has up to 250 KiB, and what stands around it.
const MESSAGE_MAX: usize = 4 << 20;

/// What a socket runs over.
pub type Wire = Box<dyn Line>;

/// Bytes both ways.
pub trait Line: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Line for T {}

impl Socket {
    /// Opens a socket and waits until Slack has greeted.
    pub(super) async fn open(&self) -> std::result::Result<Link, Closed> {
        let url = self.api.socket_url().await?;
        let stream = match timeout(CONNECTED_WITHIN, connect(&url, &self.tls)).await {
            Ok(Ok(stream)) => stream,
            // The address holds a ticket: what failed may quote it.
            Ok(Err(error)) => {
                return Err(Closed::lost(&format!("it can't be connected: {}", error.kind())));
            }
            Err(_late) => return Err(Closed::lost("it takes too long to connect")),
        };
        Link::greeted(stream, Arc::clone(&self.inbox)).await
    }
}

async fn connect(url: &Url, tls: &Arc<ClientConfig>) -> Result<WebSocketStream<Wire>> {
    let nowhere = || Error::other("no address");
    let (host, port) = (url.host().ok_or_else(nowhere)?, port(url).ok_or_else(nowhere)?);
    let name = host.to_string().trim_matches(['[', ']']).to_owned();
    let stream = TcpStream::connect((name.as_str(), port)).await?;
    stream.set_nodelay(true)?;
    let wire: Wire = if url.scheme() == "wss" {
        let name = ServerName::try_from(name).map_err(Error::other)?;
        Box::new(TlsConnector::from(Arc::clone(tls)).connect(name, stream).await?)
    } else {
        Box::new(stream)
    };
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_MAX))
        .max_frame_size(Some(MESSAGE_MAX));
    let opened = client_async_with_config(url.as_str(), wire, Some(limits)).await;
    Ok(opened.map_err(Error::other)?.0)
}

/// The port; without TLS only on this machine, for the address is a secret.
fn port(url: &Url) -> Option<u16> {
    let is_here = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let is_fit = url.scheme() == "wss" || (url.scheme() == "ws" && is_here);
    url.port_or_known_default().filter(|_| is_fit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_a_socket_leads_to_this_machine_only() {
        let at = |url: &str| port(&url.parse().unwrap());
        assert_eq!(at("wss://wss-primary.slack.com/link/?ticket=1"), Some(443));
        assert_eq!(at("ws://127.0.0.1:4711/link/"), Some(4_711));
        assert_eq!(at("ws://[::1]:4711/link/"), Some(4_711));
        assert_eq!(at("ws://wss-primary.slack.com/link/"), None);
        assert_eq!(at("https://wss-primary.slack.com/"), None);
    }
}
