//! [`RedisEngine`]: the engine of a fleet over Redis or Valkey.

mod lists;
mod order;
mod shown;
mod sweep;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use self::shown::Shown;
use super::checks::{self, Finding};
use super::keys::{Keys, name_of};
use super::link::{Commands, Link, Script};
use super::resp::Reply;
use super::settings::SCHEMA;
pub(crate) use super::settings::{EngineSettings, Survives};
use super::url::RedisUrl;
use crate::Error;
use crate::fleet::engine::{
    Appended, Done, EngineError, FIRST_IN_LINE, FleetEngine, Hello, LeaseAnswer, NewOperation,
    Page, Position, ReportList, ReportsTo, Result, SenderId, StoredReport,
};
use crate::options::{Config, EngineDurability};

/// The engine over one connection.
#[derive(Debug)]
pub(crate) struct RedisEngine {
    link: Link,
    settings: EngineSettings,
    scripts: Scripts,
    /// Who asked for the lease last, and the last beat that was answered to it: with them the
    /// fence holds although an engine that went back gives an epoch twice.
    holder: String,
    beat: Option<u64>,
    /// When each sender was last said to live.
    touched: HashMap<SenderId, Instant>,
    /// By list.
    shown: HashMap<ReportList, Shown>,
    /// The connection whose server was checked.
    checked: Option<u64>,
    /// What was to be said of it.
    warned: Vec<String>,
    swept: Option<Instant>,
}

#[derive(Debug)]
struct Scripts {
    append: Script,
    drop: Script,
    hello: Script,
    lease: Script,
    load: Script,
    release: Script,
    reports: Script,
    settle: Script,
    sweep: Script,
}

/// What is written down of a sender is at most so old.
const TOUCH: Duration = Duration::from_secs(5);

/// The shortest silence after which a run is gone: three times what is written down late.
const GONE: Duration = TOUCH.saturating_mul(3);

/// How long a replica or the disk may take.
const CONFIRM: Duration = Duration::from_secs(1);

impl RedisEngine {
    /// No connection yet.
    pub(crate) fn new(link: Link, settings: EngineSettings) -> Self {
        Self {
            link,
            settings,
            scripts: Scripts {
                append: Script::new(include_str!("scripts/append.lua")),
                drop: Script::new(include_str!("scripts/drop.lua")),
                hello: Script::new(include_str!("scripts/hello.lua")),
                lease: Script::new(include_str!("scripts/lease.lua")),
                load: Script::new(include_str!("scripts/load.lua")),
                release: Script::new(include_str!("scripts/release.lua")),
                reports: Script::new(include_str!("scripts/reports.lua")),
                settle: Script::new(include_str!("scripts/settle.lua")),
                sweep: Script::new(include_str!("scripts/sweep.lua")),
            },
            holder: String::new(),
            beat: None,
            touched: HashMap::new(),
            shown: HashMap::new(),
            checked: None,
            warned: Vec::new(),
            swept: None,
        }
    }

    /// The engine that the options name, without a connection yet.
    ///
    /// # Errors
    /// `outbox_url` is no URL of Redis, `ca_file` cannot be read, or `outbox_prefix` cannot
    /// be a part of a key.
    pub(crate) fn of(config: &Config) -> crate::Result<Self> {
        let settings = &config.settings;
        let url = RedisUrl::parse(&settings.outbox.url)
            .map_err(|why| Error::option(format!("option outbox_url {why}")))?;
        let prefix = settings.fleet_prefix()?;
        let settings = EngineSettings {
            keys: Keys::new(&prefix),
            application: settings.access_id.clone(),
            survives: match settings.outbox.engine_durability {
                EngineDurability::Engine => Survives::Engine,
                EngineDurability::Replica => Survives::Master,
                EngineDurability::Disk => Survives::Power,
            },
            report_ttl: settings.outbox.report_ttl,
            gone: GONE.max(settings.outbox.lease * 3),
        };
        Ok(Self::new(Link::new(url, config)?, settings))
    }

    /// The same over other keys.
    #[must_use]
    pub(crate) fn over(mut self, keys: Keys) -> Self {
        self.settings.keys = keys;
        self
    }

    /// What is durable survives this.
    pub(crate) fn survives(&self) -> Survives {
        self.settings.survives
    }

    /// The way to the server, for questions of an operator.
    pub(crate) fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.settings.keys
    }

    /// What opening looks at, for an operator. It writes nothing.
    ///
    /// # Errors
    /// When it is away, or lets nothing through at all.
    pub(crate) fn look(&mut self) -> Result<Vec<Finding>> {
        let mut findings = checks::look(&mut self.link, &self.settings)?;
        let keys = &self.settings.keys;
        let ask: &[&[u8]] = &[b"HMGET", keys.meta.as_bytes(), b"schema", b"application"];
        match self.link.command(ask)?.list() {
            Some([schema, owner]) if *schema != Reply::Nothing => {
                match checks::schema(keys, &self.settings.application, schema, owner) {
                    Ok(()) => findings.push(Finding::Good(format!(
                        "the keys at {} are of this application and version",
                        keys.root()
                    ))),
                    Err(error) => findings.push(Finding::Refused(error.to_string())),
                }
            }
            _ => findings.push(Finding::Good(format!("no keys at {} yet", keys.root()))),
        }
        Ok(findings)
    }

    /// Looks at the server once for each connection to it, and says what an operator should
    /// know and was not told at the look before.
    fn check(&mut self) -> Result<Vec<String>> {
        if self.checked.is_some() && self.link.connected_as() == self.checked {
            return Ok(Vec::new());
        }
        let mut warnings = Vec::new();
        for finding in checks::look(&mut self.link, &self.settings)? {
            match finding {
                Finding::Good(_) => {}
                Finding::Warning(warning) => warnings.push(warning),
                Finding::Refused(why) => {
                    let why = format!("{}: {why}", self.link.place());
                    // A name may lead to another server next time, such as the new master.
                    self.link.rest();
                    return Err(EngineError::Refused(why));
                }
            }
        }
        self.checked = Some(self.link.connections());
        // A process says hello every few seconds, and after a rest over a new connection.
        let mut new = warnings.clone();
        new.retain(|warning| !self.warned.contains(warning));
        self.warned = warnings;
        Ok(new)
    }

    /// Whether to write down that a sender lives: it is now.
    fn touches(&mut self, sender: &SenderId) -> bool {
        let due = self
            .touched
            .get(sender)
            .is_none_or(|at| at.elapsed() >= TOUCH);
        if due {
            // Predecessors are over at some time.
            self.touched.retain(|_, at| at.elapsed() < TOUCH);
            self.touched.insert(sender.clone(), Instant::now());
        }
        due
    }

    /// What was asked for was not answered in a form that is known.
    fn strange(&self, command: &str) -> EngineError {
        EngineError::Refused(format!(
            "Redis at {} answers {command} as nothing of this version does",
            self.link.place()
        ))
    }
}

impl FleetEngine for RedisEngine {
    fn hello(&mut self, sender: &SenderId) -> Result<Hello> {
        let warnings = self.check()?;
        let keys = &self.settings.keys;
        let name = name_of(sender);
        let reply = self.link.script(
            &mut self.scripts.hello,
            &[
                keys.meta.as_bytes(),
                keys.open(name).as_bytes(),
                keys.runs(name).as_bytes(),
                keys.names.as_bytes(),
            ],
            &[
                SCHEMA.as_bytes(),
                self.settings.application.as_bytes(),
                sender.0.as_bytes(),
                name.as_bytes(),
                self.settings.gone.as_millis().to_string().as_bytes(),
            ],
        )?;
        let Some([schema, application, now, gone]) = reply.list() else {
            return Err(self.strange("hello"));
        };
        checks::schema(keys, &self.settings.application, schema, application)?;
        let gone = gone.list().unwrap_or_default().iter();
        let hello = Hello {
            now_ms: now.number().unwrap_or_default(),
            predecessors: gone
                .filter_map(|run| Some(SenderId(run.text()?.into())))
                .collect(),
            reports_dropped: self.sweep(sender)?,
            warnings,
        };
        self.touched.insert(sender.clone(), Instant::now());
        Ok(hello)
    }

    fn append(
        &mut self,
        sender: &SenderId,
        after: u64,
        operations: &[NewOperation<'_>],
        reports_to: &ReportsTo,
    ) -> Result<Appended> {
        self.append_in_parts(sender, after, operations, reports_to)
    }

    fn lease(&mut self, holder: &str, epoch: Option<u64>, time: Duration) -> Result<LeaseAnswer> {
        self.ask_for_lease(holder, epoch, time)
    }

    fn load(&mut self, epoch: u64, after: Position, most: usize) -> Result<Option<Page>> {
        self.load_page(epoch, after, most)
    }

    fn settle(&mut self, epoch: u64, top: Position, done: &[Done]) -> Result<Option<u64>> {
        self.settle_all(epoch, top, done)
    }

    fn confirm(&mut self) -> Result<bool> {
        let copies: &[&[u8]] = match self.settings.survives {
            Survives::Engine => return Ok(true),
            Survives::Master => &[b"WAIT", b"1"],
            Survives::Power => &[b"WAITAOF", b"1", b"0"],
        };
        let time = CONFIRM.as_millis().to_string();
        let mut wait = copies.to_vec();
        wait.push(time.as_bytes());
        // Both wait for the last write of their own connection only: this one comes after
        // everything that was answered to anybody. In a script that begins with a write that
        // frees memory it is let through when Redis is full.
        const WRITE: &[u8] = b"redis.call('PERSIST', KEYS[1]) \
                               return redis.call('HSET', KEYS[1], 'confirmed', '1')";
        let meta = self.settings.keys.meta.as_bytes();
        let mut commands = Commands::default();
        commands.add(&[b"EVAL", WRITE, b"1", meta]).add(&wait);
        let mut replies = self
            .link
            .pipeline_within(&commands, CONFIRM * 3)?
            .into_iter();
        let written = replies.next().unwrap_or(Reply::Nothing);
        self.link.checked(written)?;
        let waited = replies.next().unwrap_or(Reply::Nothing);
        let waited = self.link.checked(waited)?;
        // WAITAOF answers for the server's own disk and for the replicas'.
        let copies = match &waited {
            Reply::List(list) => list.first().and_then(Reply::number),
            reply => reply.number(),
        };
        copies
            .map(|copies| copies > 0)
            .ok_or_else(|| self.strange("WAIT"))
    }

    fn reports(
        &mut self,
        reader: &SenderId,
        from: &ReportList,
        taken: &[Position],
        after: Position,
        most: usize,
    ) -> Result<Vec<StoredReport>> {
        self.read_reports(reader, from, taken, after, most)
    }

    fn release(&mut self, epoch: u64) -> Result<()> {
        let lease = self.settings.keys.lease.as_bytes();
        self.link.script(
            &mut self.scripts.release,
            &[lease],
            &[epoch.to_string().as_bytes(), self.holder.as_bytes()],
        )?;
        Ok(())
    }

    fn backlog(&mut self) -> Result<u64> {
        let reply = self
            .link
            .command(&[b"XLEN", self.settings.keys.ops.as_bytes()])?;
        reply.number().ok_or_else(|| self.strange("XLEN"))
    }

    fn rest(&mut self) {
        self.link.rest();
    }
}

#[cfg(test)]
pub(in crate::over_redis) mod tests;
