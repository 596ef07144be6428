//! The fingers of whoever picked up.

/// Keys that are still to be pressed.
#[derive(Debug)]
pub struct Keys {
    left: &'static str,
    silences: u32,
}

impl Keys {
    /// Somebody who wants to press these.
    pub fn new(keys: &'static str) -> Self {
        Self { left: keys, silences: 0 }
    }

    /// What is pressed when so many keys are waited for; `None` when nothing is.
    pub fn press(&mut self, most: usize) -> Option<String> {
        let taken = self.left.len().min(most);
        let (now, later) = self.left.split_at(taken);
        self.left = later;
        if now.is_empty() {
            self.silences += 1;
        }
        (!now.is_empty()).then(|| now.to_owned())
    }

    /// Whether they have listened long enough: to the end, and to the repetition.
    pub fn are_tired(&self) -> bool {
        self.silences >= 2
    }
}
