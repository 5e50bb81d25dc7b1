//! Running many seeds on a few threads. Each run is single-threaded; only whole runs share the cores.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::run::{Totals, Twist, run, tell};
use crate::violation::{Invariant, Violation};

/// What to run.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// The seeds.
    pub seeds: Range<u64>,
    /// How many threads; at least one runs.
    pub jobs: usize,
    /// What is different from what the seeds alone would give.
    pub twist: Twist,
}

/// A seed that failed, and its story.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// The step in which it failed.
    pub step: usize,
    /// What did not hold.
    pub violation: Violation,
    /// The last events before that.
    pub events: String,
}

/// Runs all seeds and calls `progress` with the number done after each. Ends at the first failure: of those found by then,
/// the lowest seed is told.
pub fn campaign(plan: &Campaign, progress: impl Fn(u64) + Sync) -> Result<Totals, Box<Failure>> {
    let next = AtomicU64::new(plan.seeds.start);
    let done = AtomicU64::new(0);
    let failed: Mutex<Option<(u64, Violation)>> = Mutex::new(None);
    let work = || {
        let mut totals = Totals::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let stop = failed.lock().unwrap_or_else(PoisonError::into_inner).is_some();
            if seed >= plan.seeds.end || stop {
                return totals;
            }
            match run(seed, &plan.twist) {
                Ok(run) => totals.add(&run),
                Err(violation) => {
                    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                    if failed.as_ref().is_none_or(|(lowest, _)| seed < *lowest) {
                        *failed = Some((seed, violation));
                    }
                }
            }
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        }
    };
    let mut totals = Totals::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..plan.jobs.max(1)).map(|_| scope.spawn(work)).collect();
        // A run catches its own panics, so a worker has none.
        workers.into_iter().filter_map(|worker| worker.join().ok()).for_each(|part| totals.add(&part));
    });
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        None => Ok(totals),
        Some((seed, violation)) => Err(Box::new(tell_failure(seed, &plan.twist, violation))),
    }
}

/// Repeats a run that failed, to hear its story. It must fail in the same way again.
fn tell_failure(seed: u64, twist: &Twist, first: Violation) -> Failure {
    let told = tell(seed, twist, false);
    let violation = match told.result {
        Err(second) if second == first => first,
        other => {
            let what = format!("the first run said: {first}\nand the second: {other:?}");
            Violation::new(Invariant::Deterministic, what)
        }
    };
    Failure { seed, step: told.step, violation, events: told.events }
}
