use super::upload_client::UploadClient;
use crate::http::Http;
use crate::listing;
use crate::request::Request;
use crate::response_error::{self, RequestKind};
use crate::retry::Retries;
use crate::{HubConfig, HubError, RepoName, Result};
use serde::{Deserialize, Serialize};
use ureq::http::Method;

const MAX_ACCOUNT_BYTES: u64 = 1 << 20;

#[derive(Deserialize)]
struct Account {
    name: String,
}

#[derive(Serialize)]
struct CreateRequest<'a> {
    r#type: &'static str,
    name: &'a str,
    organization: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    visibility: Option<&'static str>,
}

/// Completes a repository name without namespace with the token's account.
pub(super) fn with_namespace(http: &Http, config: &HubConfig, repo: &RepoName) -> Result<RepoName> {
    if repo.namespace().is_some() {
        return Ok(repo.clone());
    }
    let request = Request::new(Method::GET, http.url("/api/whoami-v2")?, config.etag_timeout);
    let account: Account = Retries::for_first_request(&config.retries).run(|| {
        let response = http.send(&request)?;
        match response.is_success() {
            true => response.json(MAX_ACCOUNT_BYTES),
            false => Err(response_error::from_response(http, response, RequestKind::Account)),
        }
    })?;
    Ok(format!("{}/{}", account.name, repo.name()).parse()?)
}

/// Creates the repository if it does not exist, and follows a rename.
pub(super) fn ensure_exists<'a>(client: UploadClient<'a>, private: Option<bool>) -> Result<UploadClient<'a>> {
    // Every repository has a branch `main`; other branches may not exist.
    match listing::fetch(client.http, client.config, &client.repo.clone().into()) {
        Ok(listing) => match listing.repo {
            Some(repo) => Ok(UploadClient { repo: repo.parse()?, ..client }),
            None => Ok(client),
        },
        Err(HubError::RepoNotFound { .. }) => create(&client, private).map(|()| client),
        // An empty repository.
        Err(HubError::RevisionNotFound { .. }) => Ok(client),
        Err(error) => Err(error),
    }
}

fn create(client: &UploadClient<'_>, private: Option<bool>) -> Result<()> {
    let visibility = private.map(|private| if private { "private" } else { "public" });
    let (name, organization) = (client.repo.name(), client.repo.namespace());
    let body = client.json(&CreateRequest { r#type: "model", name, organization, visibility })?;
    let request = Request::new(Method::POST, client.http.url("/api/repos/create")?, client.config.download_timeout)
        .header("content-type", "application/json")
        .body(&body);
    Retries::after_connection(&client.config.retries).run(|| {
        let response = client.http.send(&request)?;
        // The repository was created in the meantime.
        if response.status == 409 {
            return Ok(());
        }
        client.check_status(response).map(|_| ())
    })
}
