//! A name server of Route 53 in this process: what the stand-in would answer, over UDP.
//!
//! For tests that play hundreds of traces; Knot, which nobody here wrote, answers where one scene is enough.

use std::io::{Error, Result};
use std::net::{Ipv4Addr, SocketAddr};

use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use hickory_proto::rr::{Name, RData, Record};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::route53::{Answer, Route53};

/// Largest question that is read.
const QUESTION_MAX: usize = 512;

/// A running name server of one zone; it ends when it is dropped.
#[derive(Debug)]
pub struct NameServer {
    /// Where it answers.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl NameServer {
    /// Answers for a zone of the stand-in from now on.
    pub async fn start(route53: &Route53, zone: &str) -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = socket.local_addr()?;
        let (route53, zone) = (route53.clone(), zone.to_owned());
        let task = tokio::spawn(async move {
            let mut buffer = [0; QUESTION_MAX];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                if let Ok(reply) = reply(&buffer[..length], &route53, &zone) {
                    let _gone = socket.send_to(&reply, from).await;
                }
            }
        });
        Ok(Self { address, task })
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn reply(question: &[u8], route53: &Route53, zone: &str) -> Result<Vec<u8>> {
    let question = Message::from_vec(question).map_err(Error::other)?;
    let mut reply = Message::response(question.metadata.id, OpCode::Query);
    reply.metadata.authoritative = true;
    reply.add_queries(question.queries.iter().cloned());
    for query in &question.queries {
        let kind = query.query_type().to_string();
        let answer = route53.resolve(zone, &query.name().to_ascii(), &kind);
        if !answer.exists {
            reply.metadata.response_code = ResponseCode::NXDomain;
        }
        for content in contents(&answer)? {
            reply.add_answer(Record::from_rdata(query.name().clone(), answer.ttl, content));
        }
    }
    reply.to_vec().map_err(Error::other)
}

/// The values of an answer, as far as a failover writes them.
fn contents(answer: &Answer) -> Result<Vec<RData>> {
    let read = |value: &String| match answer.kind.as_str() {
        "A" => value.parse().map(|it| RData::A(A(it))).map_err(Error::other),
        "AAAA" => value.parse().map(|it| RData::AAAA(AAAA(it))).map_err(Error::other),
        "CNAME" => Name::from_ascii(value).map(|it| RData::CNAME(CNAME(it))).map_err(Error::other),
        other => Err(Error::other(format!("no failover writes {other}"))),
    };
    answer.values.iter().map(read).collect()
}
