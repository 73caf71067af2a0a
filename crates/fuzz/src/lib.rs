//! Runs a property on the inputs that are kept for it, on mutations of those, and on what libFuzzer finds.
//!
//! A target is a test that ends in [`check!`]. `cargo test` tries the kept inputs and some hundreds made from them, the same
//! in every run. `cargo xtask fuzz` has bolero's random engine try others, for as long as it is told, and with `--coverage`
//! libFuzzer. The inputs of a target are in `__fuzz__/{target}/corpus` beside its source, and those that failed in `crashes`
//! there, which every later run begins with.

mod mutation;

use std::borrow::Cow;
use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

pub use bolero;
use bolero::TargetLocation;

/// Inputs that `cargo test` makes of the kept ones for each target: a fraction of a second.
const IN_TESTS: usize = 500;

/// How bolero is told for how long its random engine runs.
const TIME: &str = "BOLERO_RANDOM_TEST_TIME_MS";

/// Runs a property, a function of bytes that panics where it does not hold, as the target that the test around it is.
#[macro_export]
macro_rules! check {
    ($property:expr) => {
        $crate::run(
            $crate::bolero::TargetLocation {
                package_name: env!("CARGO_PKG_NAME"),
                manifest_dir: env!("CARGO_MANIFEST_DIR"),
                module_path: module_path!(),
                file: file!(),
                line: line!(),
                item_path: $crate::bolero::__item_path__!(),
                test_name: None,
            },
            $property,
        )
    };
}

/// What [`check!`] calls.
///
/// # Panics
/// Where the property does, after the input was written to a file of `crashes`; and where a target has no corpus.
pub fn run(location: TargetLocation, property: impl Fn(&[u8])) {
    // `cargo bolero` asks a test program in this way which targets it has.
    if !location.should_run() {
        return;
    }
    let folder = location.work_dir().expect("the source of a target is where it was when it was compiled");
    let kept = Kept::read(&folder);
    let target = Target { kept, crashes: folder.join("crashes"), property };
    if !cfg!(fuzzing) && std::env::var_os(TIME).is_none() {
        return target.try_the_same();
    }
    // The engine goes on after a panic only to look for a smaller input that panics as well.
    let target = AssertUnwindSafe(&target);
    bolero::test(location).for_each(move |bytes: &[u8]| target.try_input(bytes));
}

struct Target<P> {
    kept: Kept,
    crashes: PathBuf,
    property: P,
}

impl<P: Fn(&[u8])> Target<P> {
    /// Tries what every run of the tests tries: a failure is never a surprise to another change.
    fn try_the_same(&self) {
        let kept = self.kept.all.iter().cloned();
        kept.chain(mutation::recipes(IN_TESTS)).for_each(|bytes| self.try_input(&bytes));
    }

    fn try_input(&self, bytes: &[u8]) {
        let input = self.kept.input(bytes);
        let _record = Record { input: &input, crashes: &self.crashes };
        (self.property)(&input);
    }
}

/// The inputs in the folder of a target.
struct Kept {
    corpus: Vec<Vec<u8>>,
    all: HashSet<Vec<u8>>,
}

impl Kept {
    fn read(folder: &Path) -> Self {
        let corpus = files(&folder.join("corpus"));
        assert!(!corpus.is_empty(), "no inputs are kept for this target in {}", folder.display());
        let all = corpus.iter().cloned().chain(files(&folder.join("crashes"))).collect();
        Self { corpus, all }
    }

    /// The input that bytes of the engine stand for. libFuzzer makes inputs itself. The random engine does not know the kept
    /// ones: its bytes choose one of those, and how it is changed; and of eight inputs one is random bytes as they are.
    fn input<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        if cfg!(fuzzing) || self.all.contains(bytes) || bytes.first().is_none_or(|first| first % 8 == 0) {
            return Cow::Borrowed(bytes);
        }
        Cow::Owned(mutation::mutated(&self.corpus, bytes))
    }
}

/// The contents of the files in a folder, in an order that does not depend on the file system.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut contents: Vec<_> = entries
        .map(|entry| std::fs::read(entry.expect("a folder is listed").path()).expect("an input is read"))
        .collect();
    contents.sort();
    contents
}

/// Writes the input of a property that panics to a file. The engine, which looks for a smaller one then, overwrites it
/// with each that fails, too.
struct Record<'a> {
    input: &'a [u8],
    crashes: &'a Path,
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        // libFuzzer writes its own.
        if !std::thread::panicking() || cfg!(fuzzing) {
            return;
        }
        let path = self.crashes.join("found");
        let written = std::fs::create_dir_all(self.crashes).and_then(|()| std::fs::write(&path, self.input));
        match written {
            Ok(()) => eprintln!("the input that fails is in {}", path.display()),
            Err(error) => {
                eprintln!("the input that fails could not be written to {}: {error}", path.display());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("corpus")).unwrap();
        std::fs::write(folder.path().join("corpus/b"), "\x01kept").unwrap();
        std::fs::write(folder.path().join("corpus/a"), "\x03other").unwrap();
        folder
    }

    #[test]
    fn kept_inputs_stay_as_they_are_and_random_ones_become_mutations() {
        let kept = Kept::read(folder().path());
        assert_eq!(kept.input(b"\x01kept"), Cow::Borrowed(b"\x01kept"));
        assert_eq!(kept.input(b"\x08 random"), Cow::Borrowed(b"\x08 random"));
        assert_eq!(kept.input(b""), Cow::Borrowed(b""));
        assert!(matches!(kept.input(b"\x01\x02\x03\x04\x05"), Cow::Owned(_)));
    }

    #[test]
    fn an_input_that_fails_is_written_and_is_an_input_from_then_on() {
        let folder = folder();
        let target = Target {
            kept: Kept::read(folder.path()),
            crashes: folder.path().join("crashes"),
            property: |input: &[u8]| assert!(!input.ends_with(b"bad"), "the property does not hold"),
        };
        let outcome = |input: &[u8]| std::panic::catch_unwind(AssertUnwindSafe(|| target.try_input(input)));
        assert!(outcome(b"\x08good").is_ok() && !folder.path().join("crashes").exists());
        assert!(outcome(b"\x08bad").is_err());
        assert_eq!(std::fs::read(folder.path().join("crashes/found")).unwrap(), b"\x08bad");
        assert!(Kept::read(folder.path()).all.contains(b"\x08bad".as_slice()));
    }

    #[test]
    #[should_panic(expected = "no inputs are kept")]
    fn a_target_without_inputs_is_a_mistake() {
        Kept::read(tempfile::tempdir().unwrap().path());
    }
}
