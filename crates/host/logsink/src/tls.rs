//! TLS towards receivers: whom to trust, and whom to be.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fault::{Fault, Result, Step};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// Files of certificates are no longer, in bytes.
const LONGEST: u64 = 16 << 20;

/// What a user says of TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tls {
    /// The only authorities to trust; the machine's where none are given.
    pub(crate) authorities: Option<PathBuf>,
    /// Our certificates and our key.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
    /// Whether anybody is trusted.
    pub(crate) trusts_all: bool,
    /// The name that the receiver must have, where it is not the one of its address.
    pub(crate) name: Option<String>,
}

impl Tls {
    /// The settings of connections. Reads files, so not for a thread that must not wait.
    pub(crate) fn config(&self) -> Result<ClientConfig> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier =
            Verifier { inner: self.verifier(&provider)?, provider: Arc::clone(&provider), name: self.name()? };
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().step("set up TLS")?;
        let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
        match &self.identity {
            None => Ok(builder.with_no_client_auth()),
            Some((certificates, key)) => {
                let pair = |why: String| Fault::invalid(format!("Could not load X509 key pair: {why}"));
                let chain = certificates_of(certificates).map_err(pair)?;
                let key = PrivateKeyDer::from_pem_slice(&read(key).map_err(pair)?);
                let key = key.map_err(|error| pair(error.to_string()))?;
                builder.with_client_auth_cert(chain, key).map_err(|error| pair(error.to_string()))
            }
        }
    }

    fn name(&self) -> Result<Option<ServerName<'static>>> {
        let parse =
            |name: &String| ServerName::try_from(name.clone()).step(format_args!("name of the receiver {name:?}"));
        self.name.as_ref().map(parse).transpose()
    }

    fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Option<Arc<WebPkiServerVerifier>>> {
        if self.trusts_all {
            return Ok(None);
        }
        let mut roots = RootCertStore::empty();
        match &self.authorities {
            None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
            Some(path) => {
                let wrong = |why: String| Fault::invalid(format!("could not read CA certificate {path:?}: {why}"));
                for certificate in certificates_of(path).map_err(wrong)? {
                    roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
                }
            }
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
        verifier.map(Some).step("set up TLS: no certificate authority is known")
    }
}

fn certificates_of(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = read(path)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err(format!("{} holds no certificate", path.display())),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let file = File::open(path).and_then(|file| BufReader::new(file).take(LONGEST).read_to_end(&mut text));
    file.map_err(|error| format!("open {}: {}", path.display(), crate::reason::reason(&error)))?;
    Ok(text)
}

/// Verifies as usual, but for the name where another is wanted, and for everything where nothing is.
#[derive(Debug)]
struct Verifier {
    inner: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    name: Option<ServerName<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let name = self.name.as_ref().unwrap_or(name);
        match &self.inner {
            Some(inner) => inner.verify_server_cert(certificate, chain, name, ocsp, now),
            None => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_missing_or_empty_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty");
        std::fs::write(&empty, "").unwrap();
        let authorities = |path: &Path| Tls { authorities: Some(path.to_owned()), ..Tls::default() };
        let message = |tls: &Tls| tls.config().unwrap_err().message().to_owned();
        assert_eq!(
            message(&authorities(Path::new("/nope"))),
            "could not read CA certificate \"/nope\": open /nope: no such file or directory"
        );
        assert!(message(&authorities(&empty)).contains("holds no certificate"));
        let identity = Some(("/nope".into(), "/nope".into()));
        assert_eq!(
            message(&Tls { identity, trusts_all: true, ..Tls::default() }),
            "Could not load X509 key pair: open /nope: no such file or directory"
        );
        assert!(Tls { trusts_all: true, ..Tls::default() }.config().is_ok());
    }
}
