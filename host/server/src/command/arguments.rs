//! What can be written on the command line. Exit codes: 0 all is well, 1 something is wrong, 2 the
//! command or the configuration is.

use std::path::PathBuf;

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
        after_help = "Example:\n  trunkline plugin list\n  trunkline plugin inspect plugins/sms.wasm\n  trunkline plugin new my-channel\n\nExit codes: 0 done, 1 not done: the file is no plugin, the host does not answer, the folder cannot be written; 2 the command is wrong."
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
    /// Read the lights anew (Z23).
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
    Show {
        /// Its number.
        id: i64,
        #[command(flatten)]
        host: Host,
    },
    /// Put it back on its way.
    Replay {
        /// Its number.
        id: i64,
        #[command(flatten)]
        host: Host,
    },
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
    List {
        #[command(flatten)]
        host: Host,
    },
    /// What a file asks for. Runs nothing of it, needs no host.
    Inspect {
        /// A component.
        file: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Begin a channel plugin in Rust: a folder that builds, with its tests. Needs no host.
    New {
        /// The plugin's name, and the new folder's: small letters, digits and hyphens.
        name: String,
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
            let help = command.get_after_help().map(ToString::to_string);
            let help = help.unwrap_or_default();
            assert!(help.contains("Example:"), "{}", command.get_name());
            assert!(help.contains("Exit codes:"), "{}", command.get_name());
        }
    }
}
