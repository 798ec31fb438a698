//! The truthful answer to a request.

use super::contents::{Contents, StoredManifest};
use super::http::{Request, Response};

/// Answers a request of the distribution API. Ranges are honoured for blobs.
pub(super) fn respond(contents: &Contents, request: &Request) -> Response {
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return Response::error(405, "UNSUPPORTED", "the operation is unsupported");
    }
    let Some(path) = request.path.strip_prefix("/v2/") else {
        return Response::new(404, "text/plain; charset=utf-8", "404 page not found\n");
    };
    if path.is_empty() {
        return Response::json(200, serde_json::json!({}));
    }
    if let Some((repository, name)) = path.rsplit_once("/manifests/") {
        return match contents.manifests.get(&(repository.to_owned(), name.to_owned())) {
            Some(manifest) => serve_manifest(manifest),
            None => Response::error(404, "MANIFEST_UNKNOWN", "manifest unknown"),
        };
    }
    if let Some((_, digest)) = path.rsplit_once("/blobs/") {
        return match contents.blobs.get(digest) {
            Some(blob) => serve_blob(blob, request.header("range")).with("Docker-Content-Digest", digest),
            None => Response::error(404, "BLOB_UNKNOWN", "blob unknown to registry"),
        };
    }
    match path.strip_suffix("/tags/list").map(|repository| (repository, contents.tags(repository))) {
        Some((repository, Some(tags))) => serve_tags(repository, &tags, &request.query),
        Some(_) => Response::error(404, "NAME_UNKNOWN", "repository name not known to registry"),
        None => Response::new(404, "text/plain; charset=utf-8", "404 page not found\n"),
    }
}

fn serve_manifest(manifest: &StoredManifest) -> Response {
    Response::new(200, &manifest.media_type, manifest.bytes.clone())
        .with("Docker-Content-Digest", super::digest_of(&manifest.bytes).to_string())
}

fn serve_blob(blob: &[u8], range: Option<&str>) -> Response {
    let whole = Response::new(200, "application/octet-stream", blob);
    let Some((start, end)) =
        range.and_then(|range| range.strip_prefix("bytes=")).and_then(|range| range.split_once('-'))
    else {
        return whole;
    };
    let Ok(start) = start.parse::<usize>() else { return whole };
    let last = blob.len().saturating_sub(1);
    let end = end.parse::<usize>().map_or(last, |end| end.min(last));
    if start > end || start >= blob.len() {
        return Response::error(416, "RANGE_INVALID", "invalid content range");
    }
    Response::new(206, "application/octet-stream", &blob[start..=end])
        .with("Content-Range", format!("bytes {start}-{end}/{}", blob.len()))
}

/// Serves tags in pages when `n` is asked for, with a `Link` to the next one.
fn serve_tags(repository: &str, tags: &[&str], query: &str) -> Response {
    let parameter = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let start = parameter("last").map_or(0, |last| tags.iter().take_while(|tag| **tag <= last).count());
    let count = parameter("n").and_then(|n| n.parse().ok()).unwrap_or(tags.len());
    let page: Vec<&str> = tags.iter().skip(start).take(count).copied().collect();
    let response = Response::json(200, serde_json::json!({"name": repository, "tags": page}));
    match page.last() {
        Some(last) if start + page.len() < tags.len() => {
            response.with("Link", format!("</v2/{repository}/tags/list?last={last}&n={count}>; rel=\"next\""))
        }
        _ => response,
    }
}
