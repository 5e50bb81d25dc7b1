//! Arbitrary bytes at every door, and what no bytes may bring about.
//!
//! Each module is one door: `run` takes any bytes, drives the code behind the door with them and asserts what must hold,
//! so that libFuzzer finds what breaks it (`cargo xtask fuzz`) and a plain test keeps what was found (`tests/corpus.rs`).
//! `run` returns whether the bytes got past the door: a corpus that is only ever refused proves little.
//!
//! Checksums would keep a fuzzer out, so the doors that have them are tried both ways: with the bytes as they are, and
//! with the checksums put right afterwards.

mod bank_script;
mod base;
mod mutation;
mod script;

pub mod access_rules;
pub mod bank_api;
pub mod client_protocol;
pub mod journal_segments;
pub mod ledger_queries;
pub mod ledger_requests;
pub mod ledger_storage;

/// A door: its name, which is also its folder in `corpus`, and what to do with bytes.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// Every door.
pub const TARGETS: [Target; 7] = [
    ("access_rules", access_rules::run),
    ("bank_api", bank_api::run),
    ("client_protocol", client_protocol::run),
    ("journal_segments", journal_segments::run),
    ("ledger_queries", ledger_queries::run),
    ("ledger_requests", ledger_requests::run),
    ("ledger_storage", ledger_storage::run),
];

/// That an error is told as every error is: by a code of the right form, in words, with a hint.
fn assert_told<E: stdx::Coded>(error: &E) {
    assert!(stdx::is_code(error.code()), "a code without its form: {}", error.code());
    assert!(!error.to_string().is_empty() && !error.hint().is_empty(), "{} without words", error.code());
}
