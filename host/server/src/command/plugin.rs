//! `plugin`: what the host made of the folder, what a file asks for, the beginning of a new one, and calls that were recorded.

/// `plugin new`.
mod new;

/// `plugin calls`, `plugin record`.
mod calls;

/// `plugin replay`.
mod replay;

use std::io::{self, Write};
use std::path::Path;

use serde_json::json;
use trunkline_engine::{
    Kind, Manifest, NeededWhen, SecretKind, Setting, SettingType, manifests_in,
};

use super::arguments::{Plugin, PluginAction};
use super::client::Host;
use super::{Failure, OK, block_on, print_json, status, table};
use crate::report::PluginReport;

/// Lists, inspects, begins, records or runs again.
pub(super) fn run(arguments: &Plugin) -> Result<u8, Failure> {
    match &arguments.action {
        PluginAction::List { host } => {
            let found = Host::find(&host.config)?;
            let plugins: Vec<PluginReport> = block_on(found.get(&["plugins"], &[]))?;
            if host.json {
                print_json(&plugins)?;
            } else {
                status::print_plugins(&mut io::stdout().lock(), &plugins)?;
            }
        }
        PluginAction::Inspect { file, json } => {
            let manifest = manifest_of(file)?;
            if *json {
                print_json(&as_json(&manifest))?;
            } else {
                print(&mut io::stdout().lock(), &manifest)?;
            }
        }
        PluginAction::Calls {
            of,
            host,
            before,
            limit,
        } => calls::list(host, of.as_deref(), *before, *limit)?,
        PluginAction::Record {
            name,
            minutes,
            stop,
            host,
        } => calls::record(host, name, if *stop { 0 } else { u64::from(*minutes) })?,
        PluginAction::Replay {
            call,
            with,
            export,
            host,
        } => {
            return replay::run(&replay::Wanted {
                call,
                with: with.as_deref(),
                export: export.as_deref(),
                host,
            });
        }
        PluginAction::New { name, bot, sdk } => {
            let kind = if *bot {
                new::Kind::Bot
            } else {
                new::Kind::Channel
            };
            let made = new::new(name, kind, sdk.as_deref())?;
            write!(io::stdout().lock(), "{made}").map_err(Failure::problem)?;
        }
    }
    Ok(OK)
}

/// The engine reads folders: the file is alone in one.
fn manifest_of(file: &Path) -> Result<Manifest, Failure> {
    let unreadable = |error: io::Error| Failure::Problem(format!("{}: {error}", file.display()));
    let folder = tempfile::tempdir().map_err(unreadable)?;
    std::fs::copy(file, folder.path().join("plugin.wasm")).map_err(unreadable)?;
    let found = manifests_in(folder.path()).map_err(unreadable)?;
    let found = found.into_iter().next().ok_or_else(|| {
        Failure::Problem(format!("{}: it cannot be read as a file", file.display()))
    })?;
    found
        .manifest
        .map_err(|why| Failure::Problem(format!("{}: {why}", file.display())))
}

fn print(out: &mut impl Write, manifest: &Manifest) -> io::Result<()> {
    writeln!(out, "{} {}", manifest.name, manifest.version)?;
    if !manifest.description.is_empty() {
        writeln!(out, "{}", manifest.description)?;
    }
    let rows = [
        ("kind", kind(manifest.kind).to_owned()),
        ("contract", manifest.contract.clone()),
        ("state version", manifest.state_version.to_string()),
        ("hosts", manifest.hosts.join(", ")),
    ];
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(name, value)| vec![format!("  {name}"), value])
        .collect();
    table::print(out, &rows)?;
    writeln!(out, "\nSettings")?;
    let rows: Vec<_> = manifest.settings.iter().map(setting_row).collect();
    table::print(out, &rows)?;
    writeln!(
        out,
        "\nSecrets: used by the host on the plugin's word, never shown to it"
    )?;
    let rows: Vec<_> = manifest
        .secrets
        .iter()
        .map(|secret| {
            vec![
                format!("  {}", secret.name),
                secret_kind(secret.kind).to_owned(),
                need(secret.required, &secret.needed_when),
                secret.description.clone(),
            ]
        })
        .collect();
    table::print(out, &rows)
}

fn setting_row(setting: &Setting) -> Vec<String> {
    vec![
        format!("  {}", setting.name),
        setting_type(setting),
        need(setting.required, &setting.needed_when),
        setting.description.clone(),
    ]
}

fn as_json(manifest: &Manifest) -> serde_json::Value {
    let settings = manifest.settings.iter().map(|setting| {
        json!({
            "name": setting.name,
            "type": setting_type(setting),
            "required": setting.required,
            "needed_when": setting.needed_when,
            "default": setting.default,
            "description": setting.description,
            "account": setting.account,
        })
    });
    let secrets = manifest.secrets.iter().map(|secret| {
        json!({
            "name": secret.name,
            "kind": secret_kind(secret.kind),
            "required": secret.required,
            "needed_when": secret.needed_when,
            "description": secret.description,
            "hosts": secret.hosts,
        })
    });
    json!({
        "name": manifest.name,
        "version": manifest.version,
        "kind": kind(manifest.kind),
        "contract": manifest.contract,
        "state_version": manifest.state_version,
        "description": manifest.description,
        "hosts": manifest.hosts,
        "settings": settings.collect::<Vec<_>>(),
        "secrets": secrets.collect::<Vec<_>>(),
    })
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Channel => "channel",
        Kind::Bot => "bot",
    }
}

fn need(required: bool, when: &NeededWhen) -> String {
    if required {
        "required".to_owned()
    } else if when.is_empty() {
        "optional".to_owned()
    } else {
        format!("needed with {when}")
    }
}

fn secret_kind(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::Text => "text",
        SecretKind::Oauth2 => "oauth2",
        SecretKind::PrivateKey => "private-key",
    }
}

fn setting_type(setting: &Setting) -> String {
    match setting.kind {
        SettingType::String => "text".to_owned(),
        SettingType::Integer => "integer".to_owned(),
        SettingType::Number => "number".to_owned(),
        SettingType::Boolean => "boolean".to_owned(),
        SettingType::Url => "url".to_owned(),
        SettingType::Enum => setting.values.join("|"),
        SettingType::List => "list".to_owned(),
        SettingType::Table => "table".to_owned(),
    }
}
