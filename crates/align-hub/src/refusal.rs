use crate::answer::Answer;
use crate::http::Http;
use crate::trouble::{Again, Trouble};
use crate::words::shown;
use crate::{HubError, ModelName, RepoName};
use std::time::Duration;

/// What a request was about, which decides what a refusal means.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asked<'a> {
    /// A model's commit and files.
    Listing(&'a ModelName),
    /// A file of a model.
    File(&'a ModelName, &'a str),
    /// Something on the way of an upload.
    Upload(&'a RepoName, &'a str),
    /// Who the token belongs to.
    Account,
}

/// What an answer other than the one hoped for means.
pub(crate) fn trouble(http: &Http, mut answer: Answer, asked: Asked<'_>) -> Trouble {
    let words = answer.complaint();
    let said = words.as_deref().map(shown);
    let url = answer.url.shown();
    let status = answer.status;
    if matches!(status, 408 | 500 | 502 | 503 | 504) {
        return Trouble {
            error: HubError::Server { url, status, attempts: 1, said },
            again: Again::After(wait(&answer)),
        };
    }
    if status == 429 {
        let wait = wait(&answer);
        let error = HubError::RateLimited { url, wait: wait.map(|wait| wait.as_secs()), said };
        return Trouble { error, again: Again::After(wait) };
    }
    if !http.is_hub(&answer.url) {
        // A signed address that has run out: the hub gives a new one.
        return Trouble { error: HubError::Server { url, status, attempts: 1, said }, again: Again::After(None) };
    }
    let code = answer.header("x-error-code").unwrap_or_default().to_owned();
    refusal(http, status, &code, words.as_deref().unwrap_or_default(), said, asked)
        .unwrap_or_else(|said| HubError::Status { url, status, said })
        .into()
}

/// The error that the hub's code, status and words stand for; gives `said` back where they stand for nothing known.
fn refusal(
    http: &Http,
    status: u16,
    code: &str,
    words: &str,
    said: Option<String>,
    asked: Asked<'_>,
) -> Result<HubError, Option<String>> {
    let endpoint = http.endpoint().shown();
    let with_token = http.has_token();
    let (repo, revision) = match asked {
        Asked::Listing(model) | Asked::File(model, _) => (model.repo().to_string(), model.revision().to_owned()),
        Asked::Upload(repo, revision) => (repo.to_string(), revision.to_owned()),
        Asked::Account if status == 401 => return Ok(HubError::TokenRefused { endpoint, said }),
        Asked::Account => return Err(said),
    };
    Ok(match (code, status) {
        ("RevisionNotFound", _) => HubError::RevisionNotFound { repo, revision, endpoint, said },
        ("GatedRepo", _) if with_token => HubError::GatedNoAccess { repo, endpoint, said },
        ("GatedRepo", _) => HubError::GatedNoToken { repo, endpoint, said },
        _ if words.starts_with("Access to this resource is disabled") => HubError::Disabled { repo, endpoint, said },
        (_, 401) if with_token && words.starts_with("Invalid ") => HubError::TokenRefused { endpoint, said },
        ("RepoNotFound", _) | (_, 401) => HubError::RepoNotFound { repo, endpoint, with_token, said },
        (_, 403) => {
            let what = match asked {
                Asked::Upload(..) => format!("writing to `{repo}`"),
                _ => format!("reading `{repo}`"),
            };
            HubError::Forbidden { endpoint, what, said }
        }
        ("EntryNotFound" | "", 404) => match asked {
            Asked::File(model, file) => {
                HubError::FileNotFound { model: model.to_string(), file: file.to_owned(), said }
            }
            _ => HubError::RepoNotFound { repo, endpoint, with_token, said },
        },
        _ => return Err(said),
    })
}

fn wait(answer: &Answer) -> Option<Duration> {
    let asked = answer.number("retry-after").or_else(|| seconds_to_reset(answer.header("ratelimit")?));
    asked.map(Duration::from_secs)
}

/// From `"api";r=0;t=55`: when requests are allowed again.
fn seconds_to_reset(header: &str) -> Option<u64> {
    header.split(';').find_map(|part| part.trim().strip_prefix("t=")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_wait_is_read() {
        assert_eq!(seconds_to_reset("\"api\";r=0;t=55"), Some(55));
        assert_eq!(seconds_to_reset("nonsense"), None);
    }
}
