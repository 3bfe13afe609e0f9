use super::connection::{Reply, Request};
use super::repos::Repo;
use super::server::State;
use super::{OTHER_TOKEN, TOKEN, routes_download, routes_upload};
use serde_json::json;

pub fn answer(state: &mut State, request: &Request, on_cdn: bool) -> Reply {
    if on_cdn {
        // As storage with signed addresses does: two ways to prove who asks are one too many.
        if request.token().is_some() {
            return Reply::new(400, "only one auth mechanism allowed");
        }
        return match request.method.as_str() {
            "PUT" => routes_upload::put(state, request),
            _ => routes_download::stored(state, request),
        };
    }
    if let Some(token) = request.token()
        && token != TOKEN
        && token != OTHER_TOKEN
    {
        return Reply::error(401, "", "Invalid credentials in Authorization header");
    }
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/api/whoami-v2") => match request.token() {
            Some(TOKEN) => Reply::json(&json!({ "name": "user", "type": "user" })),
            _ => Reply::error(401, "", "Invalid username or password."),
        },
        ("POST", "/api/repos/create") => routes_upload::create(state, request),
        ("POST", path) if path.starts_with("/lfs/") => routes_upload::completed(state, request),
        ("POST", path) => match path.split_once(".git/info/lfs/objects/batch") {
            Some((repo, _)) => routes_upload::batch(state, request, repo.trim_start_matches('/')),
            None => routes_upload::of_repo(state, request),
        },
        _ => routes_download::of_repo(state, request),
    }
}

/// The repository, if whoever asks may know of it.
pub fn visible<'a>(state: &'a State, request: &Request, name: &str) -> Result<&'a Repo, Reply> {
    let missing = || {
        // The hub does not tell strangers which names exist.
        let status = if request.token().is_some() { 404 } else { 401 };
        Reply::error(status, "RepoNotFound", "Repository not found")
    };
    let repo = state.repos.get(name).ok_or_else(missing)?;
    if repo.private && request.token() != Some(&repo.owner) {
        return Err(missing());
    }
    if repo.disabled {
        return Err(Reply::error(403, "", "Access to this resource is disabled."));
    }
    Ok(repo)
}

pub fn no_revision(revision: &str) -> Reply {
    Reply::error(404, "RevisionNotFound", &format!("Invalid rev id: {revision}"))
}
