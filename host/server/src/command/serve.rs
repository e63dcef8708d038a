//! `serve`: the host, until it is told to stop.

use std::io;
use std::net::SocketAddr;
use std::process;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use trunkline_core::id::Timestamp;
use trunkline_flow::ports::Clock;

use super::arguments::Serve;
use super::{Failure, OK, PROBLEMS};
use crate::config::{self, Config};
use crate::host::Host;
use crate::running::{self, Running};
use crate::{edge, logging, token, wiring};

/// Runs the host.
pub(super) fn run(arguments: &Serve) -> Result<u8, Failure> {
    logging::start(arguments.log_json);
    let config = config::load_fitting(&arguments.config, wiring::unfit).map_err(Failure::usage)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::problem)?;
    let code = runtime.block_on(serve(config));
    // What blocks in another thread is not waited for: all that counts is on disk.
    runtime.shutdown_background();
    code
}

async fn serve(config: Config) -> Result<u8, Failure> {
    let mut signals = Signals::new().map_err(Failure::problem)?;
    // The port first: whoever starts a second host by mistake learns that at once.
    let listener = listen(config.server.listen).await?;
    let address = listener.local_addr().map_err(Failure::problem)?;
    let host = Host::start(config).await.map_err(Failure::problem)?;
    leave_word(&host, address);
    let stop = CancellationToken::new();
    let until = stop.clone();
    let server = axum::serve(listener, edge::router(Arc::clone(&host)));
    let server = server.with_graceful_shutdown(async move { until.cancelled().await });
    let mut server = tokio::spawn(async move { server.await });
    let config = host.config();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        listen = %config.server.listen,
        public_url = config.server.public_url,
        "trunkline is running"
    );
    tokio::select! {
        name = signals.next() => tracing::info!(signal = name, "stopping; a second signal stops at once"),
        ended = &mut server => {
            let why = ended.map_or_else(|error| error.to_string(), |result| format!("{result:?}"));
            return Err(Failure::Problem(format!("the HTTP server ended: {why}")));
        }
    }
    stop.cancel();
    tokio::select! {
        code = finish(&host, server) => {
            running::remove(&host.config().store.path);
            Ok(code)
        }
        name = signals.next() => {
            tracing::warn!(signal = name, "stopped at once; what was under way goes on at the next start");
            process::exit(i32::from(PROBLEMS));
        }
    }
}

/// For `status` and its like, also when the file has changed.
fn leave_word(host: &Host, address: SocketAddr) {
    let config = host.config();
    let running = Running {
        address,
        token_file: token::file_in_use(&config),
    };
    if let Err(error) = running::write(&config.store.path, &running) {
        tracing::warn!(%error, "no word is left beside the store of where this host runs");
    }
}

/// Lets requests and deliveries end, until the configured deadline.
async fn finish(host: &Host, server: tokio::task::JoinHandle<io::Result<()>>) -> u8 {
    let patience = host.config().server.shutdown;
    let patience_ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
    let deadline: Timestamp = host.clock().now().plus_ms(patience_ms);
    let answered = tokio::time::timeout(patience, server);
    let (settled, answered) = tokio::join!(host.shutdown(deadline), answered);
    if settled && answered.is_ok() {
        tracing::info!("stopped");
    } else {
        tracing::warn!("stopped at the deadline; what was under way goes on at the next start");
    }
    OK
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let why = if error.kind() == io::ErrorKind::AddrInUse {
            "another process listens there; stop it, or name another port in [server] listen"
                .to_owned()
        } else if error.kind() == io::ErrorKind::PermissionDenied {
            "this user may not; ports below 1024 need a privilege".to_owned()
        } else {
            error.to_string()
        };
        Failure::Problem(format!("cannot listen on {address}: {why}"))
    })
}

/// What tells the host to stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
