//! Trying what an engine, and what lies between, lets through.

mod server;
mod story;

use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

use super::FleetAdmin;
use super::status::time;
use crate::fleet::engine::Result;
use crate::over_redis::Finding;
use crate::over_redis::engine::{RedisEngine, Survives};
use crate::over_redis::keys::Keys;

named! {
    /// How it stands with one thing that [`FleetAdmin::check`] tried.
    pub enum CheckState("the state of a check", InvalidValue) {
        /// As it should be.
        Ok => "ok",
        /// A fleet works, and something can be lost or late that need not be.
        Warning => "warning",
        /// A fleet does not work over this engine.
        Failed => "failed",
    }
}

/// One thing that [`FleetAdmin::check`] tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CheckLine {
    /// What was tried, in a word or two.
    pub name: &'static str,
    /// How it stands.
    pub state: CheckState,
    /// What was found.
    pub found: String,
    /// What to do about it; empty if nothing is, or what was found says it.
    pub advice: &'static str,
}

impl CheckLine {
    /// Lines as a JSON array of objects, by the names of the fields.
    pub fn list_to_json(lines: &[Self]) -> String {
        serde_json::to_string(lines).expect("texts have no value that JSON lacks")
    }
}

#[derive(Debug, Default)]
struct Lines(Vec<CheckLine>);

impl Lines {
    fn add(&mut self, name: &'static str, state: CheckState, found: String, advice: &'static str) {
        self.0.push(CheckLine {
            name,
            state,
            found,
            advice,
        });
    }

    fn ok(&mut self, name: &'static str, found: impl Into<String>) {
        self.add(name, CheckState::Ok, found.into(), "");
    }

    fn warn(&mut self, name: &'static str, found: impl Into<String>, advice: &'static str) {
        self.add(name, CheckState::Warning, found.into(), advice);
    }

    fn fail(&mut self, name: &'static str, found: impl Into<String>, advice: &'static str) {
        self.add(name, CheckState::Failed, found.into(), advice);
    }
}

/// How often the way there and back is measured.
const ROUNDS: usize = 20;
/// A way that is longer makes what is durable late.
const FAR: Duration = Duration::from_millis(50);
/// Clocks that differ by more confuse people who compare times.
const CLOCKS: u128 = 5_000;

impl FleetAdmin {
    /// Tries what the engine, or a proxy before it, lets through of what a fleet needs, in
    /// about twenty lines. It writes and removes keys that begin with the prefix and
    /// `:check:`, and touches nothing else. An engine that does not answer is a line as well.
    pub fn check(&mut self) -> Vec<CheckLine> {
        let mut lines = Lines::default();
        if let Err(error) = self.reach(&mut lines) {
            lines.fail("connection", error.to_string(), "");
            return lines.0;
        }
        self.opening(&mut lines);
        server::judge(&self.info(), self.engine.survives(), &mut lines);
        self.clocks(&mut lines);
        self.copies(&mut lines);
        if lines.0.iter().all(|line| line.state != CheckState::Failed) {
            self.tell_a_story(&mut lines);
        }
        lines.0
    }

    /// What an outbox looks at when it opens, in the same words.
    fn opening(&mut self, lines: &mut Lines) {
        match self.engine.look() {
            Ok(findings) => findings.into_iter().for_each(|finding| match finding {
                Finding::Good(found) => lines.ok("opening", found),
                Finding::Warning(found) => lines.warn("opening", found, ""),
                Finding::Refused(found) => lines.fail("opening", found, ""),
            }),
            Err(error) => lines.fail("opening", error.to_string(), ""),
        }
    }

    /// The connection, and how far away it is.
    fn reach(&mut self, lines: &mut Lines) -> Result<()> {
        let began = Instant::now();
        let link = self.engine.link();
        link.command(&[b"PING"])?;
        let took = milliseconds(began.elapsed());
        lines.ok("connection", format!("{}, in {took}", link.place()));
        let url = self.engine.link().url();
        match (url.tls(), url.is_local()) {
            (true, _) => lines.ok("TLS", "on"),
            (false, true) => lines.ok("TLS", "off, on this machine"),
            (false, false) => {
                let advice = "tokens, accounts and the password travel in the clear: rediss://";
                lines.warn("TLS", "off", advice);
            }
        }
        let mut rounds = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            let began = Instant::now();
            self.engine.link().command(&[b"PING"])?;
            rounds.push(began.elapsed());
        }
        rounds.sort_unstable();
        let (median, most) = (rounds[ROUNDS / 2], rounds[ROUNDS - 1]);
        let found = format!("{}, at most {}", milliseconds(median), milliseconds(most));
        if median > FAR {
            lines.warn("round trip", found, "far away: what is durable comes late");
        } else {
            lines.ok("round trip", found);
        }
        Ok(())
    }

    /// On throw-away keys, which are removed.
    fn tell_a_story(&mut self, lines: &mut Lines) {
        let root = self.engine.keys().root();
        let keys = Keys::under(format!("{root}:check:{:016x}", fastrand::u64(..)));
        let mut engine = match RedisEngine::of(&self.config) {
            Ok(engine) => engine.over(keys.clone()),
            Err(error) => return lines.fail("hello", error.to_string(), ""),
        };
        story::tell(&mut engine, lines);
        let names = story::keys(&keys);
        let mut command: Vec<&[u8]> = vec![b"DEL"];
        command.extend(names.iter().map(String::as_bytes));
        if let Err(error) = engine.link().command(&command) {
            lines.warn(
                "removal",
                error.to_string(),
                "keys with :check: are left behind",
            );
        }
    }

    fn clocks(&mut self, lines: &mut Lines) {
        match self.engine.link().command(&[b"TIME"]) {
            Err(error) => lines.fail("clock", error.to_string(), "leases need it"),
            Ok(reply) => {
                let ours = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                let ours = ours.unwrap_or_default().as_millis();
                let apart = ours.abs_diff(u128::from(time(&reply)));
                let found = format!("{}.{:03} s apart", apart / 1000, apart % 1000);
                if apart > CLOCKS {
                    let advice = "leases do not mind; times in reports and logs will confuse you";
                    lines.warn("clock", found, advice);
                } else {
                    lines.ok("clock", found);
                }
            }
        }
    }

    /// Whether the commands of the other durabilities are let through. Whether they do what
    /// they should is tried with the one that is wanted.
    fn copies(&mut self, lines: &mut Lines) {
        let wanted = self.engine.survives();
        let commands: [(_, _, &[&[u8]]); 2] = [
            ("WAIT (replica)", Survives::Master, &[b"WAIT", b"0", b"1"]),
            (
                "WAITAOF (disk)",
                Survives::Power,
                &[b"WAITAOF", b"0", b"0", b"1"],
            ),
        ];
        for (name, survives, command) in commands {
            // Opening looks at the one that is wanted.
            if survives != wanted {
                lines.ok(
                    name,
                    match self.engine.link().command(command) {
                        Ok(_) => "let through",
                        Err(_) => "refused; outbox_engine_durability does not need it",
                    },
                );
            }
        }
    }
}

/// The lines of a story.
#[cfg(test)]
pub(super) fn told(engine: &mut dyn crate::fleet::engine::FleetEngine) -> Vec<CheckLine> {
    let mut lines = Lines::default();
    story::tell(engine, &mut lines);
    lines.0
}

fn milliseconds(time: Duration) -> String {
    let micros = time.as_micros();
    format!("{}.{:02} ms", micros / 1000, micros / 10 % 100)
}
