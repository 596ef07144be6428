//! Objects on their way into the store and back: in parts, a few of them at a time, so that neither a slow network nor a
//! large database decides how much memory it takes.

use std::collections::VecDeque;
use std::io::{Error, Read, Write};

use axum::body::Bytes;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt};
use tokio::task::JoinHandle;

use super::{Failure, Shelf};

/// Bytes that are handed to the store at a time: S3's parts are 5 MiB at least, 10,000 at most (80 GB this way).
const PART: usize = 8 << 20;
/// Parts on their way at once, besides the one being filled.
const UPLOADS: usize = 1;
/// Bytes that are asked of the store at a time.
const RANGE: u64 = 4 << 20;
/// Ranges asked for ahead of what is being read.
const AHEAD: usize = 2;

/// A part on its way.
type Sent = JoinHandle<object_store::Result<()>>;
/// A range on its way.
type Asked = JoinHandle<object_store::Result<Bytes>>;

impl Shelf {
    /// Begins an object. Nothing is there under its key until [`Upload::finish`].
    pub(super) fn upload(&self, key: &str) -> Result<Upload<'_>, Failure> {
        let begun = self.runtime.block_on(self.store.put_multipart(&Path::from(key)))?;
        Ok(Upload { shelf: self, begun: Some(begun), part: Vec::new(), sent: VecDeque::new() })
    }

    /// Opens an object for reading.
    pub(super) fn download(&self, key: &str) -> Result<Taken<'_>, Failure> {
        let path = Path::from(key);
        let found = self.runtime.block_on(self.store.head(&path)).map_err(|why| match why {
            object_store::Error::NotFound { .. } => Failure::Damaged(format!("{key} is missing")),
            other => other.into(),
        })?;
        Ok(Taken {
            shelf: self,
            path,
            next: 0,
            end: found.size,
            asked: VecDeque::new(),
            chunk: Bytes::new(),
        })
    }
}

/// An object that is being written; dropped unfinished, it is taken back.
pub(super) struct Upload<'a> {
    shelf: &'a Shelf,
    begun: Option<Box<dyn MultipartUpload>>,
    part: Vec<u8>,
    sent: VecDeque<Sent>,
}

impl Upload<'_> {
    fn send(&mut self) -> Result<(), Error> {
        self.wait_for(UPLOADS - 1)?;
        let part = std::mem::take(&mut self.part);
        let begun = self.begun.as_mut().ok_or_else(|| Error::other("the object is closed"))?;
        self.sent.push_back(self.shelf.runtime.spawn(begun.put_part(part.into())));
        Ok(())
    }

    /// Waits until no more than so many parts are on their way.
    fn wait_for(&mut self, left: usize) -> Result<(), Error> {
        while self.sent.len() > left {
            let Some(oldest) = self.sent.pop_front() else { break };
            self.shelf.runtime.block_on(oldest).map_err(Error::other)?.map_err(Error::other)?;
        }
        Ok(())
    }

    /// Ends the object; now it is there.
    pub fn finish(mut self) -> Result<(), Failure> {
        let store = |why: Error| Failure::Store(why.to_string());
        if !self.part.is_empty() {
            self.send().map_err(store)?;
        }
        self.wait_for(0).map_err(store)?;
        if let Some(begun) = self.begun.as_mut() {
            self.shelf.runtime.block_on(begun.complete())?;
        }
        self.begun = None;
        Ok(())
    }
}

impl Write for Upload<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        if self.part.capacity() == 0 {
            self.part.reserve_exact(PART);
        }
        let many = bytes.len().min(PART - self.part.len());
        self.part.extend_from_slice(&bytes[..many]);
        if self.part.len() == PART {
            self.send()?;
        }
        Ok(many)
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        let Some(mut begun) = self.begun.take() else { return };
        for sent in self.sent.drain(..) {
            sent.abort();
            // Whatever came of it is taken back together with the rest.
            let _over = self.shelf.runtime.block_on(sent);
        }
        // What can't be taken back now is found as a stray later.
        let _gone = self.shelf.runtime.block_on(begun.abort());
    }
}

/// An object that is being read.
pub struct Taken<'a> {
    shelf: &'a Shelf,
    path: Path,
    next: u64,
    end: u64,
    asked: VecDeque<Asked>,
    chunk: Bytes,
}

impl Taken<'_> {
    fn ask(&mut self) {
        while self.asked.len() < AHEAD && self.next < self.end {
            let range = self.next..self.end.min(self.next + RANGE);
            self.next = range.end;
            let (store, path) = (self.shelf.store.clone(), self.path.clone());
            let asked = async move { store.get_range(&path, range).await };
            self.asked.push_back(self.shelf.runtime.spawn(asked));
        }
    }
}

impl Read for Taken<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        while self.chunk.is_empty() {
            self.ask();
            let Some(first) = self.asked.pop_front() else { return Ok(0) };
            let came = self.shelf.runtime.block_on(first).map_err(Error::other)?;
            self.chunk = came.map_err(Error::other)?;
        }
        let many = self.chunk.len().min(into.len());
        into[..many].copy_from_slice(&self.chunk.split_to(many));
        Ok(many)
    }
}
