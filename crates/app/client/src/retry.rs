//! Doing the same thing again while that can help.

use std::time::Duration;

use stdx::{Coded as _, Retry};
use tokio::time::Instant;

use crate::ClientError;

/// How long to go on, and how long to wait between two attempts: the wait doubles from `backoff_min` to
/// `backoff_max`.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// No attempt begins later than this after the first. Default: 60 s.
    pub deadline: Duration,
    /// The first wait. Default: 20 ms.
    pub backoff_min: Duration,
    /// The longest wait. Default: 500 ms.
    pub backoff_max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(60),
            backoff_min: Duration::from_millis(20),
            backoff_max: Duration::from_millis(500),
        }
    }
}

/// Calls `attempt` until it succeeds, fails for good, or the policy's deadline has passed; then the last error
/// stands. `attempt` gets the number of attempts before it. Everything it sends must carry an id, so that an attempt
/// whose outcome is unknown may be repeated.
pub async fn retried<T, F>(policy: &RetryPolicy, mut attempt: impl FnMut(u32) -> F) -> Result<T, ClientError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    let start = Instant::now();
    let mut wait = policy.backoff_min;
    let mut attempts = 0;
    loop {
        let error = match attempt(attempts).await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if error.retry() == Retry::Never || start.elapsed() + wait > policy.deadline {
            return Err(error);
        }
        attempts += 1;
        // No jitter: the gateway holds requests while no leader serves, so callers do not come back in step.
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(policy.backoff_max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(retryable: bool) -> ClientError {
        let status = if retryable { 503 } else { 500 };
        ClientError::UnexpectedAnswer { base: String::new(), status, detail: "".into() }
    }

    const POLICY: RetryPolicy = RetryPolicy {
        deadline: Duration::from_millis(50),
        backoff_min: Duration::from_millis(1),
        backoff_max: Duration::from_millis(2),
    };

    #[tokio::test]
    async fn it_goes_on_while_that_can_help() {
        let generous = RetryPolicy { deadline: Duration::from_secs(3_600), ..POLICY };
        let third = retried(&generous, async |n| if n < 2 { Err(error(true)) } else { Ok(n) });
        assert_eq!(third.await.unwrap(), 2);
        let mut calls = 0;
        let never = retried(&generous, |_| {
            calls += 1;
            async { Err::<(), _>(error(false)) }
        });
        assert!(never.await.is_err());
        assert_eq!(calls, 1);
    }

    #[tokio::test]
    async fn it_ends_at_the_deadline() {
        assert!(retried(&POLICY, async |_| Err::<(), _>(error(true))).await.is_err());
    }
}
