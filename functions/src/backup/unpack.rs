//! A dump on a disk for as long as it is restored: `pg_restore` works on several tables at once only from a file. The file
//! has no name, so that nothing of it is left, however we end.

use std::fs::File;
use std::io::{BufRead, Error, Read, Seek, Write};
use std::sync::mpsc::{Receiver, sync_channel};

use super::Failure;
use super::stream::Sealed;

/// Bytes moved at a time.
const CHUNK: usize = 256 << 10;
/// Chunks that are decrypted ahead of what is unpacked.
const AHEAD: usize = 4;

impl Sealed<'_> {
    /// Its plain bytes in a file, from the beginning; every checksum is right. `None` where the disk of temporary files
    /// has no room for them.
    pub fn unpack(self) -> Result<Option<File>, Failure> {
        let full = |why: &Error| why.kind() == std::io::ErrorKind::StorageFull;
        let mut file = match tempfile::tempfile() {
            Ok(file) => file,
            Err(why) if full(&why) => return Ok(None),
            Err(why) => {
                return Err(Failure::Setup(format!("no temporary file can be made: {why}")));
            }
        };
        let mut no_room = false;
        let unpacked = self.open(|decrypted| {
            let bytes = in_two_threads(decrypted, &mut file);
            no_room = bytes.as_ref().is_err_and(full);
            Ok((bytes?, ()))
        });
        if no_room {
            return Ok(None);
        }
        unpacked?;
        file.rewind().map_err(|why| Failure::Store(why.to_string()))?;
        Ok(Some(file))
    }
}

/// One decrypts and hashes, the other unpacks and writes.
fn in_two_threads(mut from: impl Read, to: &mut File) -> Result<u64, Error> {
    std::thread::scope(|scope| {
        let (sender, chunks) = sync_channel(AHEAD);
        let unpacking =
            scope.spawn(move || write(Chunks { from: chunks, chunk: vec![], read: 0 }, to));
        let read = loop {
            let mut chunk = Vec::with_capacity(CHUNK);
            match from.by_ref().take(CHUNK as u64).read_to_end(&mut chunk) {
                Ok(0) => break Ok(()),
                Err(why) => break Err(why),
                // Nobody listens any more: the other one says why.
                Ok(_) if sender.send(chunk).is_err() => break Ok(()),
                Ok(_) => {}
            }
        };
        drop(sender);
        let written = unpacking.join().map_err(|_| Error::other("the unpacking broke off"))?;
        read.and(written)
    })
}

fn write(from: Chunks, to: &mut File) -> Result<u64, Error> {
    let mut from = zstd::Decoder::with_buffer(from)?;
    let (mut chunk, mut bytes) = (vec![0; CHUNK], 0);
    loop {
        let many = from.read(&mut chunk)?;
        if many == 0 {
            return Ok(bytes);
        }
        to.write_all(&chunk[..many])?;
        bytes += many as u64;
    }
}

/// The other end, as something to read from.
struct Chunks {
    from: Receiver<Vec<u8>>,
    chunk: Vec<u8>,
    read: usize,
}

impl BufRead for Chunks {
    fn fill_buf(&mut self) -> Result<&[u8], Error> {
        if self.read == self.chunk.len() {
            // No further chunk is the end.
            (self.chunk, self.read) = (self.from.recv().unwrap_or_default(), 0);
        }
        Ok(&self.chunk[self.read..])
    }

    fn consume(&mut self, many: usize) {
        self.read += many;
    }
}

impl Read for Chunks {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        let ready = self.fill_buf()?;
        let many = ready.len().min(into.len());
        into[..many].copy_from_slice(&ready[..many]);
        self.consume(many);
        Ok(many)
    }
}
