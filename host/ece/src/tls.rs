//! Certificates: whom we trust, and what was shown by one we do not.
//!
//! Trusted are the system's roots, the certificates of `ca_file`, and a server that shows exactly
//! one of the latter: many an ECE in a company has a certificate that it signed itself, which as a
//! root alone would be refused for being both. What is refused is remembered, so that `check` can
//! name the issuer to ask for.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;

use crate::certificate::{self, Names};

/// The last certificate that was refused.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RefusedCertificate {
    /// Of the server's own certificate; none if it could not be read.
    pub(crate) names: Option<Names>,
    /// Who signed the last certificate of the chain that the server sent: the one to ask for.
    pub(crate) root: Option<String>,
    /// Why.
    pub(crate) error: CertificateError,
}

/// Where the verifier leaves what it refused.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refusals(Arc<Mutex<Option<RefusedCertificate>>>);

impl Refusals {
    pub(crate) fn last(&self) -> Option<RefusedCertificate> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, refused: Option<RefusedCertificate>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = refused;
    }
}

/// Makes ring the process's cryptography, if nobody chose before.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    if CryptoProvider::get_default().is_none() {
        // Another thread may have been faster; then its choice stands.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()))
}

/// A TLS configuration that trusts the system and `ca_file`.
///
/// # Errors
/// `ca_file` holds no certificate, or one that cannot be read.
pub(crate) fn client_config(
    ca_file: Option<&[u8]>,
    refusals: Refusals,
) -> Result<ClientConfig, String> {
    let provider = provider();
    let extra = ca_file.map(certificates).transpose()?.unwrap_or_default();
    let verifier = Remembering {
        inner: system_and(extra.clone(), &provider)?,
        pinned: extra,
        schemes: provider
            .signature_verification_algorithms
            .supported_schemes(),
        provider: provider.clone(),
        refusals,
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(config)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(list) if !list.is_empty() => Ok(list),
        Ok(_) => Err(
            "ca_file holds no certificate; it begins with -----BEGIN CERTIFICATE-----".to_owned(),
        ),
        Err(error) => Err(format!("ca_file cannot be read as PEM: {error}")),
    }
}

/// None: the system has no roots at all and none were given, so nothing is trusted.
fn system_and(
    extra: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Verifier>, String> {
    let given = !extra.is_empty();
    match Verifier::new_with_extra_roots(extra, provider.clone()) {
        Ok(verifier) => Ok(Some(verifier)),
        Err(error) if given => Err(format!(
            "ca_file holds a certificate that cannot be used: {error}"
        )),
        Err(_) => Ok(None),
    }
}

#[derive(Debug)]
struct Remembering {
    inner: Option<Verifier>,
    pinned: Vec<CertificateDer<'static>>,
    schemes: Vec<SignatureScheme>,
    provider: Arc<CryptoProvider>,
    refusals: Refusals,
}

impl Remembering {
    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self
            .pinned
            .iter()
            .any(|pinned| pinned.as_ref() == end_entity.as_ref())
        {
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            return Ok(ServerCertVerified::assertion());
        }
        match &self.inner {
            Some(inner) => {
                inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
            None => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        }
    }
}

impl ServerCertVerifier for Remembering {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.verify(end_entity, intermediates, server_name, ocsp_response, now);
        if let Err(Error::InvalidCertificate(error)) = &verdict {
            let last = intermediates.last().unwrap_or(end_entity);
            self.refusals.set(Some(RefusedCertificate {
                names: certificate::names(end_entity),
                root: certificate::names(last).map(|names| names.issuer),
                error: error.clone(),
            }));
        } else {
            self.refusals.set(None);
        }
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}
