//! The configuration file of a world: SMS to one ECE, all messages of the seed switched on.

/// What differs between worlds.
#[derive(Debug, Clone)]
pub struct ConfigText {
    /// Where the host listens; also its public URL.
    pub port: u16,
    /// ECE's base URL, context root included.
    pub ece_base_url: String,
    /// Where the SMS provider's API is.
    pub sms_base_url: String,
    /// The provider account.
    pub account_sid: String,
    /// Our number.
    pub number: String,
    /// What an unavailable ECE leads to: `[journeys.support.on]` as an inline table.
    pub on: String,
    /// The stages of the journey, as an inline array.
    pub stages: String,
    /// Appended as it is: more channels, bots, rules.
    pub more: String,
}

impl ConfigText {
    /// The whole file. Secrets come from the environment: `TWILIO_TOKEN`, `ECE_CLIENT_ID`,
    /// `ECE_CLIENT_SECRET`, `ECE_CB_USER`, `ECE_CB_PASS`; the admin token from the file `admin-token` beside it, so that
    /// the command line asks the host from any terminal.
    pub fn render(&self) -> String {
        let Self {
            port,
            ece_base_url,
            sms_base_url,
            account_sid,
            number,
            on,
            stages,
            more,
        } = self;
        format!(
            r#"[server]
listen = "127.0.0.1:{port}"
public_url = "http://127.0.0.1:{port}"
admin_token = "file:admin-token"

[store]
url = "sqlite:trunkline.db"

[plugins]
dir = "plugins"

[integrations.acme]
version = "12.6"
base_url = "{ece_base_url}"
auth = "oauth2_client"
username = "env:ECE_CLIENT_ID"
password = "env:ECE_CLIENT_SECRET"
callback = {{ auth = "basic", username = "env:ECE_CB_USER", password = "env:ECE_CB_PASS" }}
wait_acceptable_s = 120
# Agents' typing is told only when the start asked for it.
wire = {{ start_fragment = {{ typing = true }} }}

[[integrations.acme.entry_points]]
name = "support"
id = "1001"

[[integrations.acme.entry_points]]
name = "closed"
id = "1002"

[[integrations.acme.entry_points]]
name = "robots"
id = "1003"

[integrations.acme.messages.default]
chat_started = "Thank you for contacting us."
agent_assigned = "You are now chatting with {{{{ agent.name }}}}."
agent_transfer_queue = "You have been transferred to the {{{{ queue.name }}}} queue."
agent_transfer_agent = "You have been transferred to {{{{ agent.name }}}}."
agent_closed_chat = "The agent has marked your chat closed."
agent_accepted_attachment = "The agent has accepted your attachment."
agent_rejected_attachment = "The agent has rejected your attachment."
agent_uploaded_attachment = "The agent has sent you {{{{ file.name }}}}."
unavailable_no_agents = "Sorry! There are no agents available right now."
unavailable_entry_point_disabled = "This service is closed."
page_push = "The agent shares a page: {{{{ url }}}}"

[[integrations.acme.attributes]]
name = "activity_mobile"
value = "$(sms.number)"

[channels.acme-sms]
plugin = "sms"
settings = {{ provider = "twilio", account_sid = "{account_sid}", number = "{number}", api_base = "{sms_base_url}" }}
secrets = {{ auth_token = "env:TWILIO_TOKEN" }}

[journeys.support]
stages = {stages}
on = {on}

[[rules]]
name = "every text"
channels = ["acme-sms"]
event = "message"
status = "active"
journey = "support"

{more}
"#
        )
    }
}

/// The channel of the chat that a page of this origin embeds, and its rule.
pub(crate) fn in_app(origin: &str) -> String {
    format!(
        r#"
[channels.web]
plugin = "in-app"
settings = {{ origins = ["{origin}"], title = "Acme support" }}

[[rules]]
name = "every chat"
channels = ["web"]
event = "message"
journey = "support"
"#
    )
}
