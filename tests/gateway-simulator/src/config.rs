//! What a test says before the stand-in starts. Every [`Default`] is a complete, working account.

/// A gateway and its account.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// Whose API is spoken.
    pub wire: Wire,
    /// The number of the account, with plus.
    pub number: String,
    /// Port on `127.0.0.1`; 0 takes a free one.
    pub port: u16,
    /// Where customers' messages are posted; settable later.
    pub webhook_url: Option<String>,
    /// Whether what became of a message is told.
    pub receipts: bool,
    /// How often a post that failed or was answered otherwise than 200 or 204 is tried again.
    pub retries: u32,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            wire: Wire::Vonage(VonageAccount::default()),
            number: "+447700900000".to_owned(),
            port: 0,
            webhook_url: None,
            receipts: true,
            retries: 2,
        }
    }
}

/// Whose API.
#[derive(Debug, Clone)]
pub enum Wire {
    /// Vonage's SMS API.
    Vonage(VonageAccount),
    /// A gateway of nobody in particular.
    Json(JsonAccount),
}

/// An account at Vonage.
#[derive(Debug, Clone)]
pub struct VonageAccount {
    /// The key.
    pub api_key: String,
    /// Its secret.
    pub api_secret: String,
    /// Signs webhooks.
    pub signature_secret: String,
    /// How.
    pub method: SignatureMethod,
    /// How webhooks come.
    pub webhooks: WebhookStyle,
    /// In euros.
    pub balance: f64,
}

impl Default for VonageAccount {
    fn default() -> Self {
        Self {
            api_key: "abcd1234".to_owned(),
            api_secret: "Secret-0001".to_owned(),
            signature_secret: "ref-secret-0001".to_owned(),
            method: SignatureMethod::Md5Hash,
            webhooks: WebhookStyle::Form,
            balance: 10.0,
        }
    }
}

/// Vonage's ways to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureMethod {
    /// MD5 of the parameters with the secret behind: the oldest.
    Md5Hash,
    /// HMAC of MD5.
    Md5,
    /// HMAC of SHA-1.
    Sha1,
    /// HMAC of SHA-256.
    Sha256,
    /// HMAC of SHA-512.
    Sha512,
}

/// Vonage's ways to call a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookStyle {
    /// POST with a form.
    Form,
    /// GET with everything in the query.
    Get,
    /// POST with JSON.
    Json,
}

/// An account at the gateway with JSON.
#[derive(Debug, Clone)]
pub struct JsonAccount {
    /// What a send carries as bearer token.
    pub token: String,
    /// The key of the webhooks' HMAC.
    pub inbound_secret: String,
}

impl Default for JsonAccount {
    fn default() -> Self {
        Self {
            token: "gateway-token".to_owned(),
            inbound_secret: "inbound-0001".to_owned(),
        }
    }
}

impl GatewayConfig {
    /// The channel's configuration that goes with it, without secrets' values written down: `env:` names are those of
    /// [`GatewayConfig::environment`].
    pub fn channel_toml(&self, channel: &str, base_url: &str) -> String {
        let number = &self.number;
        match &self.wire {
            Wire::Vonage(_) => format!(
                r#"[channels.{channel}]
plugin = "sms"
settings = {{ provider = "vonage", number = "{number}", api_base = "{base_url}" }}
secrets = {{ api_key = "env:VONAGE_KEY", api_secret = "env:VONAGE_SECRET", signature_secret = "env:VONAGE_SIGNATURE" }}
"#
            ),
            Wire::Json(_) => format!(
                r#"[channels.{channel}]
plugin = "sms"
secrets = {{ token = "env:GATEWAY_TOKEN", inbound_secret = "env:GATEWAY_SECRET" }}
[channels.{channel}.settings]
provider = "generic"
number = "{number}"
send_url = "{base_url}/v1/messages"
send_fields = {{ "/to" = "{{to}}", "/from" = "{{from}}", "/message/text" = "{{text}}", "/reference" = "{{delivery}}", "/callback" = "{{callback}}" }}
id_pointer = "/messages/0/id"
[channels.{channel}.settings.inbound_fields]
id = "/id"
from = "/sender"
to = "/recipient"
text = "/message/text"
time = "/received"
signature = "header:X-Signature"
status = "/state"
status_delivery = "/reference"
status_error = "/reason"
"#
            ),
        }
    }

    /// The secrets' values by the names that [`GatewayConfig::channel_toml`] uses.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        match &self.wire {
            Wire::Vonage(account) => vec![
                ("VONAGE_KEY", account.api_key.clone()),
                ("VONAGE_SECRET", account.api_secret.clone()),
                ("VONAGE_SIGNATURE", account.signature_secret.clone()),
            ],
            Wire::Json(account) => vec![
                ("GATEWAY_TOKEN", account.token.clone()),
                ("GATEWAY_SECRET", account.inbound_secret.clone()),
            ],
        }
    }
}
