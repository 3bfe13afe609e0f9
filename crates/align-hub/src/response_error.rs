use crate::http::Http;
use crate::request_error::{RequestError, RetryRule};
use crate::response::Response;
use crate::server_message::printable;
use crate::{HubError, ModelName, RepoName};
use std::time::Duration;

/// What a request concerns, which decides how an error response is interpreted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RequestKind<'a> {
    /// A model's commit and file names.
    Listing(&'a ModelName),
    /// A file of a model.
    File(&'a ModelName, &'a str),
    /// A step of an upload to a repository's revision.
    Upload(&'a RepoName, &'a str),
    /// The token's account.
    Account,
}

/// Converts an unsuccessful response to an error.
pub(crate) fn from_response(http: &Http, mut response: Response, kind: RequestKind<'_>) -> RequestError {
    let message = response.error_message();
    let server_message = message.as_deref().map(printable);
    let url = response.url.without_query();
    let status = response.status;
    if matches!(status, 408 | 500 | 502 | 503 | 504) {
        return RequestError {
            error: HubError::Server { url, status, attempts: 1, server_message },
            retry: RetryRule::After(retry_delay(&response)),
        };
    }
    if status == 429 {
        let wait = retry_delay(&response);
        let error = HubError::RateLimited { url, wait: wait.map(|wait| wait.as_secs()), server_message };
        return RequestError { error, retry: RetryRule::After(wait) };
    }
    if !http.is_hub(&response.url) {
        // A signed URL that has expired: the hub issues a new one.
        return RequestError {
            error: HubError::Server { url, status, attempts: 1, server_message },
            retry: RetryRule::After(None),
        };
    }
    let code = response.header("x-error-code").unwrap_or_default().to_owned();
    hub_error(http, status, &code, message.as_deref().unwrap_or_default(), server_message, kind)
        .unwrap_or_else(|server_message| HubError::Status { url, status, server_message })
        .into()
}

/// The error for the hub's error code, status and message. Returns `server_message` if they are unknown.
fn hub_error(
    http: &Http,
    status: u16,
    code: &str,
    message: &str,
    server_message: Option<String>,
    kind: RequestKind<'_>,
) -> Result<HubError, Option<String>> {
    let endpoint = http.endpoint().without_query();
    let with_token = http.has_token();
    let (repo, revision) = match kind {
        RequestKind::Listing(model) | RequestKind::File(model, _) => {
            (model.repo().to_string(), model.revision().to_owned())
        }
        RequestKind::Upload(repo, revision) => (repo.to_string(), revision.to_owned()),
        RequestKind::Account if status == 401 => return Ok(HubError::TokenRejected { endpoint, server_message }),
        RequestKind::Account => return Err(server_message),
    };
    Ok(match (code, status) {
        ("RevisionNotFound", _) => HubError::RevisionNotFound { repo, revision, endpoint, server_message },
        ("GatedRepo", _) if with_token => HubError::GatedNoAccess { repo, endpoint, server_message },
        ("GatedRepo", _) => HubError::GatedNoToken { repo, endpoint, server_message },
        _ if message.starts_with("Access to this resource is disabled") => {
            HubError::Disabled { repo, endpoint, server_message }
        }
        (_, 401) if with_token && message.starts_with("Invalid ") => {
            HubError::TokenRejected { endpoint, server_message }
        }
        ("RepoNotFound", _) | (_, 401) => HubError::RepoNotFound { repo, endpoint, with_token, server_message },
        (_, 403) => {
            let what = match kind {
                RequestKind::Upload(..) => format!("writing to `{repo}`"),
                _ => format!("reading `{repo}`"),
            };
            HubError::Forbidden { endpoint, what, server_message }
        }
        ("EntryNotFound" | "", 404) => match kind {
            RequestKind::File(model, file) => {
                HubError::FileNotFound { model: model.to_string(), file: file.to_owned(), server_message }
            }
            _ => HubError::RepoNotFound { repo, endpoint, with_token, server_message },
        },
        _ => return Err(server_message),
    })
}

fn retry_delay(response: &Response) -> Option<Duration> {
    let kind = response.header_number("retry-after").or_else(|| seconds_to_reset(response.header("ratelimit")?));
    kind.map(Duration::from_secs)
}

/// Parses the header `"api";r=0;t=55`: the number of seconds until requests are allowed again.
fn seconds_to_reset(header: &str) -> Option<u64> {
    header.split(';').find_map(|part| part.trim().strip_prefix("t=")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_limit_header_is_parsed() {
        assert_eq!(seconds_to_reset("\"api\";r=0;t=55"), Some(55));
        assert_eq!(seconds_to_reset("nonsense"), None);
    }
}
