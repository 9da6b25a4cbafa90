use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Of "Example Authority", good for a hundred years.
const CERTIFICATE: &str = "MIIBwjCCAWmgAwIBAgIUFDsWen+RGVvJ/A6uCslEyz33zV8wCgYIKoZIzj0EAwIwNjEaMBgGA1UECgwRRXhhbXBsZSBBdXRob3JpdHkxGDAWBgNVBAMMD2Fw\
     aS5leGFtcGxlLmNvbTAgFw0yNjExMjEwNzQ0MjFaGA8yMTI2MTAyODA3NDQyMVowNjEaMBgGA1UECgwRRXhhbXBsZSBBdXRob3JpdHkxGDAWBgNVBAMMD2Fw\
     aS5leGFtcGxlLmNvbTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMxr+E+XJatSZrD8XnIulIKiBIe5OJQKe/8PT36Y/SXB0cR8pf9JGhR2f8e/qrvMJMeW\
     +bzWd+JEZzb0SYwexeejUzBRMB0GA1UdDgQWBBTZfK1mq5uOLpHmk6tK+C/A4GAvBjAfBgNVHSMEGDAWgBTZfK1mq5uOLpHmk6tK+C/A4GAvBjAPBgNVHRMB\
     Af8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIFiniD2WaCr5lZLYXpngO6Dv1WeQ98lf8+594OsaBSV1AiA3+8BSazX0HhFkPrzyCZz2c8yoeoYnK+yDq8rh\
     YW3mcg==";

#[test]
fn a_certificate_is_described_by_its_issuer_and_its_end() {
    let der = STANDARD.decode(CERTIFICATE).unwrap();
    let (seen, left) = certificate::described(&der, 1_800_000_000).unwrap();
    assert!(seen.starts_with("issued by Example Authority, good until 21") && left > 0, "{seen}");
    assert_eq!(certificate::described(b"no certificate", 0), None);
}
