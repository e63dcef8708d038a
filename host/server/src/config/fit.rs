//! What a plugin's manifest has against a channel, a bot or a rule, at its place in the file. What the
//! plugins say is found by whoever can read them.

use toml::Spanned;
use toml::de::DeTable;

use super::complaint::{Place, Sink};

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// `channels`, `bots` or `rules`.
    pub group: &'static str,
    /// The channel's or bot's name; of a rule, how many stand before it.
    pub name: String,
    /// Below its table: `settings.number`, or `plugin`.
    pub place: String,
    /// What is wrong, where it is not that the value does not fit the plugin or is missing.
    pub problem: Option<String>,
    /// What the plugin wants, or what would be right.
    pub text: String,
}

/// Complains about each at its place.
pub(super) fn complain(unfit: Vec<Unfit>, text: &str, sink: &Sink) {
    let (root, _right) = DeTable::parse_recoverable(text);
    for unfit in unfit {
        let (place, is_there) = find(&root, &unfit);
        let table = format!("[{}.{}]", unfit.group, unfit.name);
        if let Some(problem) = unfit.problem {
            sink.add(&place, problem, unfit.text);
        } else if is_there {
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
        // Of a list the next key is the place in it.
        let value = match value.get_ref().as_array() {
            Some(list) => keys
                .next()
                .and_then(|key| list.get(key.parse::<usize>().ok()?)),
            None => Some(value),
        };
        let Some(inner) = value.and_then(|value| value.get_ref().as_table()) else {
            return (place, false);
        };
        table = inner;
    }
    (place, true)
}
