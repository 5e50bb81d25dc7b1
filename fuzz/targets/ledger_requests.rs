//! [`fuzz::ledger_requests`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::ledger_requests::run(bytes);
});
