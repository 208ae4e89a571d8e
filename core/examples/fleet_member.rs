//! One process of a fleet, for `scripts/fleet`: submits a seeded workload on keys that it
//! shares with others, and writes down what it knows, so that a referee can judge later.
//!
//! `XG_MEMBER` is JSON with the fields of [`Told`]; the options of the outbox come from the
//! environment (`XGPUSH_…`). Lines on standard input: `rest` ends the submissions,
//! `close MILLISECONDS` closes and ends, `leave` ends without closing. The end of standard
//! input ends the process.
//!
//! A line of the journal is a letter, microseconds of the machine's monotonic clock, and:
//!
//! | | | written |
//! |---|---|---|
//! | `o` | | when the outbox is open |
//! | `s` | tag operator token account | before an operation is submitted |
//! | `r` | tag error | after it was refused |
//! | `d` | tag | when it was taken as durable |
//! | `f` | tag reason recovered attempts | when its final report was taken |
//! | `n` | statistics as JSON | once a second, and when role or epoch changed |
//! | `l` | level text | a line of the log |
//! | `e` | left | when it is closed |

use std::fs::File;
use std::io::{BufRead as _, Write as _};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use xgpush::outbox::{OutboxStats, Report};
use xgpush::{AccountType, Config, Operation, Outbox};

/// How often it submits and takes reports.
const TICK: Duration = Duration::from_millis(10);

#[derive(Deserialize)]
struct Told {
    /// A file that this run appends to.
    journal: String,
    /// Which member it is, and which of its runs.
    slot: u64,
    run: u64,
    seed: u64,
    /// Operations a second.
    rate: f64,
    /// How many tokens and accounts the fleet has in common.
    tokens: u64,
    accounts: u64,
    /// One in so many operations is on a token that the service refuses; 0: none.
    refused: u64,
}

impl Told {
    /// No other operation of the fleet has this tag.
    fn tag(&self, n: u64) -> u64 {
        self.slot << 48 | self.run << 32 | n
    }
}

/// Appends to a file. What is written at once is there as a whole or not at all when the
/// process is killed.
struct Journal(Mutex<File>);

impl Journal {
    fn write(&self, lines: &str) {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(lines.as_bytes()).expect("a journal");
    }
}

/// One clock for all processes of the machine.
fn now_us() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1000
}

/// An operation of the workload. `own` is an account that only this operation has, so
/// that a request shows which operation it carries.
struct Work {
    binds: bool,
    token: String,
    own: String,
    shared: String,
}

impl Work {
    fn random(told: &Told, rng: &mut fastrand::Rng, tag: u64) -> Self {
        let is_refused = told.refused > 0 && rng.u64(0..told.refused) == 0;
        let prefix = if is_refused { "bad" } else { "token" };
        Self {
            binds: rng.u8(0..3) > 0,
            token: format!("{prefix}{}", rng.u64(0..told.tokens)),
            own: format!("u{tag}"),
            shared: format!("shared{}", rng.u64(0..told.accounts)),
        }
    }

    fn submit(&self, outbox: &Outbox, tag: u64) -> xgpush::Result<()> {
        let accounts = [
            (self.own.as_str(), Some(AccountType(0))),
            (self.shared.as_str(), Some(AccountType(1))),
        ];
        let operation = if self.binds {
            Operation::bind(&self.token, &accounts)
        } else {
            Operation::unbind(&self.token, &accounts)
        };
        outbox.submit(&operation, tag)
    }
}

/// The lines of standard input; its end ends the process.
fn commands() -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
        std::process::exit(3);
    });
    receiver
}

struct Member {
    told: Told,
    outbox: Outbox,
    journal: Arc<Journal>,
    rng: fastrand::Rng,
    next: u64,
    /// What changed last: role and epoch, where the outbox has them.
    shown: (Option<u64>, Option<u64>),
    shown_at: Option<Instant>,
}

impl Member {
    fn open(told: Told) -> xgpush::Result<Self> {
        let file = File::options()
            .create(true)
            .append(true)
            .open(&told.journal);
        let journal = Arc::new(Journal(Mutex::new(file.expect("a journal"))));
        let outbox = Outbox::open(Config::new().set_from_env()?)?;
        let log = Arc::clone(&journal);
        outbox.set_log(Some(Arc::new(move |level, line: &str| {
            let line = line.replace('\n', " ");
            log.write(&format!("l {} {level:?} {line}\n", now_us()));
        })));
        journal.write(&format!("o {}\n", now_us()));
        let rng = fastrand::Rng::with_seed(told.seed ^ told.tag(0));
        Ok(Self {
            told,
            outbox,
            journal,
            rng,
            next: 1,
            shown: (None, None),
            shown_at: None,
        })
    }

    fn submit(&mut self, count: u64) {
        let tags = self.next..self.next + count;
        self.next = tags.end;
        let work: Vec<_> = tags
            .map(|n| self.told.tag(n))
            .map(|tag| (tag, Work::random(&self.told, &mut self.rng, tag)))
            .collect();
        let at = now_us();
        let line = |(tag, work): &(u64, Work)| {
            let operator = if work.binds { "bind" } else { "unbind" };
            format!("s {at} {tag} {operator} {} {}\n", work.token, work.shared)
        };
        self.journal
            .write(&work.iter().map(line).collect::<String>());
        for (tag, work) in work {
            if let Err(error) = work.submit(&self.outbox, tag) {
                let line = format!("r {} {tag} {:?}\n", now_us(), error.kind());
                self.journal.write(&line);
            }
        }
    }

    fn take(&self, wait: Duration) {
        let reports = self.outbox.reports(1000, wait);
        let at = now_us();
        let line = |report: &Report| match report.reason() {
            None => format!("d {at} {}\n", report.tag()),
            Some(reason) => format!(
                "f {at} {} {} {} {}\n",
                report.tag(),
                reason.name(),
                u8::from(report.is_recovered()),
                report.attempts()
            ),
        };
        self.journal
            .write(&reports.iter().map(line).collect::<String>());
    }

    fn show(&mut self) {
        let stats: OutboxStats = self.outbox.stats();
        let now = (stats.value("role"), stats.value("epoch"));
        let is_due = |at: Instant| at.elapsed() >= Duration::from_secs(1);
        if now != self.shown || self.shown_at.is_none_or(is_due) {
            self.shown = now;
            self.shown_at = Some(Instant::now());
            self.journal
                .write(&format!("n {} {}\n", now_us(), stats.to_json()));
        }
    }

    fn run(&mut self) {
        let commands = commands();
        let mut rate = self.told.rate;
        let mut due = 0.0;
        let mut last = Instant::now();
        loop {
            match commands.try_recv().as_deref() {
                Ok("rest") => rate = 0.0,
                Ok("leave") => return,
                Ok(command) => {
                    let (word, time) = command.split_once(' ').unwrap_or_default();
                    assert_eq!(word, "close", "an unknown command: {command}");
                    let time = Duration::from_millis(time.parse().expect("milliseconds"));
                    return self.close(time);
                }
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => {}
            }
            let elapsed = last.elapsed();
            last = Instant::now();
            // After a pause of the process the workload goes on as before.
            due += rate * elapsed.min(10 * TICK).as_secs_f64();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a small number that is not negative"
            )]
            let count = due as u64;
            due = due.fract();
            self.submit(count);
            let ends = last + TICK;
            self.take(TICK);
            self.show();
            std::thread::sleep(ends.saturating_duration_since(Instant::now()));
        }
    }

    fn close(&self, time: Duration) {
        let left = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !self.outbox.is_drained() {
                    self.take(TICK);
                }
            });
            self.outbox.close(time)
        });
        self.journal.write(&format!("e {} {left}\n", now_us()));
    }
}

fn main() {
    let told = std::env::var("XG_MEMBER").expect("XG_MEMBER");
    let told: Told = serde_json::from_str(&told).expect("the JSON of XG_MEMBER");
    match Member::open(told) {
        Ok(mut member) => member.run(),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            std::process::exit(2);
        }
    }
}
