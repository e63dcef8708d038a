//! Random bytes for a call: drawn from its seed, the same ones in every run of it.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The seed with which chance counts up from 0, as the harness of native fixtures does.
#[cfg(test)]
pub(crate) const COUNTING: [u8; 32] = *b"counts up as the native harness.";

/// Where random bytes come from: the same ones in every run of a call.
#[cfg_attr(
    test,
    expect(clippy::large_enum_variant, reason = "there is one a run")
)]
pub(crate) enum Chance {
    Drawn(ChaCha12Rng),
    #[cfg(test)]
    Counted(u8),
}

impl Chance {
    pub(crate) fn from_seed(seed: [u8; 32]) -> Self {
        #[cfg(test)]
        if seed == COUNTING {
            return Self::Counted(0);
        }
        Self::Drawn(ChaCha12Rng::from_seed(seed))
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        match self {
            Self::Drawn(random) => random.fill_bytes(bytes),
            #[cfg(test)]
            Self::Counted(next) => bytes.fill_with(|| {
                let now = *next;
                *next = next.wrapping_add(1);
                now
            }),
        }
    }
}
