//! [`fuzz::ledger_queries`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::ledger_queries::run(bytes);
});
