//! All configured ECEs, behind the port of `flow`.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use reqwest::Client;
use reqwest::header::HeaderMap;
use trunkline_core::effect::EceMessage;
use trunkline_core::event::RemoteFile;
use trunkline_core::id::{EceSession, EntryPointName, IntegrationName, Timestamp};
use trunkline_flow::ports::{Download, Ece, EceError, EceSent, Leaving, OpenOutcome, Opening};

use crate::callback::{self, Callback, CallbackError};
use crate::check::{self, CheckLine};
use crate::compiled::ConfigError;
use crate::config::IntegrationConfig;
use crate::files;
use crate::integration::Integration;
use crate::public_address::PublicResolver;
use crate::refusals::RefusedBy;
use crate::status::Lights;
use crate::tls;

/// What all integrations share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// For files that bots name: `http://proxy:3128`.
    pub proxy: Option<String>,
    /// Let bots name files on private addresses, too.
    pub private_bot_files: bool,
}

/// All configured ECEs.
#[derive(Debug)]
pub struct EceClient {
    integrations: RwLock<BTreeMap<IntegrationName, Arc<Integration>>>,
    bot_files: Client,
    options: Options,
}

impl EceClient {
    /// Checks the settings and makes the clients. Nothing is sent yet.
    ///
    /// # Errors
    /// Every integration whose settings cannot work, with all that is wrong with it.
    pub fn new(
        configs: Vec<IntegrationConfig>,
        options: Options,
    ) -> Result<Self, Vec<ConfigError>> {
        let integrations = made(configs, &BTreeMap::new())?;
        let bot_files = bot_file_client(&options).map_err(|complaint| {
            vec![ConfigError {
                integration: IntegrationName::from("(bots)"),
                complaints: vec![complaint],
            }]
        })?;
        Ok(Self {
            integrations: RwLock::new(integrations),
            bot_files,
            options,
        })
    }

    /// Replaces the settings. An integration whose settings did not change keeps its connections and
    /// its login; calls under way end on the settings they began with.
    ///
    /// # Errors
    /// As `new`; then everything stays as it was.
    pub fn reconfigure(&self, configs: Vec<IntegrationConfig>) -> Result<(), Vec<ConfigError>> {
        let before = self
            .integrations
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let integrations = made(configs, &before)?;
        *self
            .integrations
            .write()
            .unwrap_or_else(PoisonError::into_inner) = integrations;
        Ok(())
    }

    /// The lights of an entry point, read anew.
    ///
    /// # Errors
    /// `Refused` when no such integration or entry point is configured. That ECE does not answer is no
    /// error: the lights say so.
    pub async fn status(
        &self,
        integration: &IntegrationName,
        entry_point: &EntryPointName,
    ) -> Result<Lights, EceError> {
        let integration = self.integration(integration)?;
        let id = integration.entry_point(entry_point)?;
        Ok(integration.lights(id).await)
    }

    /// What ECE refuses until somebody mends it: logins and starts, as last seen. None for an unknown integration.
    pub fn refusals(&self, integration: &IntegrationName) -> Vec<RefusedBy> {
        self.integration(integration)
            .map_or_else(|_| Vec::new(), |found| found.refusals.all())
    }

    /// Tries an integration from end to end without starting a conversation.
    ///
    /// # Errors
    /// `Refused` when no such integration is configured.
    pub async fn check(&self, integration: &IntegrationName) -> Result<Vec<CheckLine>, EceError> {
        let integration = self.integration(integration)?;
        Ok(check::run(&integration.config).await)
    }

    /// Reads what ECE posted to `/ece/{integration}/callback`. `arrived` stands in where a message has no
    /// time of its own.
    ///
    /// # Errors
    /// Nothing of it can be read: keep the body for the operator.
    pub fn parse_callback(
        &self,
        integration: &IntegrationName,
        content_type: &str,
        body: &[u8],
        arrived: Timestamp,
    ) -> Result<Callback, CallbackError> {
        let found = self
            .integration(integration)
            .map_err(|_| CallbackError::NoIntegration(integration.0.clone()))?;
        callback::parse(&found.config, &found.compiled, content_type, body, arrived)
    }

    /// Whether a callback carries the configured authorisation; false for an unknown integration.
    pub fn authorize_callback(&self, integration: &IntegrationName, headers: &HeaderMap) -> bool {
        self.integration(integration)
            .is_ok_and(|found| callback::authorised(&found.config.callback, headers))
    }

    fn integration(&self, name: &IntegrationName) -> Result<Arc<Integration>, EceError> {
        let integrations = self
            .integrations
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        integrations
            .get(name)
            .cloned()
            .ok_or_else(|| EceError::Refused(format!("there is no integration called {name}")))
    }

    /// For a conversation that was started: without its integration it is over for us. Nothing of it comes here any more, so
    /// nothing else would ever end it.
    fn serving(&self, name: &IntegrationName) -> Result<Arc<Integration>, EceError> {
        self.integration(name).map_err(|_| {
            EceError::Gone(format!("the integration {name} is not configured any more"))
        })
    }
}

impl Ece for EceClient {
    async fn open(&self, opening: Opening, leaving: Leaving) -> Result<OpenOutcome, EceError> {
        let integration = self.integration(&opening.open.integration)?;
        Box::pin(integration.open(&opening, &leaving)).await
    }

    async fn send(
        &self,
        integration: &IntegrationName,
        session: &EceSession,
        message: &EceMessage,
        rest: Option<&[u8]>,
        leaving: Leaving,
    ) -> Result<EceSent, EceError> {
        let integration = self.serving(integration)?;
        Box::pin(integration.send(session, message, rest, &leaving)).await
    }

    async fn typing(
        &self,
        integration: &IntegrationName,
        session: &EceSession,
        on: bool,
    ) -> Result<(), EceError> {
        let integration = self.integration(integration)?;
        Box::pin(integration.typing(session, on)).await
    }

    async fn end(
        &self,
        integration: &IntegrationName,
        session: &EceSession,
    ) -> Result<(), EceError> {
        match self.serving(integration) {
            Ok(integration) => Box::pin(integration.end(session)).await,
            Err(gone) => {
                tracing::warn!(%integration, conversation = %session, "{gone}: end it there by hand");
                Ok(())
            }
        }
    }

    fn give_up_ms(&self, integration: &IntegrationName) -> Option<u64> {
        let hours = self.integration(integration).ok()?.config.give_up_after_h?;
        Some(hours.saturating_mul(60 * 60 * 1000))
    }

    async fn download(
        &self,
        integration: Option<&IntegrationName>,
        file: &RemoteFile,
    ) -> Result<Download, EceError> {
        match integration {
            Some(name) => {
                let integration = self.integration(name)?;
                Box::pin(integration.download(file)).await
            }
            None => {
                Box::pin(files::download_public(
                    &self.bot_files,
                    file,
                    self.options.private_bot_files,
                ))
                .await
            }
        }
    }
}

fn made(
    configs: Vec<IntegrationConfig>,
    before: &BTreeMap<IntegrationName, Arc<Integration>>,
) -> Result<BTreeMap<IntegrationName, Arc<Integration>>, Vec<ConfigError>> {
    let mut integrations = BTreeMap::new();
    let mut errors = Vec::new();
    for config in configs {
        let name = config.name.clone();
        let kept = before
            .get(&name)
            .filter(|integration| integration.config == config);
        match kept.map_or_else(
            || Integration::new(config).map(Arc::new),
            |kept| Ok(kept.clone()),
        ) {
            Ok(integration) => {
                integrations.insert(name, integration);
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(integrations)
    } else {
        Err(errors)
    }
}

fn bot_file_client(options: &Options) -> Result<Client, String> {
    let tls = tls::client_config(None, tls::Refusals::default())?;
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("trunkline/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(Duration::from_secs(30))
        .no_proxy();
    if !options.private_bot_files {
        builder = builder.dns_resolver(Arc::new(PublicResolver));
    }
    if let Some(address) = &options.proxy {
        let proxy = reqwest::Proxy::all(address)
            .map_err(|_| format!("proxy `{address}` is no address such as http://proxy:3128"))?;
        builder = builder.proxy(proxy);
    }
    builder
        .build()
        .map_err(|error| format!("the HTTP client cannot be made: {error}"))
}
