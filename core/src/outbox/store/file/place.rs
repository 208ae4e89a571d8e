//! What `outbox_file` may name: a file of this machine's file system, by its path.

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// `SQLite` takes paths of 512 bytes, and needs eight of them for the files beside it.
const LONGEST_PATH: usize = 504;

/// File systems take names of 255 bytes.
const LONGEST_NAME: usize = 247;

/// How many links in a row are followed, as by the system.
const LINKS: usize = 40;

/// Where the file is, or will be: without links, so that two ways to it are one.
/// Otherwise why it can be no outbox's file, as the rest of a sentence about it.
pub(super) fn resolve(name: &Path) -> Result<PathBuf, String> {
    let bytes = name.as_os_str().as_bytes();
    if bytes.contains(&0) {
        return Err("has a NUL byte in its path, which no file has".into());
    }
    if bytes.iter().any(u8::is_ascii_control) {
        return Err("has a line end or another control character in its path".into());
    }
    if bytes == b"~" || bytes.starts_with(b"~/") {
        return Err("begins with ~, which only a shell replaces: write the folder out".into());
    }
    if bytes == b":memory:" {
        return Err(
            "is no file; to keep operations in memory only, leave outbox_file empty".into(),
        );
    }
    if bytes
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"file:"))
    {
        return Err("is a URI, and outbox_file takes a path: leave out what is before it".into());
    }
    if bytes.ends_with(b"/") || bytes.ends_with(b"/.") || name.file_name().is_none() {
        return Err("is no file name but a folder's: add the name of a file in it".into());
    }
    let real = without_links(name)?;
    if let Ok(about) = real.metadata() {
        if about.is_dir() {
            return Err("is a folder: add the name of a file in it".into());
        }
        if !about.is_file() {
            return Err("is a device, a pipe or a socket; it has to be a regular file".into());
        }
    }
    let length = real.as_os_str().len();
    let last = real.file_name().map_or(0, |name| name.as_bytes().len());
    if length > LONGEST_PATH || last > LONGEST_NAME {
        return Err(format!(
            "has too long a path: at most {LONGEST_PATH} bytes, {LONGEST_NAME} of them for the \
             last name, and it has {length} and {last}"
        ));
    }
    Ok(real)
}

fn without_links(name: &Path) -> Result<PathBuf, String> {
    let mut name = name.to_owned();
    for _ in 0..LINKS {
        match name.canonicalize() {
            Ok(real) => return Ok(real),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(format!(
                    "cannot be opened: {}",
                    crate::sys::error_text::io_error(&error)
                ));
            }
        }
        let folder = match name.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let Ok(target) = name.read_link() else {
            return in_folder(folder, &name);
        };
        // A link to a file that is not there yet.
        name = folder.join(target);
    }
    Err("cannot be opened: a link that leads in a circle".into())
}

fn in_folder(folder: &Path, name: &Path) -> Result<PathBuf, String> {
    let last = name.file_name().ok_or("is no file name")?;
    match folder.canonicalize() {
        Ok(folder) => Ok(folder.join(last)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(format!(
            "cannot be opened: the folder {} does not exist: make it first",
            folder.display()
        )),
        Err(error) => Err(format!(
            "cannot be opened: {}: {}",
            folder.display(),
            crate::sys::error_text::io_error(&error)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let inside = |name: &str| format!("{}/{name}", folder.path().display());
        for (name, why) in [
            (":memory:".into(), "in memory only"),
            ("file:outbox".into(), "is a URI"),
            ("FILE:///tmp/outbox?mode=memory".into(), "is a URI"),
            ("/".into(), "a folder's"),
            ("..".into(), "a folder's"),
            (inside("outbox/"), "a folder's"),
            (inside("."), "a folder's"),
            (inside(""), "a folder's"),
            (folder.path().display().to_string(), "is a folder"),
            ("/dev/null".into(), "a device"),
            (inside("a\0b"), "NUL"),
            (inside("outbox\n"), "a line end"),
            ("~/outbox".into(), "only a shell"),
            (inside("missing/outbox"), "missing does not exist"),
            (inside(&"n".repeat(248)), "too long"),
            (inside(&"n/".repeat(300)), "a folder's"),
        ] {
            let refused = resolve(Path::new(&name)).unwrap_err();
            assert!(refused.contains(why), "{name}: {refused}");
        }
        assert!(resolve(Path::new(&inside(&"n".repeat(247)))).is_ok());
        assert_eq!(
            resolve(Path::new("outbox")).unwrap(),
            std::env::current_dir()
                .unwrap()
                .canonicalize()
                .unwrap()
                .join("outbox"),
        );
    }

    #[test]
    fn links_lead_to_one_place() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let real = folder.path().canonicalize().unwrap().join("real");
        symlink("real", at("link")).unwrap();
        symlink("link", at("twice")).unwrap();
        symlink("circle", at("circle")).unwrap();
        for there in [false, true] {
            for name in ["real", "link", "twice", "./real"] {
                assert_eq!(resolve(&at(name)).unwrap(), real, "{name}, {there}");
            }
            std::fs::write(&real, "").unwrap();
        }
        assert!(
            resolve(&at("circle"))
                .unwrap_err()
                .contains("cannot be opened")
        );
    }
}
