//! Checkers that really look: plain HTTP to an endpoint on this machine, by the timings of Route 53.
//!
//! TLS is left out: a check of Amazon's validates no certificate, so it decides nothing here. All checkers look at once.

use std::io::Result;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::Route53;
use super::health::{CHECKERS, Config};

/// An endpoint that does not accept a connection in this time is down.
const CONNECT_WITHIN: Duration = Duration::from_secs(4);
/// An endpoint that does not answer in this time is down.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How much of an answer is searched for the string.
const SEARCHED: u64 = 5_120;

/// Checkers that look at one endpoint until this is dropped.
#[derive(Debug)]
pub struct Checkers(JoinHandle<()>);

impl Drop for Checkers {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Route53 {
    /// Lets checkers look at an endpoint at this address, so often instead of the check's own interval. As many looks
    /// in a row as the check's threshold change its verdict.
    #[must_use]
    pub fn probe(&self, check: &str, address: SocketAddr, every: Duration) -> Checkers {
        let (route53, check) = (self.clone(), check.to_owned());
        Checkers(tokio::spawn(async move {
            let (mut up, mut against) = (true, 0);
            while let Some(config) = route53.config(&check) {
                let found = look(address, &config).await;
                against = if found == up { 0 } else { against + 1 };
                if against >= config.failure_threshold() {
                    (up, against) = (found, 0);
                }
                route53.set_checkers_up(&check, CHECKERS * u32::from(up));
                sleep(every).await;
            }
        }))
    }

    fn config(&self, check: &str) -> Option<Config> {
        self.shared.lock().checks.get(check).map(|check| check.config.clone())
    }
}

/// Whether the endpoint is up.
async fn look(address: SocketAddr, config: &Config) -> bool {
    let Ok(Ok(stream)) = timeout(CONNECT_WITHIN, TcpStream::connect(address)).await else {
        return false;
    };
    if config.kind() == "TCP" {
        return true;
    }
    match timeout(ANSWER_WITHIN, ask(stream, config)).await {
        Ok(Ok(answer)) => is_good(&answer, config.get("SearchString")),
        _ => false,
    }
}

async fn ask(mut stream: TcpStream, config: &Config) -> Result<String> {
    let (path, host) = (config.get("ResourcePath"), config.get("FullyQualifiedDomainName"));
    let path = if path.is_empty() { "/" } else { path };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(SEARCHED).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A status from 200 up to, not including, 400; and the string, if one is searched.
fn is_good(answer: &str, searched: &str) -> bool {
    let status = answer.split(' ').nth(1).and_then(|it| it.parse::<u16>().ok());
    status.is_some_and(|it| (200..400).contains(&it)) && answer.contains(searched)
}
