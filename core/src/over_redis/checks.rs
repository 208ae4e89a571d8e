//! What is checked before Redis is used, and the sentence for each thing that is wrong.

use std::collections::HashMap;

use super::keys::Keys;
use super::link::{Commands, Link};
use super::resp::Reply;
use super::settings::{EngineSettings, SCHEMA, Survives};
use crate::fleet::engine::{EngineError, Result};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    /// As it has to be.
    Good(String),
    /// It works, and an operator should know.
    Warning(String),
    /// The fleet cannot work with it.
    Refused(String),
}

/// `XRANGE` behind a position and `XTRIM MINID` are of this version.
const OLDEST: [u64; 2] = [6, 2];

/// `WAITAOF` is of this version.
const OLDEST_FOR_DISK: [u64; 2] = [7, 2];

/// Looks at the server: its version and settings, what is under the keys, and what it lets
/// through.
///
/// # Errors
/// When it is away, or lets nothing through at all.
pub(crate) fn look(link: &mut Link, settings: &EngineSettings) -> Result<Vec<Finding>> {
    let keys = &settings.keys;
    let fixed = keys.fixed();
    let meta = keys.meta.as_bytes();
    let mut commands = Commands::default();
    commands.add(&[b"INFO"]);
    for (key, _) in &fixed {
        commands.add(&[b"TYPE", key.as_bytes()]);
    }
    commands.add(&[b"EVAL", b"return redis.call('EXISTS', KEYS[1])", b"1", meta]);
    match settings.survives {
        Survives::Engine => {}
        Survives::Master => _ = commands.add(&[b"WAIT", b"0", b"1"]),
        Survives::Power => _ = commands.add(&[b"WAITAOF", b"0", b"0", b"1"]),
    }
    let mut replies = link.pipeline(&commands)?.into_iter();
    let mut next = || replies.next().unwrap_or(Reply::Nothing);

    let info = next();
    let types: Vec<Reply> = fixed.iter().map(|_| next()).collect();
    let script = next();
    let wait = next();

    let mut findings = server(link, &info, settings)?;
    // A node of a cluster refuses the rest for reasons that say less.
    if findings
        .iter()
        .any(|finding| matches!(finding, Finding::Refused(_)))
    {
        return Ok(findings);
    }
    for ((key, expected), found) in fixed.iter().zip(types) {
        let found = link.checked(found)?;
        let found = found.text().unwrap_or_default();
        if found != "none" && found != *expected {
            findings.push(Finding::Refused(format!(
                "the key {key} holds another application's data: its type is {found}, and that of \
                 xgpush is {expected}; outbox_prefix sets another prefix"
            )));
        }
    }
    findings.push(let_through(link, "EVAL", "each step is a script", script)?);
    match settings.survives {
        Survives::Engine => {}
        Survives::Master => findings.push(let_through(
            link,
            "WAIT",
            "outbox_engine_durability=replica waits so for a replica; a proxy in front of a \
             cluster cannot do it",
            wait,
        )?),
        Survives::Power => findings.push(let_through(
            link,
            "WAITAOF",
            "outbox_engine_durability=disk waits so for the disk",
            wait,
        )?),
    }
    Ok(findings)
}

/// Whether a command was carried out. What passes, such as loading, is an error.
fn let_through(link: &mut Link, what: &str, why: &str, reply: Reply) -> Result<Finding> {
    match link.checked(reply) {
        Ok(_) => Ok(Finding::Good(format!("{what} is let through"))),
        Err(EngineError::Refused(error)) => Ok(Finding::Refused(format!(
            "{what} is needed ({why}), and is refused: {error}"
        ))),
        Err(away) => Err(away),
    }
}

/// What `INFO` says. Where it is forbidden, nothing is known and all may be well.
fn server(link: &mut Link, info: &Reply, settings: &EngineSettings) -> Result<Vec<Finding>> {
    let text = match link.checked(info.clone()) {
        Ok(reply) => reply.text().unwrap_or_default().to_owned(),
        Err(EngineError::Refused(_)) => {
            return Ok(vec![Finding::Warning(
                "the settings of Redis are not checked, because INFO is refused; maxmemory-policy \
                 has to be noeviction"
                    .to_owned(),
            )]);
        }
        Err(away) => return Err(away),
    };
    let info: HashMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .collect();
    Ok([
        version(&info, settings.survives),
        role(&info),
        cluster(&info),
        eviction(&info),
        disk(&info, settings.survives),
        replicas(&info, settings.survives),
    ]
    .into_iter()
    .flatten()
    .collect())
}

type Info<'a> = HashMap<&'a str, &'a str>;

fn version(info: &Info<'_>, survives: Survives) -> Option<Finding> {
    let (name, version) = match (info.get("valkey_version"), info.get("redis_version")) {
        (Some(version), _) => ("Valkey", version),
        (None, Some(version)) => ("Redis", version),
        (None, None) => return None,
    };
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    let found = [numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)];
    Some(if found < OLDEST {
        Finding::Refused(format!(
            "{name} {version} is too old: 6.2 or newer is needed (XRANGE with an exclusive bound, \
             XTRIM MINID)"
        ))
    } else if survives == Survives::Power && found < OLDEST_FOR_DISK {
        Finding::Refused(format!(
            "{name} {version} is too old for outbox_engine_durability=disk, which needs 7.2 or \
             newer (WAITAOF)"
        ))
    } else {
        Finding::Good(format!("{name} {version}"))
    })
}

fn role(info: &Info<'_>) -> Option<Finding> {
    let read_only = info
        .get("slave_read_only")
        .is_none_or(|value| *value != "0");
    match *info.get("role")? {
        "master" => Some(Finding::Good("it is a master".to_owned())),
        _ if read_only => Some(Finding::Refused(
            "this Redis is a read-only replica (replica-read-only yes): name the master, or \
             Sentinels by redis+sentinel://host,host/master"
                .to_owned(),
        )),
        _ => Some(Finding::Refused(
            "this Redis is a replica, which loses what is written to it: name the master"
                .to_owned(),
        )),
    }
}

fn cluster(info: &Info<'_>) -> Option<Finding> {
    (info.get("cluster_enabled") == Some(&"1")).then(|| {
        Finding::Refused(
            "this Redis is a node of a cluster (cluster-enabled yes), which cannot be used: its \
             keys move to other nodes; name a single master, or Sentinels"
                .to_owned(),
        )
    })
}

fn eviction(info: &Info<'_>) -> Option<Finding> {
    let policy = *info.get("maxmemory_policy")?;
    let limit = info.get("maxmemory").is_none_or(|bytes| *bytes != "0");
    Some(if policy == "noeviction" {
        Finding::Good("it removes no keys when it is full (maxmemory-policy noeviction)".to_owned())
    } else if limit {
        Finding::Refused(format!(
            "this Redis removes keys when it is full, and operations would be lost \
             (maxmemory-policy {policy}): set maxmemory-policy to noeviction"
        ))
    } else {
        Finding::Warning(format!(
            "maxmemory-policy is {policy}: it has no effect without maxmemory, and is refused with \
             one; set it to noeviction"
        ))
    })
}

fn disk(info: &Info<'_>, survives: Survives) -> Option<Finding> {
    let append_only = *info.get("aof_enabled")? != "0";
    Some(match (append_only, survives) {
        (true, _) => Finding::Good("it writes everything to its disk (appendonly yes)".to_owned()),
        (false, Survives::Power) => Finding::Refused(
            "outbox_engine_durability=disk needs appendonly yes, and this Redis has appendonly no"
                .to_owned(),
        ),
        (false, _) => Finding::Warning(
            "this Redis has appendonly no: when it restarts it forgets what came after its last \
             snapshot, and operations of processes that ended meanwhile are lost"
                .to_owned(),
        ),
    })
}

fn replicas(info: &Info<'_>, survives: Survives) -> Option<Finding> {
    if survives != Survives::Master {
        return None;
    }
    // There only if min-replicas-to-write and min-replicas-max-lag are set.
    let kept_from_splitting = info.contains_key("min_slaves_good_slaves");
    Some(if info.get("connected_slaves") == Some(&"0") {
        Finding::Warning(
            "no replica is connected: with outbox_engine_durability=replica nothing is durable, \
             and nothing is sent, until one is"
                .to_owned(),
        )
    } else if kept_from_splitting {
        Finding::Good(
            "it has replicas, and takes writes only with one (min-replicas-to-write)".to_owned(),
        )
    } else {
        Finding::Warning(
            "min-replicas-to-write is 0: a master that is cut off from its replicas goes on taking \
             operations, and loses them when it comes back; set it to 1"
                .to_owned(),
        )
    })
}

/// The layout and the application that `meta` names.
pub(super) fn schema(keys: &Keys, application: &str, schema: &Reply, owner: &Reply) -> Result<()> {
    let text = |reply: &Reply| reply.text().unwrap_or_default().to_owned();
    let (schema, owner) = (text(schema), text(owner));
    if schema != SCHEMA {
        return Err(EngineError::Refused(format!(
            "the key {} names the layout {schema:?}, and this version of xgpush knows layout \
             {SCHEMA}: all processes of a fleet need versions that know the same one",
            keys.meta
        )));
    }
    if owner != application {
        return Err(EngineError::Refused(format!(
            "the keys beside {} belong to the application {owner}, and access_id is {application}; \
             each application has an outbox_prefix of its own",
            keys.meta
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
