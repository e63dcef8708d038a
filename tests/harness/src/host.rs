//! The host as a process: started, killed, started again.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

/// How long the host may take to answer `/readyz`, or to end. A fact is waited for, not a time: this
/// only bounds a failing run.
const PATIENCE: Duration = Duration::from_secs(60);

/// A host process. Dropping it kills the process.
#[derive(Debug)]
pub struct Host {
    binary: PathBuf,
    config: PathBuf,
    log: PathBuf,
    env: Vec<(String, String)>,
    log_json: bool,
    port: u16,
    child: Option<Child>,
}

/// The host did not do what was waited for.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// It could not be started at all.
    #[error("start {}", path.display())]
    Start {
        /// The binary or log file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It ended instead of serving.
    #[error("the host ended with {status}; its log {} ends:\n{tail}", log.display())]
    Ended {
        /// Its exit status.
        status: ExitStatus,
        /// Its log file.
        log: PathBuf,
        /// The end of it.
        tail: String,
    },
    /// It runs and does not answer.
    #[error("the host does not answer on port {port}; its log {} ends:\n{tail}", log.display())]
    Silent {
        /// Where.
        port: u16,
        /// Its log file.
        log: PathBuf,
        /// The end of it.
        tail: String,
    },
}

impl Host {
    /// Prepares a host on `port`; `start` starts it.
    pub fn new(binary: PathBuf, config: PathBuf, port: u16, env: Vec<(String, String)>) -> Self {
        let log = config.with_file_name("host.log");
        Self {
            binary,
            config,
            log,
            env,
            log_json: false,
            port,
            child: None,
        }
    }

    /// Its environment beside ours: the configuration's secrets, by variable.
    pub fn environment(&self) -> &[(String, String)] {
        &self.env
    }

    /// From the next start on, everything is logged, as JSON.
    pub fn log_everything(&mut self) {
        self.log_json = true;
        self.env.push(("RUST_LOG".to_owned(), "trace".to_owned()));
    }

    /// The same, not running.
    pub(crate) fn not_started(&self) -> Self {
        Self {
            binary: self.binary.clone(),
            config: self.config.clone(),
            log: self.log.clone(),
            env: self.env.clone(),
            log_json: self.log_json,
            port: self.port,
            child: None,
        }
    }

    /// Where its edge is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its log file, appended to over restarts.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Starts the process and waits until it serves.
    ///
    /// # Errors
    /// It cannot start, ends, or stays silent.
    pub async fn start(&mut self) -> Result<(), HostError> {
        self.spawn()?;
        self.until_ready().await
    }

    /// Starts the process and returns at once.
    ///
    /// # Errors
    /// It cannot start.
    pub fn spawn(&mut self) -> Result<(), HostError> {
        let start = |path: &Path| {
            let path = path.to_owned();
            move |source| HostError::Start { path, source }
        };
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(start(&self.log))?;
        let errors = log.try_clone().map_err(start(&self.log))?;
        let child = Command::new(&self.binary)
            .arg("serve")
            .arg("--config")
            .arg(&self.config)
            .args(self.log_json.then_some("--log-json"))
            .envs(self.env.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .map_err(start(&self.binary))?;
        self.child = Some(child);
        Ok(())
    }

    /// Waits until `/readyz` answers 200.
    ///
    /// # Errors
    /// It ends or stays silent.
    pub async fn until_ready(&mut self) -> Result<(), HostError> {
        let deadline = Instant::now() + PATIENCE;
        let client = crate::world::client();
        let url = format!("{}/readyz", self.url());
        while Instant::now() < deadline {
            if let Some(status) = self.ended() {
                return Err(HostError::Ended {
                    status,
                    log: self.log.clone(),
                    tail: self.tail(),
                });
            }
            if client
                .get(&url)
                .send()
                .await
                .is_ok_and(|answer| answer.status().is_success())
            {
                return Ok(());
            }
            sleep(Duration::from_millis(20)).await;
        }
        Err(HostError::Silent {
            port: self.port,
            log: self.log.clone(),
            tail: self.tail(),
        })
    }

    /// `kill -9`, and waits for the body.
    pub async fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Fails only if it is dead already.
            let _ = child.kill().await;
        }
    }

    /// Asks it to stop (SIGTERM) and waits for its exit status.
    ///
    /// # Errors
    /// It does not end.
    pub async fn stop(&mut self) -> Result<Option<ExitStatus>, HostError> {
        let Some(mut child) = self.child.take() else {
            return Ok(None);
        };
        if let Some(id) = child.id() {
            let _ = Command::new("kill").arg(id.to_string()).status().await;
        }
        match tokio::time::timeout(PATIENCE, child.wait()).await {
            Ok(status) => Ok(status.ok()),
            Err(_) => Err(HostError::Silent {
                port: self.port,
                log: self.log.clone(),
                tail: self.tail(),
            }),
        }
    }

    /// The process id while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.child
            .as_mut()
            .and_then(|child| child.try_wait().ok().flatten())
    }

    fn tail(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

/// A port that is free now and that nobody is given by chance: below the range from which systems
/// take ports for outgoing connections and for listeners that ask for any. The host must have the same
/// port over restarts, so it cannot ask for any itself.
///
/// # Panics
/// Some ten thousand ports are all taken.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Test programs run one after another or beside each other: each begins elsewhere.
    let begin = std::process::id().wrapping_mul(97);
    (0..PORTS)
        .map(|_| begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS)
        .filter_map(|offset| u16::try_from(FIRST_PORT + offset).ok())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}

/// Where `free_port` looks: Linux gives out 32768 and above, others 49152 and above.
const FIRST_PORT: u32 = 20_000;
const PORTS: u32 = 12_000;
