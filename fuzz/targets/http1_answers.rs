#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| twinchat_proxy::fuzzing::http1_answers(data));
