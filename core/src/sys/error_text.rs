//! The system's errors in English, whatever the locale of the host program: the
//! system's own texts come in its language and in its character set.

use std::io;

/// An error of the system, from its number; any other one in its own words.
pub(crate) fn io_error(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => format!("{} (os error {number})", text(number, error.kind())),
        None => error.to_string(),
    }
}

/// The same error once more, for who keeps it: an [`io::Error`] is not `Clone`.
pub(crate) fn copy(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(number) => io::Error::from_raw_os_error(number),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

fn text(number: i32, kind: io::ErrorKind) -> String {
    let known = if cfg!(target_os = "linux") {
        LINUX.iter().find(|(known, _)| *known == number)
    } else {
        None
    };
    match known {
        Some((_, text)) => (*text).to_owned(),
        // The standard library's own words, which are English.
        None if kind.to_string() != "uncategorized error" => kind.to_string(),
        None => "system error".to_owned(),
    }
}

/// `errno` of Linux (the same on x86-64, aarch64 and riscv64), for what files,
/// locks, threads and sockets answer.
const LINUX: &[(i32, &str)] = &[
    (1, "Operation not permitted"),
    (2, "No such file or directory"),
    (4, "Interrupted system call"),
    (5, "Input/output error"),
    (6, "No such device or address"),
    (7, "Argument list too long"),
    (9, "Bad file descriptor"),
    (10, "No child processes"),
    (11, "Resource temporarily unavailable"),
    (12, "Cannot allocate memory"),
    (13, "Permission denied"),
    (14, "Bad address"),
    (16, "Device or resource busy"),
    (17, "File exists"),
    (18, "Invalid cross-device link"),
    (19, "No such device"),
    (20, "Not a directory"),
    (21, "Is a directory"),
    (22, "Invalid argument"),
    (23, "Too many open files in system"),
    (24, "Too many open files"),
    (25, "Inappropriate ioctl for device"),
    (26, "Text file busy"),
    (27, "File too large"),
    (28, "No space left on device"),
    (29, "Illegal seek"),
    (30, "Read-only file system"),
    (31, "Too many links"),
    (32, "Broken pipe"),
    (35, "Resource deadlock avoided"),
    (36, "File name too long"),
    (37, "No locks available"),
    (38, "Function not implemented"),
    (39, "Directory not empty"),
    (40, "Too many levels of symbolic links"),
    (71, "Protocol error"),
    (75, "Value too large for defined data type"),
    (84, "Invalid or incomplete multibyte or wide character"),
    (88, "Socket operation on non-socket"),
    (90, "Message too long"),
    (92, "Protocol not available"),
    (93, "Protocol not supported"),
    (95, "Operation not supported"),
    (97, "Address family not supported by protocol"),
    (98, "Address already in use"),
    (99, "Cannot assign requested address"),
    (100, "Network is down"),
    (101, "Network is unreachable"),
    (102, "Network dropped connection on reset"),
    (103, "Software caused connection abort"),
    (104, "Connection reset by peer"),
    (105, "No buffer space available"),
    (107, "Transport endpoint is not connected"),
    (110, "Connection timed out"),
    (111, "Connection refused"),
    (112, "Host is down"),
    (113, "No route to host"),
    (114, "Operation already in progress"),
    (115, "Operation now in progress"),
    (116, "Stale file handle"),
    (121, "Remote I/O error"),
    (122, "Disk quota exceeded"),
    (125, "Operation canceled"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_system_is_told_from_its_number() {
        for (error, expected) in [
            (
                io::Error::from_raw_os_error(111),
                "Connection refused (os error 111)",
            ),
            (
                io::Error::from_raw_os_error(9999),
                "system error (os error 9999)",
            ),
            (io::Error::other("of our own"), "of our own"),
            (io::Error::from(io::ErrorKind::TimedOut), "timed out"),
        ] {
            assert_eq!(io_error(&error), expected);
        }
    }

    /// In the locale of this test, which is none, the system says the same.
    #[test]
    fn the_table_has_the_words_of_the_system() {
        for (number, text) in LINUX {
            let system = io::Error::from_raw_os_error(*number).to_string();
            assert_eq!(system, format!("{text} (os error {number})"));
        }
    }
}
