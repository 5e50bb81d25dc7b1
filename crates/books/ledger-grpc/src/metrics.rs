//! What the door has seen, for Prometheus.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use tonic::{Code, Status};

/// The calls of the service, in the order of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    CreateAccounts,
    CreateTransfers,
    Pipeline,
    LookupAccounts,
    LookupTransfers,
    GetAccountTransfers,
    GetAccountBalances,
    QueryAccounts,
    QueryTransfers,
    GetTrialBalance,
}

const CALLS: [Call; 10] = [
    Call::CreateAccounts,
    Call::CreateTransfers,
    Call::Pipeline,
    Call::LookupAccounts,
    Call::LookupTransfers,
    Call::GetAccountTransfers,
    Call::GetAccountBalances,
    Call::QueryAccounts,
    Call::QueryTransfers,
    Call::GetTrialBalance,
];

/// Canonical codes, 0 to 16, by the names of `google.rpc.Code`.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// Counters of one door.
#[derive(Debug, Default)]
pub struct Metrics {
    handled: [[AtomicU64; CODES.len()]; CALLS.len()],
    accounts: AtomicU64,
    transfers: AtomicU64,
    streams: AtomicU64,
}

impl Metrics {
    /// A call has ended; a stream that its client leaves has ended well.
    pub(crate) fn ended(&self, call: Call, outcome: Result<(), &Status>) {
        let code = outcome.map_or_else(Status::code, |()| Code::Ok);
        let place = usize::try_from(i32::from(code)).unwrap_or_default();
        self.handled[call as usize][place].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn took_accounts(&self, count: usize) {
        self.accounts.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn took_transfers(&self, count: usize) {
        self.transfers.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn opened(&self) {
        self.streams.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self) {
        self.streams.fetch_sub(1, Ordering::Relaxed);
    }

    /// The counters in the Prometheus text format, version 0.0.4. Calls that never ended with a code have no line for it.
    pub fn prometheus(&self) -> String {
        let mut text = String::from(
            "# HELP tongbao_grpc_handled_total Calls that have ended, by their canonical code.\n\
             # TYPE tongbao_grpc_handled_total counter\n",
        );
        for (call, codes) in CALLS.iter().zip(&self.handled) {
            for (code, count) in CODES.iter().zip(codes) {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    let _ = writeln!(
                        text,
                        "tongbao_grpc_handled_total{{method=\"{call:?}\",code=\"{code}\"}} {count}"
                    );
                }
            }
        }
        for (name, kind, help, value) in [
            ("accounts_total", "counter", "Accounts that calls asked to create.", &self.accounts),
            ("transfers_total", "counter", "Transfers that calls asked to make.", &self.transfers),
            ("streams", "gauge", "Streams that are open.", &self.streams),
        ] {
            let value = value.load(Ordering::Relaxed);
            let _ = write!(
                text,
                "# HELP tongbao_grpc_{name} {help}\n# TYPE tongbao_grpc_{name} {kind}\ntongbao_grpc_{name} {value}\n"
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_how_they_ended() {
        let metrics = Metrics::default();
        metrics.ended(Call::GetTrialBalance, Ok(()));
        metrics.ended(Call::CreateTransfers, Err(&Status::unavailable("")));
        metrics.ended(Call::CreateTransfers, Err(&Status::unauthenticated("")));
        metrics.took_transfers(3);
        metrics.opened();
        let text = metrics.prometheus();
        for line in [
            "handled_total{method=\"GetTrialBalance\",code=\"OK\"} 1",
            "handled_total{method=\"CreateTransfers\",code=\"UNAVAILABLE\"} 1",
            "handled_total{method=\"CreateTransfers\",code=\"UNAUTHENTICATED\"} 1",
            "transfers_total 3",
            "accounts_total 0",
            "streams 1",
        ] {
            assert!(text.lines().any(|given| given == format!("tongbao_grpc_{line}")), "{line} in {text}");
        }
        assert!(!text.contains("} 0"), "{text}");
        for (place, call) in CALLS.into_iter().enumerate() {
            assert_eq!(call as usize, place);
        }
    }
}
