use crate::trouble::{Again, Trouble};
use crate::{HubError, Result};
use std::thread;
use std::time::Duration;

/// How often and how soon a failed request is made again.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    /// How often a request is made that does not get any further; a download that does starts counting anew.
    pub attempts: u32,
    /// The wait before the second attempt; each further one doubles it.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// The longest wait that a server may ask for; asked for more, the request fails.
    pub longest_asked_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 6,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(16),
            longest_asked_wait: Duration::from_secs(300),
        }
    }
}

/// The failed attempts at one request.
pub(crate) struct Retries<'a> {
    policy: &'a RetryPolicy,
    failed: u32,
    connected: bool,
}

/// An attempt that will be made again.
pub(crate) struct Retry {
    pub attempt: u32,
    pub wait: Duration,
    pub reason: String,
}

impl<'a> Retries<'a> {
    /// For a first request: nothing says yet that the hub can be reached at all.
    pub(crate) fn quick(policy: &'a RetryPolicy) -> Self {
        Self { policy, failed: 0, connected: false }
    }

    /// For a request to a hub that has answered before.
    pub(crate) fn patient(policy: &'a RetryPolicy) -> Self {
        Self { policy, failed: 0, connected: true }
    }

    /// The request got further than ever: the count starts anew.
    pub(crate) fn progressed(&mut self) {
        self.failed = 0;
    }

    /// Waits before the next attempt, or gives up with the reason.
    pub(crate) fn after(&mut self, trouble: Trouble, report: &mut dyn FnMut(&Retry)) -> Result<()> {
        self.failed = self.failed.saturating_add(1);
        let asked = match trouble.again {
            Again::Never => return Err(trouble.error),
            Again::IfConnectedBefore if !self.connected => return Err(trouble.error),
            Again::IfConnectedBefore => None,
            Again::After(asked) => asked,
        };
        if self.failed >= self.policy.attempts || asked.is_some_and(|wait| wait > self.policy.longest_asked_wait) {
            return Err(self.last(trouble.error));
        }
        let doublings = self.failed.saturating_sub(1).min(16);
        let wait = self.policy.first_wait.saturating_mul(1 << doublings).min(self.policy.longest_wait);
        let wait = asked.map_or(wait, |asked| asked.max(wait));
        let reason = trouble.error.to_string();
        tracing::warn!("attempt {} failed, trying again in {:.1} s: {reason}", self.failed, wait.as_secs_f64());
        report(&Retry { attempt: self.failed, wait, reason });
        thread::sleep(wait);
        Ok(())
    }

    /// Makes `request` until it succeeds or is given up.
    pub(crate) fn run<T>(mut self, mut request: impl FnMut() -> std::result::Result<T, Trouble>) -> Result<T> {
        loop {
            match request() {
                Ok(value) => return Ok(value),
                Err(trouble) => self.after(trouble, &mut |_| {})?,
            }
        }
    }

    fn last(&self, error: HubError) -> HubError {
        match error {
            HubError::Server { url, status, said, .. } => HubError::Server { url, status, attempts: self.failed, said },
            other => other,
        }
    }
}
