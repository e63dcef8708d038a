//! Changes of a body: of its JSON, of its form, of its lines, of its bytes.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use serde_json::{Map, Value, json};

/// What breaks readers of text.
const TEXTS: [&str; 16] = [
    "",
    " ",
    "\0",
    "0",
    "-1",
    "1e999",
    "null",
    "\u{202e}مرحبا",
    "👩‍👩‍👧",
    "e\u{301}",
    "STOP",
    "a.b[c]/../d?e=f#g",
    "https://[::1]:99999/",
    "%",
    "\u{feff}",
    "<b>&amp;&#xD800;</b>",
];

/// What breaks a reader of bytes, also inside of JSON text and XML.
const BYTES: [&[u8]; 14] = [
    b"\\ud83d",
    b"\\u0000",
    b"\xff",
    b"\xed\xa0\xbd",
    b"\r\n",
    b"&",
    b"=",
    b"%zz",
    b"{",
    b"]",
    b"\"",
    b"<![CDATA[",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
    b"&#99999999;",
];

/// Longer bodies are cut: the edge takes no more than 4 MiB, and short ones find as much.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// A body made of one, with parts of another.
pub(crate) fn body(random: &mut StdRng, one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut changed = if random.random_bool(0.75) {
        by_shape(random, one, other)
    } else {
        one.to_vec()
    };
    if random.random_bool(0.3) {
        by_bytes(random, &mut changed, other);
    }
    changed.truncate(BODY_BYTES_MAX);
    changed
}

fn by_shape(random: &mut StdRng, one: &[u8], other: &[u8]) -> Vec<u8> {
    if let Ok(mut tree) = serde_json::from_slice::<Value>(one) {
        let other = serde_json::from_slice(other).unwrap_or(Value::Null);
        for _ in 0..random.random_range(1..4) {
            in_tree(random, &mut tree, &other);
        }
        return tree.to_string().into_bytes();
    }
    let first_line = one.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if first_line.contains(&b'=') && first_line.len() == one.len() {
        return in_form(random, one, other);
    }
    in_lines(random, one, other)
}

/// Goes down by chance, and changes something there.
fn in_tree(random: &mut StdRng, tree: &mut Value, other: &Value) {
    let here = random.random_bool(0.2);
    match tree {
        Value::Object(members) if !members.is_empty() && !here => {
            let name = some_name(random, members);
            match random.random_range(0..10) {
                0 => drop(members.remove(&name)),
                1 => {
                    let value = members.remove(&name).unwrap_or_default();
                    members.insert(text(random), value);
                }
                2 => drop(members.insert(text(random), leaf(random))),
                _ => in_tree(random, members.entry(name).or_insert(Value::Null), other),
            }
        }
        Value::Array(items) if !items.is_empty() && !here => {
            let at = random.random_range(0..items.len());
            match random.random_range(0..8) {
                0 => drop(items.remove(at)),
                1 => items.insert(at, items[at].clone()),
                2 => items.insert(at, leaf(random)),
                _ => in_tree(random, &mut items[at], other),
            }
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => *tree = instead(random, tree, other),
    }
}

fn some_name(random: &mut StdRng, members: &Map<String, Value>) -> String {
    let at = random.random_range(0..members.len());
    members.keys().nth(at).cloned().unwrap_or_default()
}

fn instead(random: &mut StdRng, value: &Value, other: &Value) -> Value {
    match random.random_range(0..8) {
        0 => json!([value, value]),
        1 => json!({ text(random): value }),
        2 => some_part(random, other),
        3 => deep(random),
        4 => Value::String(value.to_string()),
        5 => value
            .as_str()
            .map_or(Value::Null, |text| json!(text.repeat(40))),
        _ => leaf(random),
    }
}

fn some_part(random: &mut StdRng, tree: &Value) -> Value {
    let inner = match tree {
        Value::Object(members) => members
            .values()
            .nth(random.random_range(0..members.len().max(1))),
        Value::Array(items) => items.choose(random),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    match inner {
        Some(inner) if random.random_bool(0.8) => some_part(random, inner),
        _ => tree.clone(),
    }
}

fn deep(random: &mut StdRng) -> Value {
    (0..random.random_range(1..120)).fold(Value::Null, |inner, _| json!([inner]))
}

fn leaf(random: &mut StdRng) -> Value {
    match random.random_range(0..10) {
        0 => Value::Null,
        1 => json!(random.random_bool(0.5)),
        2 => json!(random.random::<u64>()),
        3 => json!(random.random::<i64>()),
        4 => json!(random.random::<f64>() * 1e300),
        5 => json!(random.random_range(0..2_000_000_000_000_u64)),
        6 => json!([]),
        7 => json!({}),
        _ => json!(text(random)),
    }
}

fn text(random: &mut StdRng) -> String {
    match random.random_range(0..4) {
        0 => (0..random.random_range(0..12))
            .map(|_| random.random::<char>())
            .collect(),
        1 => random.random_range(0..u64::MAX).to_string(),
        2 => "x".repeat(random.random_range(0..5_000)),
        _ => (*TEXTS.choose(random).unwrap_or(&"")).to_owned(),
    }
}

type Pairs = Vec<(String, String)>;

fn in_form(random: &mut StdRng, one: &[u8], other: &[u8]) -> Vec<u8> {
    let read = |bytes: &[u8]| -> Pairs { form_urlencoded::parse(bytes).into_owned().collect() };
    let (mut pairs, others) = (read(one), read(other));
    for _ in 0..random.random_range(1..4) {
        let at = random.random_range(0..pairs.len().max(1));
        match (random.random_range(0..6), pairs.get(at).cloned()) {
            (0, Some(_)) => drop(pairs.remove(at)),
            (1, Some(pair)) => pairs.insert(at, pair),
            (2, Some((name, _))) => pairs[at] = (name, text(random)),
            (3, Some((_, value))) => pairs[at] = (text(random), value),
            (4, _) => pairs.extend(others.choose(random).cloned()),
            (_, _) => pairs.push((text(random), text(random))),
        }
    }
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs);
    form.finish().into_bytes()
}

/// Lines of a file, elements of a document: pieces that end at a line's or a tag's end.
fn in_lines(random: &mut StdRng, one: &[u8], other: &[u8]) -> Vec<u8> {
    let pieces = |bytes: &[u8]| -> Vec<Vec<u8>> {
        let pieces = bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'>' | b'"'));
        pieces.map(<[u8]>::to_vec).collect()
    };
    let (mut mine, others) = (pieces(one), pieces(other));
    for _ in 0..random.random_range(1..5) {
        let at = random.random_range(0..mine.len().max(1));
        match (random.random_range(0..6), mine.get(at).cloned()) {
            (0, Some(_)) => drop(mine.remove(at)),
            (1, Some(piece)) => mine.insert(at, piece),
            // Elements opened many times over are what a reader that recurses does not survive.
            (2, Some(piece)) if piece.ends_with(b">") && random.random_bool(0.1) => {
                mine.insert(at, piece.repeat(random.random_range(1..20_000)));
            }
            (3, Some(_)) => mine[at] = text(random).into_bytes(),
            (4, Some(_)) => mine.insert(at, text(random).into_bytes()),
            (_, _) => mine.extend(others.choose(random).cloned()),
        }
    }
    mine.concat()
}

fn by_bytes(random: &mut StdRng, body: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..=body.len());
        let end = body.len().min(at + random.random_range(0..40));
        match random.random_range(0..6) {
            0 => drop(body.drain(at..end)),
            1 => body.truncate(at),
            2 if at < body.len() => body[at] ^= 1 << random.random_range(0..8),
            3 => {
                let piece = BYTES.choose(random).copied().unwrap_or_default();
                drop(body.splice(at..at, piece.iter().copied()));
            }
            4 => {
                let from = random.random_range(0..=other.len());
                let piece = other[from..].iter().take(60).copied();
                drop(body.splice(at..end, piece));
            }
            _ => {
                let random: Vec<u8> = (0..random.random_range(0..30))
                    .map(|_| random.random())
                    .collect();
                drop(body.splice(at..end, random));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn one_seed_makes_one_body_and_most_changed_json_is_still_json() {
        let one = br#"{"a":[{"b":"c"},2],"d":{"e":null}}"#;
        let made = |seed| body(&mut StdRng::seed_from_u64(seed), one, b"[1]");
        assert_eq!(made(7), made(7));
        let json = (0..200).filter(|seed| serde_json::from_slice::<Value>(&made(*seed)).is_ok());
        let changed = (0..200).filter(|seed| made(*seed) != one);
        assert!(json.count() > 100);
        assert!(changed.count() > 150);
    }

    #[test]
    fn a_form_stays_a_form_and_a_file_keeps_its_lines() {
        let random = &mut StdRng::seed_from_u64(1);
        let form = in_form(random, b"From=%2B1555&Body=hi", b"To=1");
        assert!(form.contains(&b'=') && !form.contains(&b' '));
        let lines = in_lines(random, b"[a]\nb = 1\nc = 2\nd = 3\n", b"[e]\n");
        assert!(lines.contains(&b'\n'));
    }
}
