//! The web console's files, inside the binary.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode};

use crate::error::{ConsoleError, cut};

/// A file of the built console.
struct Asset {
    /// Relative to the site's root, without a slash at the start.
    path: &'static str,
    media_type: &'static str,
    /// A strong entity tag with its quotes: the SHA-256 of the bytes.
    etag: &'static str,
    bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

const INDEX: &str = "index.html";
/// Vite puts a digest of the content into the names of what lies here.
const HASHED_DIR: &str = "assets/";
/// What is shown in place of a console that is not there.
const MISSING_PAGE: &str = include_str!("missing.html");

/// Whether the web console was built before this binary and is in it. Without it the API works and `/` says how to add
/// the console.
pub fn has_web_console() -> bool {
    ASSETS.iter().any(|asset| asset.path == INDEX)
}

/// Answers a request for a file or a page of the console.
pub(crate) fn answer(method: &Method, path: &str, headers: &HeaderMap) -> Response {
    answer_from(ASSETS, method, path, headers)
}

fn answer_from(assets: &[Asset], method: &Method, path: &str, headers: &HeaderMap) -> Response {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return ConsoleError::Method { method: cut(method.as_str()) }.into_response();
    }
    let mut response = match find(assets, path) {
        Found::File(asset) => file(asset, headers),
        Found::NoConsole => page(Bytes::from_static(MISSING_PAGE.as_bytes())),
        Found::Nothing => ConsoleError::NotFound { path: cut(path) }.into_response(),
    };
    if method == Method::HEAD {
        let length = response.headers().get(header::CONTENT_LENGTH).cloned();
        *response.body_mut() = Body::empty();
        if let Some(length) = length {
            response.headers_mut().insert(header::CONTENT_LENGTH, length);
        }
    }
    response
}

enum Found<'a> {
    File(&'a Asset),
    NoConsole,
    Nothing,
}

fn find<'a>(assets: &'a [Asset], path: &str) -> Found<'a> {
    let named = |name: &str| assets.iter().find(|asset| asset.path == name);
    let name = path.strip_prefix('/').unwrap_or(path);
    if let Some(asset) = named(name) {
        return Found::File(asset);
    }
    // A path without a file's ending is a page of the console, which finds its own way from there.
    let is_page = !name.rsplit('/').next().unwrap_or(name).contains('.');
    match (is_page, named(INDEX)) {
        (true, Some(index)) => Found::File(index),
        (true, None) => Found::NoConsole,
        (false, _) => Found::Nothing,
    }
}

fn file(asset: &Asset, headers: &HeaderMap) -> Response {
    let mut response = if is_known(asset.etag, headers) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(Body::from(Bytes::from_static(asset.bytes)));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(asset.bytes.len()));
        response
    };
    let hashed = asset.path.starts_with(HASHED_DIR);
    let cache = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response.headers_mut().insert(header::ETAG, HeaderValue::from_static(asset.etag));
    response
}

/// Whether the client says that it has the content with this tag (RFC 9110 section 13.1.2).
fn is_known(etag: &str, headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn page(html: Bytes) -> Response {
    let mut response = Response::new(Body::from(html));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILT: &[Asset] = &[
        Asset { path: "assets/app-4f2a.js", media_type: "text/javascript", etag: "\"a\"", bytes: b"run()" },
        Asset { path: "coin.svg", media_type: "image/svg+xml", etag: "\"c\"", bytes: b"<svg/>" },
        Asset { path: "index.html", media_type: "text/html; charset=utf-8", etag: "\"i\"", bytes: b"<html>" },
    ];

    async fn get(assets: &[Asset], path: &str, headers: HeaderMap) -> (u16, HeaderMap, Bytes) {
        let response = answer_from(assets, &Method::GET, path, &headers);
        let (parts, body) = response.into_parts();
        (parts.status.as_u16(), parts.headers, axum::body::to_bytes(body, 1 << 20).await.unwrap())
    }

    #[tokio::test]
    async fn files_have_their_type_tag_and_time_to_live() {
        let (status, headers, body) = get(BUILT, "/assets/app-4f2a.js", HeaderMap::new()).await;
        assert_eq!((status, &body[..]), (200, &b"run()"[..]));
        assert_eq!(headers["content-type"], "text/javascript");
        assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
        assert_eq!(headers["etag"], "\"a\"");
        let (_, headers, _) = get(BUILT, "/coin.svg", HeaderMap::new()).await;
        assert_eq!(headers["cache-control"], "no-cache");
    }

    #[tokio::test]
    async fn pages_of_the_console_are_its_index() {
        for path in ["/", "/accounts/7", "/payments/0190163d-8694-739b-aea5-966c26f8ad91", "/index.html"] {
            let (status, headers, body) = get(BUILT, path, HeaderMap::new()).await;
            assert_eq!((status, &body[..]), (200, &b"<html>"[..]), "{path}");
            assert_eq!(headers["cache-control"], "no-cache");
        }
        for path in ["/assets/old-1111.js", "/favicon.ico", "/../Cargo.toml", "/a/%2e%2e/x.y"] {
            let (status, headers, _) = get(BUILT, path, HeaderMap::new()).await;
            assert_eq!(status, 404, "{path}");
            assert_eq!(headers["content-type"], problem::CONTENT_TYPE);
        }
    }

    #[tokio::test]
    async fn what_the_browser_has_is_not_sent_again() {
        for (tags, status) in
            [("\"i\"", 304), ("W/\"i\"", 304), ("\"x\", \"i\"", 304), ("*", 304), ("\"x\"", 200), ("i", 200)]
        {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(tags))]);
            let (found, headers, body) = get(BUILT, "/", headers).await;
            assert_eq!(found, status, "{tags}");
            assert_eq!(body.is_empty(), status == 304);
            assert_eq!(headers["etag"], "\"i\"");
        }
    }

    #[tokio::test]
    async fn without_a_console_a_page_says_how_to_add_it() {
        let (status, headers, body) = get(&[], "/accounts", HeaderMap::new()).await;
        let html = String::from_utf8(body.to_vec()).unwrap();
        assert_eq!(status, 200);
        assert_eq!(headers["cache-control"], "no-store");
        assert!(html.contains("cargo xtask up") && html.contains("/v1/platform"), "{html}");
        assert!(!html.contains("<script"));
        assert_eq!(get(&[], "/assets/app.js", HeaderMap::new()).await.0, 404);
    }

    #[tokio::test]
    async fn head_has_the_headers_and_no_body() {
        let response = answer_from(BUILT, &Method::HEAD, "/coin.svg", &HeaderMap::new());
        assert_eq!(response.headers()["content-length"], "6");
        assert!(axum::body::to_bytes(response.into_body(), 10).await.unwrap().is_empty());
        let response = answer_from(BUILT, &Method::POST, "/", &HeaderMap::new());
        assert_eq!(response.status(), 405);
    }
}
