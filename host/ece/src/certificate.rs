//! The two names inside a certificate: whom it is for, who signed it.
//!
//! In: DER. Out: names as people write them (`CN=…, O=…`). Everything else in a certificate is
//! rustls's business; what cannot be read gives `None`, never an error, for the names are only shown.

/// Whom a certificate is for, and who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) subject: String,
    pub(crate) issuer: String,
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_ID: u8 = 0x06;
const EXPLICIT_VERSION: u8 = 0xa0;
const BMP_STRING: u8 = 0x1e;

/// Reads both names (RFC 5280, 4.1).
pub(crate) fn names(der: &[u8]) -> Option<Names> {
    let certificate = Reader(der).take(SEQUENCE)?;
    let mut body = Reader(Reader(certificate).take(SEQUENCE)?);
    if body.peek()? == EXPLICIT_VERSION {
        body.next()?;
    }
    let _serial = body.next()?;
    let _signature_algorithm = body.next()?;
    let issuer = body.take(SEQUENCE)?;
    let _validity = body.next()?;
    let subject = body.take(SEQUENCE)?;
    Some(Names {
        subject: name(subject)?,
        issuer: name(issuer)?,
    })
}

fn name(der: &[u8]) -> Option<String> {
    let mut parts = Vec::new();
    let mut sets = Reader(der);
    while !sets.0.is_empty() {
        let mut entries = Reader(sets.take(SET)?);
        while !entries.0.is_empty() {
            let mut entry = Reader(entries.take(SEQUENCE)?);
            let id = entry.take(OBJECT_ID)?;
            let (tag, value) = entry.next()?;
            parts.extend(label(id).map(|label| format!("{label}={}", text(tag, value))));
        }
    }
    Some(parts.join(", "))
}

/// The usual letters of the attributes that tell people something (RFC 4514).
fn label(id: &[u8]) -> Option<&'static str> {
    match id {
        [0x55, 0x04, 0x03] => Some("CN"),
        [0x55, 0x04, 0x06] => Some("C"),
        [0x55, 0x04, 0x07] => Some("L"),
        [0x55, 0x04, 0x08] => Some("ST"),
        [0x55, 0x04, 0x0a] => Some("O"),
        [0x55, 0x04, 0x0b] => Some("OU"),
        _ => None,
    }
}

fn text(tag: u8, value: &[u8]) -> String {
    if tag == BMP_STRING {
        let units: Vec<u16> = value
            .chunks_exact(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect();
        return String::from_utf16_lossy(&units);
    }
    String::from_utf8_lossy(value).into_owned()
}

/// Reads tag, length, value; nothing beyond the slice.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, value) = self.next()?;
        (found == tag).then_some(value)
    }

    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let mut length = usize::from(first);
        if first & 0x80 != 0 {
            let (bytes, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
            if bytes.len() > 4 {
                return None;
            }
            length = bytes
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte));
            rest = after;
        }
        let (value, after) = rest.split_at_checked(length)?;
        self.0 = after;
        Some((tag, value))
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    use super::*;

    #[test]
    fn both_names_are_read() {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority
            .distinguished_name
            .push(DnType::CommonName, "Corp Röt CA");
        authority
            .distinguished_name
            .push(DnType::OrganizationName, "Example AG");
        let authority = Issuer::new(authority, KeyPair::generate().unwrap());
        let mut server = CertificateParams::new(vec!["ece.corp".to_owned()]).unwrap();
        server
            .distinguished_name
            .push(DnType::CommonName, "ece.corp");
        let signed = server
            .signed_by(&KeyPair::generate().unwrap(), &authority)
            .unwrap();
        let names = names(signed.der()).unwrap();
        assert!(names.issuer.contains("CN=Corp Röt CA"), "{}", names.issuer);
        assert!(names.issuer.contains("O=Example AG"), "{}", names.issuer);
        assert!(names.subject.contains("CN=ece.corp"), "{}", names.subject);
    }

    #[test]
    fn a_cut_or_foreign_text_is_no_certificate() {
        let key = KeyPair::generate().unwrap();
        let whole = CertificateParams::new(vec!["a.b".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        for end in 0..60 {
            assert_eq!(names(&whole.der()[..end]), None);
        }
        assert_eq!(names(b"-----BEGIN CERTIFICATE-----"), None);
        assert_eq!(names(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
