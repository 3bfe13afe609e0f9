use crate::etag::{Etag, EtagKind};
use crate::http::Http;
use crate::request::Request;
use crate::response::Response;
use crate::response_error::{self, RequestKind};
use crate::retry::Retries;
use crate::url::{Url, encode_path, encode_segment};
use crate::{HubConfig, ModelName, Result};
use ureq::http::Method;

/// A file of a commit with its expected etag and size.
#[derive(Debug)]
pub(crate) struct RemoteFile {
    pub name: String,
    pub url: Url,
    pub etag: Etag,
    /// Unknown if a mirror compresses responses.
    pub size: Option<u64>,
}

/// Fetches a file's etag and size.
pub(crate) fn fetch(
    http: &Http,
    config: &HubConfig,
    model: &ModelName,
    commit: &str,
    name: &str,
) -> Result<RemoteFile> {
    let repo = encode_path(&model.repo().route());
    let url = http.url(&format!("/{repo}/resolve/{}/{}", encode_segment(commit), encode_path(name)))?;
    let mut request =
        Request::new(Method::HEAD, url.clone(), config.etag_timeout).header("accept-encoding", "identity");
    request.metadata = true;
    Retries::after_connection(&config.retries).run(|| {
        let response = http.send(&request)?;
        let redirects = (300..400).contains(&response.status);
        if !response.is_success() && !redirects {
            return Err(response_error::from_response(http, response, RequestKind::File(model, name)));
        }
        let (etag, size) = parse_metadata(&response, commit, redirects)?;
        Ok(RemoteFile { name: name.to_owned(), url: url.clone(), etag, size })
    })
}

fn parse_metadata(response: &Response, commit: &str, redirects: bool) -> Result<(Etag, Option<u64>)> {
    match response.header("x-repo-commit") {
        Some(found) if found == commit => {}
        Some(found) => return Err(response.malformed(format!("it belongs to commit {found:?}, expected {commit}"))),
        None => return Err(response.malformed("it has no X-Repo-Commit header")),
    }
    let header = response.header("x-linked-etag").or_else(|| response.header("etag"));
    let header = header.ok_or_else(|| response.malformed("it has no ETag header"))?;
    let etag = Etag::parse(header);
    let etag = etag.ok_or_else(|| response.malformed(format!("its ETag {header:?} is not safe as a file name")))?;
    // A redirect's own length is not the file's.
    let size = response
        .header_number("x-linked-size")
        .or_else(|| response.header_number("content-length").filter(|_| !redirects));
    if size.is_none() && etag.kind() == EtagKind::Opaque {
        return Err(response.malformed("it gives neither a size nor a checksum, so the file could not be checked"));
    }
    Ok((etag, size))
}
