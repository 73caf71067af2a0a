//! Changing a kept input in ways that readers of texts tend to be wrong about.

/// Longer inputs add time and no new paths: the limits that lie above have tests of their own.
const LONGEST: usize = 64 * 1024;

/// Changes to one input.
const MOST_CHANGES: usize = 6;

/// Pieces of which few come up by chance.
const PIECES: &[&[u8]] = &[
    b"\0",
    b"\n",
    b"\r",
    b" ",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\\ud83d\\ude00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"\xf0\x9f\x98\x80",
    b"%",
    b"%00",
    b"%2F",
    b"%2f..%2f",
    b"%ff",
    b"+",
    b"&",
    b"=",
    b"?",
    b"#",
    b"@",
    b":",
    b"/",
    b"//",
    b"/-",
    b"~0",
    b"~1",
    b"~",
    b",",
    b";",
    b"[",
    b"]",
    b"{}",
    b"[]",
    b"null",
    b"true",
    b"-0",
    b"-1",
    b"1.0",
    b"1e400",
    b"9007199254740993",
    b"18446744073709551616",
    b"{\"$serde_json::private::RawValue\":\"0\"}",
    b"{\"$serde_json::private::Number\":\"0\"}",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
];

/// One of the inputs, changed as the bytes of the recipe say: the same recipe makes the same input.
pub(crate) fn mutated(inputs: &[Vec<u8>], recipe: &[u8]) -> Vec<u8> {
    let mut recipe = Recipe(recipe);
    let one = |recipe: &mut Recipe<'_>| inputs[recipe.below(inputs.len())].as_slice();
    let mut input = one(&mut recipe).to_vec();
    for _ in 0..=recipe.below(MOST_CHANGES) {
        let (start, end) = recipe.range(input.len());
        match recipe.below(7) {
            0 => {
                if let Some(byte) = input.get_mut(start) {
                    *byte ^= 1 << recipe.below(8);
                }
            }
            1 => drop(input.drain(start..end)),
            2 => {
                let piece = input[start..end].to_vec();
                input.splice(end..end, piece);
            }
            3 => {
                let piece = PIECES[recipe.below(PIECES.len())];
                input.splice(start..start, piece.iter().copied());
            }
            4 => {
                let piece = PIECES[recipe.below(PIECES.len())];
                input.splice(start..end, piece.iter().copied());
            }
            5 => {
                let other = one(&mut recipe);
                let (from, to) = recipe.range(other.len());
                input.splice(start..end, other[from..to].iter().copied());
            }
            _ => {
                let length = recipe.below(16);
                let random = recipe.take(length);
                input.splice(start..start, random.iter().copied());
            }
        }
        input.truncate(LONGEST);
    }
    input
}

/// Bytes that look random and are the same in every run.
pub(crate) fn recipes(count: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut state = 6902_u32;
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..count).map(move |index| (0..index % 90).map(|_| next()).collect())
}

/// Random bytes, read as decisions. When they end, every decision is the first one.
struct Recipe<'a>(&'a [u8]);

impl<'a> Recipe<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A number below a limit, and 0 where the limit is 0.
    fn below(&mut self, limit: usize) -> usize {
        let number = self.take(3).iter().fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
        number.checked_rem(limit).unwrap_or(0)
    }

    /// A range within a length, which is a short one as often as not.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let start = self.below(length + 1);
        let longest = length - start;
        let longest = if self.below(2) == 0 { longest.min(8) } else { longest };
        (start, start + self.below(longest + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutations_are_many_of_bounded_length_and_repeatable() {
        let inputs = [b"{\"a\": [1, 2]}".to_vec(), vec![b'x'; LONGEST], Vec::new()];
        let mut different = std::collections::HashSet::new();
        for recipe in recipes(2_000) {
            let input = mutated(&inputs, &recipe);
            assert!(input.len() <= LONGEST);
            assert_eq!(input, mutated(&inputs, &recipe));
            different.insert(input);
        }
        assert!(different.len() > 1_000, "{}", different.len());
    }
}
