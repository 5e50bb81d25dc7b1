//! What the gateway sees, for charts and for Prometheus.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use hdrhistogram::Histogram;

/// Upper bounds of the latency buckets, in microseconds.
const BUCKETS_US: [u64; 14] = [
    250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 125_000, 250_000, 500_000, 1_000_000,
    5_000_000,
];

/// Counters of one gateway.
#[derive(Default)]
pub struct Live {
    /// Requests answered, by hundreds of the status: 1xx … 5xx.
    answered: [AtomicU64; 5],
    retried: AtomicU64,
    held: AtomicU64,
    buckets: [AtomicU64; BUCKETS_US.len() + 1],
    latency_us_sum: AtomicU64,
    recent: Mutex<Recent>,
}

struct Recent {
    latency_us: Histogram<u64>,
    requests: u64,
    errors: u64,
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            // Three digits up to a minute: the bounds are constants, so this cannot fail.
            latency_us: Histogram::new_with_bounds(1, 60_000_000, 3)
                .unwrap_or_else(|_| unreachable!("constant bounds are valid")),
            requests: 0,
            errors: 0,
        }
    }
}

/// What happened since the last sample was taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LiveSample {
    /// Requests answered.
    pub requests: u64,
    /// Of those, with a status of 500 or more.
    pub errors: u64,
    /// The median latency in milliseconds, if there was any request.
    pub p50_ms: Option<f64>,
    /// The 99th percentile in milliseconds.
    pub p99_ms: Option<f64>,
    /// Requests that wait for a leader right now.
    pub held: u64,
}

/// Counts a held request for as long as it lives.
pub(crate) struct Held<'a>(&'a Live);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.held.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Live {
    pub(crate) fn answered(&self, status: u16, latency_us: u64) {
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        self.answered[class].fetch_add(1, Ordering::Relaxed);
        self.latency_us_sum.fetch_add(latency_us, Ordering::Relaxed);
        let bucket = BUCKETS_US.iter().position(|bound| latency_us <= *bound).unwrap_or(BUCKETS_US.len());
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.requests += 1;
        recent.errors += u64::from(status >= 500);
        recent.latency_us.saturating_record(latency_us);
    }

    pub(crate) fn retried(&self) {
        self.retried.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn hold(&self) -> Held<'_> {
        self.held.fetch_add(1, Ordering::Relaxed);
        Held(self)
    }

    /// What happened since the last call.
    pub fn sample(&self) -> LiveSample {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        #[expect(clippy::cast_precision_loss, reason = "a chart shows three digits")]
        let at = |quantile: f64| {
            (recent.requests > 0).then(|| recent.latency_us.value_at_quantile(quantile) as f64 / 1_000.0)
        };
        let sample = LiveSample {
            requests: recent.requests,
            errors: recent.errors,
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            held: self.held.load(Ordering::Relaxed),
        };
        recent.latency_us.reset();
        recent.requests = 0;
        recent.errors = 0;
        sample
    }

    /// The counters in the Prometheus text format, version 0.0.4.
    pub fn prometheus(&self) -> String {
        let mut text = String::from("# HELP tongbao_gateway_requests_total Requests answered.\n");
        text.push_str("# TYPE tongbao_gateway_requests_total counter\n");
        for (class, count) in self.answered.iter().enumerate() {
            let count = count.load(Ordering::Relaxed);
            let _ = writeln!(text, "tongbao_gateway_requests_total{{status=\"{}xx\"}} {count}", class + 1);
        }
        let simple = [
            ("retried_total", "counter", "Requests sent again after a failed attempt.", &self.retried),
            ("held", "gauge", "Requests that wait for a leader.", &self.held),
        ];
        for (name, kind, help, value) in simple {
            let value = value.load(Ordering::Relaxed);
            let _ = write!(
                text,
                "# HELP tongbao_gateway_{name} {help}\n# TYPE tongbao_gateway_{name} {kind}\ntongbao_gateway_{name} {value}\n"
            );
        }
        self.histogram(&mut text);
        text
    }

    fn histogram(&self, text: &mut String) {
        let name = "tongbao_gateway_latency_seconds";
        let _ = writeln!(
            text,
            "# HELP {name} Time from the request's head to its answer.\n# TYPE {name} histogram"
        );
        let mut total = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            total += count.load(Ordering::Relaxed);
            match BUCKETS_US.get(index) {
                Some(us) => {
                    let _ = writeln!(
                        text,
                        "{name}_bucket{{le=\"{}.{:06}\"}} {total}",
                        us / 1_000_000,
                        us % 1_000_000
                    );
                }
                None => {
                    let _ = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {total}");
                }
            }
        }
        let us = self.latency_us_sum.load(Ordering::Relaxed);
        let _ = writeln!(text, "{name}_sum {}.{:06}\n{name}_count {total}", us / 1_000_000, us % 1_000_000);
    }
}
