//! Gets Amazon's signing certificates over HTTPS and keeps them: they change about once a year.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::certificate::{CertificateUrl, Certificates, Unavailable};

/// SNS gives an endpoint 15 seconds to answer.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Longest certificate file in bytes.
const PEM_MAX: usize = 64 * 1024;
/// Most certificates kept; a few Regions with two each are expected.
const KEPT_MAX: usize = 32;

/// Certificates from Amazon's hosts, through the shared HTTP client.
#[derive(Debug)]
pub struct HttpsCertificates {
    client: reqwest::Client,
    kept: Mutex<BTreeMap<CertificateUrl, Vec<u8>>>,
}

impl HttpsCertificates {
    /// Asks through this client.
    pub fn new(client: reqwest::Client) -> Self {
        Self { client, kept: Mutex::default() }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, BTreeMap<CertificateUrl, Vec<u8>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Only a readable certificate is returned, so that nothing else is ever kept.
    async fn fetch(&self, url: &CertificateUrl) -> Result<Vec<u8>, Unavailable> {
        let request = self.client.get(url.as_str()).timeout(TIMEOUT);
        let mut response = request.send().await?.error_for_status()?;
        if response.url().as_str() != url.as_str() {
            return Err(Unavailable("the host redirects to another address".into()));
        }
        let mut pem = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            pem.extend_from_slice(&chunk);
            if pem.len() > PEM_MAX {
                return Err(Unavailable("the file is too long for a certificate".into()));
            }
        }
        CertificateDer::from_pem_slice(&pem)
            .map_err(|_| Unavailable("the file is no certificate".into()))?;
        Ok(pem)
    }
}

impl From<reqwest::Error> for Unavailable {
    fn from(error: reqwest::Error) -> Self {
        Self(error.to_string())
    }
}

impl Certificates for HttpsCertificates {
    async fn pem(&self, url: &CertificateUrl) -> Result<Vec<u8>, Unavailable> {
        if let Some(pem) = self.kept().get(url) {
            return Ok(pem.clone());
        }
        let pem = self.fetch(url).await?;
        let mut kept = self.kept();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(url.clone(), pem.clone());
        Ok(pem)
    }
}
