//! Phone numbers: providers leave out the plus that addresses have.

/// A number with so few digits is a short code, which has no plus.
const SHORT_CODE_DIGITS_MAX: usize = 6;

/// As addresses have it: plus and digits for an international number; a short code or a name as it is.
pub(crate) fn with_plus(number: &str) -> String {
    let number = number.trim();
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if digits && number.len() > SHORT_CODE_DIGITS_MAX {
        format!("+{number}")
    } else {
        number.to_owned()
    }
}

/// Who wrote, as addresses have it. Blank is nobody: all who are nobody would be one customer.
pub(crate) fn sender(number: &str) -> Option<String> {
    Some(with_plus(number)).filter(|number| !number.is_empty())
}

/// As providers have it that want no plus.
pub(crate) fn without_plus(number: &str) -> &str {
    number.strip_prefix('+').unwrap_or(number)
}

/// Our own number as the operator wrote it if it is the same, so that it names the channel's account.
pub(crate) fn account(own: &str, theirs: Option<&str>) -> String {
    match theirs {
        Some(theirs) if with_plus(theirs) != with_plus(own) => with_plus(theirs),
        Some(_) | None => own.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_gets_its_plus_and_a_short_code_none() {
        assert_eq!(with_plus("447700900001"), "+447700900001");
        assert_eq!(with_plus("+447700900001"), "+447700900001");
        assert_eq!(with_plus("12345"), "12345");
        assert_eq!(with_plus("ACME"), "ACME");
        assert_eq!(with_plus(""), "");
    }

    #[test]
    fn a_blank_sender_is_nobody() {
        assert_eq!(sender(" \t"), None);
        assert_eq!(sender(" 447700900001"), Some("+447700900001".to_owned()));
    }

    #[test]
    fn our_own_number_stays_as_it_was_written() {
        assert_eq!(
            account("447700900000", Some("447700900000")),
            "447700900000"
        );
        assert_eq!(
            account("+447700900000", Some("447700900000")),
            "+447700900000"
        );
        assert_eq!(
            account("+447700900000", Some("447700900009")),
            "+447700900009"
        );
        assert_eq!(account("+447700900000", None), "+447700900000");
    }
}
