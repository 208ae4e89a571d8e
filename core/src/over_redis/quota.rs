//! [`RedisQuota`]: the clock of one rate for many processes, in a script.

use std::fmt::Write as _;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use super::keys::Keys;
use super::{Link, RedisUrl, Reply, Script};
use crate::fleet::engine::{EngineError, Result};
use crate::fleet::quota::QuotaEngine;
use crate::fleet::quota::clock::{Answer, Ask};
use crate::model::error::Error;
use crate::options::Config;

/// For a connection, and for an answer: together with the pause between two tries they are
/// shorter than everybody waits for everybody after the clock was away.
const TIME: Duration = Duration::from_millis(750);

pub(crate) struct RedisQuota {
    link: Link,
    script: Script,
    clock: String,
    processes: String,
    /// By which the others count this process.
    process: String,
    /// Connections so far when it asked last.
    asked_over: Option<u64>,
}

impl RedisQuota {
    /// No connection yet.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption): the URL is none, or the prefix
    /// cannot be used.
    pub(crate) fn new(config: &Config) -> crate::Result<Self> {
        let url = RedisUrl::parse(&config.settings.quota_url)
            .map_err(|why| Error::option(format!("quota_url {why}")))?;
        let keys = Keys::new(&config.settings.fleet_prefix()?);
        let mut process = String::new();
        for _ in 0..2 {
            let random = RandomState::new().build_hasher().finish();
            let _ = write!(process, "{random:016x}");
        }
        Ok(Self {
            link: Link::new(url, config)?.with_times(TIME, TIME),
            script: Script::new(include_str!("scripts/quota.lua")),
            clock: keys.quota.clone(),
            processes: keys.quota_processes(),
            process,
            asked_over: None,
        })
    }
}

impl QuotaEngine for RedisQuota {
    fn ask(&mut self, ask: &Ask) -> Result<Answer> {
        self.asked_over = None;
        let numbers = [
            u64::from(ask.want),
            u64::from(ask.rate),
            ask.lead,
            ask.pause,
            u64::from(ask.lost),
            ask.told,
        ];
        let texts = numbers.map(|number| number.to_string());
        let mut arguments = vec![self.process.as_bytes()];
        arguments.extend(texts.iter().map(String::as_bytes));
        let keys = [self.clock.as_bytes(), self.processes.as_bytes()];
        let reply = self.link.script(&mut self.script, &keys, &arguments)?;
        self.asked_over = Some(self.link.connections());
        answer(&reply).ok_or_else(|| {
            EngineError::Refused(format!(
                "Redis at {} answers what the script for quota_url does not say",
                self.link.place()
            ))
        })
    }

    fn is_connected(&mut self) -> bool {
        self.asked_over.is_some() && self.link.is_connected()
    }

    fn rest(&mut self) {
        self.asked_over = None;
        self.link.rest();
    }

    fn place(&self) -> String {
        self.link.place().to_owned()
    }
}

fn answer(reply: &Reply) -> Option<Answer> {
    let numbers: Vec<u64> = reply.list()?.iter().map_while(Reply::number).collect();
    let [now, first, granted, at, rate, pace, members, born, settle] = *numbers.as_slice() else {
        return None;
    };
    Some(Answer {
        now,
        first,
        granted: u32::try_from(granted).ok()?,
        at,
        rate: u32::try_from(rate).ok()?,
        pace: u32::try_from(pace).ok()?,
        members: u32::try_from(members).ok()?,
        born,
        settle,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::fleet::quota::clock::QuotaClock;
    use crate::over_redis::server::RedisServer;

    fn config(url: &str) -> Config {
        let mut config = Config::new();
        config.set("access_id", "1500001048").unwrap();
        config.set("quota_url", url).unwrap();
        config
    }

    const ASK: Ask = Ask {
        want: 1,
        rate: 100,
        lead: 0,
        pause: 0,
        lost: false,
        told: 0,
    };

    #[test]
    fn script_answers_as_the_clock_in_rust_does() {
        let Some(server) = RedisServer::start(&[]) else {
            return;
        };
        let config = config(&server.url());
        let mut processes: Vec<_> = (0..3).map(|_| RedisQuota::new(&config).unwrap()).collect();
        let mut clock = QuotaClock::default();
        let mut random = fastrand::Rng::with_seed(1);
        let mut told = [0; 3];
        for round in 0..400 {
            let who = random.usize(..3);
            if round == 200 {
                // Older than what was told.
                server
                    .said(&["HSET", "{xg:1500001048}:quota", "at", "5"])
                    .unwrap();
                clock.forget_at(5);
            }
            let ask = Ask {
                want: random.u32(0..20),
                rate: [7, 100, 3000][random.usize(..3)],
                lead: random.u64(0..2000),
                pause: if random.u8(..50) == 0 { 1500 } else { 0 },
                lost: random.u8(..40) == 0,
                told: told[who],
            };
            let answer = processes[who].ask(&ask).unwrap();
            told[who] = answer.at;
            assert_eq!(
                clock.ask(answer.now, who as u64, &ask),
                answer,
                "{round}: {ask:?}"
            );
        }
    }

    #[test]
    fn script_goes_on_after_the_servers_clock_went_back() {
        let Some(server) = RedisServer::start(&[]) else {
            return;
        };
        let mut process = RedisQuota::new(&config(&server.url())).unwrap();
        let first = process.ask(&ASK).unwrap();
        let hour = 3_600_000_000;
        for (field, time) in [("last", first.now), ("at", first.at)] {
            let later = (time + hour).to_string();
            server
                .said(&["HSET", "{xg:1500001048}:quota", field, &later])
                .unwrap();
        }
        let later = (first.now + hour).to_string();
        server
            .said(&["ZADD", "{xg:1500001048}:quota:processes", &later, "x"])
            .unwrap();
        let after = process.ask(&ASK).unwrap();
        assert!(after.now < first.now + hour / 2);
        assert!(after.first < first.now + hour / 2);
        assert_eq!(after.members, 2);
    }

    #[test]
    fn full_memory_keeps_nobody_waiting() {
        let Some(server) = RedisServer::start(&["--maxmemory", "1"]) else {
            return;
        };
        let mut process = RedisQuota::new(&config(&server.url())).unwrap();
        assert_eq!(process.ask(&ASK).unwrap().granted, 1);
    }

    #[test]
    fn connection_that_broke_is_noticed_and_one_that_rests_is_none() {
        let Some(mut server) = RedisServer::start(&[]) else {
            return;
        };
        let mut process = RedisQuota::new(&config(&server.url())).unwrap();
        assert!(!process.is_connected());
        process.ask(&ASK).unwrap();
        assert!(process.is_connected());
        process.rest();
        assert!(!process.is_connected());
        process.ask(&ASK).unwrap();
        server.kill();
        assert!(!process.is_connected());
        assert!(matches!(process.ask(&ASK), Err(EngineError::Away(_))));
        server.up();
        process.ask(&ASK).unwrap();
    }
}
