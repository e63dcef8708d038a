//! Forms and queries as providers send them.

/// A decoded form: pairs of bytes, because a customer's message need not be UTF-8 and the signature covers what was
/// sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form(pub(crate) Vec<(Vec<u8>, Vec<u8>)>);

impl Form {
    /// Never fails: a percent sign without two hex digits stands for itself.
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        let pairs = encoded
            .split(|byte| *byte == b'&')
            .filter(|pair| !pair.is_empty());
        Self(pairs.map(parse_pair).collect())
    }

    /// The first value of this name, if it is there and not empty. Bytes that are no UTF-8 become U+FFFD.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name.as_bytes())?;
        (!value.is_empty()).then(|| String::from_utf8_lossy(value).into_owned())
    }
}

fn parse_pair(pair: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let middle = pair
        .iter()
        .position(|byte| *byte == b'=')
        .unwrap_or(pair.len());
    let value = pair.get(middle + 1..).unwrap_or_default();
    (decode(&pair[..middle]), decode(value))
}

fn decode(encoded: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = (byte == b'%')
            .then(|| after.get(..2).and_then(hex_byte))
            .flatten();
        decoded.push(match (escaped, byte) {
            (Some(value), _) => value,
            (None, b'+') => b' ',
            (None, byte) => byte,
        });
        rest = if escaped.is_some() {
            &after[2..]
        } else {
            after
        };
    }
    decoded
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    let [high, low] = digits else { return None };
    u8::try_from(value(*high)? * 16 + value(*low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded_byte_for_byte() {
        let form = Form::parse(b"Body=caf%C3%A9+%26+%zz%&Empty=&Raw=%FF&&flag&From=%2B1");
        assert_eq!(form.get("Body").as_deref(), Some("café & %zz%"));
        assert_eq!(form.get("Empty"), None);
        assert_eq!(form.get("Raw").as_deref(), Some("\u{fffd}"));
        assert_eq!(form.get("From").as_deref(), Some("+1"));
        assert_eq!(form.0.len(), 5);
        assert_eq!(form.0[2].1, [0xff]);
    }
}
