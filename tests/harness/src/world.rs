//! Stand-ins, host and folder together.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use ece_simulator::{
    AgentConfig, CallbackAuth, CallbackConfig, EceConfig, EceSimulator, EntryPointConfig, PickUp,
};
use sms_simulator::{SmsConfig, SmsSimulator};

use crate::built::{Built, NotBuilt};
use crate::channels::Channels;
use crate::config::ConfigText;
use crate::host::{Host, HostError, free_port};

/// How long a fact may take to become true. It bounds a failing run; no test measures it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The admin API's token in every world.
pub const ADMIN_TOKEN: &str = "admin-token-of-a-test-world";

/// How a world differs from the usual one.
#[derive(Debug, Clone)]
pub struct WorldOptions {
    /// The agents of ECE.
    pub agents: Vec<AgentConfig>,
    /// `[journeys.support] on`, an inline table.
    pub on: String,
    /// The journey's stages, an inline array.
    pub stages: String,
    /// Appended to the configuration.
    pub more: String,
    /// Plugin files beside `sms`, by guest name.
    pub guests: Vec<String>,
    /// Where state is kept; a folder that goes away with the world if none.
    pub folder: Option<PathBuf>,
    /// The origin of the page that embeds the chat; with one the `in-app` channel is configured, if it was built.
    pub page_origin: Option<String>,
    /// With WhatsApp, Messenger, Apple Messages and In-app beside SMS.
    pub channels: bool,
}

impl Default for WorldOptions {
    /// One agent, Ann, driven by hand.
    fn default() -> Self {
        Self {
            agents: vec![by_hand("ann", "Ann")],
            on: r#"{ no-agents = "hold", unreachable = "hold", entry-point-disabled = "close", hold_s = 900, then = "close" }"#.to_owned(),
            stages: r#"[ { ece = "acme", entry_point = "support" } ]"#.to_owned(),
            more: String::new(),
            guests: Vec::new(),
            folder: None,
            page_origin: None,
            channels: false,
        }
    }
}

/// An agent who picks up when told, and shows customers this name.
pub fn by_hand(name: &str, screen_name: &str) -> AgentConfig {
    AgentConfig {
        pick_up: PickUp::Manual,
        capacity: 100_000,
        screen_name: Some(screen_name.to_owned()),
        ..AgentConfig::new(name, &[1001, 1002])
    }
}

/// An agent who takes everything and answers `echo: TEXT`.
pub fn echo() -> AgentConfig {
    AgentConfig {
        capacity: 1_000_000,
        script: vec![ece_simulator::RuleConfig::echo()],
        ..AgentConfig::new("echo", &[1001, 1002])
    }
}

/// An agent who answers the robots of the demo: `echo: TEXT`.
pub fn robot() -> AgentConfig {
    AgentConfig {
        screen_name: Some("Robot".to_owned()),
        entry_points: vec![1003],
        ..echo()
    }
}

/// Stand-ins, host and folder. Dropping it kills the host and removes a temporary folder.
pub struct World {
    /// ECE.
    pub ece: EceSimulator,
    /// Twilio and its customers.
    pub sms: SmsSimulator,
    /// The other channels' providers, if they were asked for.
    pub channels: Option<Channels>,
    /// The host.
    pub host: Host,
    /// What was built.
    pub built: Built,
    folder: PathBuf,
    plugins_in_use: Vec<String>,
    _temporary: Option<tempfile::TempDir>,
}

/// A world that does not come about.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The host or plugins are missing.
    #[error(transparent)]
    NotBuilt(#[from] NotBuilt),
    /// The stand-in for ECE.
    #[error("start the stand-in for ECE")]
    Ece(#[from] ece_simulator::StartError),
    /// A provider's stand-in.
    #[error("start a provider's stand-in")]
    Provider(#[from] stand_in::StartError),
    /// The host.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The world's folder.
    #[error("{}", path.display())]
    Folder {
        /// What could not be written.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl World {
    /// Builds the world and starts everything.
    ///
    /// # Errors
    /// Something is not built or does not start.
    pub async fn start(options: WorldOptions) -> Result<Self, WorldError> {
        let mut world = Self::prepare(options).await?;
        world.host.start().await?;
        world.until_live("sms").await?;
        Ok(world)
    }

    /// As `start`, with the host prepared and not started.
    ///
    /// # Errors
    /// Something is not built or does not start.
    pub async fn prepare(options: WorldOptions) -> Result<Self, WorldError> {
        Self::prepare_with(Built::find()?, options).await
    }

    /// As `prepare`, with what was built elsewhere.
    ///
    /// # Errors
    /// Something does not start.
    pub async fn prepare_with(built: Built, options: WorldOptions) -> Result<Self, WorldError> {
        let (folder, temporary) = folder(options.folder.as_deref())?;
        let port = free_port();
        let ece = EceSimulator::start(ece_config(port, options.agents)).await?;
        let sms = SmsSimulator::start(SmsConfig::default()).await?;
        sms.set_webhook(&format!("http://127.0.0.1:{port}/channels/acme-sms"), None);
        let mut plugins_in_use = vec!["sms".to_owned()];
        let mut more = options.more;
        if let Some(origin) = &options.page_origin
            && built.plugin("in-app").is_file()
        {
            more.push_str(&crate::config::in_app(origin));
            plugins_in_use.push("in-app".to_owned());
        }
        let channels = match options.channels {
            true => Some(Channels::start(port).await?),
            false => None,
        };
        let mut secrets = environment(&ece, &sms);
        if let Some(channels) = &channels {
            more.push_str(&channels.config());
            secrets.extend(channels.environment());
            plugins_in_use.extend(crate::channels::PLUGINS.map(str::to_owned));
        }
        let text = ConfigText {
            port,
            ece_base_url: ece.base_url(),
            sms_base_url: sms.base_url().to_owned(),
            account_sid: sms.config().account_sid.clone(),
            number: sms.config().number.clone(),
            on: options.on,
            stages: options.stages,
            more,
        };
        let config = folder.join("trunkline.toml");
        write(&config, text.render().as_bytes())?;
        write(&folder.join("admin-token"), ADMIN_TOKEN.as_bytes())?;
        let host = Host::new(built.host.clone(), config, port, secrets);
        let world = Self {
            ece,
            sms,
            channels,
            host,
            built,
            folder,
            plugins_in_use,
            _temporary: temporary,
        };
        fs::create_dir_all(world.plugins()).map_err(wrong(&world.plugins()))?;
        for plugin in &world.plugins_in_use {
            world.drop_in(&world.built.plugin(plugin))?;
        }
        for guest in &options.guests {
            world.drop_in(&world.built.guest(guest))?;
        }
        Ok(world)
    }

    /// Copies a plugin file into the watched folder, whole or not at all.
    ///
    /// # Errors
    /// It cannot be copied.
    pub fn drop_in(&self, file: &Path) -> Result<(), WorldError> {
        let bytes = fs::read(file).map_err(wrong(file))?;
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        self.drop_bytes(&name, &bytes)
    }

    /// Puts bytes as a plugin file into the watched folder, whole or not at all.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn drop_bytes(&self, name: &str, bytes: &[u8]) -> Result<(), WorldError> {
        let half = self.folder.join(format!("{name}.half"));
        write(&half, bytes)?;
        let whole = self.plugins().join(name);
        fs::rename(&half, &whole).map_err(wrong(&whole))
    }

    /// The `sms` plugin as `another` gives it.
    ///
    /// # Errors
    /// The built file cannot be read.
    pub fn another_sms(&self, mark: u8) -> Result<Vec<u8>, WorldError> {
        self.another("sms", mark)
    }

    /// A plugin with one more custom section: other bytes, hence another version of it.
    ///
    /// # Errors
    /// The built file cannot be read.
    pub fn another(&self, plugin: &str, mark: u8) -> Result<Vec<u8>, WorldError> {
        let file = self.built.plugin(plugin);
        let mut bytes = fs::read(&file).map_err(wrong(&file))?;
        // A custom section: id 0, size, name length, name, content.
        bytes.extend([0, 6, 4, b'm', b'a', b'r', b'k', mark]);
        Ok(bytes)
    }

    /// The plugins that the configuration uses.
    pub fn plugins_in_use(&self) -> Vec<String> {
        self.plugins_in_use.clone()
    }

    /// Whether the chat in the browser has a channel.
    pub fn serves_in_app(&self) -> bool {
        self.plugins_in_use.iter().any(|plugin| plugin == "in-app")
    }

    /// The host, for somebody who starts and kills it apart; what is left knows only where it is.
    pub fn take_host(&mut self) -> Host {
        let left = self.host.not_started();
        std::mem::replace(&mut self.host, left)
    }

    /// The watched folder.
    pub fn plugins(&self) -> PathBuf {
        self.folder.join("plugins")
    }

    /// Where configuration, store and log are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Waits until the host says that a plugin of this name is live.
    ///
    /// # Errors
    /// It does not within [`PATIENCE`].
    pub async fn until_live(&self, plugin: &str) -> Result<(), HostError> {
        self.until_status(|status| {
            status["plugins"].as_array().is_some_and(|plugins| {
                plugins
                    .iter()
                    .any(|one| one["state"] == "live" && one["name"] == plugin)
            })
        })
        .await
    }

    /// Waits until the host's status satisfies `wanted`.
    ///
    /// # Errors
    /// It does not within [`PATIENCE`].
    pub async fn until_status(
        &self,
        wanted: impl Fn(&serde_json::Value) -> bool,
    ) -> Result<(), HostError> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut last = serde_json::Value::Null;
        while tokio::time::Instant::now() < deadline {
            if let Some(status) = self.admin("status").await {
                if wanted(&status) {
                    return Ok(());
                }
                last = status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(HostError::Silent {
            port: 0,
            log: self.host.log().to_owned(),
            tail: format!("the status stays\n{last:#}"),
        })
    }

    /// Asks the admin API; none while it does not answer well.
    pub async fn admin(&self, what: &str) -> Option<serde_json::Value> {
        let url = format!("{}/api/v1/{what}", self.host.url());
        let answer = client()
            .get(url)
            .bearer_auth(ADMIN_TOKEN)
            .send()
            .await
            .ok()?;
        if !answer.status().is_success() {
            return None;
        }
        answer.json().await.ok()
    }
}

fn folder(wanted: Option<&Path>) -> Result<(PathBuf, Option<tempfile::TempDir>), WorldError> {
    if let Some(path) = wanted {
        fs::create_dir_all(path).map_err(wrong(path))?;
        return Ok((path.to_owned(), None));
    }
    let made = tempfile::tempdir().map_err(wrong(&std::env::temp_dir()))?;
    Ok((made.path().to_owned(), Some(made)))
}

fn ece_config(port: u16, agents: Vec<AgentConfig>) -> EceConfig {
    EceConfig {
        agents,
        control_listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        entry_points: vec![
            EntryPointConfig::new(1001, "Support"),
            EntryPointConfig {
                active: false,
                ..EntryPointConfig::new(1002, "Closed")
            },
            EntryPointConfig::new(1003, "Robots"),
        ],
        callback: CallbackConfig {
            url: Some(format!("http://127.0.0.1:{port}/ece/acme/callback")),
            auth: CallbackAuth::Basic {
                username: "ece".to_owned(),
                password: "callback-pass".to_owned(),
            },
            ..CallbackConfig::default()
        },
        ..EceConfig::default()
    }
}

fn environment(ece: &EceSimulator, sms: &SmsSimulator) -> Vec<(String, String)> {
    let pairs = [
        ("TWILIO_TOKEN", sms.config().auth_token.as_str()),
        ("ECE_CLIENT_ID", &ece.config().client_key),
        ("ECE_CLIENT_SECRET", &ece.config().client_secret),
        ("ECE_CB_USER", "ece"),
        ("ECE_CB_PASS", "callback-pass"),
    ];
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), WorldError> {
    fs::write(path, bytes).map_err(wrong(path))
}

fn wrong(path: &Path) -> impl FnOnce(std::io::Error) -> WorldError + use<> {
    let path = path.to_owned();
    move |source| WorldError::Folder { path, source }
}

/// A client that follows nothing and uses no proxy.
///
/// # Panics
/// TLS cannot be set up, which `ring` always can.
pub fn client() -> reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    CLIENT
        .get_or_init(|| {
            // Fails only when somebody installed a provider before, which serves as well.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let builder = reqwest::Client::builder()
                .no_proxy()
                .timeout(Duration::from_secs(20));
            builder.build().expect("a client with ring")
        })
        .clone()
}
