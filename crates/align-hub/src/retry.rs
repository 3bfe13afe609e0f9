use crate::request_error::{RequestError, RetryRule};
use crate::{HubError, Result};
use std::thread;
use std::time::Duration;

/// How failed requests are retried.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    /// Attempts per request. Progress of a download resets the count.
    pub max_attempts: u32,
    /// Delay before the second attempt. It doubles with each further attempt.
    pub initial_delay: Duration,
    /// Longest delay.
    pub max_delay: Duration,
    /// Longest delay that a server may request. If it requests more, the request fails.
    pub max_server_delay: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 6,
            initial_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(16),
            max_server_delay: Duration::from_secs(300),
        }
    }
}

/// Counts the failed attempts of one request.
pub(crate) struct Retries<'a> {
    policy: &'a RetryPolicy,
    failed: u32,
    connected: bool,
}

/// A failed attempt that will be retried.
pub(crate) struct Retry {
    pub attempt: u32,
    pub wait: Duration,
    pub reason: String,
}

impl<'a> Retries<'a> {
    /// For the first request: it is not yet known whether the hub can be reached.
    pub(crate) fn for_first_request(policy: &'a RetryPolicy) -> Self {
        Self { policy, failed: 0, connected: false }
    }

    /// For requests to a hub that has responded before.
    pub(crate) fn after_connection(policy: &'a RetryPolicy) -> Self {
        Self { policy, failed: 0, connected: true }
    }

    /// Resets the count after progress.
    pub(crate) fn reset(&mut self) {
        self.failed = 0;
    }

    /// Waits for the next attempt, or returns the error if no attempt is left.
    pub(crate) fn wait_or_fail(&mut self, failure: RequestError, report: &mut dyn FnMut(&Retry)) -> Result<()> {
        self.failed = self.failed.saturating_add(1);
        let requested = match failure.retry {
            RetryRule::Never => return Err(failure.error),
            RetryRule::IfConnectedBefore if !self.connected => return Err(failure.error),
            RetryRule::IfConnectedBefore => None,
            RetryRule::After(requested) => requested,
        };
        if self.failed >= self.policy.max_attempts || requested.is_some_and(|wait| wait > self.policy.max_server_delay)
        {
            return Err(self.with_attempts(failure.error));
        }
        let doublings = self.failed.saturating_sub(1).min(16);
        let wait = self.policy.initial_delay.saturating_mul(1 << doublings).min(self.policy.max_delay);
        let wait = requested.map_or(wait, |requested| requested.max(wait));
        let reason = failure.error.to_string();
        tracing::warn!("attempt {} failed, retrying in {:.1} s: {reason}", self.failed, wait.as_secs_f64());
        report(&Retry { attempt: self.failed, wait, reason });
        thread::sleep(wait);
        Ok(())
    }

    /// Calls `request` until it succeeds or no attempt is left.
    pub(crate) fn run<T>(mut self, mut request: impl FnMut() -> std::result::Result<T, RequestError>) -> Result<T> {
        loop {
            match request() {
                Ok(value) => return Ok(value),
                Err(failure) => self.wait_or_fail(failure, &mut |_| {})?,
            }
        }
    }

    fn with_attempts(&self, error: HubError) -> HubError {
        match error {
            HubError::Server { url, status, server_message, .. } => {
                HubError::Server { url, status, attempts: self.failed, server_message }
            }
            other => other,
        }
    }
}
