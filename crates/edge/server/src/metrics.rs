//! Serves what the daemon counts, for collectors that come by and ask: `--metrics-addr`.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// The text's format: OpenMetrics 1.0, section "Overall Structure".
const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Collectors are few.
const CONNECTIONS: usize = 32;
/// How long a collector may take for its request, and how long a connection may last.
const HEAD: Duration = Duration::from_secs(10);
const LIFE: Duration = Duration::from_secs(600);
/// How long accepting rests after an error.
const REST: Duration = Duration::from_millis(100);

/// Listens for collectors at `host:port`.
///
/// # Errors
/// The address cannot be listened on.
pub async fn listen_for_metrics(address: &str) -> std::io::Result<TcpListener> {
    let address = address.strip_prefix(':').map_or_else(|| address.to_owned(), |port| format!("0.0.0.0:{port}"));
    TcpListener::bind(address).await
}

/// Answers `GET /metrics` with what `text` gives, for ever.
pub async fn serve_metrics(listener: TcpListener, text: impl Fn() -> String + Send + Sync + 'static) {
    let (text, places) = (Arc::new(text), Arc::new(Semaphore::new(CONNECTIONS)));
    loop {
        // Closed never: it lives as long as this loop.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let text = Arc::clone(&text);
                tokio::spawn(async move {
                    // Whoever stays longer comes again.
                    let _ = timeout(LIFE, connection(stream, text)).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a collector of metrics could not be let in");
                sleep(REST).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, text: Arc<impl Fn() -> String + Send + Sync + 'static>) {
    let service = service_fn(move |request| {
        let text = Arc::clone(&text);
        async move { Ok::<_, Infallible>(answer(&request, &*text)) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "a collector's connection ended");
    }
}

fn answer(request: &Request<Incoming>, text: &impl Fn() -> String) -> Response<Full<Bytes>> {
    let (status, format, body) = match (request.uri().path(), request.method()) {
        ("/metrics", &Method::GET | &Method::HEAD) => (StatusCode::OK, FORMAT, text()),
        ("/metrics", _) => (StatusCode::METHOD_NOT_ALLOWED, "text/plain", "Method Not Allowed\n".into()),
        _ => (StatusCode::NOT_FOUND, "text/plain", "404 page not found\n".into()),
    };
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(format));
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn ask(port: u16, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let head = format!("{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn collectors_get_the_text_and_others_nothing() {
        let listener = listen_for_metrics("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let served = tokio::spawn(serve_metrics(listener, || "a 1\n# EOF\n".into()));
        let answer = ask(port, "GET /metrics").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\na 1\n# EOF\n"), "{answer}");
        assert!(answer.contains(FORMAT), "{answer}");
        assert!(ask(port, "GET /containers/json").await.starts_with("HTTP/1.1 404"));
        assert!(ask(port, "POST /metrics").await.starts_with("HTTP/1.1 405"));
        assert!(listen_for_metrics(&format!("127.0.0.1:{port}")).await.is_err());
        served.abort();
    }
}
