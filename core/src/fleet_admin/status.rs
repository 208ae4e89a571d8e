//! How a fleet stands, as its engine has it.

use std::collections::HashMap;

use serde::Serialize;

use super::{FleetAdmin, engine_error};
use crate::fleet::engine::{self, SenderId};
use crate::model::error::Result;
use crate::over_redis::keys::Keys;
use crate::over_redis::{Commands, Reply};

/// How a fleet stands: what [`FleetAdmin::status`] answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FleetStatus {
    /// Where the engine is, without a password; with Sentinels the master.
    pub engine: String,
    /// Its name and version; empty where it does not say.
    pub version: String,
    /// What all keys begin with.
    pub prefix: String,
    /// The version of the data; none before the first operation.
    pub schema: Option<u64>,
    /// Who relays; none while nobody does.
    pub relay: Option<FleetRelay>,
    /// How often the lease was taken.
    pub epoch: u64,
    /// Operations without an outcome.
    pub backlog: u64,
    /// How long the oldest of them has been in the engine, in milliseconds; 0 without one.
    pub oldest_ms: u64,
    /// The processes, those that were seen last first.
    pub senders: Vec<FleetSender>,
    /// The groups with waiting reports.
    pub groups: Vec<FleetGroup>,
    /// Bytes that the engine uses, for everything; 0 where it does not say.
    pub memory_bytes: u64,
    /// The limit of that; 0: none, or the engine does not say.
    pub max_memory_bytes: u64,
    /// About how many of them are for the backlog.
    pub backlog_bytes: u64,
    /// The shared rate; none before it was used.
    pub quota: Option<FleetQuota>,
}

/// Who relays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FleetRelay {
    /// Its `outbox_name`, a full stop, and the random part of this run.
    pub holder: String,
    /// For how long it holds the lease, unless it renews it, in milliseconds.
    pub left_ms: u64,
}

/// A process that submitted, or took reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FleetSender {
    /// Its `outbox_name`, a full stop, and the random part of that run.
    pub name: String,
    /// How long ago it was seen, in milliseconds.
    pub seen_ms: u64,
    /// How many of its operations have no report yet that was taken.
    pub open: u64,
    /// How many reports wait for it, or for its successor.
    pub reports: u64,
}

/// A group of processes that share their reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FleetGroup {
    /// The name after `group:` in `outbox_reports_to`.
    pub name: String,
    /// How many reports wait for it.
    pub reports: u64,
}

/// How the shared rate stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FleetQuota {
    /// Requests a second, of all processes together.
    pub rate: u64,
    /// How many processes take from it.
    pub processes: u64,
    /// How far ahead of now requests are reserved, in milliseconds.
    pub ahead_ms: u64,
    /// For how long the service asked for a pause, in milliseconds; 0: not now.
    pub paused_ms: u64,
}

impl FleetStatus {
    /// The status as a JSON object, by the names of the fields.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers have no value that JSON lacks")
    }
}

impl FleetAdmin {
    /// How the fleet stands now, in two or three round trips. It changes nothing.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage) if the engine cannot be reached (then it is
    /// [retryable](crate::Error::is_retryable)), or refuses.
    pub fn status(&mut self) -> Result<FleetStatus> {
        self.ask_status().map_err(|error| engine_error(&error))
    }

    fn ask_status(&mut self) -> engine::Result<FleetStatus> {
        let info = self.info();
        let keys = self.engine.keys().clone();
        let mut commands = Commands::default();
        commands
            .add(&[b"TIME"])
            .add(&[b"HGETALL", keys.meta.as_bytes()])
            .add(&[b"HGETALL", keys.lease.as_bytes()])
            .add(&[b"XLEN", keys.ops.as_bytes()])
            .add(&[b"XRANGE", keys.ops.as_bytes(), b"-", b"+", b"COUNT", b"1"])
            .add(&[b"MEMORY", b"USAGE", keys.ops.as_bytes()])
            .add(&[b"ZRANGE", keys.names.as_bytes(), b"0", b"-1"])
            .add(&[b"ZRANGE", keys.groups.as_bytes(), b"0", b"-1"])
            .add(&[b"HGETALL", keys.quota.as_bytes()])
            .add(&[b"ZCARD", keys.quota_processes().as_bytes()]);
        let mut replies = self.all(&commands)?.into_iter();
        let mut next = || replies.next().unwrap_or(Reply::Nothing);
        let now = time(&next());
        let (meta, lease) = (hash(&next()), hash(&next()));
        let backlog = next().number().unwrap_or_default();
        let since = oldest(&next());
        let backlog_bytes = next().number().unwrap_or_default();
        let (names, groups) = (texts(&next()), texts(&next()));
        let quota = hash(&next());
        let processes = next().number().unwrap_or_default();
        let left = field(&lease, "until").saturating_sub(now);
        let holder = lease.get("holder").filter(|holder| !holder.is_empty());
        Ok(FleetStatus {
            engine: self.engine.link().place().to_owned(),
            version: info.server().unwrap_or_default(),
            prefix: keys.root().to_owned(),
            schema: meta.get("schema").and_then(|schema| schema.parse().ok()),
            relay: holder.filter(|_| left > 0).map(|holder| FleetRelay {
                holder: holder.clone(),
                left_ms: left,
            }),
            epoch: field(&lease, "epoch"),
            backlog,
            oldest_ms: since.map_or(0, |since| now.saturating_sub(since)),
            senders: self.senders(&keys, &names, now)?,
            groups: self.groups(&keys, groups)?,
            memory_bytes: info.number("used_memory").unwrap_or_default(),
            max_memory_bytes: info.number("maxmemory").unwrap_or_default(),
            backlog_bytes,
            quota: (!quota.is_empty()).then(|| FleetQuota {
                rate: field(&quota, "rate"),
                processes,
                ahead_ms: (field(&quota, "at") / 1000).saturating_sub(now),
                paused_ms: (field(&quota, "paused") / 1000).saturating_sub(now),
            }),
        })
    }

    fn senders(
        &mut self,
        keys: &Keys,
        names: &[String],
        now: u64,
    ) -> engine::Result<Vec<FleetSender>> {
        let mut commands = Commands::default();
        for name in names {
            commands
                .add(&[
                    b"ZRANGE",
                    keys.runs(name).as_bytes(),
                    b"0",
                    b"-1",
                    b"WITHSCORES",
                ])
                .add(&[b"HGETALL", keys.open(name).as_bytes()]);
        }
        let mut senders = Vec::new();
        for replies in self.all(&commands)?.chunks(2) {
            let (seen, open) = (hash(&replies[0]), hash(&replies[1]));
            senders.extend(seen.keys().map(|run| FleetSender {
                name: run.clone(),
                seen_ms: now.saturating_sub(field(&seen, run)),
                open: field(&open, run),
                reports: 0,
            }));
        }
        let mut commands = Commands::default();
        for sender in &senders {
            let list = keys.reports_of(&SenderId(sender.name.as_str().into()));
            commands.add(&[b"XLEN", list.as_bytes()]);
        }
        for (sender, reply) in senders.iter_mut().zip(self.all(&commands)?) {
            sender.reports = reply.number().unwrap_or_default();
        }
        senders.sort_by(|one, other| (one.seen_ms, &one.name).cmp(&(other.seen_ms, &other.name)));
        Ok(senders)
    }

    fn groups(&mut self, keys: &Keys, names: Vec<String>) -> engine::Result<Vec<FleetGroup>> {
        let mut commands = Commands::default();
        for name in &names {
            commands.add(&[b"XLEN", keys.group(name).as_bytes()]);
        }
        let replies = self.all(&commands)?;
        let group = |(name, reply): (String, Reply)| FleetGroup {
            name,
            reports: reply.number().unwrap_or_default(),
        };
        Ok(names.into_iter().zip(replies).map(group).collect())
    }

    /// The replies to questions. What a server or its proxy refuses counts as nothing; a
    /// wrong password, or a replica that lost its master, does not.
    fn all(&mut self, commands: &Commands) -> engine::Result<Vec<Reply>> {
        let link = self.engine.link();
        let replies = link.pipeline(commands)?;
        let mut checked = Vec::with_capacity(replies.len());
        for reply in replies {
            checked.push(match reply {
                Reply::Error(error) if is_unknown(&error) => Reply::Nothing,
                other => link.checked(other)?,
            });
        }
        Ok(checked)
    }
}

/// A command that the server does not have, or that this user may not send.
fn is_unknown(error: &str) -> bool {
    error.starts_with("NOPERM") || error.contains("unknown command")
}

/// The engine's clock, in milliseconds since 1970.
pub(super) fn time(reply: &Reply) -> u64 {
    let Some([seconds, micros]) = reply.list() else {
        return 0;
    };
    seconds.number().unwrap_or_default() * 1000 + micros.number().unwrap_or_default() / 1000
}

/// When the first entry of a stream was added.
fn oldest(reply: &Reply) -> Option<u64> {
    let id = reply.list()?.first()?.list()?.first()?.text()?;
    id.split('-').next()?.parse().ok()
}

/// Names and values by turns.
fn hash(reply: &Reply) -> HashMap<String, String> {
    let texts = texts(reply);
    let pairs = texts.chunks_exact(2);
    pairs
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect()
}

fn texts(reply: &Reply) -> Vec<String> {
    let text = |reply: &Reply| String::from_utf8_lossy(reply.bytes().unwrap_or(b"")).into_owned();
    reply.list().unwrap_or_default().iter().map(text).collect()
}

fn field(hash: &HashMap<String, String>, name: &str) -> u64 {
    let value = hash.get(name).and_then(|value| value.parse::<f64>().ok());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a score is a float; ours are whole, and not negative"
    )]
    value.map_or(0, |value| value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(texts: &[&str]) -> Reply {
        let text = |text: &&str| Reply::Bytes(text.as_bytes().to_vec());
        Reply::List(texts.iter().map(text).collect())
    }

    #[test]
    fn replies_are_read() {
        assert_eq!(time(&list(&["1764436800", "123456"])), 1_764_436_800_123);
        assert_eq!(time(&Reply::Nothing), 0);
        let entry = Reply::List(vec![
            Reply::Bytes(b"1764436800000-3".to_vec()),
            list(&["gate.1", "x"]),
        ]);
        assert_eq!(oldest(&Reply::List(vec![entry])), Some(1_764_436_800_000));
        assert_eq!(oldest(&Reply::List(Vec::new())), None);
        let found = hash(&list(&["a", "12", "b", "1764436800000", "odd"]));
        assert_eq!(
            (field(&found, "a"), field(&found, "b")),
            (12, 1_764_436_800_000)
        );
        assert_eq!((field(&found, "c"), found.len()), (0, 2));
    }
}
