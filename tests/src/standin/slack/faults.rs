//! How the stand-in fails when it is asked to.

use std::time::Duration;

/// What happens to a call instead of its usual end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429, with `Retry-After` in seconds or without it.
    RateLimited(Option<u32>),
    /// This error, such as `message_limit_exceeded`.
    Refuse(&'static str),
    /// This status, with a page for people instead of JSON.
    Status(u16),
    /// It is carried out, and the line is cut before anybody hears of it.
    LoseReply,
    /// The line is cut, and nothing is carried out.
    LoseRequest,
    /// It is carried out, and no answer ever comes.
    AcceptThenHang,
    /// Nothing is carried out, and no answer ever comes.
    Hang,
    /// It takes this long, and then goes as usual.
    Delay(Duration),
}

/// What is to fail.
#[derive(Debug, Default)]
pub struct Faults {
    once: Vec<(String, Fault)>,
    standing: Vec<(String, Fault)>,
}

impl Faults {
    /// The next call of this method fails so; several wait for their turn. `*` is any method.
    pub fn next(&mut self, method: &str, fault: Fault) {
        self.once.push((method.into(), fault));
    }

    /// The next `calls` calls of this method fail so.
    pub fn burst(&mut self, calls: usize, method: &str, fault: &Fault) {
        (0..calls).for_each(|_| self.next(method, fault.clone()));
    }

    /// Every call of this method fails so, until [`Faults::clear`].
    pub fn every(&mut self, method: &str, fault: Fault) {
        self.standing.push((method.into(), fault));
    }

    /// All is well again.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Faults that no call has met yet.
    pub fn left(&self) -> usize {
        self.once.len()
    }

    /// What befalls a call of this method.
    pub(super) fn due(&mut self, method: &str) -> Option<Fault> {
        let meant = |(name, _): &(String, Fault)| name == method || name == "*";
        if let Some(at) = self.once.iter().position(meant) {
            return Some(self.once.remove(at).1);
        }
        self.standing.iter().find(|one| meant(one)).map(|(_, fault)| fault.clone())
    }
}
