//! [`fuzz::access_rules`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::access_rules::run(bytes);
});
