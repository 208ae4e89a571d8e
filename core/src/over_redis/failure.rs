//! What the server's errors mean: wait and try again, or somebody has to do something.

use crate::fleet::engine::EngineError;

/// What an error of the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It passes: the server starts, is busy, or another one becomes the master.
    Passing(&'static str),
    /// The same, and this connection leads to the wrong server.
    Elsewhere(&'static str),
    /// It stays until somebody changes something.
    Lasting(&'static str),
    /// The script is not known to the server.
    NoScript,
    /// Something else, in the server's own words.
    Other,
}

/// The first word of an error, and what it means.
const WORDS: &[(&str, Meaning)] = {
    use Meaning::{Elsewhere, Lasting, NoScript, Passing};
    &[
        ("NOSCRIPT", NoScript),
        ("LOADING", Passing("Redis is loading its data")),
        (
            "BUSY",
            Passing("a script of somebody runs in Redis and holds all others up"),
        ),
        ("TRYAGAIN", Passing("Redis moves keys between its servers")),
        ("CLUSTERDOWN", Passing("the cluster of Redis is down")),
        (
            "NOREPLICAS",
            Passing(
                "Redis takes no writes while too few replicas are connected (min-replicas-to-write)",
            ),
        ),
        (
            "MASTERDOWN",
            Elsewhere("this Redis is a replica and has lost its master"),
        ),
        (
            "READONLY",
            Elsewhere(
                "this Redis takes no writes: it is a replica, or was the master until a failover",
            ),
        ),
        ("UNBLOCKED", Elsewhere("this Redis has become a replica")),
        (
            "OOM",
            Lasting("Redis has used all of its memory (maxmemory), and takes no more"),
        ),
        (
            "MISCONF",
            Lasting(
                "Redis takes no writes because it cannot save to its disk \
                 (stop-writes-on-bgsave-error)",
            ),
        ),
        (
            "NOAUTH",
            Lasting("Redis needs a password, and the URL has none"),
        ),
        (
            "WRONGPASS",
            Lasting("Redis refuses the user or the password of the URL"),
        ),
        (
            "DENIED",
            Lasting(
                "Redis runs in protected mode: it has no password and takes connections of its \
                 own machine only (protected-mode)",
            ),
        ),
        ("NOPERM", Lasting("the user of the URL may not do that")),
        (
            "WRONGTYPE",
            Lasting("a key holds another application's data; outbox_prefix sets another prefix"),
        ),
        (
            "MOVED",
            Lasting(
                "this is a node of a Redis cluster, which cannot be used: name a single master, a \
                 Sentinel, or a proxy that hides the cluster",
            ),
        ),
        (
            "ASK",
            Lasting("this is a node of a Redis cluster, which cannot be used"),
        ),
        (
            "CROSSSLOT",
            Lasting("the keys of one command are in several slots of a cluster"),
        ),
    ]
};

/// What an error of the server means.
pub(super) fn meaning(error: &str) -> Meaning {
    let word = error.split([' ', ':']).next().unwrap_or_default();
    if let Some((_, meaning)) = WORDS.iter().find(|(known, _)| *known == word) {
        return *meaning;
    }
    // Errors inside of a script name its place first, before version 7.
    if let Some((_, inner)) = error.split_once("@user_script: ")
        && let Some((_, inner)) = inner.split_once(": -")
    {
        return meaning(inner);
    }
    // Older versions do not say which.
    if error.contains("can't run this command") || error.contains("ACL failure in script") {
        return Meaning::Lasting(
            "the user of the URL may not run a command of a script: allow TIME PERSIST XADD XDEL \
             XRANGE XTRIM XLEN HGET HMGET HSET HDEL HINCRBY HKEYS ZADD ZSCORE ZRANGEBYSCORE ZREM \
             DEL",
        );
    }
    if error.contains("max number of clients reached") {
        return Meaning::Passing("Redis has as many connections as it takes (maxclients)");
    }
    Meaning::Other
}

/// What to tell the machine above.
pub(super) fn engine_error(place: &str, error: &str) -> EngineError {
    let said = said(error);
    match meaning(error) {
        Meaning::Passing(why) | Meaning::Elsewhere(why) => {
            EngineError::Away(format!("{why} ({place}: {said})"))
        }
        Meaning::Lasting(why) => EngineError::Refused(format!("{why} ({place}: {said})")),
        Meaning::NoScript | Meaning::Other => {
            EngineError::Refused(format!("Redis at {place} refuses: {said}"))
        }
    }
}

/// The server's own words as far as they may be shown. It repeats the arguments of a
/// command that it does not know, and those are tokens, accounts and passwords.
pub(super) fn said(error: &str) -> String {
    const MOST: usize = 160;
    let mut plain = error;
    // Where in a script it happened is of no use to a reader.
    if let Some((before, _)) = plain.rsplit_once(", on @user_script") {
        plain = before
            .rsplit_once(" script: ")
            .map_or(before, |(why, _)| why);
    }
    for mark in ["with args", "with arguments"] {
        plain = plain.split_once(mark).map_or(plain, |(before, _)| before);
    }
    let plain = plain.trim_end_matches([' ', ',', ':']);
    let mut shown: String = plain
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MOST)
        .collect();
    if plain.chars().count() > MOST {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_is_away_or_refused() {
        for (error, away) in [
            ("LOADING Redis is loading the dataset in memory", true),
            ("BUSY Redis is busy running a script.", true),
            ("MASTERDOWN Link with MASTER is down", true),
            (
                "READONLY You can't write against a read only replica.",
                true,
            ),
            (
                "READONLY You can't write against a read only replica. script: 97a, on @user_script:3.",
                true,
            ),
            (
                "ERR Error running script (call to f_97a): @user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.",
                true,
            ),
            ("NOREPLICAS Not enough good replicas to write.", true),
            ("ERR max number of clients reached", true),
            ("TRYAGAIN Multiple keys request", true),
            ("CLUSTERDOWN Hash slot not served", true),
            (
                "OOM command not allowed when used memory > 'maxmemory'.",
                false,
            ),
            ("MISCONF Redis is configured to save RDB snapshots", false),
            ("NOAUTH Authentication required.", false),
            ("WRONGPASS invalid username-password pair", false),
            ("NOPERM this user has no permissions", false),
            ("WRONGTYPE Operation against a key", false),
            ("MOVED 3999 127.0.0.1:6381", false),
            ("ERR unknown command 'EVALSHA'", false),
        ] {
            let told = engine_error("redis://a:1", error);
            assert_eq!(matches!(told, EngineError::Away(_)), away, "{told:?}");
            assert!(told.to_string().contains("redis://a:1"), "{told}");
        }
    }

    #[test]
    fn arguments_are_not_repeated() {
        for error in [
            "ERR unknown command 'AUTH', with args beginning with: 'u' 'geheim' ",
            "ERR unknown command `AUTH`, with args beginning with: `geheim`",
        ] {
            let told = engine_error("redis://a:1", error).to_string();
            assert!(told.contains("unknown command"), "{told}");
            assert!(!told.contains("geheim"), "{told}");
        }
        assert_eq!(said("ERR a\r\nb"), "ERR a  b");
        assert_eq!(
            said(
                "ERR ACL failure in script: User u has no permissions script: 97a, on @user_script:3."
            ),
            "ERR ACL failure in script: User u has no permissions"
        );
        assert!(said(&"x".repeat(9999)).len() < 200);
    }
}
