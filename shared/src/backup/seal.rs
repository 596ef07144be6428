//! How manifests and checks are signed: one line of JSON, one line with the Ed25519 signature over it.
//!
//! The signed bytes are those in the file, after a prefix that says what they are: nothing is serialised again for
//! checking, and a signed check can't be passed off as a manifest. Whoever only reads needs `head -1` and no program of
//! ours.

use data_encoding::HEXLOWER;

/// What precedes a manifest's line under its signature.
pub const MANIFEST: &str = "allclear backup manifest v1\n";
/// What precedes a check's line under its signature.
pub const CHECK: &str = "allclear backup check v1\n";
/// The signature's kind, first word of the second line.
const KIND: &str = "ed25519";

/// A signature, and the public key it claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The public key, 32 bytes.
    pub key: [u8; 32],
    /// The signature, 64 bytes.
    pub signature: [u8; 64],
}

/// The bytes that are signed: `kind` is [`MANIFEST`] or [`CHECK`].
pub fn sealed_bytes(kind: &str, line: &str) -> Vec<u8> {
    [kind.as_bytes(), line.as_bytes()].concat()
}

/// The file: the line and its seal.
pub fn compose(line: &str, seal: &Seal) -> String {
    let (key, signature) = (HEXLOWER.encode(&seal.key), HEXLOWER.encode(&seal.signature));
    format!("{line}\n{KIND} {key} {signature}\n")
}

/// The line and its seal, taken apart; nothing is checked yet. `None` if that is no such file.
pub fn split(file: &str) -> Option<(&str, Seal)> {
    let mut lines = file.split_terminator('\n');
    let (line, sealed, None) = (lines.next()?, lines.next()?, lines.next()) else { return None };
    let mut words = sealed.split(' ');
    let (Some(KIND), key, signature, None) =
        (words.next(), words.next()?, words.next()?, words.next())
    else {
        return None;
    };
    let bytes = |hex: &str| HEXLOWER.decode(hex.as_bytes()).ok();
    let key = bytes(key)?.try_into().ok()?;
    let signature = bytes(signature)?.try_into().ok()?;
    Some((line, Seal { key, signature }))
}
