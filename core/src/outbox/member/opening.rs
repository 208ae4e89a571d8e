//! What an outbox in a fleet begins with.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::guard::Guard;
use super::job::RelaySender;
use super::link::Link;
use super::open::{OpenOperation, OpenOperations};
use super::reporting::Finished;
use super::{Member, Run};
use crate::engine::Engine;
use crate::engine::pool::WorkerPool;
use crate::fleet::command::Outgoing;
use crate::fleet::engine::{EngineError, FleetEngine, ReportsTo, SenderId};
use crate::fleet::relay::{Relay, RelaySettings};
use crate::fleet::sender::{Sender, SenderSettings};
use crate::model::error::{Error, ErrorKind, Result};
use crate::options::{self, Config, EngineDurability, OutboxRole};
use crate::outbox::engine_options::EngineOptions;
use crate::outbox::health_log::HealthLog;
use crate::outbox::intake::Pending;
use crate::outbox::log::LogLevel;
use crate::outbox::shared::{Shared, millis};
use crate::outbox::stats::add;
use crate::outbox::store::{FileStore, SpoolRun, Store as _};
use crate::retry::Backoff;
use crate::sys::threads;

/// Operations that a relay has in memory, at most.
const WINDOW: usize = 100_000;

/// How many operations of a file are read at once.
const OPERATIONS_PER_READ: usize = 2000;

/// What a member is made of.
pub(in crate::outbox) struct Opening<'a> {
    pub(in crate::outbox) shared: Arc<Shared>,
    pub(in crate::outbox) http: Arc<Engine>,
    pub(in crate::outbox) config: &'a Config,
    pub(in crate::outbox) options: EngineOptions,
    pub(in crate::outbox) engine: Box<dyn FleetEngine>,
    pub(in crate::outbox) spool: Option<FileStore>,
}

impl Opening<'_> {
    /// # Errors
    /// What the engine refuses, or the file; [`Resources`](ErrorKind::Resources) when there
    /// is no thread. An engine that does not answer is none: it may later.
    pub(in crate::outbox) fn open(self) -> Result<Member> {
        let Self {
            shared,
            http,
            config,
            options,
            mut engine,
            mut spool,
        } = self;
        shared.logger.keep_early_lines();
        let id = SenderId(format!("{}.{:016x}", options.name, fastrand::u64(..)).into());
        let mut health = HealthLog::new(Arc::clone(&shared));
        match engine.hello(&id) {
            Ok(hello) => {
                let dropped = &shared.counters.fleet.reports_dropped;
                dropped.fetch_add(hello.reports_dropped, Ordering::Relaxed);
                for warning in hello.warnings {
                    shared.log(LogLevel::Warning, &warning);
                }
            }
            Err(EngineError::Away(why)) => health.engine_failed(&why),
            Err(EngineError::Refused(why)) => {
                return Err(Error::new(ErrorKind::Storage, why));
            }
        }
        let runs = match &mut spool {
            Some(spool) => spool.begin_run(&id.0)?,
            None => vec![SpoolRun {
                sender: id.0.clone().into(),
                first: 1,
            }],
        };
        let now = shared.now();
        let reports_to = match &options.reports_to {
            options::ReportsTo::Process => ReportsTo::Sender,
            options::ReportsTo::Group(group) => ReportsTo::Group(group.as_str().into()),
            options::ReportsTo::Nobody => ReportsTo::Nobody,
        };
        let confirms = options.durability != EngineDurability::Engine;
        let siblings: Vec<SenderId> = runs
            .iter()
            .map(|run| SenderId(run.sender.as_str().into()))
            .collect();
        let sender_of = |run: &SpoolRun| Run {
            first: run.first,
            acknowledged: 0,
            sender: Sender::new(
                SenderSettings {
                    id: SenderId(run.sender.as_str().into()),
                    reports_to: reports_to.clone(),
                    confirms,
                    recovered: *run.sender != *id.0,
                    siblings: siblings.clone(),
                    #[cfg(test)]
                    mutant: crate::fleet::Mutant::default(),
                },
                now,
            ),
        };
        let settings = &config.settings;
        let relay = (options.role != OutboxRole::Submit).then(|| {
            Relay::new(RelaySettings {
                holder: id.0.clone(),
                lease: millis(options.lease),
                request_timeout: millis(settings.request_timeout),
                window: WINDOW,
                linger: millis(settings.outbox.linger),
                deadline: millis(settings.outbox.deadline),
                backoff: Backoff::of(config),
                confirms,
                always: options.role == OutboxRole::Relay,
                seed: fastrand::u64(..),
                #[cfg(test)]
                mutant: crate::fleet::Mutant::default(),
            })
        });
        let role = if relay.is_some() { 2 } else { 1 };
        shared.counters.fleet.role.store(role, Ordering::Relaxed);
        let woken = Arc::clone(&shared);
        let link = Link::start(engine, Box::new(move || woken.intake.waker.wake()))
            .map_err(|error| threads::no_thread("for the outbox's engine", &error))?;
        let guard = Arc::new(Guard::default());
        let context = RelaySender {
            limits: http.limits(Duration::MAX, http.cancel(), None),
            engine: Arc::clone(&http),
            shared: Arc::clone(&shared),
            guard: Arc::clone(&guard),
        };
        let woken = Arc::clone(&shared);
        let on_done = Box::new(move || woken.intake.waker.wake());
        let parallel = options.parallel as usize;
        let mut member = Member {
            pool: WorkerPool::new(context, parallel, parallel, on_done),
            runs: runs.iter().map(sender_of).collect(),
            reports_to,
            engine: http,
            options: settings.outbox.clone(),
            relay,
            link,
            asked: None,
            turn: 0,
            rests: false,
            guard,
            spool,
            next_number: 1,
            first_own: 1,
            open: OpenOperations::default(),
            finished: Vec::new(),
            tickets: HashMap::new(),
            last_ticket: 0,
            pending: Pending::default(),
            awake_until: 0,
            spool_retry_at: 0,
            looked_at: 0,
            health,
            abandon_at: None,
            said_goodbye: false,
            shared,
        };
        member.recover()?;
        Ok(member)
    }
}

impl Member {
    /// Gives each operation in the file to the sender of the run that it is of. What an
    /// earlier run may have given to an engine goes in under its number again: an engine
    /// that has it takes it for the same.
    fn recover(&mut self) -> Result<()> {
        let Some(spool) = &mut self.spool else {
            return Ok(());
        };
        let now = self.shared.now();
        let mark = spool.sent_mark();
        let oldest = match millis(self.options.recover_max_age) {
            0 => 0,
            age => self.shared.opened.saturating_sub(age),
        };
        let mut after = 0;
        loop {
            let records = spool.claim(after, OPERATIONS_PER_READ)?;
            let Some(last) = records.last() else {
                break;
            };
            after = last.id;
            add(&self.shared.counters.recovered, records.len());
            for record in records {
                self.shared.intake.recover(record.body.len());
                self.open.add(
                    record.id,
                    OpenOperation {
                        tag: record.tag,
                        // The clock may have gone back since.
                        at: record.submitted_ms.min(self.shared.opened),
                        bytes: record.body.len(),
                        durable: false,
                        in_file: true,
                    },
                );
                // No engine has it.
                if record.id > mark && record.submitted_ms < oldest {
                    self.finished.push(Finished::expired(&record));
                    continue;
                }
                let mut operation =
                    Outgoing::new(record.id, record.tag, record.submitted_ms, record.body);
                operation.maybe_sent = record.id <= mark;
                let run = self.runs.iter_mut().rfind(|run| run.first <= record.id);
                if let Some(run) = run {
                    run.sender.submit(operation, now);
                }
            }
        }
        self.first_own = spool.next_number();
        Ok(())
    }
}
