//! [`fuzz::client_protocol`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::client_protocol::run(bytes);
});
