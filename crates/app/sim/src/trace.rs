//! What happened, in words.

use std::collections::VecDeque;
use std::fmt::Write as _;

/// Events of a run. Most runs are of no interest and keep none: a run that failed is repeated to hear its story.
#[derive(Debug)]
pub(crate) struct Trace {
    events: Option<VecDeque<String>>,
    keep: usize,
}

impl Trace {
    /// Keeps nothing.
    pub(crate) fn silent() -> Self {
        Self { events: None, keep: 0 }
    }

    /// Keeps the last `keep` events.
    pub(crate) fn keeping(keep: usize) -> Self {
        Self { events: Some(VecDeque::new()), keep }
    }

    pub(crate) fn log(&mut self, step: usize, text: impl FnOnce() -> String) {
        let Some(events) = &mut self.events else { return };
        if events.len() >= self.keep {
            events.pop_front();
        }
        events.push_back(format!("{step:4} {}", text()));
    }

    /// The events, one per line.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for event in self.events.iter().flatten() {
            let _ = writeln!(text, "  {event}");
        }
        text
    }
}
