//! The file of certificates to trust: PEM as editors and other systems leave it, or
//! one certificate in DER.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use ureq::tls::{Certificate, PemItem};

/// Reads the certificates; an error says what is wrong with the file.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Certificate<'static>>, String> {
    const BEGIN: &str = "-----BEGIN ";
    let Some(text) = text(bytes) else {
        // DER begins with a SEQUENCE; it has no text.
        return Ok(vec![checked(bytes, 1)?]);
    };
    let text: String = text.lines().flat_map(|line| [line.trim(), "\n"]).collect();
    let labels: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix(BEGIN)?.strip_suffix("-----"))
        .collect();
    let mut found = Vec::new();
    for item in ureq::tls::parse_pem(text.as_bytes()) {
        match item {
            Ok(PemItem::Certificate(certificate)) => {
                found.push(checked(certificate.der(), found.len() + 1)?);
            }
            Ok(_) => {}
            Err(_) if ends(&text) < labels.len() => {
                return Err(
                    "is cut off: a block of it has no end line (-----END …-----)".to_owned(),
                );
            }
            Err(_) => return Err("is damaged: a block of it is no base64".to_owned()),
        }
    }
    match (found.is_empty(), labels.first()) {
        (false, _) => Ok(found),
        (true, Some(&"TRUSTED CERTIFICATE")) => Err(
            "has certificates in OpenSSL's own form (TRUSTED CERTIFICATE); write them as plain \
             ones: openssl x509 -in FILE -out NEW"
                .to_owned(),
        ),
        (true, Some(label)) => Err(format!(
            "has no certificate in it, but {label}; expected is -----BEGIN CERTIFICATE-----"
        )),
        (true, None) => Err(
            "has no certificate in it; expected is PEM, -----BEGIN CERTIFICATE-----, or one \
             certificate in DER"
                .to_owned(),
        ),
    }
}

fn ends(text: &str) -> usize {
    let ends = text.lines().filter(|line| line.starts_with("-----END "));
    ends.count()
}

/// As text, without a byte order mark; UTF-16 by its mark. `None`: DER.
fn text(bytes: &[u8]) -> Option<String> {
    let units = |of: fn([u8; 2]) -> u16| {
        let (pairs, _) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().skip(1).map(|pair| of(*pair)).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xFF, 0xFE, ..] => Some(units(u16::from_le_bytes)),
        [0xFE, 0xFF, ..] => Some(units(u16::from_be_bytes)),
        [0x30, 0x80..=0x84, ..] => None,
        [0xEF, 0xBB, 0xBF, rest @ ..] => Some(String::from_utf8_lossy(rest).into_owned()),
        _ => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// One that can be trusted: else every connection would fail, and say to name it.
fn checked(der: &[u8], number: usize) -> Result<Certificate<'static>, String> {
    RootCertStore::empty()
        .add(CertificateDer::from(der))
        .map_err(|_| format!("is damaged: certificate {number} of it is none"))?;
    Ok(Certificate::from_der(der).to_owned())
}
