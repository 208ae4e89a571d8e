//! Many processes and one clock, with everything that goes wrong: no second has more than
//! 2 % above the rate, and under load next to nothing of it is lost.

use std::collections::VecDeque;
use std::time::Duration;

use super::clock::{Answer, Ask, Micros, QuotaClock};
use super::member::{Keeping, QuotaMember, Turn};

/// How many worlds of the worst kinds: `XG_SEEDS` when it is built, or as many as are
/// quick.
fn seeds() -> u64 {
    let set = option_env!("XG_SEEDS").and_then(|set| set.parse().ok());
    set.unwrap_or(10)
}

const STEP: Micros = 500;
const S: Micros = 1_000_000;
const MS: Micros = 1_000;
/// The engine's time when the world begins.
const ENGINE: Micros = 1_790_000_000 * S;
const TIME_OUT: Micros = 500 * MS;

/// What happens in a world, beside requests.
#[derive(Clone, Copy)]
struct Plan {
    processes: usize,
    /// How many requests wait in each.
    waiting: (usize, usize),
    rate: u32,
    seconds: u64,
    /// One process is killed, and another one begins.
    kill_every: Option<Micros>,
    /// The engine ends, and comes back later.
    outages: bool,
    /// Processes rest now and then.
    rests: bool,
}

/// How the engine is.
#[derive(Clone, Copy, PartialEq)]
enum Engine {
    Up,
    /// Connections are refused.
    Down,
    /// Nobody answers.
    Hangs,
}

struct Process {
    id: u64,
    member: QuotaMember,
    /// Its clock minus the world's.
    offset: Micros,
    waiting: usize,
    under_way: Option<UnderWay>,
    again: bool,
    /// The engine's epoch in which it connected.
    connected: Option<u32>,
    /// It looks again then.
    wakes: Micros,
    rests_until: Micros,
}

/// A question, and its answer on the way back.
struct UnderWay {
    ask: Ask,
    arrives: Micros,
    answer: Option<Answer>,
    back: Micros,
}

struct World {
    plan: Plan,
    random: fastrand::Rng,
    now: Micros,
    engine: Engine,
    epoch: u32,
    clock: QuotaClock,
    /// Copies of what it knew, for one that goes back.
    older: VecDeque<QuotaClock>,
    processes: Vec<Process>,
    next_id: u64,
    left: Vec<Micros>,
    changes: Option<Micros>,
}

impl World {
    fn new(plan: Plan, seed: u64) -> Self {
        let mut world = Self {
            plan,
            random: fastrand::Rng::with_seed(seed),
            now: S,
            engine: Engine::Up,
            epoch: 0,
            clock: QuotaClock::default(),
            older: VecDeque::new(),
            processes: Vec::new(),
            next_id: 0,
            left: Vec::new(),
            changes: None,
        };
        for _ in 0..plan.processes {
            let process = world.process();
            world.processes.push(process);
        }
        if plan.outages {
            world.changes = Some(world.now + world.random.u64(4..8) * S);
        }
        world
    }

    fn process(&mut self) -> Process {
        self.next_id += 1;
        Process {
            id: self.next_id,
            member: QuotaMember::new(self.plan.rate, self.random.f64()),
            offset: self.random.u64(0..1000 * S),
            waiting: self.random.usize(self.plan.waiting.0..self.plan.waiting.1),
            under_way: None,
            again: false,
            connected: None,
            wakes: 0,
            rests_until: 0,
        }
    }

    fn run(&mut self) {
        let end = self.now + self.plan.seconds * S;
        let mut kills = self.plan.kill_every.map(|every| self.now + every);
        while self.now < end {
            self.now += STEP;
            if kills.is_some_and(|at| self.now >= at) {
                let victim = self.random.usize(..self.processes.len());
                let successor = self.process();
                self.processes[victim] = successor;
                kills = self.plan.kill_every.map(|every| self.now + every);
            }
            if self.changes.is_some_and(|at| self.now >= at) {
                self.change();
            }
            if self.now.is_multiple_of(100 * MS) {
                self.older.push_back(self.clock.clone());
                if self.older.len() > 10 {
                    self.older.pop_front();
                }
            }
            let mut processes = std::mem::take(&mut self.processes);
            for process in &mut processes {
                self.step(process);
            }
            self.processes = processes;
        }
    }

    fn change(&mut self) {
        let pause;
        if self.engine == Engine::Up {
            self.engine = *self
                .random
                .choice(&[Engine::Down, Engine::Hangs])
                .expect("there are some");
            // From a restart to a real outage.
            pause = self.random.u64(1..=40) * self.random.u64(1..=400) * MS;
        } else {
            self.engine = Engine::Up;
            self.epoch += 1;
            match self.random.u8(0..3) {
                0 => self.clock = QuotaClock::default(),
                1 => {
                    let back = self.random.usize(..self.older.len());
                    self.clock = self.older[back].clone();
                }
                _ => {}
            }
            pause = self.random.u64(2..10) * S;
        }
        self.changes = Some(self.now + pause);
    }

    /// A way to the engine or back: short, and sometimes not.
    fn way(&mut self) -> Micros {
        if self.random.u32(..200) == 0 {
            self.random.u64(0..20 * MS)
        } else {
            self.random.u64(100..1500)
        }
    }

    fn step(&mut self, process: &mut Process) {
        self.exchange(process);
        if self.plan.rests && self.random.u32(..20_000) == 0 {
            process.rests_until = self.now + self.random.u64(0..15) * S;
            if process.under_way.is_none() && self.random.bool() {
                process.connected = None;
            }
            process.waiting = self.random.usize(self.plan.waiting.0..self.plan.waiting.1);
        }
        let waiting = if self.now < process.rests_until {
            0
        } else {
            process.waiting
        };
        let local = Duration::from_micros(self.now + process.offset);
        if process.under_way.is_none()
            && let Some(ask) = process.member.ask(local, waiting)
        {
            self.send(process, ask);
        }
        while waiting > 0 && self.now >= process.wakes {
            match process.member.turn(local, 0) {
                Turn::Now => self.left.push(self.now),
                Turn::At(time) => {
                    let time = Micros::try_from(time.as_micros()).unwrap() - process.offset;
                    // Threads wake up late.
                    let late = if self.random.u32(..2000) == 0 {
                        self.random.u64(0..40 * MS)
                    } else {
                        self.random.u64(0..1500)
                    };
                    process.wakes = time + late;
                    break;
                }
                Turn::Unknown(_) => break,
            }
        }
    }

    fn send(&mut self, process: &mut Process, ask: Ask) {
        process.connected.get_or_insert(self.epoch);
        process.under_way = Some(UnderWay {
            ask,
            arrives: self.now + self.way(),
            answer: None,
            back: Micros::MAX,
        });
    }

    fn exchange(&mut self, process: &mut Process) {
        let Some(mut under_way) = process.under_way.take() else {
            return;
        };
        let broken = process.connected != Some(self.epoch) || self.engine == Engine::Down;
        if self.now >= under_way.arrives && under_way.answer.is_none() {
            let late = self.now >= under_way.arrives + TIME_OUT;
            if broken || (self.engine == Engine::Hangs && late) {
                return self.fail(process);
            }
            if self.engine == Engine::Up {
                let now = ENGINE + self.now;
                under_way.answer = Some(self.clock.ask(now, process.id, &under_way.ask));
                under_way.back = self.now + self.way();
            }
        }
        if let Some(answer) = under_way.answer.filter(|_| self.now >= under_way.back) {
            if broken {
                return self.fail(process);
            }
            process.again = false;
            let local = Duration::from_micros(self.now + process.offset);
            return process.member.answered(local, &answer);
        }
        process.under_way = Some(under_way);
    }

    /// The connection broke: once at once, then later.
    fn fail(&mut self, process: &mut Process) {
        let local = Duration::from_micros(self.now + process.offset);
        process.connected = None;
        if process.again {
            process.again = false;
            process.member.failed(local);
        } else {
            process.again = true;
            let ask = process.member.ask_again(local, process.waiting);
            self.send(process, ask);
        }
    }

    /// Most requests in any second.
    fn worst_second(&self) -> usize {
        let mut worst = 0;
        let mut first = 0;
        for (last, time) in self.left.iter().enumerate() {
            while self.left[first] + S <= *time {
                first += 1;
            }
            worst = worst.max(last - first + 1);
        }
        worst
    }
}

fn worlds(plan: Plan, seeds: std::ops::Range<u64>, check: impl Fn(&World)) {
    for seed in seeds {
        let mut world = World::new(plan, seed);
        world.run();
        let most = plan.rate as usize * 102 / 100;
        let worst = world.worst_second();
        assert!(
            worst <= most,
            "seed {seed}: {worst} in a second, the rate is {}",
            plan.rate
        );
        check(&world);
    }
}

const BUSY: Plan = Plan {
    processes: 8,
    waiting: (2, 64),
    rate: 200,
    seconds: 20,
    kill_every: None,
    outages: false,
    rests: false,
};

/// How much of the rate was used, in thousandths, once the clock gives all of it.
fn used(world: &World) -> u64 {
    let from = 5 * S;
    let left = world.left.iter().filter(|time| **time >= from).count() as u64;
    left * 1000 * S / (u64::from(world.plan.rate) * (world.now - from))
}

#[test]
fn whole_rate_is_used_and_never_more() {
    worlds(BUSY, 0..10, |world| {
        assert!(used(world) >= 980, "{}", used(world));
    });
    let alone = Plan {
        processes: 1,
        waiting: (64, 65),
        rate: 2000,
        seconds: 5,
        ..BUSY
    };
    worlds(alone, 0..5, |world| {
        assert!(used(world) >= 980, "{}", used(world));
    });
}

#[test]
fn killed_processes_cost_next_to_nothing() {
    let plan = Plan {
        kill_every: Some(5 * S),
        seconds: 40,
        ..BUSY
    };
    worlds(plan, 0..10, |world| {
        assert!(used(world) >= 980, "{}", used(world));
    });
}

#[test]
fn engine_that_dies_and_forgets_never_makes_them_too_many() {
    let plan = Plan {
        kill_every: Some(5 * S),
        outages: true,
        seconds: 60,
        ..BUSY
    };
    worlds(plan, 0..seeds(), |world| {
        assert!(used(world) > 300, "it goes on: {}", used(world));
    });
}

#[test]
fn processes_that_come_and_go_stay_within_the_rate() {
    let plan = Plan {
        processes: 6,
        outages: true,
        rests: true,
        seconds: 60,
        ..BUSY
    };
    worlds(plan, 0..seeds(), |_| ());
}

#[test]
fn all_share_while_the_engine_is_away_and_go_on_by_the_clock_after_it() {
    let mut world = World::new(BUSY, 1);
    world.plan.seconds = 5;
    world.run();
    world.engine = Engine::Down;
    world.left.clear();
    world.run();
    for process in &world.processes {
        assert!(matches!(process.member.keeping(), Keeping::Away(_)));
    }
    let shared = world.left.len();
    assert!((500..=850).contains(&shared), "{shared} in 5 s of 200 each");
    world.engine = Engine::Up;
    world.epoch += 1;
    world.run();
    for process in &world.processes {
        assert_eq!(process.member.keeping(), Keeping::Clock(200));
    }
}
