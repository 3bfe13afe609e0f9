//! Reading and checking requests.

use std::io::Read;

/// Most bytes of the head of a request.
const MAX_HEAD: usize = 8 << 10;
/// Most headers.
const MAX_HEADERS: usize = 64;

/// A request that may be answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// The path without a query.
    pub path: String,
    /// Whether only the head of the answer is asked for.
    pub head_only: bool,
}

/// The status of the answer to a request that is refused, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub u16, pub &'static str);

/// Reads the head of a request and checks it. `Ok(None)` if the connection was closed before.
pub(super) fn read(stream: &mut impl Read) -> Result<Option<Request>, Refusal> {
    let (mut head, mut buffer) = (Vec::new(), [0; 1024]);
    loop {
        let count = match stream.read(&mut buffer) {
            Ok(0) if head.is_empty() => return Ok(None),
            Ok(0) => return Err(Refusal(400, "the request is cut off")),
            Ok(count) => count,
            Err(_) if head.is_empty() => return Ok(None),
            Err(_) => return Err(Refusal(408, "the request takes too long")),
        };
        head.extend(buffer.get(..count).unwrap_or_default());
        if let Some(request) = parse(&head)? {
            return Ok(Some(request));
        }
        if head.len() > MAX_HEAD {
            return Err(Refusal(431, "the request is too long"));
        }
    }
}

/// The request of a head; `None` if it is not complete yet.
fn parse(head: &[u8]) -> Result<Option<Request>, Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Partial) => return Ok(None),
        Ok(httparse::Status::Complete(_)) => {}
        Err(_) => return Err(Refusal(400, "the request cannot be read")),
    }
    let mut hosts = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host"));
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if is_loopback(host.value) => {}
        _ => return Err(Refusal(403, "the page is only for this machine: open it at 127.0.0.1 or localhost")),
    }
    let head_only = match request.method {
        Some("GET") => false,
        Some("HEAD") => true,
        _ => return Err(Refusal(405, "only GET is supported")),
    };
    let path = request.path.unwrap_or_default().split('?').next().unwrap_or_default();
    Ok(Some(Request { path: path.to_owned(), head_only }))
}

/// Whether the value of the header `Host` names this machine, with any port, since a tunnel may have another one.
fn is_loopback(host: &[u8]) -> bool {
    let Ok(host) = std::str::from_utf8(host) else { return false };
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (host, "80"),
    };
    port.parse::<u16>().is_ok() && ["127.0.0.1", "localhost", "[::1]"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn refused(text: &str) -> u16 {
        read(&mut text.as_bytes()).unwrap_err().0
    }

    #[test]
    fn gets_of_this_machine_are_answered() {
        for host in ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:9"] {
            let text = format!("GET /version?x=1 HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n\r\n");
            let request = read(&mut text.as_bytes()).unwrap().unwrap();
            assert_eq!(request, Request { path: "/version".to_owned(), head_only: false });
        }
        assert!(read(&mut "HEAD / HTTP/1.1\r\nhost: localhost\r\n\r\n".as_bytes()).unwrap().unwrap().head_only);
        assert_eq!(read(&mut "".as_bytes()), Ok(None));
    }

    #[test]
    fn all_others_are_refused() {
        let hosts = ["evil.example", "127.0.0.1.evil.example:80", "localhost:x", "", "127.0.0.2", "10.0.0.1:80"];
        for host in hosts {
            assert_eq!(refused(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")), 403, "{host}");
        }
        assert_eq!(refused("GET / HTTP/1.1\r\n\r\n"), 403);
        assert_eq!(refused("GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n"), 403);
        assert_eq!(refused("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 405);
        assert_eq!(refused("nonsense\r\n\r\n"), 400);
        assert_eq!(refused("GET / HTTP/1.1\r\nHost: local"), 400);
        assert_eq!(refused(&format!("GET /{} HTTP/1.1\r\n", "a".repeat(20_000))), 431);
    }
}
