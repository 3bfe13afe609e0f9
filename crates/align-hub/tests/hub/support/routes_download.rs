use super::connection::{Reply, Request};
use super::repos::{Content, Repo};
use super::routes::{no_revision, visible};
use super::server::State;
use serde_json::{Value, json};

/// What is asked about a repository.
pub fn of_repo(state: &State, request: &Request) -> Reply {
    let found = match request.path.strip_prefix("/api/models/") {
        Some(rest) => api(state, request, rest),
        None => resolve(state, request),
    };
    found.unwrap_or_else(|refusal| refusal)
}

fn api(state: &State, request: &Request, rest: &str) -> Result<Reply, Reply> {
    if let Some((name, revision)) = rest.split_once("/revision/") {
        return described(visible(state, request, name)?, revision);
    }
    if let Some((name, revision)) = rest.split_once("/tree/") {
        let repo = visible(state, request, name)?;
        let commit = repo.resolve(revision).ok_or_else(|| no_revision(revision))?;
        let entries: Vec<Value> = repo.commits[&commit].iter().map(|(name, content)| entry(name, content)).collect();
        return Ok(Reply::json(&Value::from(entries)));
    }
    described(visible(state, request, rest)?, "main")
}

fn described(repo: &Repo, revision: &str) -> Result<Reply, Reply> {
    let commit = repo.resolve(revision).ok_or_else(|| no_revision(revision))?;
    let siblings: Vec<Value> = repo.commits[&commit].keys().map(|name| json!({ "rfilename": name })).collect();
    Ok(Reply::json(&json!({ "id": repo.name, "modelId": repo.name, "sha": commit, "siblings": siblings })))
}

fn entry(name: &str, content: &Content) -> Value {
    let size = content.bytes.len();
    let mut entry = json!({ "type": "file", "path": name, "size": size, "oid": super::git_sha1(&content.bytes) });
    if content.lfs {
        entry["lfs"] = json!({ "oid": content.etag, "size": size, "pointerSize": 134 });
    }
    entry
}

/// `/user/name/resolve/REVISION/FILE`, and where small files are led on to.
fn resolve(state: &State, request: &Request) -> Result<Reply, Reply> {
    let path = request.path.trim_start_matches('/');
    let cached = path.strip_prefix("cached/");
    let (name, rest) =
        cached.unwrap_or(path).split_once("/resolve/").ok_or_else(|| Reply::new(404, "no such route"))?;
    let repo = visible(state, request, name)?;
    if repo.gated && request.token() != Some(&repo.owner) {
        let status = if request.token().is_some() { 403 } else { 401 };
        return Err(Reply::error(status, "GatedRepo", "Access to this model is restricted."));
    }
    let (revision, file) = rest.split_once('/').ok_or_else(|| Reply::new(404, "no such route"))?;
    let commit = repo.resolve(revision).ok_or_else(|| no_revision(revision))?;
    let content = repo.commits[&commit]
        .get(file)
        .ok_or_else(|| Reply::error(404, "EntryNotFound", "Entry not found").header("x-repo-commit", &commit))?;
    let reply = if content.lfs {
        let signed = format!("http://{}/{}?signature=a_secret", state.cdn, content.etag);
        Reply::new(302, "Found")
            .header("location", &signed)
            .header("x-linked-etag", &format!("\"{}\"", content.etag))
            .header("x-linked-size", &content.bytes.len().to_string())
    } else if cached.is_none() && file.starts_with("tokenizer") {
        Reply::new(307, "Temporary Redirect").header("location", &format!("/cached/{path}"))
    } else {
        let etag = format!("W/\"{}\"", content.etag);
        ranged(&content.bytes, request.header("range")).header("etag", &etag)
    };
    Ok(reply.header("x-repo-commit", &commit))
}

/// A content on the CDN, by its checksum.
pub fn stored(state: &State, request: &Request) -> Reply {
    let oid = request.path.trim_start_matches('/');
    let committed = state.repos.values().flat_map(|repo| repo.commits.values()).flat_map(|tree| tree.values());
    let found = committed.filter(|content| content.lfs).find(|content| content.etag == oid);
    match found {
        Some(content) => ranged(&content.bytes, request.header("range")).header("etag", "\"of-the-storage\""),
        None => Reply::new(403, "<Error>expired</Error>"),
    }
}

fn ranged(bytes: &[u8], range: Option<&str>) -> Reply {
    let start = range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    let total = bytes.len();
    let reply = match start {
        None => Reply::new(200, bytes),
        Some(start) if start >= total => Reply::new(416, "").header("content-range", &format!("bytes */{total}")),
        Some(start) => {
            Reply::new(206, &bytes[start..]).header("content-range", &format!("bytes {start}-{}/{total}", total - 1))
        }
    };
    reply.header("accept-ranges", "bytes")
}
