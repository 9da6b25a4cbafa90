#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| twinchat_proxy::fuzzing::kamimind_stream(data));
