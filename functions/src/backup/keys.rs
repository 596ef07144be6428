//! Three kinds of keys, each where it belongs: recipients (public) with the writer, identities (secret) with whoever
//! restores, and the signing key that says who made a backup.

use std::fmt;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use data_encoding::{BASE64, HEXLOWER};
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use shared::backup::{Seal, compose, sealed_bytes, split};

use super::Failure;

/// Fewest recipients: one lost key must not be all backups lost.
pub const RECIPIENTS_MIN: usize = 2;
/// The first word of a signing key's file.
const KEY_KIND: &str = "allclear-backup-signing-key";

/// To whom backups are encrypted.
#[derive(Clone, Debug)]
pub struct Recipients(pub(super) Vec<age::x25519::Recipient>);

impl Recipients {
    /// Reads age's public keys. Fewer than two different ones are refused.
    pub fn parse<S: AsRef<str>>(texts: &[S]) -> Result<Self, Failure> {
        let mut found: Vec<age::x25519::Recipient> = Vec::new();
        for text in texts.iter().map(|text| text.as_ref().trim()) {
            let one: age::x25519::Recipient = text.parse().map_err(|why| {
                Failure::Setup(format!("`{text}` is no age recipient ({why}): write age1…"))
            })?;
            if !found.iter().any(|known| known.to_string() == one.to_string()) {
                found.push(one);
            }
        }
        if found.len() < RECIPIENTS_MIN {
            return Err(Failure::Setup(format!(
                "{} recipients, {RECIPIENTS_MIN} are needed: a lost key must not be all backups lost. `age-keygen` makes \
                 one; its public key goes into `recipients` of [backup_store]",
                found.len()
            )));
        }
        Ok(Self(found))
    }

    /// As they are written down.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

/// What opens backups: kept offline, lent to drills and restores.
pub struct Identities(pub(super) Vec<Box<dyn age::Identity + Send + Sync>>);

impl Identities {
    /// Makes a key pair: what opens, and for whom to encrypt.
    pub fn generate() -> (Self, String) {
        let made = age::x25519::Identity::generate();
        let recipient = made.to_public().to_string();
        (Self(vec![Box::new(made)]), recipient)
    }

    /// Reads a file as `age-keygen` writes it.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let wrong = |why: String| {
            Failure::Setup(format!("failed to read the identities in {}: {why}", path.display()))
        };
        let file = age::IdentityFile::from_file(path.display().to_string());
        let all = file.map_err(|why| wrong(why.to_string()))?.into_identities();
        Ok(Self(all.map_err(|why| wrong(why.to_string()))?))
    }
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} identities", self.0.len())
    }
}

/// Signs manifests and checks.
pub struct Signer(Ed25519KeyPair);

impl Signer {
    /// Reads the key, or makes it where there is no file yet. Only its owner can read that file.
    pub fn at(path: &Path) -> Result<Self, Failure> {
        let wrong = |why: &dyn fmt::Display| {
            Failure::Setup(format!("the signing key {} can't be used: {why}", path.display()))
        };
        if !path.exists() {
            let made =
                Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|why| wrong(&why))?;
            let mut options = std::fs::OpenOptions::new();
            let file = options.write(true).create_new(true).mode(0o600).open(path);
            let line = format!("{KEY_KIND} {}\n", BASE64.encode(made.as_ref()));
            file.and_then(|mut file| file.write_all(line.as_bytes())).map_err(|why| wrong(&why))?;
        }
        let text = std::fs::read_to_string(path).map_err(|why| wrong(&why))?;
        let key = text.trim().strip_prefix(KEY_KIND).map(str::trim);
        let key = key.and_then(|key| BASE64.decode(key.as_bytes()).ok());
        let key = key.ok_or_else(|| wrong(&"it is no signing key of ours"))?;
        Ed25519KeyPair::from_pkcs8(&key).map(Self).map_err(|why| wrong(&why))
    }

    /// The public key, as it stands in `signers` of the plan.
    pub fn name(&self) -> String {
        HEXLOWER.encode(self.0.public_key().as_ref())
    }

    /// The file that holds the line and its signature.
    pub(super) fn seal(&self, kind: &str, line: &str) -> Option<String> {
        let signature = self.0.sign(&sealed_bytes(kind, line));
        let key = self.0.public_key().as_ref().try_into().ok()?;
        let signature = signature.as_ref().try_into().ok()?;
        Some(compose(line, &Seal { key, signature }))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.name())
    }
}

/// Whose signatures count.
#[derive(Clone, Debug, Default)]
pub struct Trust(Vec<String>);

impl Trust {
    /// Trusts these public keys, as hexadecimal digits.
    pub fn new(keys: impl IntoIterator<Item = String>) -> Self {
        Self(keys.into_iter().map(|key| key.trim().to_lowercase()).collect())
    }

    /// Whether anybody is trusted at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The signed line of a file.
    pub(super) fn opened<'a>(&self, kind: &str, file: &'a str) -> Result<&'a str, Failure> {
        let (line, seal) = split(file)
            .ok_or_else(|| Failure::Damaged("the file is cut off or was changed".into()))?;
        let name = HEXLOWER.encode(&seal.key);
        if !self.0.contains(&name) {
            return Err(Failure::Untrusted(name));
        }
        let key = UnparsedPublicKey::new(&ED25519, seal.key);
        let right = key.verify(&sealed_bytes(kind, line), &seal.signature);
        right.map(|()| line).map_err(|_| Failure::Untrusted(format!("{name} did not sign this")))
    }
}
