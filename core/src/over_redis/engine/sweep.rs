//! What nobody comes for: runs that are long gone, and reports past their time.

use std::time::{Duration, Instant};

use super::{RedisEngine, name_of};
use crate::fleet::engine::{ReportList, Result, SenderId};
use crate::over_redis::resp::Reply;

/// How often one process looks.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// A run with nothing open is forgotten after so much silence. One that lives nevertheless,
/// and has its numbers asked for, begins anew with nothing to lose.
const SILENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// How many names, groups and runs are looked at each time: any, so that many processes
/// together look at all.
const SOME: &[u8] = b"20";
const RUNS: &[u8] = b"200";

impl RedisEngine {
    /// Looks at what is old, if it is time; answers how many reports were dropped.
    pub(super) fn sweep(&mut self, sender: &SenderId) -> Result<u64> {
        if self.swept.is_some_and(|at| at.elapsed() < EVERY) {
            return Ok(0);
        }
        self.swept = Some(Instant::now());
        let mut dropped = 0;
        let mut names = self.some_of(&self.settings.keys.names.clone())?;
        names.push(name_of(sender).to_owned());
        for name in names {
            for run in self.sweep_name(&name)? {
                dropped += self.drop_old(&ReportList::Sender(SenderId(run.into())))?;
            }
        }
        for group in self.some_of(&self.settings.keys.groups.clone())? {
            dropped += self.drop_old(&ReportList::Group(group.into()))?;
        }
        Ok(dropped)
    }

    fn some_of(&mut self, key: &str) -> Result<Vec<String>> {
        let reply = self.link.command(&[b"ZRANDMEMBER", key.as_bytes(), SOME])?;
        Ok(texts(&reply))
    }

    /// Runs that were silent for long and have something open.
    fn sweep_name(&mut self, name: &str) -> Result<Vec<String>> {
        let keys = &self.settings.keys;
        let silence = SILENCE
            .min(self.settings.report_ttl)
            .as_millis()
            .to_string();
        let reply = self.link.script(
            &mut self.scripts.sweep,
            &[
                keys.runs(name).as_bytes(),
                keys.open(name).as_bytes(),
                keys.seen.as_bytes(),
                keys.readers.as_bytes(),
                keys.names.as_bytes(),
            ],
            &[name.as_bytes(), silence.as_bytes(), RUNS],
        )?;
        Ok(texts(&reply))
    }

    fn drop_old(&mut self, list: &ReportList) -> Result<u64> {
        let keys = &self.settings.keys;
        let (owner, open) = match list {
            ReportList::Sender(sender) => (&*sender.0, keys.open(name_of(sender))),
            ReportList::Group(group) => ("", keys.group(group)),
        };
        let ttl = self.settings.report_ttl.as_millis().to_string();
        let reply = self.link.script(
            &mut self.scripts.drop,
            &[keys.list(list).as_bytes(), open.as_bytes()],
            &[owner.as_bytes(), ttl.as_bytes()],
        )?;
        Ok(reply.number().unwrap_or_default())
    }
}

fn texts(reply: &Reply) -> Vec<String> {
    let texts = reply.list().unwrap_or_default().iter();
    texts
        .filter_map(|text| Some(text.text()?.to_owned()))
        .collect()
}
