//! How a provider fails when it is asked to.

use std::collections::VecDeque;

/// What happens to a call or a message instead of its usual end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429, with `Retry-After` in seconds.
    RateLimited(u32),
    /// This status, with a page for people instead of JSON.
    Status(u16),
    /// The provider's own error code; Vonage has none and takes it for a status.
    Refuse(u32),
    /// It is taken, and the line is cut before anybody hears of it.
    LoseReply,
    /// The line is cut, and nothing is taken.
    LoseRequest,
    /// It is taken, and no answer ever comes.
    AcceptThenHang,
    /// Nothing is taken, and no answer ever comes.
    Hang,
    /// It is taken and said to be delivered, and nobody ever gets it.
    Lie,
    /// It is taken, and fails later for this reason.
    Undelivered(u32),
    /// The provider goes down once somebody has picked up.
    DieInMidCall,
}

/// What is to fail.
#[derive(Debug, Default)]
pub struct Faults {
    next: VecDeque<Fault>,
    always: Option<Fault>,
}

impl Faults {
    /// The next call or message fails so; several wait for their turn.
    pub fn next(&mut self, fault: Fault) {
        self.next.push_back(fault);
    }

    /// The next so many fail so.
    pub fn burst(&mut self, times: usize, fault: Fault) {
        self.next.extend(std::iter::repeat_n(fault, times));
    }

    /// All fail so, until all is well again.
    pub fn always(&mut self, fault: Fault) {
        self.always = Some(fault);
    }

    /// All is well again.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// What befalls this one.
    pub(in crate::standin) fn due(&mut self) -> Option<Fault> {
        self.next.pop_front().or(self.always)
    }
}
