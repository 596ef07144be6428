//! The parts of backups that need no database.

use std::io::{Read, Write};
use std::sync::Arc;

use object_store::memory::InMemory;
use shared::backup::{Digest, Object, Role};
use shared::ledger::Hash;

use super::stream::{Sealed, Tally};
use super::{Failure, Identities, Recipients, Shelf};

/// Longer than several of the chunks that are moved at a time.
static PLAIN: [u8; 500_000] = [7; 500_000];

/// A store with one object in it, and what opens it.
fn kept() -> (Shelf, Object, Identities) {
    let shelf = Shelf::over(Arc::new(InMemory::new())).unwrap();
    let ((identities, one), (_, other)) = (Identities::generate(), Identities::generate());
    let recipients = Recipients::parse(&[one, other]).unwrap();
    let all = recipients.0.iter().map(|one| one as &dyn age::Recipient);
    let upload = Tally::new(shelf.upload("it").unwrap());
    let sealed = age::Encryptor::with_recipients(all).unwrap().wrap_output(upload).unwrap();
    let mut plain = Tally::new(zstd::Encoder::new(sealed, 3).unwrap());
    plain.write_all(&PLAIN).unwrap();
    let (plain, packed) = plain.end();
    let (stored, upload) = packed.finish().unwrap().finish().unwrap().end();
    upload.finish().unwrap();
    (shelf, Object { name: "it".into(), role: Role::Database, plain, stored }, identities)
}

#[test]
fn no_program_gets_the_end_of_a_stream_whose_checksum_is_wrong() {
    let (shelf, mut object, identities) = kept();
    let given = |object: &Object| {
        let mut given = Vec::new();
        let sealed = Sealed { object, shelf: &shelf, identities: &identities, for_whom: &[] };
        let done = sealed.drain(|bytes| given.write_all(bytes));
        (done, given)
    };
    let (done, all) = given(&object);
    assert!(done.is_ok() && all == PLAIN);
    object.stored = Digest { sha256: Hash::of(&[b"another"]), ..object.stored };
    let (done, part) = given(&object);
    assert!(matches!(done, Err(Failure::Damaged(_))), "{done:?}");
    assert!(part.len() < PLAIN.len(), "the end was held back");
}

#[test]
fn a_file_is_only_there_when_every_checksum_is_right() {
    let (shelf, mut object, identities) = kept();
    let unpacked = |object: &Object| {
        Sealed { object, shelf: &shelf, identities: &identities, for_whom: &[] }.unpack()
    };
    let mut all = Vec::new();
    unpacked(&object).unwrap().unwrap().read_to_end(&mut all).unwrap();
    assert_eq!(all, PLAIN);
    let (whole, short) = (object.stored, Digest { bytes: 499_999, ..object.plain });
    object.stored = Digest { sha256: Hash::of(&[b"another"]), ..whole };
    assert!(matches!(unpacked(&object), Err(Failure::Damaged(_))));
    (object.stored, object.plain) = (whole, short);
    assert!(matches!(unpacked(&object), Err(Failure::Damaged(_))));
}
