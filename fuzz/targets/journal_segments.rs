//! [`fuzz::journal_segments`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::journal_segments::run(bytes);
});
