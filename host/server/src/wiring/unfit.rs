//! What in a configuration cannot work with the plugins in the folder: settings and secrets that do not
//! fit a manifest, and keywords that never come through.
//!
//! A plugin that is not there may come later, and so may the folder: the engine makes it.

use toml::Value;
use trunkline_core::id::ChannelName;
use trunkline_core::words::same_message;
use trunkline_engine::{
    Complaint, Engine, EngineConfig, FoundManifest, Manifest, User, complaints, manifests_in,
};

use super::{ChannelFacts, channel_settings, engine};
use crate::config::{Config, Unfit, taken_twice};

/// Everything that cannot work.
pub fn unfit(config: &Config) -> Vec<Unfit> {
    unfit_by(config, complaints)
}

/// Everything that cannot work in a host that runs: where a live version of a plugin fits, the file in the folder is not asked. And what the
/// live plugins need and this configuration takes from them; a start takes nothing away: what was never granted waits.
pub fn unfit_while_running(running: &Engine, config: &Config) -> Vec<Unfit> {
    let mut all = unfit_by(config, |wanted, manifests| {
        running.complaints(wanted, manifests)
    });
    let taken_away = running.taken_away(&engine(config)).into_iter();
    all.extend(taken_away.map(of_user));
    all
}

fn unfit_by(
    config: &Config,
    complaints: impl FnOnce(&EngineConfig, &[FoundManifest]) -> Vec<(User, Complaint)>,
) -> Vec<Unfit> {
    let wanted = engine(config);
    let manifests = manifests_in(&wanted.dir).unwrap_or_default();
    let fits = complaints(&wanted, &manifests).into_iter();
    let mut all: Vec<_> = fits.map(of_user).collect();
    let channels = Channels {
        config,
        manifests: &manifests,
    };
    all.extend(channels.keywords_that_stop());
    all.extend(channels.keywords_of_one_account());
    all
}

fn of_user((user, complaint): (User, Complaint)) -> Unfit {
    let (group, name) = match user {
        User::Channel(name) => ("channels", name.0),
        User::Bot(name) => ("bots", name.0),
    };
    Unfit {
        group,
        name,
        place: complaint.place,
        problem: None,
        text: complaint.text,
    }
}

/// The channels with their manifests.
struct Channels<'a> {
    config: &'a Config,
    manifests: &'a [FoundManifest],
}

impl Channels<'_> {
    /// A stop word is never a message (H14), so a rule that waits for it waits for ever. A start word is one to
    /// whoever has not opted out, and may well begin something.
    fn keywords_that_stop(&self) -> Vec<Unfit> {
        let rules = self.config.rules.iter().enumerate();
        let stops = rules.filter_map(|(number, rule)| {
            let keyword = rule.keyword.as_deref().filter(|_| rule.active)?;
            let mut channels = rule.channels.iter();
            let channel = channels.find(|channel| self.stops(channel, keyword))?;
            Some(Unfit {
                problem: Some(format!(
                    "the keyword `{keyword}` begins nothing on {channel}: it is a stop word there"
                )),
                text: format!(
                    "take another word, or say in [channels.{channel}.opt_out] stop_words = […] what means stop"
                ),
                ..of_keyword(number)
            })
        });
        stops.collect()
    }

    fn stops(&self, channel: &ChannelName, keyword: &str) -> bool {
        let Some(connection) = self.config.channels.get(channel) else {
            return false;
        };
        let facts = self.manifest(channel).map(ChannelFacts::of);
        let words = channel_settings(connection, facts.unwrap_or_default()).stop_words;
        words.iter().any(|word| same_message(word, keyword))
    }

    /// Two channels with one number hear the same customers (Z46).
    fn keywords_of_one_account(&self) -> Vec<Unfit> {
        let same = |one: &ChannelName, other: &ChannelName| {
            one != other && self.account(one).is_some() && self.account(one) == self.account(other)
        };
        let rules = &self.config.rules;
        let twice = taken_twice(rules, same).into_iter().filter_map(|taken| {
            let (earlier, new) = (rules.get(taken.earlier)?, rules.get(taken.new)?);
            let keyword = new.keyword.as_deref()?;
            Some(Unfit {
                problem: Some(format!(
                    "the keyword `{keyword}` is taken on {} by the rule `{}`: {} has the same account",
                    taken.earlier_channel, earlier.name, taken.new_channel
                )),
                text: "change keyword, channels or dates of one of them, or set status = \"inactive\""
                    .to_owned(),
                ..of_keyword(taken.new)
            })
        });
        twice.collect()
    }

    /// The plugin and our side of the channel at the provider.
    fn account(&self, channel: &ChannelName) -> Option<(&str, &Value)> {
        let manifest = self.manifest(channel)?;
        let setting = manifest.settings.iter().find(|setting| setting.account)?;
        let written = self
            .config
            .channels
            .get(channel)?
            .settings
            .get(&setting.name);
        Some((
            manifest.name.as_str(),
            written.or(setting.default.as_ref())?,
        ))
    }

    fn manifest(&self, channel: &ChannelName) -> Option<&Manifest> {
        let plugin = &self.config.channels.get(channel)?.plugin;
        let manifests = self.manifests.iter();
        let mut sound = manifests.filter_map(|found| found.manifest.as_ref().ok());
        sound.find(|manifest| manifest.name == *plugin)
    }
}

fn of_keyword(number: usize) -> Unfit {
    Unfit {
        group: "rules",
        name: number.to_string(),
        place: "keyword".to_owned(),
        problem: None,
        text: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Sources, parse};

    const FILE: &str = r#"
        [channels.one]
        plugin = "texts"
        settings = { number = "+1" }
        [channels.other]
        plugin = "texts"
        settings = { number = "+1" }
        [channels.third]
        plugin = "texts"
        settings = { number = "+3" }
        opt_out = { stop_words = ["genug"] }
        [bots.faq]
        plugin = "rasa"
        [journeys.ask]
        stages = [{ bot = "faq" }]
        [[rules]]
        name = "first"
        channels = ["one"]
        keyword = "ORDERS"
        journey = "ask"
        [[rules]]
        channels = ["third", "other"]
        keyword = "orders!"
        journey = "ask"
        [[rules]]
        channels = ["third"]
        keyword = "Genug."
        journey = "ask"
        [[rules]]
        channels = ["one"]
        keyword = "QUIT"
        journey = "ask"
        [[rules]]
        channels = ["third", "one"]
        keyword = "START"
        journey = "ask"
    "#;

    fn manifest() -> FoundManifest {
        let text = r#"
            name = "texts"
            version = "1"
            kind = "channel"
            contract = "0.1-dev"
            settings = [{ name = "number", type = "string", account = true }]
            capabilities = { confirms-opt-out = true }
        "#;
        FoundManifest {
            file: "texts.wasm".to_owned(),
            manifest: toml::from_str(text).map_err(|error| error.to_string()),
        }
    }

    fn config() -> Config {
        let sources = Sources {
            variable: &|_| None,
            folder: std::path::PathBuf::new(),
        };
        parse(FILE, Path::new("x.toml"), &sources).unwrap()
    }

    fn problems(unfit: Vec<Unfit>) -> Vec<String> {
        let said = |unfit: Unfit| Some(format!("{}: {}", unfit.name, unfit.problem?));
        unfit.into_iter().filter_map(said).collect()
    }

    #[test]
    fn a_keyword_that_means_stop_on_its_channel_is_refused_and_a_start_word_is_not() {
        let (config, manifests) = (config(), [manifest()]);
        let channels = Channels {
            config: &config,
            manifests: &manifests,
        };
        assert_eq!(
            problems(channels.keywords_that_stop()),
            [
                "2: the keyword `Genug.` begins nothing on third: it is a stop word there",
                "3: the keyword `QUIT` begins nothing on one: it is a stop word there",
            ]
        );
    }

    #[test]
    fn a_keyword_is_taken_once_for_one_number() {
        let (config, manifests) = (config(), [manifest()]);
        let channels = Channels {
            config: &config,
            manifests: &manifests,
        };
        assert_eq!(
            problems(channels.keywords_of_one_account()),
            [
                "1: the keyword `orders!` is taken on one by the rule `first`: other has the same account"
            ]
        );
    }
}
