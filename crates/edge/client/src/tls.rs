//! Encryption of a TCP endpoint, and Go's words for what goes wrong with it.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, InconsistentKeys, RootCertStore,
};
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Where the machine's authorities are, in Go's order.
const SYSTEM_ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Texts of PEM files; what is absent is not used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificates {
    /// Authorities of the daemon; the machine's when absent.
    pub ca: Option<Vec<u8>>,
    /// Our certificate.
    pub cert: Option<Vec<u8>>,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Take any certificate of the daemon.
    pub skip_verify: bool,
}

/// Certificates that cannot be used; the texts are docker's.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TlsError {
    /// No certificate in `ca.pem`.
    #[error("failed to retrieve context tls info: ca.pem seems invalid")]
    Ca,
    /// Certificate and key are of no use.
    #[error("failed to retrieve context tls info: tls: {0}")]
    Pair(String),
}

/// How to encrypt.
#[derive(Clone)]
pub struct Tls {
    connector: TlsConnector,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// Reads the certificates.
    pub fn new(certificates: &Certificates) -> Result<Tls, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Pair(error.to_string()))?;
        let roots = roots(certificates.ca.as_deref())?;
        let builder = match certificates.skip_verify {
            true => builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider))),
            false => builder.with_root_certificates(roots),
        };
        let config = match pair(certificates)? {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => {
                builder.with_client_auth_cert(chain, key).map_err(|error| TlsError::Pair(pair_words(&error)))?
            }
        };
        Ok(Tls { connector: TlsConnector::from(Arc::new(config)) })
    }

    /// Goes through the handshake with the host of `authority`.
    pub(crate) async fn wrap(&self, stream: TcpStream, authority: &str) -> io::Result<TlsStream<TcpStream>> {
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host.clone())
            .map_err(|_| io::Error::other(format!("tls: {host:?} is not a name that a certificate can have")))?;
        self.connector.connect(name, stream).await
    }
}

/// An absent file means the machine's authorities; one that holds none is an error.
fn roots(ca: Option<&[u8]>) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    let mut add = |text: &[u8]| store.add_parsable_certificates(CertificateDer::pem_slice_iter(text).flatten()).0;
    match ca {
        Some(text) if add(text) == 0 => return Err(TlsError::Ca),
        Some(_) => {}
        None => {
            let own = std::env::var("SSL_CERT_FILE").ok().filter(|path| !path.is_empty());
            let places = own.as_deref().into_iter().chain(SYSTEM_ROOTS);
            let _ = places.filter_map(|path| std::fs::read(path).ok()).map(|text| add(&text)).next();
        }
    }
    Ok(store)
}

type Pair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Docker's client looks at the pair only where there is a key.
fn pair(certificates: &Certificates) -> Result<Option<Pair>, TlsError> {
    let Some(key) = &certificates.key else { return Ok(None) };
    let wrong = |text: &str| TlsError::Pair(text.to_owned());
    let cert = certificates.cert.as_deref().unwrap_or_default();
    let chain: Vec<_> = CertificateDer::pem_slice_iter(cert).flatten().collect();
    if chain.is_empty() {
        return Err(wrong(match PrivateKeyDer::from_pem_slice(cert) {
            Ok(_) => {
                "failed to find certificate PEM data in certificate input, but did find a private key; \
                 PEM inputs may have been switched"
            }
            Err(_) => "failed to find any PEM data in certificate input",
        }));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| wrong("failed to find any PEM data in key input"))?;
    Ok(Some((chain, key)))
}

fn pair_words(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            "private key does not match public key".into()
        }
        other => other.to_string(),
    }
}

/// What failed on the way, in Go's words; the first is whether the daemon wanted a certificate of ours.
pub(crate) fn words(error: &rustls::Error) -> (bool, String) {
    match error {
        rustls::Error::InvalidCertificate(reason) => {
            (false, format!("tls: failed to verify certificate: x509: {}", certificate_words(reason)))
        }
        rustls::Error::InvalidMessage(_) => (false, "http: server gave HTTP response to HTTPS client".into()),
        rustls::Error::AlertReceived(alert) => {
            let wanted = matches!(
                alert,
                AlertDescription::CertificateRequired
                    | AlertDescription::BadCertificate
                    | AlertDescription::UnknownCA
                    | AlertDescription::CertificateUnknown
            );
            (wanted, format!("remote error: tls: {}", alert_words(*alert)))
        }
        other => (false, format!("tls: {other}")),
    }
}

/// Go prints alerts as the standard names them (RFC 8446, section 6), with blanks.
fn alert_words(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::UnknownCA => "unknown certificate authority".into(),
        AlertDescription::CertificateUnknown => "unknown certificate".into(),
        AlertDescription::HandshakeFailure => "handshake failure".into(),
        other => {
            let mut text = String::new();
            for letter in format!("{other:?}").chars() {
                if letter.is_ascii_uppercase() && !text.is_empty() {
                    text.push(' ');
                }
                text.push(letter.to_ascii_lowercase());
            }
            text
        }
    }
}

fn certificate_words(reason: &CertificateError) -> String {
    match reason {
        // An authority of the same name and another key is unknown as well.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "certificate signed by unknown authority".into()
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => "certificate has expired or is not yet valid".into(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let inner = |text: &String| {
                let inside = text.split_once('(').map_or(&**text, |(_, inside)| inside.trim_end_matches(')'));
                inside.trim_matches('"').to_owned()
            };
            let names: Vec<String> = presented.iter().map(inner).collect();
            format!("certificate is valid for {}, not {}", names.join(", "), expected.to_str())
        }
        CertificateError::NotValidForName => "certificate is not valid for the host's name".into(),
        other => other.to_string(),
    }
}

/// `--tls` without `--tlsverify`: encrypts, and believes whoever answers.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> (Vec<u8>, Vec<u8>) {
        let made = rcgen::generate_simple_self_signed(["h".to_owned()]).unwrap();
        (made.cert.pem().into(), made.signing_key.serialize_pem().into())
    }

    fn refusal(certificates: Certificates) -> String {
        Tls::new(&certificates).unwrap_err().to_string()
    }

    #[test]
    fn files_that_fit_nowhere_are_refused_in_dockers_words() {
        let (cert, key) = made();
        let base = "failed to retrieve context tls info: ";
        assert!(Tls::new(&Certificates { ca: Some(cert.clone()), ..Certificates::default() }).is_ok());
        for bad in [&key[..], b"", b"-----BEGIN CERTIFICATE-----\n"] {
            let refused = refusal(Certificates { ca: Some(bad.to_vec()), ..Certificates::default() });
            assert_eq!(refused, format!("{base}ca.pem seems invalid"));
        }
        let with = |cert: &[u8], key: &[u8]| Certificates {
            ca: Some(made().0),
            cert: Some(cert.to_vec()),
            key: Some(key.to_vec()),
            skip_verify: false,
        };
        assert!(Tls::new(&with(&cert, &key)).is_ok());
        assert_eq!(refusal(with(&cert, &made().1)), format!("{base}tls: private key does not match public key"));
        assert!(refusal(with(&key, &key)).contains("PEM inputs may have been switched"));
        assert!(refusal(with(b"x", &key)).contains("failed to find any PEM data in certificate input"));
        assert!(refusal(with(&cert, b"x")).contains("failed to find any PEM data in key input"));
    }

    #[test]
    fn alerts_have_gos_words() {
        let alert = |alert| words(&rustls::Error::AlertReceived(alert));
        assert_eq!(
            alert(AlertDescription::CertificateRequired),
            (true, "remote error: tls: certificate required".into())
        );
        assert_eq!(alert(AlertDescription::BadCertificate), (true, "remote error: tls: bad certificate".into()));
        assert_eq!(alert(AlertDescription::ProtocolVersion), (false, "remote error: tls: protocol version".into()));
    }

    #[test]
    fn the_names_of_a_certificate_are_told() {
        let reason = CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("other").unwrap(),
            presented: vec!["DnsName(\"localhost\")".into(), "IpAddress(127.0.0.1)".into()],
        };
        assert_eq!(certificate_words(&reason), "certificate is valid for localhost, 127.0.0.1, not other");
    }
}
