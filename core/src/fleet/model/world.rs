//! One history: processes, the engine, the service, and what goes wrong with them.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::engine::ModelEngine;
use super::plan::{BUSY, ENDS, ENGINE_TIMEOUT, Fault, HEALED, Plan, REQUEST_TIMEOUT};
use super::process::{Process, Spool};
use super::record::{Record, Recorded, Run};
use crate::fleet::Mutant;
use crate::fleet::command::{Answer, Command, Outgoing};
use crate::fleet::engine::{EngineError, SenderId};
use crate::fleet::relay::{BatchTicket, RelayEvent};
use crate::fleet::sender::{SenderEvent, Ticket};
use crate::model::encoded::EncodedOperation;
use crate::model::key::Key;
use crate::model::operation::Operation;
use crate::model::outcome::{ItemOutcome, Reason};
use crate::ordering::queue::all_keys;

enum Event {
    Wake(usize),
    Submit(usize),
    Fault(Fault),
    /// A command reaches the engine.
    Command {
        run: usize,
        lane: usize,
        command: Command,
        number: u64,
        /// Whether the answer reaches the process.
        is_answered: bool,
        connection: u64,
    },
    Answer {
        run: usize,
        lane: usize,
        number: u64,
        answer: Result<Answer, EngineError>,
    },
    /// A request reaches the service, with these operations.
    Arrive(Vec<u64>),
    Respond {
        run: usize,
        lane: usize,
        ticket: BatchTicket,
        outcomes: Vec<ItemOutcome>,
    },
    Take {
        run: usize,
        lane: usize,
        sender: usize,
        ticket: Ticket,
        spooled: Option<(SenderId, u64)>,
    },
    Release,
    FailOver(bool),
    Start(usize),
    /// Everybody has noticed by now that the engine went back.
    Noticed,
}

/// An event, its time, and what keeps those of one time in their order.
struct Due {
    time: u64,
    number: u64,
    event: Box<Event>,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The earliest is the greatest.
impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.time, other.number).cmp(&(self.time, self.number))
    }
}

pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) record: Record,
    pub(super) engines: Vec<ModelEngine>,
    /// By run; those that live.
    processes: Vec<Option<Box<Process>>>,
    /// The run that lives, and what is in its file, by name.
    current: Vec<Option<usize>>,
    spools: Vec<Spool>,
    ids: Vec<SenderId>,
    due: BinaryHeap<Due>,
    /// How many of them have to do with an operation or change something.
    work: usize,
    rng: fastrand::Rng,
    now: u64,
    number: u64,
    down_until: u64,
    outage_until: u64,
    /// Grows when connections break.
    connection: u64,
    /// Two relays could send at one time.
    pub(super) two_relays: bool,
    /// Another process became the relay after the engine had lost something.
    pub(super) relay_changed: bool,
    last_relay: Option<usize>,
}

impl World {
    pub(super) fn new(plan: Plan, in_words: bool) -> Self {
        let engine = || ModelEngine::new(plan.mutant);
        let mut world = Self {
            engines: (0..plan.partitions).map(|_| engine()).collect(),
            record: Record::new(in_words),
            processes: Vec::new(),
            current: vec![None; plan.names],
            spools: vec![Spool::new(); plan.names],
            ids: Vec::new(),
            due: BinaryHeap::new(),
            work: 0,
            rng: fastrand::Rng::with_seed(plan.seed ^ 0x5eed),
            now: 0,
            number: 0,
            down_until: 0,
            outage_until: 0,
            connection: 0,
            two_relays: false,
            relay_changed: false,
            last_relay: None,
            plan,
        };
        for name in 0..world.plan.names {
            world.at(0, Event::Start(name));
        }
        for _ in 0..world.plan.operations {
            let name = world.rng.usize(..world.plan.names);
            let time = world.rng.u64(1..BUSY);
            world.at(time, Event::Submit(name));
        }
        for (time, fault) in world.plan.faults.clone() {
            world.at(time, Event::Fault(fault));
        }
        world
    }

    fn at(&mut self, time: u64, event: Event) {
        self.number += 1;
        self.work += usize::from(event.is_of_work());
        self.due.push(Due {
            time,
            number: self.number,
            event: Box::new(event),
        });
    }

    fn after(&mut self, time: u64, event: Event) {
        self.at(self.now + time, event);
    }

    /// Until everything has its end; the time at which that was.
    pub(super) fn run(&mut self) -> Option<u64> {
        while let Some(Due { time, event, .. }) = self.due.pop() {
            self.work -= usize::from(event.is_of_work());
            self.now = time;
            for engine in &mut self.engines {
                engine.now = time;
            }
            self.happens(*event);
            if self.work == 0 && self.is_over() {
                return Some(time);
            }
            if time > ENDS {
                return None;
            }
        }
        None
    }

    fn is_over(&self) -> bool {
        self.current.iter().all(Option::is_some)
            && self.engines.iter().all(ModelEngine::is_empty)
            && self
                .processes
                .iter()
                .flatten()
                .all(|process| process.open() == 0)
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Wake(run) => {
                if let Some(process) = self.processes[run].as_deref_mut()
                    && process.wake_at <= self.now
                {
                    process.wake_at = u64::MAX;
                    self.drive(run);
                }
            }
            Event::Submit(name) => self.submit(name),
            Event::Fault(fault) => self.fault(fault),
            Event::Command {
                run,
                lane,
                command,
                number,
                is_answered,
                connection,
            } => self.execute(run, lane, &command, number, is_answered, connection),
            Event::Answer {
                run,
                lane,
                number,
                answer,
            } => self.answer(run, lane, number, answer),
            Event::Arrive(tags) => {
                for tag in tags {
                    let step = self.record.step();
                    self.record.of(tag).arrivals.push(step);
                    self.record
                        .say(self.now, || format!("service: operation {tag} [{step}]"));
                }
            }
            Event::Respond {
                run,
                lane,
                ticket,
                outcomes,
            } => self.respond(run, lane, &ticket, outcomes),
            Event::Take {
                run,
                lane,
                sender,
                ticket,
                spooled,
            } => self.take(run, lane, sender, ticket, spooled),
            Event::Release => self
                .engines
                .iter_mut()
                .for_each(ModelEngine::release_replica),
            Event::FailOver(seen) => self.fail_over(seen),
            Event::Start(name) => self.start(name),
            Event::Noticed => {}
        }
    }

    fn start(&mut self, name: usize) {
        if self.current[name].is_some() {
            return;
        }
        let run = self.record.runs.len();
        self.record.runs.push(Run {
            name,
            killed: false,
        });
        let mut id = SenderId(format!("gate{name}.{run}").into());
        let mut first = 0;
        if self.plan.mutant == Mutant::ContinuedNumbers {
            id = SenderId(format!("gate{name}.0").into());
            first = self.engines[0].seen(&id);
        }
        self.ids.push(id.clone());
        let spool = &self.spools[name];
        let process = Process::new(&self.plan, name, &id, first, spool, &mut self.rng, self.now);
        self.processes.push(Some(Box::new(process)));
        self.current[name] = Some(run);
        self.record
            .say(self.now, || format!("gate{name}: starts as {id}"));
        self.drive(run);
    }

    fn submit(&mut self, name: usize) {
        let Some(run) = self.current[name].filter(|run| !self.live(*run).closing) else {
            return;
        };
        let now = self.now;
        if self.live(run).paused_until > now {
            return;
        }
        let tag = self.record.operations.len() as u64;
        let body = random_body(&mut self.rng);
        let keys: Vec<u8> = all_keys(EncodedOperation(&body)).map(short_key).collect();
        let partition = usize::from(keys[0]) % self.plan.partitions;
        let process = self.processes[run].as_deref_mut().unwrap();
        let number = process.number();
        let local = process.local(now);
        let operation = Outgoing::new(number, tag, local, &body[..]);
        let kept = operation.clone();
        process.lanes[partition].own().submit(operation, local);
        if self.plan.spool {
            self.spools[name].insert((self.ids[run].clone(), number), kept);
        }
        let submitted = self.record.step();
        self.record.say(now, || {
            let words = EncodedOperation(&body);
            let accounts: Vec<_> = words.accounts().map(|(name, _)| name).collect();
            let operator = words.operator().name();
            let token = words.token();
            format!("gate{name}: submits {tag} as {run}/{number}: {operator} {token} {accounts:?} [{submitted}]")
        });
        self.record.operations.push(Recorded {
            process: run,
            name,
            number,
            keys,
            submitted,
            durable: None,
            arrivals: Vec::new(),
            finals: Vec::new(),
        });
        self.drive(run);
    }

    fn fault(&mut self, fault: Fault) {
        self.record.say(self.now, || format!("{fault:?}"));
        match fault {
            Fault::Hold(time) => {
                self.engines.iter_mut().for_each(ModelEngine::hold_replica);
                self.after(time, Event::Release);
            }
            Fault::FailOver { lag, seen } => {
                self.engines.iter_mut().for_each(ModelEngine::hold_replica);
                self.after(lag, Event::FailOver(seen));
            }
            Fault::Down(time) => {
                self.down_until = self.now + time;
                self.connection += 1;
            }
            Fault::Kill { name, back } => self.kill(name, back),
            Fault::Close { name, back } => {
                if let Some(run) = self.current[name] {
                    let process = self.process(run);
                    process.closing = true;
                    for lane in &mut process.lanes {
                        lane.relay.give_up();
                    }
                    self.drive(run);
                    // As a host does that waits for its end no longer.
                    let end = Fault::Kill { name, back };
                    self.after(300, Event::Fault(end));
                }
            }
            Fault::Pause { name, time } => {
                if let Some(run) = self.current[name] {
                    self.process(run).paused_until = self.now + time;
                }
            }
            Fault::Cut { name, time } => {
                if let Some(run) = self.current[name] {
                    self.process(run).cut_until = self.now + time;
                }
            }
            Fault::Outage(time) => self.outage_until = self.now + time,
        }
    }

    fn kill(&mut self, name: usize, back: u64) {
        if let Some(run) = self.current[name].take() {
            self.processes[run] = None;
            self.record.runs[run].killed = true;
            self.after(back, Event::Start(name));
        }
    }

    fn fail_over(&mut self, seen: bool) {
        let mut lost = false;
        for engine in &mut self.engines {
            lost |= engine.fail_over();
        }
        if seen {
            self.connection += 1;
        }
        if lost {
            self.after(3000, Event::Noticed);
        }
        self.record.say(self.now, || {
            format!("engine: failed over, lost something: {lost}")
        });
    }

    fn live(&self, run: usize) -> &Process {
        self.processes[run].as_deref().unwrap()
    }

    fn process(&mut self, run: usize) -> &mut Process {
        self.processes[run].as_deref_mut().unwrap()
    }

    /// Lets the machines of a process do what they can now.
    fn drive(&mut self, run: usize) {
        let now = self.now;
        let Some(process) = self.processes[run].as_deref_mut() else {
            return;
        };
        if process.paused_until > now {
            let until = process.paused_until;
            self.wake(run, until);
            return;
        }
        let local = process.local(now);
        for lane in 0..process.lanes.len() {
            self.tell(run, lane);
            let process = self.process(run);
            let here = &mut process.lanes[lane];
            let is_active = here.senders.iter().any(|sender| !sender.is_idle(local));
            let wants = !process.closing && is_active;
            here.relay.wants(wants);
            if let Some(command) = here.next(local) {
                self.ask(run, lane, command);
            }
            let process = self.process(run);
            let mut batches = Vec::new();
            while let Some(batch) = process.lanes[lane].next_batch(local) {
                batches.push(batch);
            }
            for batch in batches {
                self.request(run, lane, batch.ticket);
            }
        }
        let process = self.live(run);
        let due = process
            .lanes
            .iter()
            .map(|lane| lane.due(local))
            .min()
            .unwrap();
        if due < u64::MAX {
            let at = process.global(due).max(now + 1);
            self.wake(run, at);
        }
    }

    fn wake(&mut self, run: usize, at: u64) {
        let process = self.process(run);
        if at < process.wake_at {
            process.wake_at = at;
            self.at(at, Event::Wake(run));
        }
    }

    fn ask(&mut self, run: usize, lane: usize, command: Command) {
        self.number += 1;
        let number = self.number;
        self.process(run).lanes[lane].waits_for = number;
        let name = self.record.runs[run].name;
        self.record
            .say(self.now, || format!("gate{name}: asks {command:?}"));
        let chance = if self.now < HEALED {
            self.plan.commands_fail
        } else {
            0
        };
        let is_cut = self.live(run).cut_until > self.now;
        let fails = is_cut || self.rng.u32(..100) < chance;
        let away = Event::Answer {
            run,
            lane,
            number,
            answer: Err(EngineError::Away("no answer".into())),
        };
        let time = self.rng.u64(0..4);
        if !fails {
            let connection = self.connection;
            self.after(
                time,
                Event::Command {
                    run,
                    lane,
                    command,
                    number,
                    is_answered: true,
                    connection,
                },
            );
            return;
        }
        self.after(ENGINE_TIMEOUT, away);
        // It may be carried out all the same, also later.
        let time = match self.rng.u32(..4) {
            0 | 1 if !is_cut => time,
            2 if !is_cut => self.rng.u64(1..3000),
            _ => return,
        };
        let connection = self.connection;
        self.after(
            time,
            Event::Command {
                run,
                lane,
                command,
                number,
                is_answered: false,
                connection,
            },
        );
    }

    fn execute(
        &mut self,
        run: usize,
        lane: usize,
        command: &Command,
        number: u64,
        is_answered: bool,
        connection: u64,
    ) {
        let is_broken = connection != self.connection || self.now < self.down_until;
        let answer = if is_broken {
            Err(EngineError::Away("broken".into()))
        } else {
            let engine = &mut self.engines[lane];
            engine.caller = self.ids[run].0.to_string();
            command.run(engine)
        };
        if !is_answered {
            self.record.say(self.now, || {
                format!("engine: late or unanswered {command:?}")
            });
            return;
        }
        let is_cut = self.processes[run]
            .as_deref()
            .is_some_and(|p| p.cut_until > self.now);
        let (time, answer) = if is_cut {
            (ENGINE_TIMEOUT, Err(EngineError::Away("cut".into())))
        } else {
            (self.rng.u64(0..4), answer)
        };
        self.after(
            time,
            Event::Answer {
                run,
                lane,
                number,
                answer,
            },
        );
    }

    fn answer(
        &mut self,
        run: usize,
        lane: usize,
        number: u64,
        answer: Result<Answer, EngineError>,
    ) {
        let Some(process) = self.processes[run].as_deref_mut() else {
            return;
        };
        if process.paused_until > self.now {
            let later = process.paused_until;
            self.at(
                later,
                Event::Answer {
                    run,
                    lane,
                    number,
                    answer,
                },
            );
            return;
        }
        if std::mem::take(&mut process.lanes[lane].waits_for) != number {
            return;
        }
        let name = process.name;
        self.record
            .say(self.now, || format!("gate{name}: is told {answer:?}"));
        let local = process.local(self.now);
        process.lanes[lane].answered(local, answer);
        self.drive(run);
    }

    fn request(&mut self, run: usize, lane: usize, ticket: BatchTicket) {
        let queue = self.live(run).lanes[lane].delivery().queue();
        let tags: Vec<u64> = ticket.slots().iter().map(|slot| queue.tag(*slot)).collect();
        let name = self.record.runs[run].name;
        self.record
            .say(self.now, || format!("gate{name}: sends {tags:?}"));
        let count = tags.len();
        // Its own time-out ends it, by its own clock.
        let longest = REQUEST_TIMEOUT * 1000 / 1050;
        let time = match self.rng.u32(..8) {
            0 => longest - self.rng.u64(0..10),
            1 | 2 => self.rng.u64(0..longest),
            _ => self.rng.u64(0..10),
        };
        let back = (time + self.rng.u64(0..5)).min(longest);
        let chance = if self.now < HEALED {
            self.plan.requests_fail
        } else {
            0
        };
        let is_out = self.outage_until > self.now;
        let reason = if is_out || self.rng.u32(..100) < chance {
            let reasons = [
                Reason::ConnectFailed,
                Reason::TimedOut,
                Reason::TimedOut,
                Reason::HttpError,
            ];
            reasons[self.rng.usize(..reasons.len())]
        } else {
            Reason::Accepted
        };
        let arrives = match reason {
            Reason::ConnectFailed => false,
            Reason::TimedOut => !is_out && self.rng.bool(),
            _ => true,
        };
        if arrives {
            self.after(time, Event::Arrive(tags));
        }
        let outcome = || {
            let mut outcome = ItemOutcome::new(reason, None);
            outcome.http_status = match reason {
                Reason::Accepted => Some(200),
                Reason::HttpError => Some(503),
                _ => None,
            };
            outcome
        };
        let back = if reason == Reason::TimedOut {
            longest
        } else {
            back
        };
        self.after(
            back,
            Event::Respond {
                run,
                lane,
                ticket,
                outcomes: (0..count).map(|_| outcome()).collect(),
            },
        );
    }

    fn respond(
        &mut self,
        run: usize,
        lane: usize,
        ticket: &BatchTicket,
        outcomes: Vec<ItemOutcome>,
    ) {
        let Some(process) = self.processes[run].as_deref_mut() else {
            return;
        };
        if process.paused_until > self.now {
            let later = process.paused_until;
            let ticket = ticket.clone();
            self.at(
                later,
                Event::Respond {
                    run,
                    lane,
                    ticket,
                    outcomes,
                },
            );
            return;
        }
        let local = process.local(self.now);
        let lane = &mut process.lanes[lane];
        lane.batches -= 1;
        lane.relay.attempted(local, ticket, outcomes, None);
        self.drive(run);
    }

    /// Records what the machines tell their process.
    fn tell(&mut self, run: usize, lane: usize) {
        let process = self.process(run);
        let name = process.name;
        let here = &mut process.lanes[lane];
        let mut took = false;
        for event in here.relay.events() {
            self.record
                .say(self.now, || format!("gate{name}: {event:?}"));
            took |= matches!(event, RelayEvent::Took { .. });
        }
        if took {
            self.two_relays |= self.another_may_send(run, lane);
            let changes = self.last_relay.replace(run) != Some(run);
            self.relay_changed |= changes && self.engines[lane].lost;
        }
        let here = &mut self.process(run).lanes[lane];
        let mut told = Vec::new();
        for (at, sender) in here.senders.iter_mut().enumerate() {
            let id = sender.id().clone();
            told.extend(
                sender
                    .events()
                    .into_iter()
                    .map(|event| (at, id.clone(), event)),
            );
        }
        for (at, id, event) in told {
            let step = self.record.step();
            self.record
                .say(self.now, || format!("gate{name}: {event:?} [{step}]"));
            match event {
                SenderEvent::Durable { up_to } => self.durable(run, &id, up_to, step),
                SenderEvent::Final { report, ticket, .. } => {
                    let recorded = self.record.of(report.tag);
                    recorded.finals.push((run, step, report.outcome.state()));
                    let time = if self.rng.bool() {
                        0
                    } else {
                        self.rng.u64(..200)
                    };
                    self.after(
                        time,
                        Event::Take {
                            run,
                            lane,
                            sender: at,
                            ticket,
                            spooled: self.plan.spool.then_some((report.sender, report.number)),
                        },
                    );
                }
                SenderEvent::WentBack { .. }
                | SenderEvent::ReportsDropped(_)
                | SenderEvent::Warnings(_) => {}
            }
        }
    }

    /// Whether a request of another process may be under way, or begin.
    fn another_may_send(&self, run: usize, lane: usize) -> bool {
        let others = self.processes.iter().enumerate();
        let mut others = others.filter(|(other, _)| *other != run);
        others.any(|(_, process)| {
            let Some(process) = process else {
                return false;
            };
            let by = process.lanes[lane].relay.leave_by();
            by > 0 && by.saturating_add(REQUEST_TIMEOUT) > process.local(self.now)
        })
    }

    fn durable(&mut self, run: usize, id: &SenderId, up_to: u64, step: u32) {
        // With several orders a number says nothing of the others.
        if self.plan.partitions > 1 {
            return;
        }
        let ids = &self.ids;
        let is_of = |process: usize| {
            if ids[run] == *id {
                process == run
            } else {
                ids[process] == *id
            }
        };
        for operation in &mut self.record.operations {
            if operation.number <= up_to && is_of(operation.process) {
                operation.durable.get_or_insert(step);
            }
        }
    }

    fn take(
        &mut self,
        run: usize,
        lane: usize,
        sender: usize,
        ticket: Ticket,
        spooled: Option<(SenderId, u64)>,
    ) {
        let Some(process) = self.processes[run].as_deref_mut() else {
            return;
        };
        if let Some(key) = spooled {
            self.spools[process.name].remove(&key);
        }
        process.lanes[lane].senders[sender].taken(ticket);
        self.drive(run);
    }
}

impl Event {
    /// Whether a history is not over before it.
    fn is_of_work(&self) -> bool {
        match self {
            Self::Wake(_) | Self::Command { .. } | Self::Answer { .. } => false,
            Self::Submit(_)
            | Self::Fault(_)
            | Self::Arrive(_)
            | Self::Respond { .. }
            | Self::Take { .. }
            | Self::Release
            | Self::FailOver(_)
            | Self::Start(_)
            | Self::Noticed => true,
        }
    }
}

fn random_body(rng: &mut fastrand::Rng) -> Box<[u8]> {
    let token = ["t0", "t1", "t2"][rng.usize(..3)];
    let account = ["a0", "a1"][rng.usize(..2)];
    match rng.u32(..8) {
        0 => Operation::clear_token(token).encode(),
        1 => Operation::unbind(token, account).encode(),
        2 => Operation::clear_account(account).encode(),
        _ => Operation::bind(token, account).encode(),
    }
}

fn short_key(key: Key<'_>) -> u8 {
    match key {
        Key::Token(name) => name[1],
        Key::Account(name, _) => 100 + name[1],
    }
}
