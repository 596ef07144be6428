//! The stream in both directions: program → hash → zstd → age → hash → store, and back.

use std::io::{BufReader, Error, ErrorKind, Read, Write};

use ring::digest::{Context, SHA256};
use shared::backup::{Digest, Object, Role};
use shared::ledger::Hash;

use super::keys::{Identities, Recipients};
use super::tools::Running;
use super::transfer::Upload;
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
    let mut sealing = Sealing::begin(name, shelf, recipients)?;
    let whole = copy(&mut from, &mut sealing, shape)?;
    let status = program.end()?;
    if !whole {
        return Err(Failure::Truncated(name.into()));
    }
    Ok(Dumped { object: sealing.end(name, role)?, status })
}

type Plain<'a> = Tally<zstd::Encoder<'static, age::stream::StreamWriter<Tally<Upload<'a>>>>>;

/// An object that is being written: counted, compressed, encrypted, counted again. Dropped before its end it never was.
pub(super) struct Sealing<'a>(Plain<'a>);

impl<'a> Sealing<'a> {
    /// Begins it.
    pub fn begin(name: &str, shelf: &'a Shelf, recipients: &Recipients) -> Result<Self, Failure> {
        let upload = Tally::new(shelf.upload(name)?);
        let all = recipients.0.iter().map(|one| one as &dyn age::Recipient);
        let sealed =
            age::Encryptor::with_recipients(all).map_err(|why| Failure::Setup(why.to_string()))?;
        let sealed = sealed.wrap_output(upload).map_err(store)?;
        let mut packed = zstd::Encoder::new(sealed, COMPRESSION).map_err(store)?;
        packed.include_checksum(true).map_err(store)?;
        Ok(Self(Tally::new(packed)))
    }

    /// Ends it: now it is in the store.
    pub fn end(self, name: &str, role: Role) -> Result<Object, Failure> {
        let (plain, packed) = self.0.end();
        let upload = packed.finish().and_then(age::stream::StreamWriter::finish).map_err(store)?;
        let (stored, upload) = upload.end();
        upload.finish()?;
        Ok(Object { name: name.into(), role, plain, stored })
    }
}

impl Write for Sealing<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.0.flush()
    }
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
            Err(why) if why.kind() == ErrorKind::Interrupted => continue,
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

/// What an object decrypts to.
pub(super) type Decrypted<'a, 'b> = age::stream::StreamReader<BufReader<&'b mut Tally<Taken<'a>>>>;

/// An object that is being read back, and what opens it.
#[derive(Clone, Copy)]
pub(super) struct Sealed<'a> {
    pub object: &'a Object,
    pub shelf: &'a Shelf,
    pub identities: &'a Identities,
    /// For whom it was encrypted, to say so when none of the identities is theirs.
    pub for_whom: &'a [String],
}

impl Sealed<'_> {
    /// Decrypts it for `unpack`, which says how many plain bytes came out, and compares it with what was signed.
    ///
    /// The checksum over the *stored* bytes decides: they are four to six times fewer than the plain ones, which follow
    /// from them.
    pub fn open<T>(
        self,
        unpack: impl FnOnce(Decrypted) -> Result<(u64, T), Error>,
    ) -> Result<T, Failure> {
        let object = self.object;
        let damaged =
            |why: &dyn std::fmt::Display| Failure::Damaged(format!("{}: {why}", object.name));
        let mut taken = Tally::new(self.shelf.download(&object.name)?);
        let sealed = age::Decryptor::new_buffered(BufReader::with_capacity(CHUNK, &mut taken));
        let sealed = sealed.map_err(|why| damaged(&why))?;
        let identities = self.identities.0.iter().map(|one| one.as_ref() as &dyn age::Identity);
        let plain = sealed.decrypt(identities).map_err(|why| match why {
            age::DecryptError::NoMatchingKeys => Failure::WrongKey(self.for_whom.join(", ")),
            other => damaged(&other),
        })?;
        let (bytes, unpacked) = unpack(plain).map_err(|why| match why.kind() {
            ErrorKind::StorageFull => store(why),
            _ => damaged(&why),
        })?;
        // What follows the last chunk belongs to the object and to its checksum.
        std::io::copy(&mut taken, &mut std::io::sink()).map_err(store)?;
        match taken.end().0 {
            found if found == object.stored && bytes == object.plain.bytes => Ok(unpacked),
            _ => Err(Failure::Damaged(format!("{} is not what was written", object.name))),
        }
    }

    /// Gives its plain bytes to `sink`. The last of them are held back until the checksum of the whole is right, so that
    /// no program ever takes a damaged stream for a finished one.
    pub fn drain(self, mut sink: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Failure> {
        let held = self.open(|decrypted| {
            let mut from = zstd::Decoder::new(decrypted)?;
            let (mut held, mut chunk, mut bytes) = (Vec::new(), vec![0; CHUNK], 0);
            loop {
                let many = from.read(&mut chunk)?;
                if many == 0 {
                    return Ok((bytes, held));
                }
                bytes += many as u64;
                sink(&held)?;
                held.clear();
                held.extend_from_slice(&chunk[..many]);
            }
        })?;
        sink(&held).map_err(store)
    }
}
