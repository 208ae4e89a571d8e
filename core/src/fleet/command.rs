//! What the machines ask of the engine, and its answers, as values.

use std::sync::Arc;
use std::time::Duration;

use super::engine::{
    Appended, Done, FleetEngine, Hello, LeaseAnswer, NewOperation, Page, Position, ReportList,
    ReportsTo, Result, SenderId, StoredReport,
};

/// The next thing to ask of the engine. Each may be asked again after an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    Hello {
        sender: SenderId,
    },
    Append {
        sender: SenderId,
        after: u64,
        operations: Vec<Outgoing>,
        reports_to: ReportsTo,
    },
    Confirm,
    Reports {
        reader: SenderId,
        from: ReportList,
        taken: Vec<Position>,
        after: Position,
        most: usize,
    },
    Lease {
        holder: Box<str>,
        epoch: Option<u64>,
        time: Duration,
    },
    Load {
        epoch: u64,
        after: Position,
        most: usize,
    },
    Settle {
        epoch: u64,
        top: Position,
        done: Vec<Done>,
    },
    Release {
        epoch: u64,
    },
    Backlog,
}

/// An operation to append; see [`NewOperation`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outgoing {
    pub(crate) number: u64,
    pub(crate) tag: u64,
    pub(crate) submitted_ms: u64,
    pub(crate) maybe_sent: bool,
    pub(crate) body: Arc<[u8]>,
}

/// What the engine said to the command of the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Hello(Hello),
    Append(Appended),
    Confirm(bool),
    Reports(Vec<StoredReport>),
    Lease(LeaseAnswer),
    Load(Option<Page>),
    Settle(Option<u64>),
    Release,
    Backlog(u64),
}

impl Command {
    /// Carries it out. May block as long as the engine does.
    pub(crate) fn run(&self, engine: &mut dyn FleetEngine) -> Result<Answer> {
        match self {
            Self::Hello { sender } => engine.hello(sender).map(Answer::Hello),
            Self::Append {
                sender,
                after,
                operations,
                reports_to,
            } => {
                let operations: Vec<NewOperation<'_>> =
                    operations.iter().map(Outgoing::borrowed).collect();
                let appended = engine.append(sender, *after, &operations, reports_to);
                appended.map(Answer::Append)
            }
            Self::Confirm => engine.confirm().map(Answer::Confirm),
            Self::Reports {
                reader,
                from,
                taken,
                after,
                most,
            } => {
                let reports = engine.reports(reader, from, taken, *after, *most);
                reports.map(Answer::Reports)
            }
            Self::Lease {
                holder,
                epoch,
                time,
            } => engine.lease(holder, *epoch, *time).map(Answer::Lease),
            Self::Load { epoch, after, most } => {
                engine.load(*epoch, *after, *most).map(Answer::Load)
            }
            Self::Settle { epoch, top, done } => {
                engine.settle(*epoch, *top, done).map(Answer::Settle)
            }
            Self::Release { epoch } => engine.release(*epoch).map(|()| Answer::Release),
            Self::Backlog => engine.backlog().map(Answer::Backlog),
        }
    }
}

impl Outgoing {
    fn borrowed(&self) -> NewOperation<'_> {
        NewOperation {
            number: self.number,
            tag: self.tag,
            submitted_ms: self.submitted_ms,
            maybe_sent: self.maybe_sent,
            body: &self.body,
        }
    }
}
