//! Turns: what happened and what is owed for it, hash-chained, one store item each.
//!
//! A turn is sealed once: its body is the exact bytes that are stored, and its hash covers the hash before it
//! and those bytes. Nothing is ever serialised again for checking, so a verifier needs no knowledge of versions.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::effect::Effect;
use crate::id::{EffectKey, StreamId};
use crate::time::Ts;

/// Fewest digits by which a hash is named.
pub const HASH_DIGITS_MIN: usize = 8;

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The hash of parts, each preceded by its length so that no two lists of parts collide.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }

    /// Whether these digits name it: case doesn't count, too few digits name nothing.
    pub fn is_named(&self, digits: &str) -> bool {
        let digits = digits.trim().to_ascii_lowercase();
        digits.len() >= HASH_DIGITS_MIN && self.to_string().starts_with(&digits)
    }

    /// The first eight hexadecimal digits: enough to compare by eye.
    pub fn short(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.0[..4])
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({})", self.short())
    }
}

impl FromStr for Hash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        data_encoding::HEXLOWER
            .decode(text.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a SHA-256 of 64 hexadecimal digits"))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What one command made of a stream: its events and the effects it owes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Body<E> {
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Its number, from 1 without gaps.
    pub turn: u32,
    /// When it was decided.
    pub at: Ts,
    /// Who or what asked for it, e.g. `lead-developer`, `pingdom-prod`, `prober`, `timer`.
    pub actor: Arc<str>,
    /// The command's idempotency key: a stream takes each key once.
    pub key: Arc<str>,
    /// What happened, oldest first.
    pub events: Vec<E>,
    /// What is owed for it; an effect's key is (stream, turn, position).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owes: Vec<Effect>,
    /// The effect whose outcome this turn records, which is thereby settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settles: Option<EffectKey>,
}

impl<E> Body<E> {
    /// The owed effects with their keys.
    pub fn owed(&self) -> impl Iterator<Item = (EffectKey, &Effect)> {
        self.owes.iter().enumerate().map(|(position, effect)| {
            (
                EffectKey {
                    stream: self.stream.clone(),
                    turn: self.turn,
                    position: position as u16,
                },
                effect,
            )
        })
    }
}

/// A turn as stored: the exact bytes of its body and the hash that chains it to the turn before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Its number, from 1 without gaps.
    pub turn: u32,
    /// The JSON of its [`Body`], never re-serialised.
    pub json: String,
    /// `H(previous hash, json)`.
    pub hash: Hash,
}

/// Why a chain doesn't hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A turn is missing, doubled or out of order.
    #[error("turn {found} stands where turn {wanted} belongs")]
    Gap {
        /// The number that belongs there.
        wanted: u32,
        /// The number found.
        found: u32,
    },
    /// The bytes of a turn, or of one before it, were changed.
    #[error("turn {turn} of {stream} was changed: its hash is {found} and should be {wanted}")]
    Hash {
        /// The stream.
        stream: StreamId,
        /// The first bad turn.
        turn: u32,
        /// The short hash computed from its bytes.
        wanted: String,
        /// The short hash stored.
        found: String,
    },
    /// The body is no turn of this kind, or contradicts its envelope.
    #[error("turn {turn} cannot be read: {why}")]
    Unreadable {
        /// The first bad turn.
        turn: u32,
        /// What the reader says.
        why: String,
    },
}

impl Broken {
    /// The number of the first bad turn.
    pub fn turn(&self) -> u32 {
        match self {
            Self::Gap { wanted, .. } => *wanted,
            Self::Hash { turn, .. } | Self::Unreadable { turn, .. } => *turn,
        }
    }
}

/// Seals a body onto the chain that ends in `previous` ([`Hash::default`] before the first turn).
pub fn seal<E: Serialize>(previous: &Hash, body: &Body<E>) -> Result<Sealed, serde_json::Error> {
    let json = serde_json::to_string(body)?;
    let hash = chain(previous, &json);
    Ok(Sealed { stream: body.stream.clone(), turn: body.turn, json, hash })
}

fn chain(previous: &Hash, json: &str) -> Hash {
    let mut digest = Sha256::new();
    digest.update(previous.0);
    digest.update(json.as_bytes());
    Hash(digest.finalize().into())
}

/// Reads a stream's turns in order, checking numbers, hashes and bodies; names the first bad turn.
pub fn verify<E: DeserializeOwned>(
    stream: &StreamId,
    turns: &[Sealed],
) -> Result<Vec<Body<E>>, Broken> {
    let mut previous = Hash::default();
    let mut bodies = Vec::with_capacity(turns.len());
    for (wanted, sealed) in (1..).zip(turns) {
        bodies.push(verify_next(stream, wanted, &previous, sealed)?);
        previous = sealed.hash;
    }
    Ok(bodies)
}

fn verify_next<E: DeserializeOwned>(
    stream: &StreamId,
    wanted: u32,
    previous: &Hash,
    sealed: &Sealed,
) -> Result<Body<E>, Broken> {
    if sealed.turn != wanted {
        return Err(Broken::Gap { wanted, found: sealed.turn });
    }
    let computed = chain(previous, &sealed.json);
    if computed != sealed.hash {
        return Err(Broken::Hash {
            stream: stream.clone(),
            turn: wanted,
            wanted: computed.short(),
            found: sealed.hash.short(),
        });
    }
    let unreadable = |why: String| Broken::Unreadable { turn: wanted, why };
    let body: Body<E> =
        serde_json::from_str(&sealed.json).map_err(|error| unreadable(error.to_string()))?;
    if body.turn != wanted || body.stream != *stream || sealed.stream != *stream {
        return Err(unreadable(format!("its body names turn {} of {}", body.turn, body.stream)));
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stream_of(texts: &[String]) -> Vec<Sealed> {
        let mut previous = Hash::default();
        let mut turns = Vec::new();
        for (turn, text) in (1..).zip(texts) {
            let body = Body {
                stream: "s".into(),
                turn,
                at: Ts(i64::from(turn)),
                actor: "test".into(),
                key: turn.to_string().into(),
                events: vec![text.clone()],
                owes: vec![],
                settles: None,
            };
            let sealed = seal(&previous, &body).unwrap();
            previous = sealed.hash;
            turns.push(sealed);
        }
        turns
    }

    proptest! {
        #[test]
        fn every_prefix_verifies(texts in prop::collection::vec(".{0,20}", 0..8)) {
            let turns = stream_of(&texts);
            for end in 0..=turns.len() {
                prop_assert_eq!(verify::<String>(&"s".into(), &turns[..end]).unwrap().len(), end);
            }
        }

        #[test]
        fn any_flipped_bit_is_found_and_named(
            texts in prop::collection::vec("[a-z]{1,20}", 1..8),
            which in any::<prop::sample::Index>(),
            place in any::<prop::sample::Index>(),
            bit in 0..7_u8,
        ) {
            let mut turns = stream_of(&texts);
            let turn = which.index(turns.len());
            let mut bytes = turns[turn].json.clone().into_bytes();
            let at = place.index(bytes.len());
            bytes[at] ^= 1 << bit;
            turns[turn].json = String::from_utf8(bytes).unwrap();
            let broken = verify::<String>(&"s".into(), &turns).unwrap_err();
            prop_assert_eq!(broken.turn() as usize, turn + 1);
        }

        #[test]
        fn a_removed_turn_is_found(count in 2..8_usize, which in any::<prop::sample::Index>()) {
            let texts: Vec<String> = (0..count).map(|n| n.to_string()).collect();
            let mut turns = stream_of(&texts);
            let gone = which.index(count - 1);
            turns.remove(gone);
            prop_assert!(verify::<String>(&"s".into(), &turns).is_err());
        }
    }
}
