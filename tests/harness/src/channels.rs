//! The channels beside SMS: a stand-in for each provider, and the configuration that joins it to the host.

use apple_simulator::{AppleConfig, AppleSimulator};
use messenger_simulator::{MessengerConfig, MessengerSimulator};
use stand_in::StartError;
use whatsapp_simulator::{WhatsAppConfig, WhatsAppSimulator};

/// The plugins these channels use.
pub(crate) const PLUGINS: [&str; 4] = ["whatsapp", "messenger", "apple-messages", "in-app"];

/// The origin that customers of the in-app channel come from, where no page is.
pub const ORIGIN: &str = "https://shop.example";

/// The providers' stand-ins.
pub struct Channels {
    /// WhatsApp.
    pub whatsapp: WhatsAppSimulator,
    /// Messenger.
    pub messenger: MessengerSimulator,
    /// Apple Messages for Business.
    pub apple: AppleSimulator,
}

impl Channels {
    /// Starts the stand-ins; their webhooks go to the host's port.
    ///
    /// # Errors
    /// One of them does not start.
    pub(crate) async fn start(port: u16) -> Result<Self, StartError> {
        let channels = Self {
            whatsapp: WhatsAppSimulator::start(WhatsAppConfig::default()).await?,
            messenger: MessengerSimulator::start(MessengerConfig::default()).await?,
            apple: AppleSimulator::start(AppleConfig::default()).await?,
        };
        let url = |channel: &str| format!("http://127.0.0.1:{port}/channels/{channel}");
        channels.whatsapp.set_webhook(&url("acme-whatsapp"));
        channels.messenger.set_webhook(&url("acme-messenger"));
        channels.apple.set_webhook(&url("acme-apple"));
        Ok(channels)
    }

    /// The Page that customers write to.
    pub(crate) fn page(&self) -> &str {
        let pages = &self.messenger.config().pages;
        pages.first().map_or("", |page| page.id.as_str())
    }

    /// Channels and their rule, as configuration.
    pub(crate) fn config(&self) -> String {
        let whatsapp = self.whatsapp.config();
        let apple = self.apple.config();
        format!(
            r#"
[channels.acme-whatsapp]
plugin = "whatsapp"
settings = {{ phone_number_id = "{number}", api_base = "{whatsapp_base}" }}
secrets = {{ access_token = "env:WHATSAPP_TOKEN", app_secret = "env:WHATSAPP_APP_SECRET", verify_token = "env:WHATSAPP_VERIFY" }}

[channels.acme-messenger]
plugin = "messenger"
settings = {{ page_id = "{page}", api_base = "{messenger_base}" }}
secrets = {{ page_access_token = "env:MESSENGER_TOKEN", app_secret = "env:MESSENGER_APP_SECRET", verify_token = "env:MESSENGER_VERIFY" }}

[channels.acme-apple]
plugin = "apple-messages"
settings = {{ msp_id = "{msp}", business_id = "{business}", api_base = "{apple_base}" }}
secrets = {{ api_secret = "env:APPLE_SECRET" }}

[channels.acme-app]
plugin = "in-app"
settings = {{ origins = ["{ORIGIN}"], title = "Acme support" }}

[[rules]]
name = "every channel"
channels = ["acme-whatsapp", "acme-messenger", "acme-apple", "acme-app"]
event = "message"
journey = "support"
"#,
            number = whatsapp.phone_number_id,
            whatsapp_base = self.whatsapp.base_url(),
            page = self.page(),
            messenger_base = self.messenger.base_url(),
            msp = apple.msp_id,
            business = apple.business_id,
            apple_base = self.apple.base_url(),
        )
    }

    /// The secrets that the configuration names.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let whatsapp = self.whatsapp.config();
        let messenger = self.messenger.config();
        let token = messenger.pages.first().map(|page| &page.access_token);
        let pairs = [
            ("WHATSAPP_TOKEN", whatsapp.access_token.clone()),
            ("WHATSAPP_APP_SECRET", whatsapp.app_secret.clone()),
            ("WHATSAPP_VERIFY", whatsapp.verify_token.clone()),
            ("MESSENGER_TOKEN", token.cloned().unwrap_or_default()),
            ("MESSENGER_APP_SECRET", messenger.app_secret.clone()),
            ("MESSENGER_VERIFY", messenger.verify_token.clone()),
            ("APPLE_SECRET", self.apple.config().api_secret.clone()),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }
}
