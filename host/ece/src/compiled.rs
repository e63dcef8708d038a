//! Settings checked, patterns compiled.

use std::collections::HashMap;

use regex::Regex;
use reqwest::Method;
use trunkline_core::id::IntegrationName;
use url::Url;

use crate::config::IntegrationConfig;
use crate::guesses;
use crate::unknowns::{Rule, TransferTo, TypeNames, Unknowns};

/// What is wrong with an integration's settings; each text names the key and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("integrations.{integration}: {}", complaints.join("; "))]
pub struct ConfigError {
    /// Which.
    pub integration: IntegrationName,
    /// All of it.
    pub complaints: Vec<String>,
}

/// ECE's kinds of callbacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Assigned,
    Transfer,
    PagePush,
    UploadAttachment,
    AcceptAttachment,
    RejectAttachment,
    StartTyping,
    EndTyping,
    Complete,
    Text,
    Html,
}

/// An integration's settings, ready for use.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) base: Url,
    pub(crate) end_method: Method,
    pub(crate) rules: Vec<Rule>,
    kinds: HashMap<String, Kind>,
    pub(crate) transfers: Vec<(Regex, TransferTo)>,
    pub(crate) assigned: Vec<Regex>,
    pub(crate) file_answers: Vec<Regex>,
    pub(crate) system_ends: Vec<Regex>,
}

impl Compiled {
    pub(crate) fn new(config: &IntegrationConfig) -> Result<Self, ConfigError> {
        let mut complaints = Vec::new();
        let unknowns = &config.unknowns;
        let base = base_url(&config.base_url, &mut complaints);
        let end_method = method(&unknowns.end.method, &mut complaints);
        check_callback_url(&config.callback_url, &mut complaints);
        check_limits(unknowns, &mut complaints);
        let transfers = unknowns
            .transfer_patterns
            .iter()
            .filter_map(|t| {
                Some((
                    pattern("transfer_patterns", &t.pattern, &mut complaints)?,
                    t.to,
                ))
            })
            .collect();
        let assigned = patterns(
            "assigned_patterns",
            &unknowns.assigned_patterns,
            &mut complaints,
        );
        let file_answers = patterns(
            "file_answer_patterns",
            &unknowns.file_answer_patterns,
            &mut complaints,
        );
        let system_ends = patterns(
            "system_end_patterns",
            &unknowns.system_end_patterns,
            &mut complaints,
        );
        match (base, end_method) {
            (Some(base), Some(end_method)) if complaints.is_empty() => Ok(Self {
                base,
                end_method,
                rules: unknowns
                    .classifier
                    .iter()
                    .cloned()
                    .chain(guesses::rules())
                    .collect(),
                kinds: kinds(&unknowns.types),
                transfers,
                assigned,
                file_answers,
                system_ends,
            }),
            _ => Err(ConfigError {
                integration: config.name.clone(),
                complaints,
            }),
        }
    }

    /// The kind behind one of ECE's words.
    pub(crate) fn kind(&self, word: &str) -> Option<Kind> {
        self.kinds.get(&word.trim().to_lowercase()).copied()
    }
}

fn base_url(text: &str, complaints: &mut Vec<String>) -> Option<Url> {
    match Url::parse(text) {
        Ok(mut url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
            url.set_query(None);
            url.set_fragment(None);
            // `join` replaces what follows the last slash.
            if !url.path().ends_with('/') {
                url.set_path(&format!("{}/", url.path()));
            }
            Some(url)
        }
        Ok(_) | Err(_) => {
            complaints.push(format!(
                "base_url `{text}` is no http address; it looks like https://ece.example.com/system"
            ));
            None
        }
    }
}

fn check_callback_url(text: &str, complaints: &mut Vec<String>) {
    let fine = Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    if !fine {
        complaints.push(format!(
            "callback_url `{text}` is no http address; it looks like https://trunkline.example.com"
        ));
    }
}

fn check_limits(unknowns: &Unknowns, complaints: &mut Vec<String>) {
    // Two units are one emoji: with less, a piece could hold nothing.
    for (key, value) in [
        ("text_limit", unknowns.text_limit),
        ("subject_limit", unknowns.subject_limit),
    ] {
        if value < 2 {
            complaints.push(format!(
                "wire.{key} = {value} leaves no room for a character; 2 is the least"
            ));
        }
    }
}

fn method(text: &str, complaints: &mut Vec<String>) -> Option<Method> {
    let method = Method::from_bytes(text.to_uppercase().as_bytes());
    if method.is_err() {
        complaints.push(format!(
            "wire.end.method `{text}` is no HTTP method; usual are POST, PUT and DELETE"
        ));
    }
    method.ok()
}

fn patterns(key: &str, list: &[String], complaints: &mut Vec<String>) -> Vec<Regex> {
    list.iter()
        .filter_map(|text| pattern(key, text, complaints))
        .collect()
}

fn pattern(key: &str, text: &str, complaints: &mut Vec<String>) -> Option<Regex> {
    match Regex::new(text) {
        Ok(regex) => Some(regex),
        Err(error) => {
            // Its last line says what is wrong; those before draw the pattern once more.
            let error = error.to_string();
            let why = error.lines().next_back().unwrap_or_default();
            let why = why.trim_start_matches("error: ");
            complaints.push(format!(
                "wire.{key}: `{text}` is no regular expression: {why}"
            ));
            None
        }
    }
}

fn kinds(added: &TypeNames) -> HashMap<String, Kind> {
    let mut kinds = HashMap::new();
    // The operator's words come last: they win over ours.
    for names in [&guesses::type_names(), added] {
        for (words, kind) in words_of(names) {
            kinds.extend(words.iter().map(|word| (word.to_lowercase(), kind)));
        }
    }
    kinds
}

fn words_of(names: &TypeNames) -> [(&[String], Kind); 11] {
    [
        (&names.assigned, Kind::Assigned),
        (&names.transfer, Kind::Transfer),
        (&names.page_push, Kind::PagePush),
        (&names.upload_attachment, Kind::UploadAttachment),
        (&names.accept_attachment, Kind::AcceptAttachment),
        (&names.reject_attachment, Kind::RejectAttachment),
        (&names.start_typing, Kind::StartTyping),
        (&names.end_typing, Kind::EndTyping),
        (&names.complete, Kind::Complete),
        (&names.text, Kind::Text),
        (&names.html, Kind::Html),
    ]
}
