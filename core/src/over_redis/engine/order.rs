//! The order and its lease: append, lease, load, settle.

use std::collections::HashMap;
use std::time::Duration;

use super::{FIRST_IN_LINE, RedisEngine, name_of};
use crate::fleet::engine::{
    Appended, Done, Lease, LeaseAnswer, NewOperation, Page, Position, ReportsTo, Result, SenderId,
};
use crate::over_redis::entry;
use crate::over_redis::link::Commands;
use crate::over_redis::resp::Reply;

/// What one script appends: about a millisecond, in which Redis does nothing else.
const PART: usize = 500;

impl RedisEngine {
    /// A part that is in stays in: the same call again skips it.
    pub(super) fn append_in_parts(
        &mut self,
        sender: &SenderId,
        mut after: u64,
        operations: &[NewOperation<'_>],
        reports_to: &ReportsTo,
    ) -> Result<Appended> {
        let mut parts = operations.chunks(PART);
        let mut part = parts.next().unwrap_or_default();
        loop {
            let answer = self.append_part(sender, after, part, reports_to)?;
            let Appended::UpTo(seen) = answer else {
                return Ok(answer);
            };
            let Some(next) = parts.next() else {
                return Ok(answer);
            };
            after = after.max(seen.min(part.last().map_or(0, |last| last.number)));
            part = next;
        }
    }

    fn append_part(
        &mut self,
        sender: &SenderId,
        after: u64,
        operations: &[NewOperation<'_>],
        reports_to: &ReportsTo,
    ) -> Result<Appended> {
        let touch = self.touches(sender);
        let keys = &self.settings.keys;
        let name = name_of(sender);
        let group = match reports_to {
            ReportsTo::Group(group) => group.as_bytes(),
            ReportsTo::Sender | ReportsTo::Nobody => b"",
        };
        let mut numbers = String::new();
        let mut values = Vec::new();
        let mut ends = Vec::with_capacity(operations.len());
        for operation in operations {
            if !numbers.is_empty() {
                numbers.push(',');
            }
            numbers.push_str(&operation.number.to_string());
            entry::encode(&mut values, operation, reports_to);
            ends.push(values.len());
        }
        let number = |operation: Option<&NewOperation<'_>>| {
            operation.map_or_else(String::new, |operation| operation.number.to_string())
        };
        let after = after.to_string();
        let (first, last) = (number(operations.first()), number(operations.last()));
        let mut arguments: Vec<&[u8]> = vec![
            sender.0.as_bytes(),
            name.as_bytes(),
            after.as_bytes(),
            flag(*reports_to == ReportsTo::Sender),
            group,
            flag(touch),
            first.as_bytes(),
            last.as_bytes(),
            numbers.as_bytes(),
        ];
        let mut begin = 0;
        for end in ends {
            arguments.push(&values[begin..end]);
            begin = end;
        }
        let reply = self.link.script(
            &mut self.scripts.append,
            &[
                keys.ops.as_bytes(),
                keys.seen.as_bytes(),
                keys.open(name).as_bytes(),
                keys.runs(name).as_bytes(),
                keys.names.as_bytes(),
                keys.groups.as_bytes(),
            ],
            &arguments,
        )?;
        match reply.list() {
            Some([done, seen]) => match (done.number(), seen.number()) {
                (Some(1), Some(seen)) => Ok(Appended::UpTo(seen)),
                (Some(0), Some(seen)) => Ok(Appended::WentBack { seen }),
                _ => Err(self.strange("append")),
            },
            _ => Err(self.strange("append")),
        }
    }

    pub(super) fn ask_for_lease(
        &mut self,
        holder: &str,
        epoch: Option<u64>,
        time: Duration,
    ) -> Result<LeaseAnswer> {
        self.beat = None;
        let known = epoch.map_or_else(String::new, |epoch| epoch.to_string());
        let reply = self.link.script(
            &mut self.scripts.lease,
            &[self.settings.keys.lease.as_bytes()],
            &[
                holder.as_bytes(),
                known.as_bytes(),
                time.as_millis().to_string().as_bytes(),
                FIRST_IN_LINE.as_millis().to_string().as_bytes(),
            ],
        )?;
        let answer = match reply.list() {
            Some([held, epoch, beat, top]) if held.number() == Some(1) => {
                let lease = Lease {
                    epoch: epoch.number().ok_or_else(|| self.strange("lease"))?,
                    beat: beat.number().ok_or_else(|| self.strange("lease"))?,
                    top: entry::position(top).unwrap_or_default(),
                };
                holder.clone_into(&mut self.holder);
                self.beat = Some(lease.beat);
                LeaseAnswer::Held(lease)
            }
            Some([_, holder, left, next]) => LeaseAnswer::Taken {
                holder: holder.text().unwrap_or_default().to_owned(),
                left: Duration::from_millis(left.number().unwrap_or_default()),
                next: next.number() == Some(1),
            },
            _ => return Err(self.strange("lease")),
        };
        Ok(answer)
    }

    /// Reads first and raises the beat then, if the last one that was read is still there: an
    /// order that only grows has those before it as well, and a server that loses them later
    /// loses the beat with them. (A transaction would read both at once, and is refused by a
    /// server that is full.)
    pub(super) fn load_page(
        &mut self,
        epoch: u64,
        after: Position,
        most: usize,
    ) -> Result<Option<Page>> {
        self.beat = None;
        let keys = &self.settings.keys;
        let (lease, ops) = (keys.lease.as_bytes(), keys.ops.as_bytes());
        let after = format!("({}", entry::id(after));
        let most = most.to_string();
        let read: &[&[u8]] = &[
            b"XRANGE",
            ops,
            after.as_bytes(),
            b"+",
            b"COUNT",
            most.as_bytes(),
        ];
        let entries = self.link.command(read)?;
        let operations = entries.list().and_then(|entries| {
            let operations = entries.iter().map(entry::decode);
            operations.collect::<Option<Vec<_>>>()
        });
        let operations = operations.ok_or_else(|| self.strange("XRANGE"))?;
        let newest = operations.last().map(|newest| entry::id(newest.position));
        let reply = self.link.script(
            &mut self.scripts.load,
            &[lease, ops],
            &[
                epoch.to_string().as_bytes(),
                self.holder.as_bytes(),
                newest.unwrap_or_default().as_bytes(),
            ],
        )?;
        if reply == Reply::Nothing {
            return Ok(None);
        }
        let beat = reply.number().ok_or_else(|| self.strange("load"))?;
        self.beat = Some(beat);
        Ok(Some(Page { beat, operations }))
    }

    /// All in one step: the beat counts it as one. A thousand take a few milliseconds, in
    /// which Redis does nothing else.
    pub(super) fn settle_all(
        &mut self,
        epoch: u64,
        top: Position,
        done: &[Done],
    ) -> Result<Option<u64>> {
        let keys = &self.settings.keys;
        let epoch = epoch.to_string();
        let expected = self
            .beat
            .take()
            .map_or_else(String::new, |beat| beat.to_string());
        let top = match top {
            Position { major: 0, minor: 0 } => String::new(),
            top => entry::id(top),
        };
        let ids: Vec<String> = done.iter().map(|done| entry::id(done.position)).collect();
        // Each list once among the keys, by its number.
        let mut lists = vec![keys.lease.clone(), keys.ops.clone()];
        let mut known = HashMap::new();
        let mut numbers = Vec::with_capacity(done.len());
        for done in done {
            let list = match &done.reports_to {
                ReportsTo::Sender => Some((&done.sender.0, true)),
                ReportsTo::Group(group) => Some((group, false)),
                ReportsTo::Nobody => None,
            };
            numbers.push(match list {
                None => "0".to_owned(),
                Some(list) => known
                    .entry(list)
                    .or_insert_with(|| {
                        lists.push(match &done.reports_to {
                            ReportsTo::Group(group) => keys.group(group),
                            _ => keys.reports_of(&done.sender),
                        });
                        lists.len()
                    })
                    .to_string(),
            });
        }
        let lists: Vec<&[u8]> = lists.iter().map(String::as_bytes).collect();
        let mut arguments = vec![
            epoch.as_bytes(),
            self.holder.as_bytes(),
            expected.as_bytes(),
            top.as_bytes(),
        ];
        for ((id, number), done) in ids.iter().zip(&numbers).zip(done) {
            arguments.extend([id.as_bytes(), number.as_bytes(), &done.report]);
        }
        let reply = self
            .link
            .script(&mut self.scripts.settle, &lists, &arguments)?;
        match (&reply, reply.number()) {
            (Reply::Nothing, _) => Ok(None),
            (_, Some(beat)) => {
                self.beat = Some(beat);
                Ok(Some(beat))
            }
            _ => Err(self.strange("settle")),
        }
    }
}

fn flag(is: bool) -> &'static [u8] {
    if is { b"1" } else { b"0" }
}
