//! [`fuzz::ledger_storage`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::ledger_storage::run(bytes);
});
