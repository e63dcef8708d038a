//! What a plugin's manifest has against a channel or bot, at its place in the file. What the plugins
//! say is found by whoever can read them.

use toml::Spanned;
use toml::de::DeTable;

use super::complaint::{Place, Sink};

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// `channels` or `bots`.
    pub group: &'static str,
    /// The channel's or bot's name.
    pub name: String,
    /// Below its table: `settings.number`, or `plugin`.
    pub place: String,
    /// What the plugin wants.
    pub text: String,
}

/// Complains about each at its place.
pub(super) fn complain(unfit: Vec<Unfit>, text: &str, sink: &Sink) {
    let (root, _right) = DeTable::parse_recoverable(text);
    for unfit in unfit {
        let (place, is_there) = find(&root, &unfit);
        let table = format!("[{}.{}]", unfit.group, unfit.name);
        if is_there {
            let problem = format!("`{}` of {table} does not fit its plugin", unfit.place);
            sink.add(&place, problem, unfit.text);
        } else {
            let problem = format!("{table} needs `{}`", unfit.place);
            sink.add(&place, problem, format!("add it; it {}", unfit.text));
        }
    }
}

/// Where it stands, or else the innermost table where it would.
fn find(root: &Spanned<DeTable<'_>>, unfit: &Unfit) -> (Place, bool) {
    let mut place = root.span();
    let mut table = root.get_ref();
    let below = unfit.place.splitn(2, '.');
    let mut keys = [unfit.group, &unfit.name]
        .into_iter()
        .chain(below)
        .peekable();
    while let Some(key) = keys.next() {
        let Some((name, value)) = table.get_key_value(key) else {
            return (place, false);
        };
        if keys.peek().is_none() {
            return (name.span(), true);
        }
        place = value.span();
        let Some(inner) = value.get_ref().as_table() else {
            return (place, false);
        };
        table = inner;
    }
    (place, true)
}
