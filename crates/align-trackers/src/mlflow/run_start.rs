use std::time::{SystemTime, UNIX_EPOCH};

/// What is known of a run before its first step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStart {
    /// A name that no other run has. A run that is resumed is found by it.
    pub identity: String,
    /// The name that MLflow shows. Without one, the server invents one.
    pub run_name: Option<String>,
    /// The options, with their values as text.
    pub parameters: Vec<(String, String)>,
    /// When the run started, in milliseconds since 1970.
    pub time_ms: u64,
}

impl RunStart {
    /// A run that starts now.
    #[must_use]
    pub fn now(identity: impl Into<String>, run_name: Option<String>, parameters: Vec<(String, String)>) -> Self {
        Self { identity: identity.into(), run_name, parameters, time_ms: now_ms() }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It has reached its last step.
    Finished,
    /// It was stopped, and can be resumed.
    Stopped,
    /// It ended with an error.
    Failed,
}

impl End {
    pub(super) fn status(self) -> &'static str {
        match self {
            Self::Finished => "FINISHED",
            Self::Stopped => "KILLED",
            Self::Failed => "FAILED",
        }
    }
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
