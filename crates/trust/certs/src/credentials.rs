//! A certificate with its key.

use std::fmt;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::{CertsError, files};

/// A certificate, those that lead to its authority, and its private key.
pub struct Credentials {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Clone for Credentials {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

/// Without the key.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({} certificates)", self.chain.len())
    }
}

impl Credentials {
    /// Reads PEM: the certificates, the own one first, and the key.
    ///
    /// Errors: [`CertsError::Certificate`], [`CertsError::Key`].
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, CertsError> {
        let chain = certificates_in(certificates, "certificate file")?;
        let key = PrivateKeyDer::from_pem_slice(key);
        let key = key.map_err(|_| CertsError::Key { what: "key file" })?;
        Ok(Self { chain, key })
    }

    /// Reads two PEM files.
    ///
    /// Errors: those of [`Credentials::from_pem`], and [`CertsError::File`].
    pub fn read(certificates: &Path, key: &Path) -> Result<Self, CertsError> {
        Self::from_pem(&files::read(certificates)?, &files::read(key)?)
    }
}

fn certificates_in(pem: &[u8], what: &'static str) -> Result<Vec<CertificateDer<'static>>, CertsError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    all.ok().filter(|all| !all.is_empty()).ok_or(CertsError::Certificate { what })
}

/// The authorities in a PEM file.
pub(crate) fn authorities(pem: &[u8]) -> Result<RootCertStore, CertsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates_in(pem, "authority's file")? {
        roots.add(certificate).map_err(|error| CertsError::Unusable(Box::new(error)))?;
    }
    Ok(roots)
}
