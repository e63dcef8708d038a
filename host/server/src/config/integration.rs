//! `[integrations.NAME]`: one ECE, its entry points, its messages, its attributes.

use std::collections::BTreeMap;

use toml::Spanned;
use trunkline_core::event::Unavailable;
use trunkline_core::id::{EntryPointName, IntegrationName, Language};
use trunkline_core::settings::{self, AcceptAgentFiles, Hours, Messages};
use trunkline_ece::{Auth, CallbackAuth, EceClient, IntegrationConfig, Options, Version};

use super::complaint::Place;
use super::names::{Names, known};
use super::secret::{Sources, needed, needed_name};
use super::section::{Placed, Section};
use super::server::Server;
use super::template::{check_attribute, check_message};
use super::url::http_url;
use super::wire::wire;

/// One configured ECE.
#[derive(Debug, Clone)]
pub struct Integration {
    /// How to talk to it.
    pub ece: IntegrationConfig,
    /// What conversations need to know.
    pub core: settings::Integration,
}

/// An entry point as both sides see it: ours, ECE's id (Z22), and what conversations need to know.
type EntryPoint = (EntryPointName, String, settings::EntryPoint);

/// Longest acceptable waiting time that can be said: a day.
const WAIT_S_MAX: u64 = 86_400;

/// Longest that a message waits for ECE: 30 days, after which no ECE conversation is the same.
const GIVE_UP_H_MAX: u64 = 720;

/// What the parts of this group are read with.
pub(super) struct Context<'a> {
    pub(super) from: &'a Sources<'a>,
    pub(super) server: &'a Server,
    pub(super) hours: &'a BTreeMap<String, Hours>,
}

/// Reads all of them.
pub(super) fn integrations(
    file: &Section<'_>,
    context: &Context<'_>,
    names: &mut Names,
) -> BTreeMap<IntegrationName, Integration> {
    let mut all = BTreeMap::new();
    for (name, section) in file.named_sections("integrations") {
        let points = entry_points(&section, context.hours);
        let point_names = points.iter().map(|(point, _, _)| point.0.clone());
        names
            .integrations
            .insert(name.get_ref().clone(), point_names.collect());
        let name = IntegrationName(name.into_inner());
        if let Some(integration) = one(section, name.clone(), points, context) {
            all.insert(name, integration);
        }
    }
    all
}

fn one(
    section: Section<'_>,
    name: IntegrationName,
    points: Vec<EntryPoint>,
    context: &Context<'_>,
) -> Option<Integration> {
    let core = settings::Integration {
        entry_points: points
            .iter()
            .map(|(name, _, core)| (name.clone(), core.clone()))
            .collect(),
        messages: messages(&section),
        attributes: attributes(&section),
        accept_agent_files: accept_agent_files(&section),
    };
    let points = points.into_iter().map(|(name, id, _)| (name, id)).collect();
    let ece = ece(&section, name, points, context);
    if let Some(ece) = &ece {
        complain_of_what_cannot_work(&section, ece);
    }
    section.done();
    Some(Integration { ece: ece?, core })
}

/// What only the ECE client knows: patterns that are none, a certificate file without certificates.
fn complain_of_what_cannot_work(section: &Section<'_>, ece: &IntegrationConfig) {
    let Err(errors) = EceClient::new(vec![ece.clone()], Options::default()) else {
        return;
    };
    for complaint in errors.into_iter().flat_map(|error| error.complaints) {
        section.sink.add(
            &place_of(section, &complaint),
            format!("[{}] cannot work: {complaint}", section.path),
            "give the key a value that works, or leave it out for the default",
        );
    }
}

/// Each such complaint begins with its key: `ca_file`, `wire.assigned_patterns`, `wire.end.method`.
fn place_of(section: &Section<'_>, complaint: &str) -> Place {
    let path = complaint.split([' ', ':']).next().unwrap_or_default();
    let mut place = section.place.clone();
    let mut table = Some(section.table());
    for key in path.split('.') {
        let Some((name, value)) = table.and_then(|table| table.get_key_value(key)) else {
            break;
        };
        place = name.span();
        table = value.get_ref().as_table();
    }
    place
}

fn ece(
    section: &Section<'_>,
    name: IntegrationName,
    entry_points: BTreeMap<EntryPointName, String>,
    context: &Context<'_>,
) -> Option<IntegrationConfig> {
    let version = version(section);
    if section.value("base_url").is_none() {
        section.missing("base_url", "\"https://ece.example.com/system\"");
    }
    let base_url = http_url(section, "base_url");
    let logins = [
        ("oauth2_client", Auth::Oauth2Client),
        ("user_login", Auth::UserLogin),
    ];
    let auth = section.word("auth", &logins);
    let username = needed_name(section, "username", context.from);
    let password = needed(section, "password", context.from);
    let ca_file = ca_file(section, context.from);
    let callback_url = http_url(section, "callback_url");
    let callback = callback(section, context.from);
    let wait = section.number("wait_acceptable_s", 0..=WAIT_S_MAX);
    let give_up = section.number("give_up_after_h", 1..=GIVE_UP_H_MAX);
    let unknowns = section.section("wire").map(|section| wire(&section));
    Some(IntegrationConfig {
        name,
        version,
        base_url: base_url?,
        auth: auth.unwrap_or_default(),
        username: username?.as_str().into(),
        password: password?.reveal().into(),
        ca_file,
        proxy: context.server.proxy.clone(),
        no_proxy: context.server.no_proxy.clone(),
        callback_url: callback_url.unwrap_or_else(|| context.server.public_url.clone()),
        callback: callback?,
        wait_acceptable_s: wait.map_or(120, Spanned::into_inner),
        give_up_after_h: give_up.map(Spanned::into_inner),
        entry_points,
        unknowns: unknowns.unwrap_or_else(|| version.defaults()),
    })
}

fn version(section: &Section<'_>) -> Version {
    let versions = Version::ALL.map(|text| (text, text.parse().unwrap_or_default()));
    section.word("version", &versions).unwrap_or_default()
}

fn ca_file(section: &Section<'_>, from: &Sources<'_>) -> Option<Vec<u8>> {
    let text = section.text("ca_file")?;
    let path = from.path(text.get_ref());
    match std::fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            section.sink.add(
                &text.span(),
                format!("{} cannot be read: {error}", path.display()),
                "name a PEM file; relative paths start at the folder of this file",
            );
            None
        }
    }
}

fn callback(section: &Section<'_>, from: &Sources<'_>) -> Option<CallbackAuth> {
    const EXAMPLE: &str =
        "{ auth = \"basic\", username = \"env:ECE_CB_USER\", password = \"env:ECE_CB_PASS\" }";
    if section.value("callback").is_none() {
        section.missing("callback", EXAMPLE);
    }
    if let Some(value) = section
        .value("callback")
        .filter(|value| value.get_ref().is_str())
    {
        section.sink.add(
            &value.span(),
            format!("{} is text", section.named("callback")),
            format!("it must be a table: {EXAMPLE}, or, without any proof, {{ auth = \"none\" }}"),
        );
        return None;
    }
    let callback = section.section("callback")?;
    let kinds = [("none", 0), ("basic", 1), ("bearer", 2)];
    if callback.value("auth").is_none() {
        callback.sink.add(
            &callback.place,
            format!(
                "[{}] does not say how ECE proves that it is ECE",
                callback.path
            ),
            format!("write callback = {EXAMPLE}; without any proof, say so: {{ auth = \"none\" }}"),
        );
    }
    let auth = match callback.word("auth", &kinds)? {
        1 => basic(&callback, from),
        2 => bearer(&callback, from),
        _ => Some(CallbackAuth::None),
    };
    callback.done();
    auth
}

fn basic(callback: &Section<'_>, from: &Sources<'_>) -> Option<CallbackAuth> {
    let username = needed_name(callback, "username", from);
    let password = needed(callback, "password", from);
    Some(CallbackAuth::Basic {
        username: username?.as_str().into(),
        password: password?.reveal().into(),
    })
}

fn bearer(callback: &Section<'_>, from: &Sources<'_>) -> Option<CallbackAuth> {
    let token = needed(callback, "token", from)?;
    Some(CallbackAuth::Bearer {
        token: token.reveal().into(),
    })
}

fn accept_agent_files(section: &Section<'_>) -> AcceptAgentFiles {
    let words = [
        ("on-delivery", AcceptAgentFiles::OnDelivery),
        ("on-send", AcceptAgentFiles::OnSend),
        ("never", AcceptAgentFiles::Never),
    ];
    section
        .word("accept_agent_files", &words)
        .unwrap_or_default()
}

/// Names and ids are unique within an integration (Z22).
fn entry_points(section: &Section<'_>, hours: &BTreeMap<String, Hours>) -> Vec<EntryPoint> {
    let points = section.sections("entry_points");
    if points.is_empty() && section.value("entry_points").is_none() {
        section.missing("entry_points", "[{ name = \"support\", id = \"1001\" }]");
    }
    let (mut names, mut ids) = (Vec::new(), Vec::new());
    points
        .into_iter()
        .filter_map(|point| {
            let name = point.needed_text("name", "support");
            let id = entry_point_id(&point);
            let core = settings::EntryPoint {
                languages: languages(&point),
                hours: hours_of(&point, hours),
            };
            for (text, seen) in [(&name, &mut names), (&id, &mut ids)] {
                unique(&point, text.as_ref(), seen);
            }
            point.done();
            let name = EntryPointName(name?.into_inner());
            Some((name, id.map(Spanned::into_inner).unwrap_or_default(), core))
        })
        .collect()
}

/// ECE's ids are numbers; both `1001` and `"1001"` are taken.
fn entry_point_id(point: &Section<'_>) -> Option<Placed<String>> {
    let value = point.value("id");
    if value.is_some_and(|value| value.get_ref().is_integer()) {
        let number = point.number("id", 0..=u64::MAX)?;
        return Some(Spanned::new(number.span(), number.get_ref().to_string()));
    }
    point.needed_text("id", "1001")
}

fn unique(section: &Section<'_>, text: Option<&Placed<String>>, seen: &mut Vec<String>) {
    let Some(text) = text else { return };
    if seen.contains(text.get_ref()) {
        section.sink.add(
            &text.span(),
            format!("two entry points have `{}`", text.get_ref()),
            "give each a name and an id of its own",
        );
    }
    seen.push(text.get_ref().clone());
}

fn hours_of(point: &Section<'_>, hours: &BTreeMap<String, Hours>) -> Option<Hours> {
    let name = point.text("hours")?;
    known(point, &name, "[hours.…]", hours.keys());
    hours.get(name.get_ref()).cloned()
}

fn languages(point: &Section<'_>) -> Vec<Language> {
    point
        .texts("languages")
        .into_iter()
        .map(|text| language(point, &text.span(), text.get_ref()))
        .collect()
}

fn language(section: &Section<'_>, place: &Place, text: &str) -> Language {
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    let fits = (2..=3).contains(&primary.len())
        && primary.chars().all(|c| c.is_ascii_alphabetic())
        && parts.all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric()));
    if !fits {
        section.sink.add(
            place,
            format!("`{text}` is no language"),
            "write a tag such as en, es or pt-br",
        );
    }
    Language(text.to_lowercase())
}

fn attributes(section: &Section<'_>) -> Vec<(String, String)> {
    section
        .sections("attributes")
        .into_iter()
        .filter_map(|attribute| {
            let name = attribute.needed_text("name", "activity_fb_username");
            let value = attribute.needed_text("value", "$(messenger.username)");
            for text in [&name, &value].into_iter().flatten() {
                check_attribute(&attribute, text);
            }
            attribute.done();
            Some((name?.into_inner(), value?.into_inner()))
        })
        .collect()
}

fn messages(section: &Section<'_>) -> BTreeMap<String, Messages> {
    let Some(messages) = section.section("messages") else {
        return BTreeMap::new();
    };
    messages
        .entries()
        .into_iter()
        .filter_map(|(name, value)| {
            if name.get_ref() != "default" {
                language(&messages, &name.span(), name.get_ref());
            }
            let path = format!("{}.{}", messages.path, name.get_ref());
            let texts = messages_of(messages.section_of(value, path)?);
            Some((name.get_ref().to_lowercase(), texts))
        })
        .collect()
}

fn messages_of(section: Section<'_>) -> Messages {
    let with = |key, placeholders: &[&str]| {
        let text = section.text(key)?;
        check_message(&section, &text, placeholders);
        Some(text.into_inner())
    };
    let plain = |key| with(key, &[]);
    let unavailable = UNAVAILABLE
        .iter()
        .filter_map(|(key, why)| Some((*why, plain(key)?)))
        .collect();
    let messages = Messages {
        chat_started: plain("chat_started"),
        agent_assigned: with("agent_assigned", &["agent.name"]),
        agent_transfer_queue: with("agent_transfer_queue", &["queue.name"]),
        agent_transfer_agent: with("agent_transfer_agent", &["agent.name"]),
        agent_closed_chat: plain("agent_closed_chat"),
        agent_accepted_attachment: with("agent_accepted_attachment", &["file.name"]),
        agent_rejected_attachment: with("agent_rejected_attachment", &["file.name"]),
        agent_uploaded_attachment: with("agent_uploaded_attachment", &["file.name"]),
        page_push: with("page_push", &["url"]),
        unknown_event: with("unknown_event", &["text"]),
        chat_expired: plain("chat_expired"),
        unavailable,
    };
    section.done();
    messages
}

const UNAVAILABLE: [(&str, Unavailable); 6] = [
    ("unavailable_no_agents", Unavailable::NoAgents),
    ("unavailable_out_of_capacity", Unavailable::OutOfCapacity),
    ("unavailable_wait_too_long", Unavailable::WaitTooLong),
    (
        "unavailable_entry_point_disabled",
        Unavailable::EntryPointDisabled,
    ),
    ("unavailable_off_hours", Unavailable::OffHours),
    ("unavailable_unreachable", Unavailable::Unreachable),
];
