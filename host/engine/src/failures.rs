//! What flow does about a call that ended without the plugin's word.

use trunkline_flow::ports::{BotError, SendError};

use crate::invocation::{Failed, Failure};
use crate::request::FetchError;

/// When to ask again after the host itself failed.
pub(crate) const HOST_TROUBLE_MS: u64 = 5_000;

/// Of `send`.
pub(crate) fn send_failed(failed: Failed) -> SendError {
    if failed.once_left {
        let reason = failed.failure;
        return SendError::Unknown(format!("the message left, then the call failed: {reason}"));
    }
    match failed.failure {
        Failure::Plugin(reason) => SendError::Plugin(reason),
        Failure::Store(error) => SendError::Store(error.to_string()),
        Failure::Host(text) => SendError::Again {
            wait_ms: HOST_TROUBLE_MS,
            text,
        },
    }
}

/// Of a bot's turn.
pub(crate) fn bot_failed(failed: Failed) -> BotError {
    match failed.failure {
        Failure::Plugin(reason) => BotError::Failed(format!("the bot's plugin failed: {reason}")),
        // Asking twice would be worse than not asking.
        failure @ (Failure::Store(_) | Failure::Host(_)) if failed.once_left => {
            BotError::Failed(failure.to_string())
        }
        Failure::Store(error) => BotError::Again {
            wait_ms: HOST_TROUBLE_MS,
            text: error.to_string(),
        },
        Failure::Host(text) => BotError::Again {
            wait_ms: HOST_TROUBLE_MS,
            text,
        },
    }
}

/// Of fetching a customer's file.
pub(crate) fn download_failed(error: &FetchError) -> SendError {
    match error {
        FetchError::Denied(_) | FetchError::TooLarge => SendError::Refused(error.to_string()),
        FetchError::Unreachable(_) | FetchError::Unknown(_) => SendError::Again {
            wait_ms: HOST_TROUBLE_MS,
            text: error.to_string(),
        },
    }
}

/// Of fetching a customer's file, by the provider's status.
pub(crate) fn download_refused(status: u16) -> SendError {
    match status {
        401 | 403 => SendError::Credentials(format!("the provider refuses the file: {status}")),
        408 | 425 | 429 | 500.. => SendError::Again {
            wait_ms: HOST_TROUBLE_MS,
            text: format!("the provider answered {status}"),
        },
        _ => SendError::Refused(format!("the provider has no such file: {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trap(once_left: bool) -> Failed {
        Failed {
            failure: Failure::Plugin("unreachable".to_owned()),
            once_left,
        }
    }

    #[test]
    fn a_trap_after_a_once_request_left_is_unknown_and_before_it_is_not() {
        assert!(matches!(send_failed(trap(true)), SendError::Unknown(_)));
        assert!(matches!(send_failed(trap(false)), SendError::Plugin(_)));
    }

    #[test]
    fn a_call_that_waited_too_long_is_made_again_and_blames_no_plugin() {
        let late = |once_left| Failed {
            failure: Failure::too_long(crate::config::CALL_TIME),
            once_left,
        };
        assert!(matches!(send_failed(late(false)), SendError::Again { .. }));
        assert!(matches!(send_failed(late(true)), SendError::Unknown(_)));
        assert!(matches!(bot_failed(late(false)), BotError::Again { .. }));
    }

    #[test]
    fn a_bot_is_not_asked_again_once_it_may_have_acted() {
        let host = |once_left| Failed {
            failure: Failure::Host("no thread".to_owned()),
            once_left,
        };
        assert!(matches!(bot_failed(host(true)), BotError::Failed(_)));
        assert!(matches!(bot_failed(host(false)), BotError::Again { .. }));
        assert!(matches!(bot_failed(trap(false)), BotError::Failed(_)));
    }

    #[test]
    fn a_file_the_provider_no_longer_has_is_refused_and_a_busy_provider_asked_again() {
        assert!(matches!(download_refused(404), SendError::Refused(_)));
        assert!(matches!(download_refused(401), SendError::Credentials(_)));
        assert!(matches!(download_refused(503), SendError::Again { .. }));
    }
}
