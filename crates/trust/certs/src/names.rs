//! Who a certificate is for, and until when.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

use crate::CertsError;

/// The names in a certificate, and its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Alternative names that are URIs.
    pub uris: Vec<String>,
    /// Alternative names that are DNS names.
    pub dns: Vec<String>,
    /// Common names of the subject.
    pub common: Vec<String>,
    /// The last second of its validity, since 1970.
    pub not_after_s: u64,
}

impl Names {
    /// Reads the first certificate in a PEM file.
    ///
    /// Errors: [`CertsError::Certificate`].
    pub fn of_pem(pem: &[u8]) -> Result<Self, CertsError> {
        let certificate = CertificateDer::from_pem_slice(pem);
        Self::of(&certificate.map_err(|_| CertsError::Certificate { what: "file" })?)
    }

    /// Reads a certificate in DER. Whether it can be trusted is not asked here.
    ///
    /// Errors: [`CertsError::Certificate`].
    pub fn of(certificate: &[u8]) -> Result<Self, CertsError> {
        let unreadable = || CertsError::Certificate { what: "bytes that a client sent" };
        let (_, certificate) = x509_parser::parse_x509_certificate(certificate).map_err(|_| unreadable())?;
        let mut names = Self {
            not_after_s: u64::try_from(certificate.validity().not_after.timestamp()).unwrap_or(0),
            ..Self::default()
        };
        for name in alternatives(&certificate).map_err(|()| unreadable())? {
            match name {
                GeneralName::URI(uri) => names.uris.push((*uri).to_owned()),
                GeneralName::DNSName(dns) => names.dns.push((*dns).to_owned()),
                _ => {}
            }
        }
        for name in certificate.subject().iter_common_name() {
            names.common.push(name.as_str().map_err(|_| unreadable())?.to_owned());
        }
        Ok(names)
    }
}

fn alternatives<'a>(certificate: &'a X509Certificate<'_>) -> Result<&'a [GeneralName<'a>], ()> {
    let found = certificate.subject_alternative_name().map_err(|_| ())?;
    Ok(found.map_or(&[], |extension| &extension.value.general_names))
}
