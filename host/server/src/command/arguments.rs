//! What can be written on the command line. Exit codes: 0 all is well, 1 something is wrong, 2 the
//! command or the configuration is.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};

const CODES: &str =
    "Exit codes: 0 all is well, 1 something is wrong, 2 the command or the configuration is wrong.";

/// Carries customers from messaging channels to agents on Cisco ECE, and back.
#[derive(Debug, Parser)]
#[command(name = "trunkline", version, after_help = CODES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the host in the foreground, until SIGTERM or SIGINT.
    #[command(
        after_help = "Example:\n  trunkline serve --config trunkline.toml\n\nSIGHUP or a change of the file reloads it; one that is wrong changes nothing.\nExit codes: 0 ended on a signal, 1 could not start or run, 2 the configuration is wrong."
    )]
    Serve(Serve),
    /// Say what works: configuration, store, plugins, every ECE, every channel.
    #[command(
        after_help = "Example:\n  trunkline check --config trunkline.toml\n\nNothing is changed and no message is sent. Exit codes: 0 all works, 1 something does not, 2 the configuration is wrong."
    )]
    Check(Check),
    /// Show the running host: lights of every entry point, channels, plugins, counts.
    #[command(
        after_help = "Example:\n  trunkline status --refresh\n\nExit codes: 0 shown, 1 the host does not answer, 2 the command is wrong."
    )]
    Status(Status),
    /// Messages and deliveries that gave up, with their reasons.
    #[command(
        after_help = "Example:\n  trunkline dead-letters list\n  trunkline dead-letters replay 17\n\nExit codes: 0 done, 1 not done, 2 the command is wrong."
    )]
    DeadLetters(DeadLetters),
    /// What happened to a conversation. Shows what people wrote.
    #[command(
        after_help = "Example:\n  trunkline trace c12-3\n  trunkline trace d12-3-7\n  trunkline trace SM0123456789abcdef\n  trunkline trace +15550199\n\nThe id is a conversation, a delivery, a provider's id, an ECE conversation or a customer's address.\nExit codes: 0 found, 1 nothing is known by it, 2 the command is wrong."
    )]
    Trace(Trace),
    /// Plugin files.
    #[command(
        after_help = "Example:\n  trunkline plugin list\n  trunkline plugin inspect plugins/sms.wasm\n  trunkline plugin new my-channel\n  trunkline plugin replay 12 --with mended.wasm\n\nExit codes: 0 done, 1 not done: the file is no plugin, the host does not answer, the folder cannot be written; 2 the command is wrong; 3 of `replay`: the call fails."
    )]
    Plugin(Plugin),
}

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    pub(super) config: PathBuf,
    /// Log one JSON object a line. RUST_LOG says what is logged; default info.
    #[arg(long)]
    pub(super) log_json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    pub(super) config: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// How the running host is found.
#[derive(Debug, Args)]
pub(super) struct Host {
    /// Its configuration file: says where it listens and where its admin token is.
    #[arg(long, value_name = "FILE", default_value = "trunkline.toml")]
    pub(super) config: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Status {
    #[command(flatten)]
    pub(super) host: Host,
    /// Read the lights anew.
    #[arg(long)]
    pub(super) refresh: bool,
}

#[derive(Debug, Args)]
pub(super) struct DeadLetters {
    #[command(subcommand)]
    pub(super) action: DeadLetterAction,
}

#[derive(Debug, Subcommand)]
pub(super) enum DeadLetterAction {
    /// The newest first.
    #[command(
        after_help = "Example:\n  trunkline dead-letters list --limit 20\n\nExit codes: 0 shown, 1 the host does not answer, 2 the command is wrong."
    )]
    List {
        #[command(flatten)]
        host: Host,
        /// Older than this one.
        #[arg(long, value_name = "ID")]
        before: Option<i64>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// One of them, with what it said.
    #[command(
        after_help = "Example:\n  trunkline dead-letters show 17\n\nExit codes: 0 shown, 1 there is none of that number or the host does not answer, 2 the command is wrong."
    )]
    Show {
        /// Its number.
        id: i64,
        #[command(flatten)]
        host: Host,
    },
    /// Put it back on its way.
    #[command(
        after_help = "Example:\n  trunkline dead-letters replay 17\n\nExit codes: 0 it is on its way, 1 it cannot be put back or the host does not answer, 2 the command is wrong."
    )]
    Replay {
        /// Its number.
        id: i64,
        #[command(flatten)]
        host: Host,
    },
    /// Say that letters are dealt with: what they said is gone then, and they are listed and counted no more.
    #[command(
        after_help = "Example:\n  trunkline dead-letters discard 17 18\n  trunkline dead-letters discard --older-than 30d\n\nThe trace goes on telling that they were, and why, for 7 days. Letters that wait for you are never removed by\nthemselves; replayed ones are, after 7 days.\nExit codes: 0 discarded, 1 there is none of that number or the host does not answer, 2 the command is wrong."
    )]
    Discard {
        /// Their numbers.
        #[arg(required_unless_present = "older_than", value_name = "ID")]
        ids: Vec<i64>,
        /// All that died longer ago: 30d, 12h, 45m.
        #[arg(long, value_name = "AGE", conflicts_with = "ids")]
        older_than: Option<Age>,
        #[command(flatten)]
        host: Host,
    },
}

/// How long ago, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Age(pub(super) u64);

impl FromStr for Age {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "write a number with d, h or m behind it: 30d, 12h, 45m";
        let unit = text.chars().next_back().ok_or(wrong)?;
        let seconds: u64 = match unit {
            'd' => 24 * 60 * 60,
            'h' => 60 * 60,
            'm' => 60,
            _ => return Err(wrong),
        };
        let number = text.strip_suffix(unit).unwrap_or_default();
        let number: u64 = number.parse().map_err(|_| wrong)?;
        number.checked_mul(seconds).map(Self).ok_or(wrong)
    }
}

#[derive(Debug, Args)]
pub(super) struct Trace {
    /// A conversation, a delivery, a provider's id, an ECE conversation, a customer's address.
    pub(super) id: String,
    #[command(flatten)]
    pub(super) host: Host,
}

#[derive(Debug, Args)]
pub(super) struct Plugin {
    #[command(subcommand)]
    pub(super) action: PluginAction,
}

#[derive(Debug, Subcommand)]
pub(super) enum PluginAction {
    /// What the running host made of every plugin file.
    #[command(
        after_help = "Example:\n  trunkline plugin list\n\nExit codes: 0 shown, 1 the host does not answer, 2 the command is wrong."
    )]
    List {
        #[command(flatten)]
        host: Host,
    },
    /// What a file asks for. Runs nothing of it, needs no host.
    #[command(
        after_help = "Example:\n  trunkline plugin inspect plugins/sms.wasm\n\nExit codes: 0 shown, 1 the file is no plugin, 2 the command is wrong."
    )]
    Inspect {
        /// A component.
        file: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Calls that the host has kept: failed ones, for 7 days. The newest first. Shows what people wrote.
    #[command(
        after_help = "Example:\n  trunkline plugin calls acme-sms\n\nThe newest 200 of each channel and bot are kept, 30 failed ones a minute.\nExit codes: 0 shown, 1 the host does not answer, 2 the command is wrong."
    )]
    Calls {
        /// Of this channel or bot alone.
        of: Option<String>,
        #[command(flatten)]
        host: Host,
        /// Older than this one.
        #[arg(long, value_name = "CALL")]
        before: Option<i64>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// Keep every call of a channel or bot for a while, also those that go well. Keeps what people write, masked.
    #[command(
        after_help = "Example:\n  trunkline plugin record acme-sms --minutes 10\n  trunkline plugin record acme-sms --stop\n\nIt ends by itself, and with a restart of the host.\nExit codes: 0 done, 1 the host does not answer or has no such channel or bot, 2 the command is wrong."
    )]
    Record {
        /// A channel or bot.
        name: String,
        /// For how long.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=60))]
        minutes: u8,
        /// End it now.
        #[arg(long, conflicts_with = "minutes")]
        stop: bool,
        #[command(flatten)]
        host: Host,
    },
    /// Run a recorded call again, without a provider: what it asks is answered from the record.
    #[command(
        after_help = "Example:\n  trunkline plugin replay 12\n  trunkline plugin replay 12 --with target/plugins/sms.wasm\n  trunkline plugin replay 12 --export call-12.json\n  trunkline plugin replay call-12.json --with sms.wasm\n\nExit codes: 0 the call gives a result, or was exported; 1 it could not be run; 2 the command is wrong; 3 the call fails, or asks for what was not recorded."
    )]
    Replay {
        /// A number from `plugin calls`, the log or a dead letter; or a file that `--export` wrote.
        call: String,
        /// On this plugin file instead of the one it was made with.
        #[arg(long, value_name = "FILE")]
        with: Option<PathBuf>,
        /// Do not run it: write it into a new file for somebody else, with what people wrote made unreadable.
        #[arg(long, value_name = "FILE", conflicts_with = "with")]
        export: Option<PathBuf>,
        #[command(flatten)]
        host: Host,
    },
    /// Begin a channel or bot plugin in Rust: a folder that builds, with its tests. Needs no host.
    #[command(
        after_help = "Example:\n  trunkline plugin new my-channel\n  trunkline plugin new my-bot --bot\n\nExit codes: 0 begun, 1 the folder cannot be written, 2 the command is wrong."
    )]
    New {
        /// The plugin's name, and the new folder's: small letters, digits and hyphens.
        name: String,
        /// A bot, not a channel.
        #[arg(long)]
        bot: bool,
        /// The folder `plugin-sdk/rust` of a checkout of Trunkline. Looked for from here upwards, and where this
        /// program was built.
        #[arg(long, value_name = "FOLDER")]
        sdk: Option<PathBuf>,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example_and_its_exit_codes() {
        for command in Arguments::command().get_subcommands() {
            shows_both(command);
        }
    }

    fn shows_both(command: &clap::Command) {
        let help = command.get_after_help().map(ToString::to_string);
        let help = help.unwrap_or_default();
        assert!(help.contains("Example"), "{}", command.get_name());
        assert!(help.contains("Exit codes:"), "{}", command.get_name());
        for below in command.get_subcommands() {
            shows_both(below);
        }
    }
}
