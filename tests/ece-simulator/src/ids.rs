//! Identifiers of the shapes that ECE uses.

/// An opaque GUID, as tokens and conversations have.
pub(crate) fn guid() -> String {
    let [high, low]: [u64; 2] = rand::random();
    let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, (high & 0x0fff) | 0x4000);
    let (d, e) = ((low >> 48) & 0x3fff | 0x8000, low & 0xffff_ffff_ffff);
    format!("{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_has_the_shape_of_one_and_does_not_repeat() {
        let (one, other) = (guid(), guid());
        let lengths: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_ne!(one, other);
    }
}
