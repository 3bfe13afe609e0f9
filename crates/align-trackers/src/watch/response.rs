//! Answers.

use std::io::{self, Write};

/// What a browser may do with an answer: nothing but show its own styles and ask this server.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'self'; connect-src 'self'; \
                                       base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// An answer with its body.
#[derive(Debug)]
pub(super) struct Response {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
}

impl Response {
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", body: body.into() }
    }

    pub fn html(body: String) -> Self {
        Self { status: 200, content_type: "text/html; charset=utf-8", body }
    }

    pub fn script(body: &str) -> Self {
        Self { status: 200, content_type: "text/javascript; charset=utf-8", body: body.to_owned() }
    }

    /// Writes the answer, after which the connection is closed.
    pub fn write(&self, stream: &mut impl Write, head_only: bool) -> io::Result<()> {
        let Self { status, content_type, body } = self;
        let reason = match status {
            200 => "OK",
            400 => "Bad Request",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            408 => "Request Timeout",
            431 => "Request Header Fields Too Large",
            _ => "Internal Server Error",
        };
        let allow = if *status == 405 { "Allow: GET, HEAD\r\n" } else { "" };
        write!(
            stream,
            "HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n{allow}Connection: close\r\nCache-Control: \
             no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: \
             same-origin\r\nContent-Security-Policy: {CONTENT_SECURITY_POLICY}\r\n\r\n",
            body.len()
        )?;
        if !head_only {
            stream.write_all(body.as_bytes())?;
        }
        stream.flush()
    }
}
