//! Custom sections of WebAssembly files, read and written by hand: an id byte (0), a length, a name, bytes.

/// Magic and version of a module or component.
const HEADER_BYTES: usize = 8;
const CUSTOM: u8 = 0;

/// The module without its sections of this name, and what they hold together; `None` if there is none or it is no
/// module.
pub(super) fn split_off(module: &[u8], name: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut rest = module.get(..HEADER_BYTES)?.to_vec();
    let mut found: Option<Vec<u8>> = None;
    let mut at = HEADER_BYTES;
    while at < module.len() {
        let id = module[at];
        let (length, start) = read_length(module, at + 1)?;
        let content = module.get(start..start.checked_add(length)?)?;
        match named(id, content, name) {
            Some(bytes) => found.get_or_insert_default().extend(bytes),
            None => rest.extend(&module[at..start + length]),
        }
        at = start + length;
    }
    Some((rest, found?))
}

/// Appends a custom section.
pub(super) fn append(wasm: &mut Vec<u8>, name: &str, bytes: &[u8]) {
    let mut content = Vec::new();
    write_length(&mut content, name.len());
    content.extend(name.as_bytes());
    content.extend(bytes);
    wasm.push(CUSTOM);
    write_length(wasm, content.len());
    wasm.extend(content);
}

fn named<'a>(id: u8, content: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let (length, start) = read_length(content, 0)?;
    let end = start.checked_add(length)?;
    (id == CUSTOM && content.get(start..end)? == name.as_bytes()).then(|| &content[end..])
}

/// An unsigned LEB128 number at this place, and where it ends.
fn read_length(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut value = 0_usize;
    for shift in (0..32).step_by(7) {
        let byte = *bytes.get(at)?;
        at += 1;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value, at));
        }
    }
    None
}

fn write_length(bytes: &mut Vec<u8>, mut value: usize) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &[u8] = b"\0asm\x01\0\0\0";

    #[test]
    fn a_section_that_was_appended_is_found_and_taken_out() {
        let mut module = HEADER.to_vec();
        append(&mut module, "other", b"kept");
        let before = module.clone();
        append(&mut module, "mine", &[7; 300]);
        assert_eq!(split_off(&module, "mine"), Some((before, vec![7; 300])));
    }

    #[test]
    fn a_cut_or_foreign_module_has_no_section() {
        let mut module = HEADER.to_vec();
        append(&mut module, "mine", b"bytes");
        assert_eq!(split_off(&module, "another"), None);
        assert_eq!(split_off(&module[..module.len() - 1], "mine"), None);
        assert_eq!(split_off(b"\0asm", "mine"), None);
    }
}
