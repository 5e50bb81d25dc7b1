//! [`fuzz::bank_api`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::bank_api::run(bytes);
});
