//! A web site over TLS, with a certificate authority of its own: what the primary and the standby are to the outside.

use std::io::{Error, Result};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Who signs the sites' certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// A fresh one.
    pub fn new() -> Result<Self> {
        let mut params = CertificateParams::new(Vec::<String>::new()).map_err(Error::other)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().map_err(Error::other)?;
        CertifiedIssuer::self_signed(params, key).map(Self).map_err(Error::other)
    }

    /// Its own certificate, for those who shall trust it.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Speaks TLS under these names. `until`: the year in which its certificate ends, if not far away.
    pub(super) fn acceptor(&self, names: &[&str], until: Option<i64>) -> Result<TlsAcceptor> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).map_err(Error::other)?;
        if let Some(year) = until {
            params.not_after = rcgen::date_time_ymd(year as i32, 1, 1);
        }
        let key = KeyPair::generate().map_err(Error::other)?;
        let certificate = params.signed_by(&key, &self.0).map_err(Error::other)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let ring = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .map_err(Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .map_err(Error::other)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// A running site; it stops when it is dropped.
pub struct Site {
    /// Where it listens.
    pub address: SocketAddr,
    body: Arc<Mutex<Option<String>>>,
    task: JoinHandle<()>,
}

impl Site {
    /// Serves its health under these names. `until`: the year in which its certificate ends, if not far away.
    pub async fn start(
        authority: &Authority,
        address: SocketAddr,
        names: &[&str],
        until: Option<i64>,
    ) -> Result<Self> {
        let acceptor = authority.acceptor(names, until)?;
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let healthy = r#"{"database": "ok", "data_age_seconds": 4, "build": "b7"}"#;
        let body = Arc::new(Mutex::new(Some(healthy.to_owned())));
        let said = Arc::clone(&body);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, said) = (acceptor.clone(), Arc::clone(&said));
                tokio::spawn(async move { answer(acceptor, stream, &said).await });
            }
        });
        Ok(Self { address, body, task })
    }

    /// Frees its address.
    pub async fn stop(&mut self) {
        self.task.abort();
        let _cancelled = (&mut self.task).await;
    }

    /// What it says of itself; `None`: it answers 503.
    pub fn says(&self, body: Option<&str>) {
        *self.body.lock().unwrap_or_else(PoisonError::into_inner) = body.map(ToOwned::to_owned);
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(acceptor: TlsAcceptor, stream: TcpStream, said: &Mutex<Option<String>>) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let mut request = [0; 4_096];
    if stream.read(&mut request).await.is_err() {
        return;
    }
    let body = said.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (status, body) =
        body.map_or(("503 Service Unavailable", String::new()), |it| ("200 OK", it));
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: \
         close\r\n\r\n",
        body.len()
    );
    let _gone = stream.write_all(format!("{head}{body}").as_bytes()).await;
    let _gone = stream.shutdown().await;
}
