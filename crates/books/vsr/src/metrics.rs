//! What the door counts.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

macro_rules! counters {
    ($($name:ident $text:literal,)*) => {
        /// The door's counters, shared by its connections.
        #[derive(Debug, Default)]
        pub struct Metrics {
            pub(crate) open: Gauge,
            $(pub(crate) $name: Counter,)*
        }

        /// The counters at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counts {
            /// Connections that are open now.
            pub open: u64,
            $(#[doc = $text] pub $name: u64,)*
        }

        impl Metrics {
            /// Reads all counters.
            pub fn counts(&self) -> Counts {
                Counts { open: self.open.get(), $($name: self.$name.get(),)* }
            }
        }

        impl Counts {
            /// Name, meaning and value of everything that only grows.
            pub fn totals(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
                [$((stringify!($name), $text, self.$name)),*].into_iter()
            }
        }
    };
}

counters! {
    connections "Connections taken.",
    requests "Requests submitted to the ledger, registrations included.",
    replies "Replies sent.",
    pings "Pings answered.",
    ignored "Requests that got no answer: repeated, out of order, or for another site.",
    evictions "Clients told that they are not served.",
    broken "Connections closed because of bytes that are not the protocol, or for another cluster.",
    timed_out "Connections closed because the client was silent, slow to send or slow to read.",
    revoked "Connections closed because the client's certificate or identity is not accepted any more.",
    bytes_in "Bytes received.",
    bytes_out "Bytes sent.",
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, amount: usize) {
        self.0.fetch_add(amount as u64, Ordering::Relaxed);
    }

    pub(crate) fn one(&self) {
        self.add(1);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number of things that come and go.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicI64);

impl Gauge {
    pub(crate) fn change(&self, by: i64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed).max(0).unsigned_abs()
    }
}
