use super::{Algorithm, Key, KeyError, Material, ed25519, p256, refuse, rsa};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use spki::SubjectPublicKeyInfoRef;
use spki::der::asn1::UintRef;
use spki::der::oid::ObjectIdentifier;
use spki::der::{Decode, Reader, SliceReader};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The public keys (`BEGIN PUBLIC KEY`) of a PEM file, all of which have to be for this algorithm.
pub(super) fn read(text: &str, algorithm: Algorithm) -> Result<Vec<Key>, KeyError> {
    if text.contains("PRIVATE KEY-----") {
        return refuse("holds a private key: give the public half, made with: openssl pkey -in private.pem -pubout");
    }
    if text.contains("-----BEGIN RSA PUBLIC KEY-----") {
        return refuse("is in an old form (PKCS #1): convert it with: openssl rsa -RSAPublicKey_in -in old.pem -pubout");
    }
    if text.contains("-----BEGIN CERTIFICATE-----") {
        return refuse("is a certificate: give its public key, made with: openssl x509 -in certificate.pem -pubkey -noout");
    }
    let mut keys = Vec::new();
    for section in SubjectPublicKeyInfoDer::pem_slice_iter(text.as_bytes()) {
        let Ok(section) = section else { return refuse("holds damaged PEM") };
        keys.push(Key { kid: None, material: material(section.as_ref(), algorithm)? });
    }
    if keys.is_empty() {
        return refuse("holds no public key: it is PEM with -----BEGIN PUBLIC KEY-----, a JWK or a JWKS");
    }
    Ok(keys)
}

fn material(der: &[u8], algorithm: Algorithm) -> Result<Material, KeyError> {
    let Ok(info) = SubjectPublicKeyInfoRef::from_der(der) else { return refuse("holds a damaged public key") };
    let bytes = info.subject_public_key.raw_bytes();
    let curve = info.algorithm.parameters_oid().ok();
    let read = match (info.algorithm.oid, algorithm) {
        (RSA, Algorithm::Rs256 | Algorithm::Ps256) => return rsa_components(bytes),
        (EC, Algorithm::Es256) if curve == Some(P256) => match bytes.split_first() {
            Some((4, point)) if point.len() == 64 => p256(&point[..32], &point[32..]),
            _ => return refuse("holds a P-256 key in compressed form: convert it with: openssl ec -pubin -conv_form uncompressed"),
        },
        (ED25519, Algorithm::EdDsa) => ed25519(bytes),
        _ => None,
    };
    read.map_or_else(|| refuse(format!("holds a key that is not for {}", algorithm.name())), Ok)
}

/// RFC 8017 appendix A.1.1.
fn rsa_components(pkcs1: &[u8]) -> Result<Material, KeyError> {
    let read = SliceReader::new(pkcs1).and_then(|mut reader| {
        reader.sequence(|inside: &mut SliceReader<'_>| Ok::<_, spki::der::Error>((UintRef::decode(inside)?, UintRef::decode(inside)?)))
    });
    match read {
        Ok((n, e)) => rsa(n.as_bytes(), e.as_bytes()),
        Err(_) => refuse("holds a damaged RSA key"),
    }
}
