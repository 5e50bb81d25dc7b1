//! TLS 1.3 with certificates on both sides.

use std::fmt;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme,
};

use crate::credentials::authorities;
use crate::{CertsError, Credentials};

/// Whether the owner of a certificate, in DER and trusted already, may enter.
pub type Admit = Arc<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// Lets in whoever shows a certificate of the authority and is admitted.
struct Doorkeeper {
    verifier: Arc<dyn ClientCertVerifier>,
    admit: Admit,
}

impl fmt::Debug for Doorkeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.verifier.fmt(f)
    }
}

impl ClientCertVerifier for Doorkeeper {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self.verifier.verify_client_cert(end_entity, intermediates, now)?;
        if (self.admit)(end_entity) {
            Ok(verified)
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn unusable(error: impl std::error::Error + Send + Sync + 'static) -> CertsError {
    CertsError::Unusable(Box::new(error))
}

/// A server that shows `credentials` and lets in only clients with a certificate of `client_authority`, in PEM, that
/// `admit` agrees to. Sessions are not resumed: `admit` is asked on every connection.
///
/// Errors: [`CertsError::Certificate`], [`CertsError::Unusable`].
pub fn server_config(
    credentials: Credentials,
    client_authority: &[u8],
    admit: Admit,
) -> Result<Arc<ServerConfig>, CertsError> {
    let roots = Arc::new(authorities(client_authority)?);
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots, provider()).build().map_err(unusable)?;
    let builder = ServerConfig::builder_with_provider(provider());
    let mut config = builder
        .with_protocol_versions(&[&TLS13])
        .map_err(unusable)?
        .with_client_cert_verifier(Arc::new(Doorkeeper { verifier, admit }))
        .with_single_cert(credentials.chain, credentials.key)
        .map_err(unusable)?;
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Arc::new(config))
}

/// A client that shows `credentials` and talks only to servers with a certificate of `server_authority`, in PEM, for the
/// name it connects to.
///
/// Errors: [`CertsError::Certificate`], [`CertsError::Unusable`].
pub fn client_config(
    credentials: Credentials,
    server_authority: &[u8],
) -> Result<Arc<ClientConfig>, CertsError> {
    let builder = ClientConfig::builder_with_provider(provider());
    let mut config = builder
        .with_protocol_versions(&[&TLS13])
        .map_err(unusable)?
        .with_root_certificates(authorities(server_authority)?)
        .with_client_auth_cert(credentials.chain, credentials.key)
        .map_err(unusable)?;
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}
