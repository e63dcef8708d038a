//! What a file is called and of what type it is, from its first bytes and what its sender said.

/// Characters of a name.
const NAME_CHARS_MAX: usize = 150;

const UNKNOWN_TYPE: &str = "application/octet-stream";

/// The bytes decide where they tell; else what was declared, if it looks like a type.
pub(crate) fn content_type(start: &[u8], declared: Option<&str>) -> String {
    if let Some(kind) = infer::get(start) {
        return kind.mime_type().to_owned();
    }
    declared
        .map(str::trim)
        .filter(|text| is_type(text))
        .unwrap_or(UNKNOWN_TYPE)
        .to_owned()
}

/// It goes into a header, so nothing but visible ASCII and spaces.
fn is_type(text: &str) -> bool {
    let plain = text
        .bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic());
    let shaped = text
        .split_once('/')
        .is_some_and(|(kind, rest)| !kind.is_empty() && !rest.is_empty());
    plain && shaped && text.len() <= 200
}

/// What people see: the sender's name without folders and control characters, or one made from the type.
pub(crate) fn file_name(given: Option<&str>, start: &[u8], content_type: &str) -> String {
    let cleaned = given.map(clean).unwrap_or_default();
    if cleaned.is_empty() {
        return format!("file.{}", extension(start, content_type));
    }
    cleaned
}

fn clean(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    last.chars()
        .filter(|char| !char.is_control())
        .take(NAME_CHARS_MAX)
        .collect::<String>()
        .trim_matches(|char: char| char == '.' || char.is_whitespace())
        .to_owned()
}

fn extension(start: &[u8], content_type: &str) -> &'static str {
    if let Some(kind) = infer::get(start) {
        return kind.extension();
    }
    match content_type.split(';').next().unwrap_or_default().trim() {
        "text/plain" => "txt",
        "text/csv" => "csv",
        "text/vcard" | "text/x-vcard" => "vcf",
        "text/calendar" => "ics",
        "application/json" => "json",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn the_bytes_decide_the_type() {
        assert_eq!(content_type(PNG, Some("text/plain")), "image/png");
        assert_eq!(content_type(b"a,b", Some("text/csv")), "text/csv");
        assert_eq!(content_type(b"a,b", Some("no type\r\nX: y")), UNKNOWN_TYPE);
        assert_eq!(content_type(b"a,b", None), UNKNOWN_TYPE);
    }

    #[test]
    fn a_missing_name_is_made_from_the_type() {
        assert_eq!(file_name(None, PNG, "image/png"), "file.png");
        assert_eq!(
            file_name(Some(" .. "), b"x", "text/plain; charset=utf-8"),
            "file.txt"
        );
        assert_eq!(file_name(None, b"\0", UNKNOWN_TYPE), "file.bin");
    }

    #[test]
    fn a_name_loses_folders_and_control_characters() {
        assert_eq!(
            file_name(Some("../../etc/pass\r\nwd"), b"x", "text/plain"),
            "passwd"
        );
        assert_eq!(
            file_name(Some(r"C:\photos\Blumen für dich.jpg"), b"x", "a/b"),
            "Blumen für dich.jpg"
        );
    }
}
