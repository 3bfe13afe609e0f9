use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

/// A received request. Header names are in lower case.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// The decoded path without the query.
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// A response before faults are applied.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: BTreeMap::new(), body: body.into() }
    }

    pub fn json(value: &serde_json::Value) -> Self {
        Self::new(200, value.to_string()).header("content-type", "application/json")
    }

    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let response = Self::new(status, serde_json::json!({ "error": message }).to_string())
            .header("content-type", "application/json")
            .header("x-error-message", message);
        if code.is_empty() { response } else { response.header("x-error-code", code) }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }
}

impl Request {
    /// Reads the next request of a connection; `None` if the client closed it.
    pub fn read(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Self>> {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace();
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default();
        let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let body = Self::read_body(&headers, reader)?;
        Ok(Some(Self { method, path, headers, body }))
    }

    fn read_body(headers: &BTreeMap<String, String>, reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
        if let Some(length) = headers.get("content-length") {
            let mut body = vec![0; length.parse().unwrap()];
            reader.read_exact(&mut body)?;
            return Ok(body);
        }
        assert!(!headers.contains_key("transfer-encoding"), "every body must come with its length");
        Ok(Vec::new())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub fn token(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }
}

/// Sends a response with the given number of bytes of its body.
pub fn send(stream: &mut TcpStream, response: &Response, head_only: bool, bytes: usize) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} X\r\n", response.status);
    if !response.headers.contains_key("content-length") && !response.headers.contains_key("transfer-encoding") {
        head.push_str(&format!("content-length: {}\r\n", response.body.len()));
    }
    for (name, value) in &response.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    if head_only {
        return Ok(());
    }
    stream.write_all(&response.body[..bytes])?;
    stream.flush()
}
