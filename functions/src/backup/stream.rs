//! The stream in both directions: program → hash → zstd → age → hash → store, and back.

use std::io::{BufReader, Error, Read, Write};

use ring::digest::{Context, SHA256};
use shared::backup::{Digest, Object, Role};
use shared::ledger::Hash;

use super::keys::{Identities, Recipients};
use super::tools::Running;
use super::{Failure, Shelf, Taken};

/// zstd's own default: 4 to 6 times smaller on text, faster than a network.
const COMPRESSION: i32 = 3;
/// Bytes moved at a time.
const CHUNK: usize = 128 << 10;

/// What a program's output became.
#[derive(Clone, Debug)]
pub struct Dumped {
    /// The object in the store.
    pub object: Object,
    /// How the program ended; anything but 0 is an error before.
    pub status: i32,
}

/// Counts and hashes whatever passes.
pub(super) struct Tally<T> {
    inner: T,
    hash: Context,
    bytes: u64,
}

impl<T> Tally<T> {
    pub fn new(inner: T) -> Self {
        Self { inner, hash: Context::new(&SHA256), bytes: 0 }
    }

    fn count(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// What passed, and where it went.
    pub fn end(self) -> (Digest, T) {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.hash.finish().as_ref());
        (Digest { bytes: self.bytes, sha256: Hash(sha256) }, self.inner)
    }
}

impl<W: Write> Write for Tally<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let many = self.inner.write(bytes)?;
        self.count(&bytes[..many]);
        Ok(many)
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Tally<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        let many = self.inner.read(into)?;
        self.count(&into[..many]);
        Ok(many)
    }
}

/// How a whole output is told from one that broke off, although its program ended well.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// How it begins.
    pub head: &'static [u8],
    /// What stands near its end.
    pub tail: &'static [u8],
}

/// Near its end: within so many bytes.
const TAIL: usize = 256;

/// Pours a program's output into the store. The object is only there when the program ended well and its output is whole.
pub(super) fn pour(
    mut program: Running,
    name: &str,
    role: Role,
    shape: Shape,
    shelf: &Shelf,
    recipients: &Recipients,
) -> Result<Dumped, Failure> {
    let Some(mut from) = program.child.stdout.take() else {
        return Err(Failure::Truncated(name.into()));
    };
    drop(program.child.stdin.take());
    let upload = Tally::new(shelf.upload(name)?);
    let all = recipients.0.iter().map(|one| one as &dyn age::Recipient);
    let sealed =
        age::Encryptor::with_recipients(all).map_err(|why| Failure::Setup(why.to_string()))?;
    let poured = || -> Result<_, Failure> {
        let sealed = sealed.wrap_output(upload).map_err(store)?;
        let mut packed = zstd::Encoder::new(sealed, COMPRESSION).map_err(store)?;
        packed.include_checksum(true).map_err(store)?;
        let mut plain = Tally::new(packed);
        let whole = copy(&mut from, &mut plain, shape)?;
        let (plain, packed) = plain.end();
        let sealed = packed.finish().map_err(store)?;
        Ok((whole, plain, sealed.finish().map_err(store)?))
    };
    let (whole, plain, upload) = poured()?;
    let status = program.end()?;
    if !whole {
        return Err(Failure::Truncated(name.into()));
    }
    let (stored, upload) = upload.end();
    upload.finish()?;
    Ok(Dumped { object: Object { name: name.into(), role, plain, stored }, status })
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn store(why: Error) -> Failure {
    Failure::Store(why.to_string())
}

/// Copies all of it, and says whether it has that shape.
fn copy(from: &mut impl Read, to: &mut impl Write, shape: Shape) -> Result<bool, Failure> {
    let (mut chunk, mut head, mut tail) = (vec![0; CHUNK], Vec::new(), Vec::new());
    loop {
        let many = match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(many) => many,
            Err(why) if why.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(why) => return Err(Failure::Database(format!("its output broke off: {why}"))),
        };
        let read = &chunk[..many];
        to.write_all(read).map_err(store)?;
        if head.len() < shape.head.len() {
            head.extend_from_slice(&read[..many.min(shape.head.len() - head.len())]);
        }
        tail.extend_from_slice(&read[many.saturating_sub(TAIL)..]);
        tail.drain(..tail.len().saturating_sub(TAIL));
    }
    let ends = shape.tail.is_empty() || tail.windows(shape.tail.len()).any(|it| it == shape.tail);
    Ok(head == shape.head && ends)
}

/// Reads an object without opening it: every stored byte must have the signed checksum. Needs no identity.
pub(super) fn read_through(object: &Object, shelf: &Shelf) -> Result<u64, Failure> {
    let mut taken = Tally::new(shelf.download(&object.name)?);
    let mut chunk = vec![0; CHUNK];
    while taken.read(&mut chunk).map_err(store)? > 0 {}
    match taken.end().0 {
        found if found == object.stored => Ok(found.bytes),
        _ => Err(Failure::Damaged(format!("{} is not what was written", object.name))),
    }
}

type Opened<'a> =
    zstd::Decoder<'static, BufReader<age::stream::StreamReader<BufReader<Taken<'a>>>>>;

/// Opens an object again.
fn open<'a>(
    object: &Object,
    shelf: &'a Shelf,
    with: &Identities,
    for_whom: &[String],
) -> Result<Opened<'a>, Failure> {
    let taken = BufReader::with_capacity(CHUNK, shelf.download(&object.name)?);
    let damaged = |why: &dyn std::fmt::Display| Failure::Damaged(format!("{}: {why}", object.name));
    let sealed = age::Decryptor::new_buffered(taken).map_err(|why| damaged(&why))?;
    let identities = with.0.iter().map(|one| one.as_ref() as &dyn age::Identity);
    let plain = sealed.decrypt(identities).map_err(|why| match why {
        age::DecryptError::NoMatchingKeys => Failure::WrongKey(for_whom.join(", ")),
        other => damaged(&other),
    })?;
    zstd::Decoder::new(plain).map_err(|why| damaged(&why))
}

/// Gives an object's plain bytes to `sink`. The last of them are held back until the checksum of the whole is right, so
/// that no program ever takes a damaged stream for a finished one.
pub(super) fn drain(
    object: &Object,
    shelf: &Shelf,
    with: &Identities,
    for_whom: &[String],
    mut sink: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Failure> {
    let damaged = |why: Error| Failure::Damaged(format!("{}: {why}", object.name));
    let mut from = Tally::new(open(object, shelf, with, for_whom)?);
    let (mut held, mut chunk) = (Vec::new(), vec![0; CHUNK]);
    loop {
        let many = from.read(&mut chunk).map_err(damaged)?;
        if many == 0 {
            break;
        }
        sink(&held).map_err(store)?;
        held.clear();
        held.extend_from_slice(&chunk[..many]);
    }
    if from.end().0 != object.plain {
        return Err(Failure::Damaged(format!("{} is not what was dumped", object.name)));
    }
    sink(&held).map_err(store)
}
