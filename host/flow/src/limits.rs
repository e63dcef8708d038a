/// Bounds and waits. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Customers worked on at the same time; more wait in memory, then in the store.
    pub owners_max: usize,
    /// Inbox events and deliveries a lane that an owner holds in memory; events in one step.
    pub batch: usize,
    /// An owner waits this long for the next thing due before it goes; later ones are found by the ticker.
    pub linger_ms: u64,
    /// The ticker looks at least this often.
    pub tick_max_ms: u64,
    /// First wait after a failed attempt; doubled for each further one.
    pub backoff_first_ms: u64,
    /// The longest of these waits.
    pub backoff_max_ms: u64,
    /// A delivery to a customer that failed this long after it was committed becomes a dead letter.
    pub give_up_ms: u64,
    /// As `give_up_ms`, for what goes into ECE, where the integration says nothing else: agents' systems are down for longer than
    /// providers, and people wait for what was said.
    pub ece_give_up_ms: u64,
    /// As `give_up_ms`, for fetching a file: the message it came with waits.
    pub file_give_up_ms: u64,
    /// The largest file kept, in bytes.
    pub file_bytes_max: u64,
    /// How long a file's address works.
    pub file_keep_ms: u64,
    /// Quick further attempts at opening an ECE conversation; then ECE counts as unreachable.
    pub open_retries: u32,
    /// After a start with an unknown outcome: how long to wait for callbacks that can only be its own.
    pub open_unknown_ms: u64,
    /// Attempts at a bot's turn before the stage fails.
    pub bot_attempts: u32,
    /// One call of a plugin or ECE; past it the outcome is unknown. Above the engine's own limit of 60 s.
    pub call_ms: u64,
    /// One transfer of a file, however steadily its bytes come; a silence of 30 s ends it long before.
    pub transfer_ms: u64,
    /// How long an event waits for its plugin's `resolve` where the manifest does not say.
    pub resolve_ms: u64,
    /// How long the pieces of an event wait for the others.
    pub parts_ms: u64,
    /// A typing sign older than this is dropped.
    pub signal_ms: u64,
    /// Somebody who said that they type, and then nothing, types no more after this long.
    pub typing_ms: u64,
    /// Typing signs on their way at the same time.
    pub signals_max: usize,
    /// `Retry-After` of a 503, in seconds.
    pub retry_after_s: u32,
    /// Sockets open at the same time; more are answered 503.
    pub sockets_max: usize,
    /// A socket that is attached to nobody is closed after this long.
    pub socket_attach_ms: u64,
    /// How much of a customer's log is read at a time, in bytes: what a socket holds for a client that reads slowly.
    pub log_page_bytes: usize,
    /// Signals that wait for a slow client; the oldest go first.
    pub socket_signals_max: usize,
    /// How long an upload slot is open.
    pub upload_open_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            owners_max: 10_000,
            batch: 100,
            linger_ms: 2_000,
            tick_max_ms: 60_000,
            backoff_first_ms: 1_000,
            backoff_max_ms: 60_000,
            give_up_ms: 3_600_000,
            ece_give_up_ms: 24 * 3_600_000,
            file_give_up_ms: 600_000,
            file_bytes_max: 100 * 1024 * 1024,
            file_keep_ms: 30 * 24 * 3_600_000,
            open_retries: 3,
            open_unknown_ms: 20_000,
            bot_attempts: 3,
            call_ms: 120_000,
            // 100 MiB at 0.5 Mbit/s.
            transfer_ms: 30 * 60 * 1_000,
            resolve_ms: 10_000,
            parts_ms: 30_000,
            signal_ms: 5_000,
            typing_ms: 120_000,
            signals_max: 1_000,
            retry_after_s: 5,
            sockets_max: 10_000,
            socket_attach_ms: 30_000,
            log_page_bytes: 256 * 1024,
            socket_signals_max: 32,
            upload_open_ms: 15 * 60 * 1_000,
        }
    }
}
