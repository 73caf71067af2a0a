//! The file between processes: the locks of SQLite, which closing the wrong descriptor would drop.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use directory::Store;
use store::sqlite::Sqlite;

use crate::house::*;

/// Tells the other process which file to work on.
const FILE: &str = "PERSONAE_TEST_FILE";

/// Writes of each process at least, and at most.
const WRITES: u64 = 40;
const MOST_WRITES: u64 = 10_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_opens_and_closes_handles_beside_another() {
    if let Some(file) = std::env::var_os(FILE) {
        return work_beside(Path::new(&file)).await;
    }
    let house = House::furnished().await;
    let store = house.open();
    let (first, second) = (version(&store, 1).await, version(&store, 2).await);
    let mut other = Ended(start("a_process_opens_and_closes_handles_beside_another", &house.file()));
    let (mut written, mut read) = (0, 0);
    let ended = loop {
        written += 1;
        let further = house.open();
        let changed = change(&further, 1, titled(&format!("t{written}"))).await;
        assert_eq!(changed.person.version, first + written);
        drop(further);
        assert_eq!(version(&store, 1).await, first + written);
        let now = version(&store, 2).await;
        assert!(now >= read, "{now} after {read}");
        read = now;
        if let Some(ended) = other.0.try_wait().unwrap() {
            break ended;
        }
        assert!(written < MOST_WRITES, "the other process does not end");
    };
    assert!(ended.success(), "{ended}");
    assert_eq!(version(&store, 2).await, second + WRITES);
    assert_eq!(report(&store).await.problems, [""; 0]);
    drop(store);
    let store = house.open();
    let versions = (version(&store, 1).await, version(&store, 2).await);
    assert_eq!(versions, (first + written, second + WRITES));
    assert_eq!(report(&store).await.problems, [""; 0]);
}

/// What the other process does: it comes to the file as a new process each time, with no handle left from before.
async fn work_beside(file: &Path) {
    let (mut seen, mut read, mut begun) = (0, 0, None);
    let mut written = 0;
    for _ in 0..MOST_WRITES {
        let now = commits(file);
        assert!(now >= seen, "the index in use was taken for abandoned: {now} commits after {seen}");
        seen = now;
        let store = open(file);
        let first = version(&store, 1).await;
        assert!(first >= read, "{first} after {read}");
        read = first;
        let begun = *begun.get_or_insert(first);
        if written < WRITES {
            written += 1;
            change(&store, 2, titled(&format!("o{written}"))).await;
        } else if first >= begun + WRITES {
            return;
        }
    }
    panic!("the other process does not write");
}

/// The commits that SQLite has counted in the index ("WAL-mode File Format", section 2.1, `iChange`). To be read
/// while this process has no connection to the file, since it closes a descriptor.
fn commits(file: &Path) -> u32 {
    let index = std::fs::read(beside(file, "-shm")).unwrap();
    u32::from_ne_bytes(index[8..12].try_into().unwrap())
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

async fn version(store: &Sqlite, n: u128) -> u64 {
    find(store, n).await.unwrap().person.version
}

/// This program once more, for one test.
fn start(test: &str, file: &Path) -> Child {
    let mut other = Command::new(std::env::current_exe().unwrap());
    let name = format!("processes::{test}");
    other.args([name.as_str(), "--exact", "--nocapture"]).env(FILE, file).stdout(Stdio::null());
    other.spawn().unwrap()
}

/// Ends with the test, also when that fails.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The locks of this process, from the table of its descriptors (proc(5), `fdinfo`, `lock`).
#[cfg(target_os = "linux")]
mod locks {
    use std::collections::BTreeSet;
    use std::fs;

    use store::sqlite::{Options, TransferStore as Copied};

    use super::*;

    /// The descriptors of files in the folder of the house, by their links.
    fn descriptors(house: &House) -> Vec<(PathBuf, PathBuf)> {
        let folder = house.path("").canonicalize().unwrap();
        let descriptors = fs::read_dir("/proc/self/fd").unwrap().map(|entry| entry.unwrap().path());
        // Another test may close one meanwhile.
        let links = descriptors.filter_map(|path| fs::read_link(&path).ok().map(|link| (path, link)));
        links.filter(|(_, link)| link.starts_with(&folder)).collect()
    }

    /// Each lock as the name of its file, its kind and its bytes.
    fn locks(house: &House) -> BTreeSet<(String, String)> {
        let mut locks = BTreeSet::new();
        for (descriptor, link) in descriptors(house) {
            let number = descriptor.file_name().unwrap();
            let info = fs::read_to_string(Path::new("/proc/self/fdinfo").join(number)).unwrap_or_default();
            let name = link.file_name().unwrap().to_string_lossy().into_owned();
            for lock in info.lines().filter(|line| line.starts_with("lock:")) {
                let (_, lock) = lock.split_once("POSIX").unwrap();
                locks.insert((name.clone(), lock.to_owned()));
            }
        }
        locks
    }

    #[track_caller]
    fn are_both_locked(held: &BTreeSet<(String, String)>) {
        for name in ["directory.db", "directory.db-shm"] {
            assert!(held.iter().any(|(of, _)| of == name), "{name}: {held:?}");
        }
    }

    #[tokio::test]
    async fn what_a_handle_has_locked_stays_locked_when_another_is_closed() {
        let house = House::furnished().await;
        let store = house.open();
        change(&store, 1, titled("one")).await;
        let held = locks(&house);
        are_both_locked(&held);
        for n in 0..3 {
            let other = house.open();
            change(&other, 1, titled(&format!("other {n}"))).await;
            drop(other);
            assert_eq!(locks(&house), held, "a handle to write with, {n}");
            drop(Sqlite::open_to_read(house.file(), Options::default()).unwrap());
            assert_eq!(locks(&house), held, "a handle to read with, {n}");
            drop(Copied::source(house.file(), Options::default()).unwrap());
            assert_eq!(locks(&house), held, "a source of a copy, {n}");
            store.backup(house.path(&format!("copy{n}.db"))).await.unwrap();
            assert_eq!(report(&store).await.problems, [""; 0]);
            assert_eq!(locks(&house), held, "a backup and a check, {n}");
        }
    }

    /// The first of two handles opened the index that both read.
    #[tokio::test]
    async fn the_handle_that_was_opened_first_may_be_closed_first() {
        let house = House::furnished().await;
        let first = house.open();
        let second = house.open();
        change(&second, 1, titled("both")).await;
        drop(first);
        are_both_locked(&locks(&house));
        change(&second, 1, titled("alone")).await;
        assert_eq!(find(&second, 1).await.unwrap().person.title.as_deref(), Some("alone"));
    }

    #[tokio::test]
    async fn no_descriptor_is_left_when_all_handles_are_closed() {
        let house = House::furnished().await;
        for _ in 0..3 {
            let (one, other) = (house.open(), house.open());
            change(&one, 1, titled("once")).await;
            assert!(!descriptors(&house).is_empty());
            drop(one);
            drop(other);
            assert_eq!(descriptors(&house), []);
        }
    }
}
