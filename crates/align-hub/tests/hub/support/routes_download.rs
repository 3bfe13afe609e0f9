use super::connection::{Request, Response};
use super::repos::{Content, Repo};
use super::routes::{no_revision, visible};
use super::server::State;
use serde_json::{Value, json};

/// Requests about a repository.
pub fn repo_route(state: &State, request: &Request) -> Response {
    let found = match (request.path.strip_prefix("/api/models/"), request.path.strip_prefix("/api/datasets/")) {
        (Some(rest), _) => api(state, request, rest),
        // The names of data sets have a space of their own.
        (None, Some(rest)) => api(state, request, &format!("datasets/{rest}")),
        (None, None) => resolve(state, request),
    };
    found.unwrap_or_else(|error| error)
}

fn api(state: &State, request: &Request, rest: &str) -> Result<Response, Response> {
    if let Some((name, revision)) = rest.split_once("/revision/") {
        return model_info(visible(state, request, name)?, revision);
    }
    if let Some((name, revision)) = rest.split_once("/tree/") {
        let repo = visible(state, request, name)?;
        let commit = repo.resolve(revision).ok_or_else(|| no_revision(revision))?;
        let entries: Vec<Value> = repo.commits[&commit].iter().map(|(name, content)| entry(name, content)).collect();
        return Ok(Response::json(&Value::from(entries)));
    }
    model_info(visible(state, request, rest)?, "main")
}

fn model_info(repo: &Repo, revision: &str) -> Result<Response, Response> {
    let commit = repo.resolve(revision).ok_or_else(|| no_revision(revision))?;
    let siblings: Vec<Value> = repo.commits[&commit].keys().map(|name| json!({ "rfilename": name })).collect();
    Ok(Response::json(&json!({ "id": repo.name, "modelId": repo.name, "sha": commit, "siblings": siblings })))
}

fn entry(name: &str, content: &Content) -> Value {
    let size = content.bytes.len();
    let mut entry = json!({ "type": "file", "path": name, "size": size, "oid": super::git_sha1(&content.bytes) });
    if content.lfs {
        entry["lfs"] = json!({ "oid": content.etag, "size": size, "pointerSize": 134 });
    }
    entry
}

/// `/user/name/resolve/REVISION/FILE`, and the URL to which small files are redirected.
fn resolve(state: &State, request: &Request) -> Result<Response, Response> {
    let path = request.path.trim_start_matches('/');
    let cached = path.strip_prefix("cached/");
    let (name, rest) =
        cached.unwrap_or(path).split_once("/resolve/").ok_or_else(|| Response::new(404, "no such route"))?;
    let repo = visible(state, request, name)?;
    if repo.gated && request.token() != Some(&repo.owner) {
        let status = if request.token().is_some() { 403 } else { 401 };
        return Err(Response::error(status, "GatedRepo", "Access to this model is restricted."));
    }
    let (revision, file) = rest.split_once('/').ok_or_else(|| Response::new(404, "no such route"))?;
    let commit = repo.resolve(revision).ok_or_else(|| no_revision(revision))?;
    let content = repo.commits[&commit]
        .get(file)
        .ok_or_else(|| Response::error(404, "EntryNotFound", "Entry not found").header("x-repo-commit", &commit))?;
    let response = if content.lfs {
        let signed = format!("http://{}/{}?signature=a_secret", state.cdn, content.etag);
        Response::new(302, "Found")
            .header("location", &signed)
            .header("x-linked-etag", &format!("\"{}\"", content.etag))
            .header("x-linked-size", &content.bytes.len().to_string())
    } else if cached.is_none() && file.starts_with("tokenizer") {
        Response::new(307, "Temporary Redirect").header("location", &format!("/cached/{path}"))
    } else {
        let etag = format!("W/\"{}\"", content.etag);
        range_response(&content.bytes, request.header("range")).header("etag", &etag)
    };
    Ok(response.header("x-repo-commit", &commit))
}

/// A content on the CDN, by checksum.
pub fn cdn_content(state: &State, request: &Request) -> Response {
    let oid = request.path.trim_start_matches('/');
    let committed = state.repos.values().flat_map(|repo| repo.commits.values()).flat_map(|tree| tree.values());
    let found = committed.filter(|content| content.lfs).find(|content| content.etag == oid);
    match found {
        Some(content) => range_response(&content.bytes, request.header("range")).header("etag", "\"of-the-storage\""),
        None => Response::new(403, "<Error>expired</Error>"),
    }
}

fn range_response(bytes: &[u8], range: Option<&str>) -> Response {
    let start = range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    let total = bytes.len();
    let response = match start {
        None => Response::new(200, bytes),
        Some(start) if start >= total => Response::new(416, "").header("content-range", &format!("bytes */{total}")),
        Some(start) => {
            Response::new(206, &bytes[start..]).header("content-range", &format!("bytes {start}-{}/{total}", total - 1))
        }
    };
    response.header("accept-ranges", "bytes")
}
