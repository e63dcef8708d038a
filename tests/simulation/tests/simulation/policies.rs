/// Where they are tried.
mod bench;

/// What comes in: webhooks, callbacks, raw calls, typing.
mod incoming;

/// What goes out: attempts, waits, ends.
mod outgoing;
