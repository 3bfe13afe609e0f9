use crate::answer::Answer;
use crate::etag::{Etag, EtagKind};
use crate::http::Http;
use crate::refusal::{self, Asked};
use crate::request::Request;
use crate::retry::Retries;
use crate::url::{Url, encoded, encoded_path};
use crate::{HubConfig, ModelName, Result};
use ureq::http::Method;

/// A file of a commit, and what the hub promises about its content.
#[derive(Debug)]
pub(crate) struct RemoteFile {
    pub name: String,
    pub url: Url,
    pub etag: Etag,
    /// Unknown where a mirror compresses on the way.
    pub size: Option<u64>,
}

/// Asks the hub for a file's checksum and size.
pub(crate) fn fetch(
    http: &Http,
    config: &HubConfig,
    model: &ModelName,
    commit: &str,
    name: &str,
) -> Result<RemoteFile> {
    let repo = encoded_path(model.repo().as_str());
    let url = http.at(&format!("/{repo}/resolve/{}/{}", encoded(commit), encoded_path(name)))?;
    let mut request =
        Request::new(Method::HEAD, url.clone(), config.etag_timeout).header("accept-encoding", "identity");
    request.metadata = true;
    Retries::patient(&config.retries).run(|| {
        let answer = http.send(&request)?;
        let redirects = (300..400).contains(&answer.status);
        if !answer.is_success() && !redirects {
            return Err(refusal::trouble(http, answer, Asked::File(model, name)));
        }
        let (etag, size) = promised(&answer, commit, redirects)?;
        Ok(RemoteFile { name: name.to_owned(), url: url.clone(), etag, size })
    })
}

fn promised(answer: &Answer, commit: &str, redirects: bool) -> Result<(Etag, Option<u64>)> {
    match answer.header("x-repo-commit") {
        Some(found) if found == commit => {}
        Some(found) => return Err(answer.malformed(format!("it is of commit {found:?}, not of {commit}"))),
        None => return Err(answer.malformed("it has no X-Repo-Commit header")),
    }
    let header = answer.header("x-linked-etag").or_else(|| answer.header("etag"));
    let header = header.ok_or_else(|| answer.malformed("it has no ETag header"))?;
    let etag = Etag::parse(header);
    let etag = etag.ok_or_else(|| answer.malformed(format!("its ETag {header:?} could not name a file")))?;
    // A redirect's own length says nothing about the file.
    let size = answer.number("x-linked-size").or_else(|| answer.number("content-length").filter(|_| !redirects));
    if size.is_none() && etag.kind() == EtagKind::Opaque {
        return Err(answer.malformed("it gives neither a size nor a checksum, so the file could not be checked"));
    }
    Ok((etag, size))
}
