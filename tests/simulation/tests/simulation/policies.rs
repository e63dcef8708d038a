/// Where they are tried.
mod bench;

/// What comes in: webhooks, callbacks, raw calls, typing.
mod incoming;

/// What waits for its plugin, and for its other pieces.
mod completing;

/// What goes out: attempts, waits, ends.
mod outgoing;

/// What goes into ECE and waits for it.
mod to_ece;

/// Sockets: frames in and out, uploads.
mod sockets;

/// What no store can take.
mod untakeable;

/// What is remembered of a conversation, and for how long.
mod remembering;

/// What crosses on its way.
mod crossing;
