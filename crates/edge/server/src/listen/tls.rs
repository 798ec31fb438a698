//! Encrypted TCP: `--tls`, `--tlsverify`.
//!
//! ```text
//! accept ─► first byte ─┬─ a letter: plain HTTP, told so and closed
//!                       └─ else: handshake ─► HTTP/1.1 inside
//! ```
//!
//! Clients must show a certificate of the authority `ca.pem`, as dockerd asks for it with `--tls` alone too; only
//! `--tlsverify=false` lets everyone in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{InconsistentKeys, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a plain client may take to notice that it is answered.
const LINGER: Duration = Duration::from_millis(500);

/// The files behind encrypted TCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Certificates of the authorities whose clients are let in.
    pub ca: PathBuf,
    /// Our certificate, with what leads to its authority.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Whether clients must show a certificate.
    pub verify: bool,
}

/// The files cannot be used. The texts are dockerd's.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The authorities cannot be read.
    #[error("could not read CA certificate {path:?}: open {}: {}", path.display(), words(source))]
    ReadCa {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no certificate among them.
    #[error("failed to append certificates from PEM file: {0:?}")]
    NoCa(PathBuf),
    /// One of them is not fit for an authority.
    #[error("use the authorities of {path:?}: {cause}")]
    BadCa {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: VerifierBuilderError,
    },
    /// Certificate or key cannot be read.
    #[error("Could not load X509 key pair (cert: {cert:?}, key: {key:?}): open {}: {}", path.display(), words(source))]
    ReadPair {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// The one that cannot be read.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Certificate and key are of no use.
    #[error("Error reading X509 key pair (cert: {cert:?}, key: {key:?}): {cause}. Make sure the key is not encrypted.")]
    Pair {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        cause: String,
    },
}

/// The system's words without its number.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

/// What every encrypted listener has.
#[derive(Clone)]
pub(crate) struct Door {
    acceptor: TlsAcceptor,
    verify: bool,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").field("verify", &self.verify).finish_non_exhaustive()
    }
}

impl Door {
    /// Reads the files.
    pub(super) fn open(files: &Tls) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| pair_error(files, &error))?;
        let builder = match files.verify {
            true => {
                let verifier = WebPkiClientVerifier::builder_with_provider(authorities(&files.ca)?, provider).build();
                let cause = |cause| TlsError::BadCa { path: files.ca.clone(), cause };
                builder.with_client_cert_verifier(verifier.map_err(cause)?)
            }
            false => builder.with_no_client_auth(),
        };
        let (chain, key) = pair(files)?;
        let mut config = builder.with_single_cert(chain, key).map_err(|error| pair_error(files, &error))?;
        // As dockerd: attach and exec take over connections, which HTTP/2 has not.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), verify: files.verify })
    }

    pub(super) fn asks_for_certificates(&self) -> bool {
        self.verify
    }

    /// Goes through the handshake within `deadline`.
    pub(crate) async fn welcome(&self, stream: TcpStream, deadline: Duration) -> Option<TlsStream<TcpStream>> {
        let handshake = async {
            let mut first = [0];
            if stream.peek(&mut first).await? == 1 && first[0].is_ascii_uppercase() {
                tell_plain_client(stream).await;
                return Err(io::Error::other("the client spoke plain HTTP"));
            }
            self.acceptor.accept(stream).await
        };
        match timeout(deadline, handshake).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                tracing::debug!(%error, "TLS handshake failed");
                None
            }
            Err(_) => None,
        }
    }
}

/// Go's answer to plain HTTP at an encrypted port, which Docker's users know.
async fn tell_plain_client(mut stream: TcpStream) {
    const ANSWER: &[u8] = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    if stream.write_all(ANSWER).await.is_err() || stream.shutdown().await.is_err() {
        return;
    }
    // Closed with its request unread, the connection would be reset before the client has read the answer.
    let drain = async {
        let mut chunk = [0; 4096];
        while stream.read(&mut chunk).await.is_ok_and(|length| length > 0) {}
    };
    let _ = timeout(LINGER, drain).await;
}

fn authorities(path: &Path) -> Result<Arc<RootCertStore>, TlsError> {
    let text = fs::read(path).map_err(|source| TlsError::ReadCa { path: path.to_owned(), source })?;
    let mut store = RootCertStore::empty();
    let (taken, _) = store.add_parsable_certificates(CertificateDer::pem_slice_iter(&text).flatten());
    if taken == 0 { Err(TlsError::NoCa(path.to_owned())) } else { Ok(Arc::new(store)) }
}

type Pair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn pair(files: &Tls) -> Result<Pair, TlsError> {
    let read = |path: &Path| {
        fs::read(path).map_err(|source| TlsError::ReadPair {
            cert: files.cert.clone(),
            key: files.key.clone(),
            path: path.to_owned(),
            source,
        })
    };
    let (cert, key) = (read(&files.cert)?, read(&files.key)?);
    let wrong = |cause: String| TlsError::Pair {
        cert: files.cert.clone(),
        key: files.key.clone(),
        cause: format!("tls: {cause}"),
    };
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&cert)
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(format!("failed to parse certificate PEM data: {error}")))?;
    if chain.is_empty() {
        return Err(wrong("failed to find any PEM data in certificate input".into()));
    }
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| match error {
        pem::Error::NoItemsFound => wrong("failed to find any PEM data in key input".into()),
        error => wrong(format!("failed to parse private key: {error}")),
    })?;
    Ok((chain, key))
}

fn pair_error(files: &Tls, error: &rustls::Error) -> TlsError {
    let cause = match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            "tls: private key does not match public key".to_owned()
        }
        error => format!("tls: {error}"),
    };
    TlsError::Pair { cert: files.cert.clone(), key: files.key.clone(), cause }
}
