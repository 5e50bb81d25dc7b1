//! Temporary folders, and the steps of a benchmark on the terminal.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};
use tempfile::TempDir;

/// A folder that goes away with its value.
pub(crate) fn folder(parent: &Path) -> Result<TempDir> {
    tempfile::Builder::new()
        .prefix("bench-")
        .tempdir_in(parent)
        .with_context(|| format!("no temporary folder can be made in `{}`", parent.display()))
}

/// Shows what is being done; nothing where nobody watches.
pub(crate) struct Steps(ProgressBar);

impl Steps {
    /// Starts with a first step.
    pub(crate) fn new(first: &str) -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        bar.set_message(first.to_owned());
        Self(bar)
    }

    /// The next step.
    pub(crate) fn next(&self, step: impl Into<String>) {
        self.0.set_message(step.into());
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
