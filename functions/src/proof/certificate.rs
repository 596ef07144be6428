//! Amazon's signing certificate: where it may come from, whom it must name, when it holds, what it
//! verifies.
//!
//! Its chain is deliberately not built: the file holds the leaf alone, and it came over TLS from a
//! host of Amazon's, which is what Amazon's documentation asks for.

use std::future::Future;

use ring::io::der::{Tag, expect_tag_and_get_value as expect, read_tag_and_get_value as read_any};
use ring::signature::{RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, ServerName,
    SignatureVerificationAlgorithm, alg_id,
};
use shared::time::Ts;
use untrusted::{Input, Reader};
use webpki::EndEntityCert;
use webpki::ring::RSA_PKCS1_2048_8192_SHA256;

/// Where a signing certificate lies: https, a host of SNS, a path that ends in `.pem`, and nothing
/// more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CertificateUrl(String);

impl CertificateUrl {
    /// Takes an URL from a message; `None` if it may not be asked.
    pub fn new(url: &str) -> Option<Self> {
        let (_, path) = sns_url(url)?;
        let plain = path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b));
        (plain && path.as_bytes().ends_with(b".pem")).then(|| Self(url.to_owned()))
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Host and path of an https URL at SNS: `sns.<region>.amazonaws.com` or `.com.cn`, without a port.
pub(super) fn sns_url(url: &str) -> Option<(&str, &str)> {
    let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
    let inner = host.strip_prefix("sns.")?;
    let region = inner.strip_suffix(".amazonaws.com").or(inner.strip_suffix(".amazonaws.com.cn"))?;
    let letters = region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (letters && region.len() >= 3).then_some((host, path))
}

/// Gets signing certificates; the adapter asks over TLS with an authenticated host, follows no
/// redirect, and keeps them.
pub trait Certificates {
    /// The PEM file at that address.
    fn pem(
        &self,
        url: &CertificateUrl,
    ) -> impl Future<Output = Result<Vec<u8>, Unavailable>> + Send;
}

/// A certificate can't be had now; another try may help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("failed to get the signing certificate: {0}")]
pub struct Unavailable(pub String);

/// The hash of a signature.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scheme {
    Sha1,
    Sha256,
}

/// Whether the certificate names SNS, holds now and verifies the signature; the error says which of
/// them fails.
pub(super) fn check(
    pem: &[u8],
    host: &str,
    now: Ts,
    scheme: Scheme,
    text: &[u8],
    signature: &[u8],
) -> Result<(), &'static str> {
    const UNREADABLE: &str = "the signing certificate is unreadable";
    let der = CertificateDer::from_pem_slice(pem).map_err(|_| UNREADABLE)?;
    let certificate = EndEntityCert::try_from(&der).map_err(|_| UNREADABLE)?;
    if !names_sns(&certificate, host) {
        return Err("the signing certificate is not of SNS");
    }
    let (from, until) = validity(&der).ok_or(UNREADABLE)?;
    if now < from || now > until {
        return Err("the signing certificate has expired or is not valid yet");
    }
    let algorithm: &dyn SignatureVerificationAlgorithm = match scheme {
        Scheme::Sha1 => &RsaSha1,
        Scheme::Sha256 => RSA_PKCS1_2048_8192_SHA256,
    };
    certificate
        .verify_signature(algorithm, text, signature)
        .map_err(|_| "the signature is not of this message and certificate")
}

/// Most Regions share one name; some newer ones and China have their own.
fn names_sns(certificate: &EndEntityCert<'_>, host: &str) -> bool {
    let regional = host.strip_prefix("sns.").unwrap_or(host);
    ["sns.amazonaws.com", host, &format!("sns-signing.{regional}"), &format!("sns-{regional}")]
        .into_iter()
        .filter_map(|name| ServerName::try_from(name).ok())
        .any(|name| certificate.verify_is_valid_for_subject_name(&name).is_ok())
}

/// From when until when the certificate holds (RFC 5280, 4.1.2.5); webpki tells this only of whole
/// chains.
fn validity(der: &[u8]) -> Option<(Ts, Ts)> {
    let mut file = Reader::new(Input::from(der));
    let mut certificate = Reader::new(expect(&mut file, Tag::Sequence).ok()?);
    let mut signed = Reader::new(expect(&mut certificate, Tag::Sequence).ok()?);
    expect(&mut signed, Tag::ContextSpecificConstructed0).ok()?; // version
    expect(&mut signed, Tag::Integer).ok()?; // serial number
    expect(&mut signed, Tag::Sequence).ok()?; // signature algorithm
    expect(&mut signed, Tag::Sequence).ok()?; // issuer
    let mut validity = Reader::new(expect(&mut signed, Tag::Sequence).ok()?);
    Some((time(&mut validity)?, time(&mut validity)?))
}

/// `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` after.
fn time(reader: &mut Reader<'_>) -> Option<Ts> {
    let (tag, value) = read_any(reader).ok()?;
    let text = std::str::from_utf8(value.as_slice_less_safe()).ok()?;
    let digits = match tag {
        tag if tag == u8::from(Tag::GeneralizedTime) => text.to_owned(),
        tag if tag != u8::from(Tag::UTCTime) => return None,
        _ if text < "50" => format!("20{text}"),
        _ => format!("19{text}"),
    };
    let at = |from: usize, to: usize| digits.get(from..to);
    let (year, month, day) = (at(0, 4)?, at(4, 6)?, at(6, 8)?);
    let (hour, minute, second) = (at(8, 10)?, at(10, 12)?, at(12, 14)?);
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}{}", digits.get(14..)?).parse().ok()
}

/// SNS signature version 1. webpki knows no SHA-1 any more, since a collision would forge
/// certificates; forging one message of Amazon's would take a second preimage, which is out of
/// reach.
#[derive(Debug)]
struct RsaSha1;

/// `sha1WithRSAEncryption`, 1.2.840.113549.1.1.5, with its NULL parameters (RFC 3279, 2.2.1).
const SHA1_WITH_RSA: AlgorithmIdentifier = AlgorithmIdentifier::from_slice(&[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00,
]);

impl SignatureVerificationAlgorithm for RsaSha1 {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, public_key)
            .verify(message, signature)
            .map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        SHA1_WITH_RSA
    }
}
