//! Files that hold a directory: made for their owner alone, and whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// What SQLite puts beside a file while it is in use. A new file must find none of them: SQLite would take what is in
/// them for changes of the new file.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Makes an empty file that only its owner may read and write. A link at the path is not followed.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when anything is at the path; it is left as it is.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    // Linux and POSIX: with O_CREAT and O_EXCL a symbolic link is an error, wherever it leads.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map(drop)
}

/// A file in the making. It lies in a folder of its own beside the place where it is to be, which only its owner may
/// enter, so that nobody else can put a file or a link where SQLite is about to write. The folder is removed in any case.
pub(crate) struct Partial {
    folder: PathBuf,
    path: PathBuf,
    to: PathBuf,
}

impl Partial {
    /// An empty file that is to be kept at `to`.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] when anything is there, or a log of an earlier file of that name.
    pub(crate) fn of(to: &Path) -> io::Result<Self> {
        let name = to.file_name().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, format!("{} names no file", to.display()))
        })?;
        for end in [""].into_iter().chain(COMPANIONS) {
            let mut taken = name.to_owned();
            taken.push(end);
            let taken = to.with_file_name(taken);
            // Not `exists`, for which a link that leads nowhere is not there.
            if taken.symlink_metadata().is_ok() {
                let what = format!("{} is there already", taken.display());
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
            }
        }
        // 74 bits of it are random.
        let folder = to.with_file_name(format!(".personae-{}.partial", Uuid::now_v7().simple()));
        DirBuilder::new().mode(0o700).create(&folder)?;
        let partial = Self { path: folder.join(name), folder, to: to.to_owned() };
        create_private(&partial.path)?;
        Ok(partial)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Moves the file to its place, once it is on disk. What is there by now is not replaced.
    pub(crate) fn keep(self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        // A link, unlike a renaming, replaces nothing.
        match fs::hard_link(&self.path, &self.to) {
            Err(error) if has_no_links(&error) => {
                // The name is ours before the file is moved there.
                create_private(&self.to)?;
                fs::rename(&self.path, &self.to)?;
            }
            linked => linked?,
        }
        File::open(folder_of(&self.to))?.sync_all()
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(folder = %self.folder.display(), %error, "an unfinished copy could not be removed");
        }
    }
}

/// True for what a file system without hard links answers, such as FAT.
fn has_no_links(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn names(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_is_its_owners_alone_and_never_made_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link, elsewhere] = ["file", "link", "elsewhere"].map(|name| folder.path().join(name));
        create_private(&file).unwrap();
        assert_eq!(mode(&file), 0o600);
        symlink(&elsewhere, &link).unwrap();
        for taken in [&file, &link] {
            assert_eq!(create_private(taken).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        }
        assert!(!elsewhere.exists());
    }

    #[test]
    fn what_is_made_is_kept_whole_or_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("copy.db");
        let partial = Partial::of(&to).unwrap();
        assert_eq!(mode(partial.path()), 0o600);
        assert_eq!(mode(partial.path().parent().unwrap()), 0o700);
        fs::write(partial.path(), "whole").unwrap();
        fs::write(partial.path().with_extension("db-journal"), "rest").unwrap();
        partial.keep().unwrap();
        assert_eq!((fs::read_to_string(&to).unwrap().as_str(), mode(&to)), ("whole", 0o600));
        assert_eq!(names(folder.path()), ["copy.db"]);

        let other = folder.path().join("other.db");
        drop(Partial::of(&other).unwrap());
        let late = Partial::of(&other).unwrap();
        fs::write(&other, "another's").unwrap();
        assert_eq!(late.keep().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&other).unwrap(), "another's");
        assert_eq!(names(folder.path()).len(), 2);
    }

    #[test]
    fn nothing_is_made_where_something_is() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("copy.db");
        let refused = |to: &Path| Partial::of(to).err().map(|error| error.kind());
        for taken in ["copy.db", "copy.db-wal", "copy.db-journal"] {
            let taken = folder.path().join(taken);
            symlink(folder.path().join("nowhere"), &taken).unwrap();
            assert_eq!(refused(&to), Some(io::ErrorKind::AlreadyExists), "{}", taken.display());
            fs::remove_file(&taken).unwrap();
        }
        assert_eq!(refused(Path::new("/")), Some(io::ErrorKind::InvalidInput));
        assert_eq!(names(folder.path()), [""; 0]);
    }
}
