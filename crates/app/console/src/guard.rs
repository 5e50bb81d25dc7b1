//! Who may speak to the console: pages it served itself, and programs on this machine. Pure.
//!
//! The console listens on the loopback interface and knows no passwords, so a browser on the same machine is the way
//! in for strangers. Two checks close it. A page whose name was made to resolve to this machine (DNS rebinding) sends
//! that name in `Host`. A page that sends a request across origins names its own in `Origin`, and cannot send
//! `application/json` without being asked first, which nothing here allows.

use gateway::GatewayError;
use hyper::header::{self, HeaderMap};
use hyper::http::request::Parts;

use crate::error::ConsoleError;

/// The port of an address that names none.
const HTTP_PORT: u16 = 80;

/// Whether the request may pass. `port` is the console's own.
///
/// Errors: [`ConsoleError::Foreign`] if `Host` (for h2 `:authority`) is not a loopback name with our port, or `Origin`
/// of a request that may change something is not the same; [`ConsoleError::MediaType`] if such a request is not
/// declared as JSON.
pub(crate) fn admit(parts: &Parts, port: u16) -> Result<(), ConsoleError> {
    let foreign = || ConsoleError::Foreign(GatewayError::ForeignOrigin);
    let host = named_host(parts).ok_or_else(foreign)?;
    if !is_ours(&host, port) {
        return Err(foreign());
    }
    if parts.method.is_safe() {
        return Ok(());
    }
    if !origins_are(&parts.headers, &host) {
        return Err(foreign());
    }
    if is_json(&parts.headers) { Ok(()) } else { Err(ConsoleError::MediaType) }
}

/// The host the client thinks it speaks to. Nothing if there is none, or more than one.
fn named_host(parts: &Parts) -> Option<String> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    let header = match (first, second) {
        (Some(host), None) => Some(host.to_str().ok()?),
        (None, _) => None,
        (Some(_), Some(_)) => return None,
    };
    match (parts.uri.authority().map(|authority| authority.as_str()), header) {
        (Some(authority), Some(host)) if !authority.eq_ignore_ascii_case(host) => None,
        (authority, host) => authority.or(host).map(str::to_ascii_lowercase),
    }
}

fn is_ours(host: &str, port: u16) -> bool {
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| match host.strip_prefix(name) {
        Some("") => port == HTTP_PORT,
        Some(rest) => rest.strip_prefix(':').is_some_and(|text| text == port.to_string()),
        None => false,
    })
}

fn origins_are(headers: &HeaderMap, host: &str) -> bool {
    let same = format!("http://{host}");
    headers
        .get_all(header::ORIGIN)
        .iter()
        .all(|origin| origin.as_bytes().eq_ignore_ascii_case(same.as_bytes()))
}

fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = declared.and_then(|value| value.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use hyper::Request;
    use stdx::Coded as _;

    use super::*;

    fn judge(method: &str, uri: &str, headers: &[(&str, &str)]) -> Result<(), &'static str> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        admit(&parts, 7070).map_err(|error| error.code())
    }

    #[test]
    fn only_loopback_names_with_our_port_are_ours() {
        for host in ["localhost:7070", "127.0.0.1:7070", "[::1]:7070", "LOCALHOST:7070"] {
            assert_eq!(judge("GET", "/", &[("host", host)]), Ok(()), "{host}");
        }
        for host in [
            "evil.example:7070",
            "localhost.evil.example:7070",
            "localhost",
            "localhost:8080",
            "localhost:07070",
            "localhost:7070.evil.example",
            "127.0.0.1.evil.example:7070",
            "127.0.0.2:7070",
            "::1:7070",
            "[::1]7070",
            "user@localhost:7070",
            "",
        ] {
            assert_eq!(judge("GET", "/", &[("host", host)]), Err("GWY-0006"), "{host}");
        }
        assert_eq!(judge("GET", "/", &[]), Err("GWY-0006"), "no host at all");
        let two = [("host", "localhost:7070"), ("host", "localhost:7070")];
        assert_eq!(judge("GET", "/", &two), Err("GWY-0006"), "two hosts");
    }

    #[test]
    fn the_authority_of_h2_and_of_absolute_targets_counts() {
        assert_eq!(judge("GET", "http://127.0.0.1:7070/", &[]), Ok(()));
        assert_eq!(judge("GET", "http://evil.example:7070/", &[]), Err("GWY-0006"));
        let host = [("host", "localhost:7070")];
        assert_eq!(judge("GET", "http://evil.example:7070/", &host), Err("GWY-0006"));
        assert_eq!(judge("GET", "http://localhost:7070/", &host), Ok(()));
    }

    #[test]
    fn changes_need_our_origin_and_json() {
        const HOST: (&str, &str) = ("host", "localhost:7070");
        const JSON: (&str, &str) = ("content-type", "application/json");
        let post = |headers: &[(&str, &str)]| judge("POST", "/v1/drills", headers);
        assert_eq!(post(&[HOST, JSON]), Ok(()), "a program sends no origin");
        assert_eq!(post(&[HOST, JSON, ("origin", "http://localhost:7070")]), Ok(()));
        assert_eq!(post(&[HOST, ("content-type", "Application/JSON; charset=utf-8")]), Ok(()));
        for origin in [
            "http://evil.example",
            "http://127.0.0.1:7070",
            "https://localhost:7070",
            "http://localhost:7071",
            "http://localhost",
            "null",
            "",
        ] {
            assert_eq!(post(&[HOST, JSON, ("origin", origin)]), Err("GWY-0006"), "{origin}");
        }
        let both = [HOST, JSON, ("origin", "http://localhost:7070"), ("origin", "http://evil.example")];
        assert_eq!(post(&both), Err("GWY-0006"));
        for media_type in ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"] {
            assert_eq!(post(&[HOST, ("content-type", media_type)]), Err("CON-0004"), "{media_type}");
        }
        assert_eq!(post(&[HOST]), Err("CON-0004"));
        assert_eq!(judge("DELETE", "/", &[HOST, ("origin", "null")]), Err("GWY-0006"));
        assert_eq!(
            judge("GET", "/", &[HOST, ("origin", "http://evil.example")]),
            Ok(()),
            "reading is not shared"
        );
    }

    #[test]
    fn port_80_may_be_left_out() {
        assert!(is_ours("localhost", 80) && is_ours("localhost:80", 80) && !is_ours("localhost", 81));
    }
}
