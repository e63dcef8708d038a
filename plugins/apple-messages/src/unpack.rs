//! Gzip, with an end: what unpacks to more than anybody writes is refused before it fills the memory.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;

/// Ten MiB of JSON: far beyond what Apple sends inline (larger data goes by reference).
const UNPACKED_BYTES_MAX: u64 = 10 << 20;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Why packed bytes could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UnpackError {
    /// More than [`UNPACKED_BYTES_MAX`].
    TooLarge,
    /// Not whole, or not gzip.
    Broken(String),
}

impl std::fmt::Display for UnpackError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge => write!(
                f,
                "it unpacks to more than {} MiB",
                UNPACKED_BYTES_MAX >> 20
            ),
            Self::Broken(why) => write!(f, "it is no whole gzip: {why}"),
        }
    }
}

/// Whether bytes are gzip, whatever a header says of them: relays forget it.
pub(crate) fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(&GZIP_MAGIC)
}

/// What was packed.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Vec<u8>, UnpackError> {
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(bytes)
        .take(UNPACKED_BYTES_MAX + 1)
        .read_to_end(&mut unpacked)
        .map_err(|error| UnpackError::Broken(error.to_string()))?;
    if unpacked.len() as u64 > UNPACKED_BYTES_MAX {
        return Err(UnpackError::TooLarge);
    }
    Ok(unpacked)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("into memory");
        encoder.finish().expect("into memory")
    }

    #[test]
    fn what_was_packed_comes_back() {
        let bytes = packed("{\"body\":\"Grüße ☕\"}".as_bytes());
        assert!(is_packed(&bytes));
        assert_eq!(
            unpack(&bytes).as_deref(),
            Ok("{\"body\":\"Grüße ☕\"}".as_bytes())
        );
    }

    #[test]
    fn a_bomb_is_refused_at_the_limit() {
        let limit = usize::try_from(UNPACKED_BYTES_MAX).expect("fits");
        let most = packed(&vec![b' '; limit]);
        assert!(most.len() < 100_000, "{} bytes", most.len());
        assert_eq!(unpack(&most).map(|bytes| bytes.len()), Ok(limit));
        assert_eq!(
            unpack(&packed(&vec![b' '; limit + 1])),
            Err(UnpackError::TooLarge)
        );
    }

    #[test]
    fn half_a_gzip_and_one_flipped_bit_are_refused() {
        let whole = packed(b"a message that is long enough to be cut somewhere");
        assert!(matches!(
            unpack(&whole[..whole.len() / 2]),
            Err(UnpackError::Broken(_))
        ));
        for bit in 0..8 {
            let mut flipped = whole.clone();
            let middle = flipped.len() / 2;
            flipped[middle] ^= 1 << bit;
            assert_ne!(unpack(&flipped), unpack(&whole));
        }
    }
}
