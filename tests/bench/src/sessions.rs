//! Open conversations for connectors that start none themselves: a token, and one conversation a
//! customer. This spares them work that Trunkline does in its warm-up, outside of what is measured.

use std::collections::BTreeMap;

use ece_simulator::EceSimulator;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Failed;
use crate::load::{Load, number_of};

/// What such a connector is given as a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sessions {
    /// Where messages to ECE go.
    pub(crate) send_url: String,
    pub(crate) token: String,
    /// Conversation ids by the customers' numbers.
    pub(crate) conversations: BTreeMap<String, String>,
    /// What webhooks are signed for.
    pub(crate) public_url: String,
    pub(crate) auth_token: String,
}

impl Sessions {
    pub(crate) async fn open(ece: &EceSimulator, load: &Load) -> Result<Self, Failed> {
        let client = trunkline_harness::world::client();
        let base = format!("{}/ws/v19", ece.base_url());
        let config = ece.config();
        let token = client
            .post(format!("{base}/authentication/oauth2/token"))
            .basic_auth(&config.client_key, Some(&config.client_secret))
            .form(&[("grant_type", "client_credentials")])
            .send()
            .await?;
        let token = text_at(&token.error_for_status()?.json().await?, "/access_token")?;
        let configuration = client
            .get(format!("{base}/messaging/configuration?entrypoint=1001"))
            .bearer_auth(&token)
            .send()
            .await?;
        let modified = text_at(
            &configuration.error_for_status()?.json().await?,
            "/entryPointConfiguration/0/lastModified/date",
        )?;
        let start = json!({
            "entryPointConfiguration": {"entryPoint": {"id": 1001}, "lastModified": {"date": modified}},
            "activity": {"subject": "SMS"},
        });
        let mut conversations = BTreeMap::new();
        for customer in 0..load.customers {
            let answer = client
                .post(format!(
                    "{base}/messaging/conversation/start?anonymousCustomer=yes"
                ))
                .bearer_auth(&token)
                .json(&start)
                .send()
                .await?;
            let answer = answer.error_for_status()?.json().await?;
            conversations.insert(number_of(customer), text_at(&answer, "/id")?);
        }
        Ok(Self {
            send_url: format!("{base}/messaging/sendmessage"),
            token,
            conversations,
            public_url: load.url.clone(),
            auth_token: load.auth_token.clone(),
        })
    }
}

fn text_at(answer: &Value, place: &str) -> Result<String, Failed> {
    let text = answer.pointer(place).and_then(Value::as_str);
    let text = text.ok_or_else(|| format!("ECE's stand-in answered without {place}: {answer}"))?;
    Ok(text.to_owned())
}
