//! Names that one part of the configuration gives to another.

use std::collections::BTreeMap;

use super::complaint::suggest;
use super::section::{Placed, Section};

/// What is configured, by name; filled group by group, in the order in which groups refer to each other.
/// A thing that was parsed with complaints is in here too, so that one mistake is one complaint.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// With the names of their entry points.
    pub(super) integrations: BTreeMap<String, Vec<String>>,
    pub(super) channels: Vec<String>,
    pub(super) bots: Vec<String>,
    pub(super) journeys: Vec<String>,
}

/// Whether `name` is among `known`; complains if not. `what` is one of them in words: `channel`.
pub(super) fn known<'n>(
    section: &Section<'_>,
    name: &Placed<String>,
    what: &str,
    known: impl IntoIterator<Item = &'n String>,
) -> bool {
    let names: Vec<&str> = known.into_iter().map(String::as_str).collect();
    let found = names.contains(&name.get_ref().as_str());
    if !found {
        section.sink.add(
            &name.span(),
            format!("no {what} is called `{}`", name.get_ref()),
            suggest(name.get_ref(), &names),
        );
    }
    found
}
