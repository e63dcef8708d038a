//! Which plugin, in which version, serves a channel or bot for one call.

use trunkline_core::id::ChannelName;
use trunkline_flow::ports::{PluginVersion, ReceiveError, Request};

use crate::config::User;
use crate::contract_0_1::bot::BotCapabilities;
use crate::engine::Engine;
use crate::live::{Absent, Bound, ack_answer, bind};

/// What a text may hold on channels whose manifest does not say.
const TEXT_MAX_DEFAULT: u32 = 4096;

impl Engine {
    pub(crate) fn bound(&self, user: &User) -> Option<Result<Bound, Absent>> {
        self.shared.live.now().users.get(user).cloned()
    }

    #[expect(clippy::result_large_err, reason = "it is flow's word")]
    pub(crate) fn bound_to_receive(
        &self,
        user: &User,
        name: &ChannelName,
        request: &Request,
    ) -> Result<Bound, ReceiveError> {
        match self.bound(user) {
            None => Err(ReceiveError::UnknownChannel),
            Some(Ok(bound)) => Ok(bound),
            Some(Err(absent)) => Err(ReceiveError::NotNow {
                channel: name.clone(),
                ack: ack_answer(&absent.ack, &request.method),
                reason: absent.reason,
                trapped: Vec::new(),
            }),
        }
    }

    /// The plugin of a channel or bot, in the version a call began on if it has one.
    pub(crate) async fn bound_at(
        &self,
        user: &User,
        pinned: Option<&PluginVersion>,
    ) -> Result<Bound, String> {
        let live = self.bound(user);
        let live = live.ok_or_else(|| format!("[{}] is not configured", user.table()))?;
        let wanted = pinned.filter(|version| match &live {
            Ok(bound) => bound.plugin.version != **version,
            Err(_) => true,
        });
        let Some(version) = wanted else {
            return live.map_err(|absent| absent.reason);
        };
        match self.bound_to_version(user, version).await {
            Ok(bound) => Ok(bound),
            Err(reason) => {
                tracing::warn!(user = %user.table(), %reason, "the version a call began on is gone: it goes on with the live one");
                live.map_err(|absent| absent.reason)
            }
        }
    }

    async fn bound_to_version(
        &self,
        user: &User,
        version: &PluginVersion,
    ) -> Result<Bound, String> {
        let versions = self.shared.versions.clone();
        let config = self.shared.live.now().config.clone();
        let plugin = match versions.in_use(version) {
            Some(plugin) => plugin,
            None => {
                let (hash, trust) = (version.clone(), config.trust.clone());
                let found = tokio::task::spawn_blocking(move || versions.find(&hash, &trust)).await;
                let found = found.map_err(|error| error.to_string())?;
                found.map_err(|refusal| refusal.reason)?
            }
        };
        let wanted = config.users().find(|(other, _)| other == user);
        let (_, wanted) = wanted.ok_or_else(|| "it is not configured".to_owned())?;
        bind(&plugin, user, wanted, &config.public_url).map_err(|error| error.to_string())
    }

    pub(crate) fn plugin_of(&self, channel: &ChannelName) -> String {
        let table = self.shared.live.now();
        let config = table.config.channels.get(channel);
        config
            .map(|config| config.plugin.0.clone())
            .unwrap_or_default()
    }

    pub(crate) fn bot_capabilities(&self, channel: &ChannelName) -> BotCapabilities {
        let bound = self.bound(&User::Channel(channel.clone()));
        let manifest = bound
            .and_then(Result::ok)
            .map(|bound| bound.plugin.manifest.clone());
        let capabilities = manifest.map(|manifest| manifest.capabilities.clone());
        let capabilities = capabilities.unwrap_or_default();
        BotCapabilities {
            text_max: capabilities.text_max.unwrap_or(TEXT_MAX_DEFAULT),
            choices: capabilities.content_out.contains("choices"),
            files: capabilities.content_out.contains("file"),
            typing: capabilities.typing,
        }
    }
}
