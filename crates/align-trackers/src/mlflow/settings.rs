use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::fmt;

/// The tracking server, the experiment, and how to log in, as in the environment variables of MLflow's own client.
#[derive(Clone, PartialEq, Eq)]
pub struct MlflowSettings {
    /// The address of the server, `http://HOST:PORT` or `https://HOST`, without a slash at the end.
    pub(super) tracking_uri: String,
    /// The name of the experiment. It is created if it does not exist.
    pub(super) experiment: String,
    /// The header `Authorization`.
    pub(super) authorization: Option<String>,
}

/// A setting that is missing or cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} {problem}")]
pub struct SettingError {
    /// The name of the environment variable.
    pub name: &'static str,
    /// What is wrong with it and what to do: the rest of a sentence that begins with the name.
    pub problem: String,
}

const URI: &str = "MLFLOW_TRACKING_URI";
/// The experiment that every server has.
const DEFAULT_EXPERIMENT: &str = "Default";

impl MlflowSettings {
    /// The settings of a server and an experiment, without a login.
    ///
    /// # Errors
    /// An address that is not one of a server.
    pub fn new(tracking_uri: &str, experiment: &str) -> Result<Self, SettingError> {
        let fail = |problem: String| Err(SettingError { name: URI, problem });
        let shown = align_base::printable_line(tracking_uri);
        let rest = ["http://", "https://"].into_iter().find_map(|scheme| tracking_uri.strip_prefix(scheme));
        let Some(rest) = rest.map(|rest| rest.trim_end_matches('/')) else {
            return fail(format!(
                "is {shown:?}, but only a server can be written to: start `mlflow server` and give its address, such as http://127.0.0.1:5000"
            ));
        };
        if rest.is_empty() || rest.starts_with(['/', ':']) || rest.contains(['?', '#', '@', ' ']) {
            return fail(format!(
                "is {shown:?}, expected an address such as http://127.0.0.1:5000, without user name or query"
            ));
        }
        if tracking_uri.parse::<ureq::http::Uri>().is_err() {
            return fail(format!("is {shown:?}, which is not an address: expected one such as http://127.0.0.1:5000"));
        }
        let tracking_uri = tracking_uri.trim_end_matches('/').to_owned();
        Ok(Self { tracking_uri, experiment: experiment.to_owned(), authorization: None })
    }

    /// The settings of the environment variables `MLFLOW_TRACKING_URI`, `MLFLOW_EXPERIMENT_NAME`, `MLFLOW_TRACKING_TOKEN`,
    /// `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`. `variable` gives the value of one.
    ///
    /// # Errors
    /// An address that is missing or not one of a server, and a login that cannot be sent.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        let Some(uri) = get(URI) else {
            let problem = "is not set: set it to the address of an MLflow server, such as http://127.0.0.1:5000";
            return Err(SettingError { name: URI, problem: problem.to_owned() });
        };
        let experiment = get("MLFLOW_EXPERIMENT_NAME").unwrap_or_else(|| DEFAULT_EXPERIMENT.to_owned());
        let user = get("MLFLOW_TRACKING_USERNAME");
        let authorization = match (get("MLFLOW_TRACKING_TOKEN"), user) {
            (_, Some(user)) => {
                let password = get("MLFLOW_TRACKING_PASSWORD").unwrap_or_default();
                Some(format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}"))))
            }
            (Some(token), None) if token.bytes().all(|byte| byte.is_ascii_graphic()) => Some(format!("Bearer {token}")),
            (Some(_), None) => {
                let problem = "contains white space or another character that no token has";
                return Err(SettingError { name: "MLFLOW_TRACKING_TOKEN", problem: problem.to_owned() });
            }
            (None, None) => None,
        };
        Ok(Self { authorization, ..Self::new(&uri, &experiment)? })
    }

    /// The settings of this process's environment variables: see [`MlflowSettings::from_variables`].
    ///
    /// # Errors
    /// Those of [`MlflowSettings::from_variables`].
    pub fn from_environment() -> Result<Self, SettingError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// The address of the server.
    #[must_use]
    pub fn tracking_uri(&self) -> &str {
        &self.tracking_uri
    }

    /// The name of the experiment.
    #[must_use]
    pub fn experiment(&self) -> &str {
        &self.experiment
    }

    /// Whether the server is on this machine, so that no proxy is asked.
    pub(super) fn is_loopback(&self) -> bool {
        let uri = self.tracking_uri.parse::<ureq::http::Uri>().unwrap_or_default();
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// Never shows the login.
impl fmt::Debug for MlflowSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MlflowSettings")
            .field("tracking_uri", &self.tracking_uri)
            .field("experiment", &self.experiment)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<MlflowSettings, String> {
        let get = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        MlflowSettings::from_variables(get).map_err(|e| e.to_string())
    }

    #[test]
    fn settings_are_those_of_mlflow() {
        let settings = read(&[(URI, "http://localhost:5000/"), ("MLFLOW_EXPERIMENT_NAME", "dpo")]).unwrap();
        assert_eq!((settings.tracking_uri(), settings.experiment()), ("http://localhost:5000", "dpo"));
        assert!(settings.is_loopback() && settings.authorization.is_none());
        let token = read(&[(URI, "https://mlflow.example"), ("MLFLOW_TRACKING_TOKEN", "secret")]).unwrap();
        assert_eq!((token.authorization.as_deref(), token.experiment()), (Some("Bearer secret"), "Default"));
        assert!(!token.is_loopback() && !format!("{token:?}").contains("secret"));
        // RFC 7617, section 2.
        let password =
            [(URI, "https://a"), ("MLFLOW_TRACKING_USERNAME", "Aladdin"), ("MLFLOW_TRACKING_PASSWORD", "open sesame")];
        let basic = read(&password).unwrap().authorization.unwrap();
        assert_eq!(basic, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }

    #[test]
    fn wrong_settings_are_named() {
        for (variables, expected) in [
            (&[][..], "MLFLOW_TRACKING_URI is not set"),
            (&[(URI, "sqlite:///mlflow.db")], "only a server"),
            (&[(URI, "file:///tmp/mlruns")], "start `mlflow server`"),
            (&[(URI, "databricks")], "only a server"),
            (&[(URI, "http://")], "without user name"),
            (&[(URI, "http://me@host")], "without user name"),
            (&[(URI, "http://a b")], "expected an address"),
            (&[(URI, "http://a"), ("MLFLOW_TRACKING_TOKEN", "a b")], "MLFLOW_TRACKING_TOKEN contains"),
        ] {
            let problem = read(variables).unwrap_err();
            assert!(problem.contains(expected), "{problem}");
        }
    }
}
