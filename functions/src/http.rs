//! The one HTTP client: rustls on ring with built-in roots, nothing else in the tree speaks TLS.
//!
//! It follows no redirects: a health URL that redirects has answered, and a webhook's URL must not lead us elsewhere.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Time to connect, handshake included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// No answer takes longer, whatever its caller forgot to bound.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum NoClient {
    /// The TLS library refuses its own defaults.
    #[error("failed to set up TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The HTTP library refuses our settings.
    #[error("failed to set up HTTP: {0}")]
    Http(#[from] reqwest::Error),
}

/// Whom we trust besides the built-in roots: the authorities of a private network.
#[derive(Clone, Debug, Default)]
pub struct Roots(Vec<CertificateDer<'static>>);

impl Roots {
    /// Reads the certificates of a PEM file's content.
    pub fn read(pem: &[u8]) -> Result<Self, String> {
        let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        match certificates {
            Ok(all) if all.is_empty() => Err("it holds no certificate".into()),
            Ok(all) => Ok(Self(all)),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The certificates, for what is no HTTP.
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.0
    }
}

/// Builds the client that all vendors share.
pub fn client(roots: &Roots) -> Result<reqwest::Client, NoClient> {
    Ok(builder(roots)?.build()?)
}

/// A client that finds one host at one address, whatever DNS says: certificates are checked for the host as ever.
pub fn pinned(roots: &Roots, host: &str, address: SocketAddr) -> Result<reqwest::Client, NoClient> {
    Ok(builder(roots)?.resolve(host, address).build()?)
}

fn builder(roots: &Roots) -> Result<reqwest::ClientBuilder, NoClient> {
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls(roots)?)
        .tls_info(true)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
        .user_agent(concat!("allclear/", env!("CARGO_PKG_VERSION"))))
}

/// How everything here speaks TLS; for what is no HTTP, too.
pub fn tls(extra: &Roots) -> Result<ClientConfig, rustls::Error> {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    for certificate in &extra.0 {
        roots.add(certificate.clone())?;
    }
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// What went wrong, for people: the whole chain of causes, without the URL, which may hold a token.
pub fn reason(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".into();
    }
    let error = error.without_url();
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        said = format!("{said}: {next}");
        cause = next.source();
    }
    said
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_no_certificate_is_no_root() {
        assert_eq!(super::Roots::read(b"hello").unwrap_err(), "it holds no certificate");
    }

    #[test]
    fn the_client_starts_with_one_provider_of_tls() {
        super::client(&super::Roots::default()).unwrap();
    }
}
