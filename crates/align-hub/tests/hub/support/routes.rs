use super::connection::{Request, Response};
use super::repos::Repo;
use super::server::State;
use super::{OTHER_TOKEN, TOKEN, routes_download, routes_upload};
use serde_json::json;

pub fn respond(state: &mut State, request: &Request, on_cdn: bool) -> Response {
    if on_cdn {
        // Like storage with signed URLs, which rejects a second kind of authentication.
        if request.token().is_some() {
            return Response::new(400, "only one auth mechanism allowed");
        }
        return match request.method.as_str() {
            "PUT" => routes_upload::put(state, request),
            _ => routes_download::cdn_content(state, request),
        };
    }
    if let Some(token) = request.token()
        && token != TOKEN
        && token != OTHER_TOKEN
    {
        return Response::error(401, "", "Invalid credentials in Authorization header");
    }
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/api/whoami-v2") => match request.token() {
            Some(TOKEN) => Response::json(&json!({ "name": "user", "type": "user" })),
            _ => Response::error(401, "", "Invalid username or password."),
        },
        ("POST", "/api/repos/create") => routes_upload::create(state, request),
        ("POST", path) if path.starts_with("/lfs/") => routes_upload::complete_or_verify(state, request),
        ("POST", path) => match path.split_once(".git/info/lfs/objects/batch") {
            Some((repo, _)) => routes_upload::batch(state, request, repo.trim_start_matches('/')),
            None => routes_upload::repo_route(state, request),
        },
        _ => routes_download::repo_route(state, request),
    }
}

/// The repository, if the request may see it.
pub fn visible<'a>(state: &'a State, request: &Request, name: &str) -> Result<&'a Repo, Response> {
    let missing = || {
        // The hub does not reveal to strangers which names exist.
        let status = if request.token().is_some() { 404 } else { 401 };
        Response::error(status, "RepoNotFound", "Repository not found")
    };
    let repo = state.repos.get(name).ok_or_else(missing)?;
    if repo.private && request.token() != Some(&repo.owner) {
        return Err(missing());
    }
    if repo.disabled {
        return Err(Response::error(403, "", "Access to this resource is disabled."));
    }
    Ok(repo)
}

pub fn no_revision(revision: &str) -> Response {
    Response::error(404, "RevisionNotFound", &format!("Invalid rev id: {revision}"))
}
