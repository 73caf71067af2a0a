//! Encryption to the server, and whether it is the one that was meant.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Whom to believe, from nobody asked to everything checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trust {
    /// No encryption.
    None,
    /// Encryption when the server has it.
    Prefer,
    /// Encryption, with whoever answers.
    Anyone,
    /// Who answers has a certificate by the authority in this file.
    Authority(PathBuf),
    /// Its certificate is also for the host that was asked for. No file: the authorities that this machine trusts.
    Name(Option<PathBuf>),
}

pub(super) fn connector(trust: &Trust) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let check = match trust {
        Trust::None | Trust::Prefer | Trust::Anyone => Check::Nothing,
        Trust::Authority(file) => Check::Authority(Authorities::of_file(file)?),
        Trust::Name(Some(file)) => Check::Name(Authorities::of_file(file)?),
        Trust::Name(None) => Check::Name(Authorities::of_this_machine()?),
    };
    let verifier = Arc::new(Verifier { check, provider: provider.clone() });
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.map_err(|error| format!("needs TLS, which does not work here: {error}"))?;
    let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    // Servers that are spoken to without a word before TLS (sslnegotiation=direct) insist on it.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(MakeRustlsConnect::new(config))
}

#[derive(Debug)]
struct Authorities {
    roots: RootCertStore,
    /// A server whose own certificate is in the file is believed: servers with one that they signed themselves are common.
    known: Vec<CertificateDer<'static>>,
}

impl Authorities {
    fn of_file(path: &Path) -> Result<Self, String> {
        let cannot = |error: &dyn std::fmt::Display| {
            format!("has sslrootcert={}, which cannot be read: {error}", path.display())
        };
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| cannot(&error))?;
        let known: Vec<_> = certificates.collect::<Result<_, _>>().map_err(|error| cannot(&error))?;
        if known.is_empty() {
            return Err(cannot(&"it holds no certificate"));
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(known.iter().cloned());
        Ok(Self { roots, known })
    }

    fn of_this_machine() -> Result<Self, String> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        match roots.is_empty() {
            true => Err("wants a certificate that this machine trusts, and it trusts none; \
                         install ca-certificates, or name a file with sslrootcert=PATH"
                .to_owned()),
            false => Ok(Self { roots, known: vec![] }),
        }
    }
}

#[derive(Debug)]
enum Check {
    Nothing,
    Authority(Authorities),
    Name(Authorities),
}

#[derive(Debug)]
struct Verifier {
    check: Check,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let (authorities, name) = match &self.check {
            Check::Nothing => return Ok(ServerCertVerified::assertion()),
            Check::Authority(authorities) => (authorities, None),
            Check::Name(authorities) => (authorities, Some(server_name)),
        };
        let certificate = ParsedCertificate::try_from(end_entity)?;
        if !authorities.known.contains(end_entity) {
            let algorithms = self.provider.signature_verification_algorithms.all;
            let roots = &authorities.roots;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms)?;
        }
        if let Some(name) = name {
            verify_server_name(&certificate, name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
