//! Latencies and rates, and the middle of many values.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::clock;

/// Counts what is done while it is open. Shared by all connections of a load.
#[derive(Debug)]
pub(crate) struct Meter(Mutex<Readings>);

/// What a meter has counted.
#[derive(Debug)]
pub(crate) struct Readings {
    opened: Option<Instant>,
    span: Duration,
    latencies_us: Histogram<u64>,
}

/// Latencies are told to three digits, up to ten minutes.
const DIGITS: u8 = 3;
const LATENCY_US_MAX: u64 = 600_000_000;

impl Meter {
    /// Closed, with nothing counted.
    pub(crate) fn new() -> Self {
        let latencies_us = Histogram::new_with_max(LATENCY_US_MAX, DIGITS);
        let latencies_us = latencies_us.expect("three digits are within the histogram's limits");
        Self(Mutex::new(Readings { opened: None, span: Duration::ZERO, latencies_us }))
    }

    /// Counts from now on.
    pub(crate) fn open(&self) {
        self.lock().opened = Some(clock::now());
    }

    /// Counts no longer.
    pub(crate) fn close(&self) {
        let mut readings = self.lock();
        if let Some(opened) = readings.opened.take() {
            readings.span = opened.elapsed();
        }
    }

    /// Something took this long and is done now.
    pub(crate) fn note(&self, took: Duration) {
        let mut readings = self.lock();
        if readings.opened.is_some() {
            let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            readings.latencies_us.saturating_record(us);
        }
    }

    /// What was counted.
    pub(crate) fn into_readings(self) -> Readings {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Readings> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Readings {
    /// How many things were done.
    pub(crate) fn count(&self) -> u64 {
        self.latencies_us.len()
    }

    /// How many per second.
    #[expect(clippy::cast_precision_loss, reason = "a rate is told to a few digits")]
    pub(crate) fn per_s(&self) -> f64 {
        self.count() as f64 / self.span.as_secs_f64()
    }

    /// The latency that `quantile` of all things did not exceed, in milliseconds.
    #[expect(clippy::cast_precision_loss, reason = "a latency is told to three digits")]
    pub(crate) fn quantile_ms(&self, quantile: f64) -> f64 {
        self.latencies_us.value_at_quantile(quantile) as f64 / 1_000.0
    }

    /// The mean latency, in milliseconds.
    pub(crate) fn mean_ms(&self) -> f64 {
        self.latencies_us.mean() / 1_000.0
    }
}

/// The middle value; of two middle values, the mean. Nothing if there are none.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    let lower = if sorted.len().is_multiple_of(2) { *sorted.get(middle - 1)? } else { upper };
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 100.0]), Some(3.0));
    }

    #[test]
    fn only_an_open_meter_counts() {
        let meter = Meter::new();
        meter.note(Duration::from_millis(7));
        meter.open();
        (1..=100).for_each(|ms| meter.note(Duration::from_millis(ms)));
        meter.close();
        meter.note(Duration::from_secs(9));
        let readings = meter.into_readings();
        assert_eq!(readings.count(), 100);
        assert!((readings.quantile_ms(0.5) - 50.0).abs() < 0.1);
        assert!((readings.quantile_ms(1.0) - 100.0).abs() < 0.2);
    }
}
