//! What the stand-ins share as servers: a socket on loopback, and a reply that never arrives.

use std::io::{Error, Result};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body::Frame;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server that runs until this is dropped.
#[derive(Debug)]
pub struct Server {
    /// Where it listens: a port of its own on loopback.
    pub address: SocketAddr,
    task: JoinHandle<Result<()>>,
}

impl Server {
    /// Serves on a free port.
    pub async fn start(router: Router) -> Result<Self> {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), router).await
    }

    /// Serves on this port, which is known to be free: one that was served on before.
    pub async fn start_at(address: SocketAddr, router: Router) -> Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, task })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A status with JSON.
pub fn json(status: StatusCode, json: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], json.to_string()).into_response()
}

/// A reply that is lost: the connection ends before a byte of it is sent.
pub fn lost() -> Response {
    Response::new(Body::new(Cut))
}

/// A body that breaks before its head is flushed.
struct Cut;

impl HttpBody for Cut {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Error>>> {
        Poll::Ready(Some(Err(Error::other("this reply is lost on purpose"))))
    }
}
