//! Stand-ins, host and folder together.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use ece_simulator::{
    AgentConfig, CallbackAuth, CallbackConfig, EceConfig, EceSimulator, EntryPointConfig, PickUp,
};
use sms_simulator::{SmsConfig, SmsSimulator};

use crate::built::{Built, NotBuilt};
use crate::config::ConfigText;
use crate::count::Count;
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

/// Stand-ins, host and folder. Dropping it kills the host and removes a temporary folder.
pub struct World {
    /// ECE.
    pub ece: EceSimulator,
    /// Twilio and its customers.
    pub sms: SmsSimulator,
    /// The host.
    pub host: Host,
    /// What was built.
    pub built: Built,
    folder: PathBuf,
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
    /// The stand-in for Twilio.
    #[error("start the stand-in for Twilio")]
    Sms(#[from] sms_simulator::StartError),
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
        let text = ConfigText {
            port,
            ece_base_url: ece.base_url(),
            sms_base_url: sms.base_url().to_owned(),
            account_sid: sms.config().account_sid.clone(),
            number: sms.config().number.clone(),
            on: options.on,
            stages: options.stages,
            more: options.more,
        };
        let config = folder.join("trunkline.toml");
        write(&config, text.render().as_bytes())?;
        let host = Host::new(built.host.clone(), config, port, environment(&ece, &sms));
        let world = Self {
            ece,
            sms,
            host,
            built,
            folder,
            _temporary: temporary,
        };
        fs::create_dir_all(world.plugins()).map_err(wrong(&world.plugins()))?;
        world.drop_in(&world.built.plugin("sms"))?;
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

    /// The `sms` plugin with one more custom section: other bytes, hence another version of it.
    ///
    /// # Errors
    /// The built file cannot be read.
    pub fn another_sms(&self, mark: u8) -> Result<Vec<u8>, WorldError> {
        let file = self.built.plugin("sms");
        let mut bytes = fs::read(&file).map_err(wrong(&file))?;
        // A custom section: id 0, size, name length, name, content.
        bytes.extend([0, 6, 4, b'm', b'a', b'r', b'k', mark]);
        Ok(bytes)
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

    /// What customers said against what agents saw, over all of a customer's conversations in ECE.
    pub fn to_agents(&self, customer: &str, said: &[String]) -> Count {
        let seen = self.in_ece(customer, |record| {
            record.texts().into_iter().map(str::to_owned).collect()
        });
        Count::of(said, &seen)
    }

    /// What agents said to a customer against what the customer got. `marked` picks the lines.
    pub fn to_customer(&self, customer: &str, marked: impl Fn(&str) -> bool) -> Count {
        let said = self.in_ece(customer, |record| {
            let texts = record.sent.iter().filter(|sent| sent.kind == "text/plain");
            texts.filter_map(|sent| sent.content.clone()).collect()
        });
        let said: Vec<String> = said.into_iter().filter(|text| marked(text)).collect();
        let seen: Vec<String> = self.sms.with_ledger(|ledger| {
            ledger
                .bodies_to(customer)
                .into_iter()
                .map(str::to_owned)
                .collect()
        });
        Count::of(&said, &seen)
    }

    /// Something of each of a customer's conversations in ECE, in the order they were started.
    fn in_ece(
        &self,
        customer: &str,
        of: impl Fn(&ece_simulator::ConversationRecord) -> Vec<String>,
    ) -> Vec<String> {
        let number = customer.trim_start_matches('+');
        self.ece.with_ledger(|ledger| {
            let records = ledger.conversations.iter();
            let theirs = records.filter(|record| record.customer.to_string().contains(number));
            theirs.flat_map(|record| of(record)).collect()
        })
    }

    /// Waits until this customer got a message that satisfies `wanted`.
    ///
    /// # Errors
    /// None came within [`PATIENCE`].
    pub async fn customer_gets(
        &self,
        customer: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<(), sms_simulator::DeadlinePassed> {
        let got =
            |ledger: &sms_simulator::Ledger| ledger.bodies_to(customer).into_iter().any(&wanted);
        self.sms.wait_for(got, PATIENCE).await
    }

    /// Waits until agents saw a text that satisfies `wanted`; gives ECE's id of its conversation.
    ///
    /// # Errors
    /// None saw it within [`PATIENCE`].
    pub async fn agent_sees(
        &self,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<String, ece_simulator::DeadlinePassed> {
        let place = |ledger: &ece_simulator::Ledger| {
            let mut records = ledger.conversations.iter();
            records
                .rfind(|record| record.texts().into_iter().any(&wanted))
                .map(|r| r.id.clone())
        };
        self.ece
            .wait_for(|ledger| place(ledger).is_some(), PATIENCE)
            .await?;
        Ok(self.ece.with_ledger(place).unwrap_or_default())
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
        entry_points: vec![
            EntryPointConfig::new(1001, "Support"),
            EntryPointConfig {
                active: false,
                ..EntryPointConfig::new(1002, "Closed")
            },
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
        ("TRUNKLINE_ADMIN", ADMIN_TOKEN),
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
