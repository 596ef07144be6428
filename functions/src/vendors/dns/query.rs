//! One question to one DNS server, over UDP and, when the answer doesn't fit, over TCP.
//!
//! Deliberately no resolver: who is asked must be known, and nothing may be cached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// A server that has not answered by then is asked again.
const PATIENCE: Duration = Duration::from_secs(2);
/// UDP loses packets.
const ATTEMPTS: u32 = 3;
/// Largest answer that is read.
const ANSWER_MAX: usize = 65_535;

/// Where DNS servers listen.
const DNS_PORT: u16 = 53;

/// Reads `address` or `address:port`.
pub fn server(text: &str) -> Option<SocketAddr> {
    let text = text.trim();
    let plain = || text.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, DNS_PORT));
    text.parse().ok().or_else(plain)
}

/// What a server answers, as text, sorted. `recursive`: whether it may ask others.
pub async fn ask(
    server: SocketAddr,
    name: &str,
    kind: RecordType,
    recursive: bool,
) -> Result<Vec<String>, String> {
    let question = question(name, kind, recursive)?;
    let mut answer = over_udp(server, &question).await?;
    if answer.metadata.truncation {
        let late = |_| "no answer in time".to_owned();
        answer = timeout(PATIENCE, over_tcp(server, &question)).await.map_err(late)??;
    }
    match answer.metadata.response_code {
        ResponseCode::NoError => Ok(values(&answer, kind)),
        ResponseCode::NXDomain => Ok(Vec::new()),
        code => Err(code.to_string()),
    }
}

fn question(name: &str, kind: RecordType, recursive: bool) -> Result<Message, String> {
    let mut name = Name::from_ascii(name).map_err(|error| error.to_string())?;
    name.set_fqdn(true);
    let mut question = Message::query();
    question.metadata.recursion_desired = recursive;
    question.add_query(Query::query(name, kind));
    Ok(question)
}

async fn over_udp(server: SocketAddr, question: &Message) -> Result<Message, String> {
    let mut last = "no answer in time".to_owned();
    for _ in 0..ATTEMPTS {
        match timeout(PATIENCE, exchange(server, question)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(why)) => last = why,
            Err(_late) => {}
        }
    }
    Err(last)
}

async fn exchange(server: SocketAddr, question: &Message) -> Result<Message, String> {
    let io = |error: std::io::Error| error.to_string();
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await.map_err(io)?;
    socket.connect(server).await.map_err(io)?;
    socket.send(&encode(question)?).await.map_err(io)?;
    let mut buffer = vec![0; ANSWER_MAX];
    loop {
        let length = socket.recv(&mut buffer).await.map_err(io)?;
        // An answer to another question is somebody guessing, or a late one.
        match Message::from_vec(&buffer[..length]) {
            Ok(answer) if answers(&answer, question) => return Ok(answer),
            _ => {}
        }
    }
}

async fn over_tcp(server: SocketAddr, question: &Message) -> Result<Message, String> {
    let io = |error: std::io::Error| error.to_string();
    let bytes = encode(question)?;
    let mut stream = TcpStream::connect(server).await.map_err(io)?;
    stream.write_u16(bytes.len() as u16).await.map_err(io)?;
    stream.write_all(&bytes).await.map_err(io)?;
    let mut buffer = vec![0; usize::from(stream.read_u16().await.map_err(io)?)];
    stream.read_exact(&mut buffer).await.map_err(io)?;
    Message::from_vec(&buffer).map_err(|error| error.to_string())
}

fn encode(question: &Message) -> Result<Vec<u8>, String> {
    question.to_vec().map_err(|error| error.to_string())
}

fn answers(answer: &Message, question: &Message) -> bool {
    answer.metadata.id == question.metadata.id && answer.queries == question.queries
}

fn values(answer: &Message, kind: RecordType) -> Vec<String> {
    let mut values: Vec<String> = answer
        .answers
        .iter()
        .filter(|record| record.record_type() == kind)
        .map(|record| match &record.data {
            RData::CNAME(name) => dotless(&name.0),
            RData::NS(name) => dotless(&name.0),
            other => other.to_string(),
        })
        .collect();
    values.sort();
    values
}

fn dotless(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_an_address_with_or_without_a_port() {
        assert_eq!(server("9.9.9.9").unwrap().to_string(), "9.9.9.9:53");
        assert_eq!(server(" 127.0.0.1:5391").unwrap().to_string(), "127.0.0.1:5391");
        assert_eq!(server("[2620:fe::fe]:53").unwrap().port(), 53);
        assert_eq!(server("dns.example.com"), None);
    }

    #[tokio::test]
    async fn silence_is_an_error_and_never_an_empty_answer() {
        let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let server = silent.local_addr().unwrap();
        let asked = ask(server, "example.com", RecordType::A, false).await;
        assert_eq!(asked, Err("no answer in time".into()));
    }
}
