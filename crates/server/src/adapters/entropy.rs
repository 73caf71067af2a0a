//! Random bytes: the operating system's for secrets, and a repeatable stream for made-up data.

use std::sync::atomic::{AtomicU64, Ordering};

use directory::ports::Entropy;

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        // It can fail only where the system has no source of randomness, and then nothing may go on: any substitute
        // would be guessable.
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

/// The same bytes again for the same seed (SplitMix64). Never for anything secret.
#[derive(Debug, Default)]
pub(crate) struct Repeatable(AtomicU64);

impl Repeatable {
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    pub(crate) fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not zero. The bias is far below what made-up data could show.
    pub(crate) fn below(&self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub(crate) fn pick<'a, T>(&self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&self, share: usize) -> bool {
        self.below(100) < share
    }
}

impl Entropy for Repeatable {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let next = self.next().to_le_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repeatable_stream_repeats_and_the_systems_does_not() {
        let (first, second, other) = (Repeatable::new(7), Repeatable::new(7), Repeatable::new(8));
        let bytes = |entropy: &dyn Entropy| {
            let mut bytes = [0; 21];
            entropy.fill(&mut bytes);
            bytes
        };
        let one = bytes(&first);
        assert_eq!(one, bytes(&second));
        assert_ne!(one, bytes(&first));
        assert_ne!(one, bytes(&other));
        assert_ne!(bytes(&OsEntropy), bytes(&OsEntropy));
    }
}
