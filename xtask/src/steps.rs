//! Steps one after the other: a header and a time for each, a failure does not stop the rest, a summary at the end.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::Result;

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything it checks holds.
    Passed,
    /// Something does not hold; the reason in one line or more.
    Failed(String),
    /// It did not run; the reason.
    Skipped(String),
}

/// A finished step.
struct Row {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

/// All steps so far.
pub(crate) struct Steps {
    rows: Vec<Row>,
    total: usize,
}

impl Steps {
    /// `total` is how many steps will run, for the headers.
    pub(crate) fn new(total: usize) -> Self {
        Self { rows: Vec::new(), total }
    }

    /// Runs one step: header, action, result line. The action sees the steps before it; its error is the step's failure.
    pub(crate) fn run(
        &mut self,
        name: &'static str,
        shows: &str,
        action: impl FnOnce(&Self) -> Result<Outcome>,
    ) {
        println!("\n── [{}/{}] {name}: {shows}", self.rows.len() + 1, self.total);
        let started = Instant::now();
        let outcome = action(self).unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        let row = Row { name, outcome, took: started.elapsed() };
        println!("{}", row.line(0));
        self.rows.push(row);
    }

    /// Whether a step of this name has run and failed.
    pub(crate) fn failed(&self, name: &str) -> bool {
        self.rows.iter().any(|row| row.name == name && matches!(row.outcome, Outcome::Failed(_)))
    }

    /// Whether nothing failed, and something passed: a run that did nothing proves nothing.
    pub(crate) fn good(&self) -> bool {
        let [passed, failed, _] = self.counts();
        failed == 0 && passed > 0
    }

    /// The table, skips with their reasons, and last the plain line that machines read.
    pub(crate) fn summary(&self) -> String {
        let width = self.rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
        let mut text = String::from("\n── Summary\n");
        for row in &self.rows {
            let _ = writeln!(text, "{}", row.line(width));
        }
        let took: Duration = self.rows.iter().map(|row| row.took).sum();
        let [passed, failed, skipped] = self.counts();
        let _ = writeln!(text, "   all steps took {}", seconds(took));
        let _ = write!(text, "{passed} passed, {failed} failed, {skipped} skipped");
        text
    }

    fn counts(&self) -> [usize; 3] {
        let count =
            |wanted: fn(&Outcome) -> bool| self.rows.iter().filter(|row| wanted(&row.outcome)).count();
        [
            count(|outcome| matches!(outcome, Outcome::Passed)),
            count(|outcome| matches!(outcome, Outcome::Failed(_))),
            count(|outcome| matches!(outcome, Outcome::Skipped(_))),
        ]
    }
}

impl Row {
    fn line(&self, width: usize) -> String {
        let (mark, word, reason) = match &self.outcome {
            Outcome::Passed => ('✓', "passed", ""),
            Outcome::Failed(reason) => ('✗', "FAILED", reason.as_str()),
            Outcome::Skipped(reason) => ('!', "SKIPPED", reason.as_str()),
        };
        // In the table one line each; the whole reason stood below the step's header.
        let reason = if width == 0 { reason } else { reason.lines().next().unwrap_or_default() };
        let line = format!("{mark} {:width$}  {word:7} {:>8}  {reason}", self.name, seconds(self.took));
        line.trim_end().to_owned()
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use anyhow::bail;

    use super::{Outcome, Steps};

    #[test]
    fn a_failure_is_kept_and_the_rest_still_runs() {
        let mut steps = Steps::new(3);
        steps.run("one", "true", |_| Ok(Outcome::Passed));
        assert!(steps.good());
        steps.run("second", "false", |_| bail!("it broke\nin two lines"));
        steps.run("three", "maybe", |_| Ok(Outcome::Skipped("no browser".to_owned())));
        assert!(!steps.good());
        assert!(steps.failed("second") && !steps.failed("one") && !steps.failed("three"));
        for row in &mut steps.rows {
            row.took = Duration::from_millis(1_260);
        }
        let expected = "
── Summary
✓ one     passed     1.3 s
✗ second  FAILED     1.3 s  it broke
! three   SKIPPED    1.3 s  no browser
   all steps took 3.8 s
1 passed, 1 failed, 1 skipped";
        assert_eq!(steps.summary(), expected);
    }

    #[test]
    fn a_run_that_did_nothing_is_not_good() {
        let mut steps = Steps::new(1);
        assert!(!steps.good());
        steps.run("one", "maybe", |_| Ok(Outcome::Skipped("not asked for".to_owned())));
        assert!(!steps.good());
    }
}
