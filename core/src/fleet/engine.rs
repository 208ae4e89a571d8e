//! [`FleetEngine`]: what a store has to do so that many processes share one order.

use std::fmt;
use std::time::Duration;

/// Why an engine did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EngineError {
    /// It cannot be reached, or did not answer in time: the command may have been carried
    /// out. The same command again is harmless.
    Away(String),
    /// It refuses, and will until somebody changes something: no permission, no memory,
    /// another schema. Nothing was changed.
    Refused(String),
}

pub(crate) type Result<T> = std::result::Result<T, EngineError>;

/// Where an operation stands in the one order of its application. Larger is later; never
/// given twice, also after the engine went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Position {
    pub(crate) major: u64,
    pub(crate) minor: u64,
}

/// One run of one process: `outbox_name`, a full stop, and a random part. A successor never
/// goes on with its predecessor's numbers: an engine that went back would take its
/// operations for old ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SenderId(pub(crate) Box<str>);

/// An operation to append.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewOperation<'a> {
    /// The sender's own number for it: 1, 2, 3 … in order, with gaps only for operations
    /// that have their final report.
    pub(crate) number: u64,
    /// The caller's own number.
    pub(crate) tag: u64,
    /// When it was submitted, in milliseconds since 1970-01-01 UTC.
    pub(crate) submitted_ms: u64,
    /// It was in an append before whose fate its sender does not know, or that the engine
    /// forgot: a relay may have sent it since, whatever [`Lease::top`] says.
    pub(crate) maybe_sent: bool,
    /// As in the outbox's file ([`EncodedOperation`](crate::model::encoded)).
    pub(crate) body: &'a [u8],
}

/// The answer to [`FleetEngine::append`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Appended {
    /// Everything up to this number is in the order, these operations included.
    UpTo(u64),
    /// The engine knows less than the sender was told before: it went back. Nothing was
    /// appended; the sender begins again after this number.
    WentBack { seen: u64 },
}

/// Whoever holds it is the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lease {
    /// Grows by one each time that somebody takes the lease. It counts with its holder: an
    /// engine that went back gives the same number to another.
    pub(crate) epoch: u64,
    /// Grows by one with each command of a holder, this one included: a lease that is taken
    /// or renewed, a page that is not empty, a settle. Never begins anew, so another number
    /// than expected says that the engine went back.
    pub(crate) beat: u64,
    /// Operations up to here may have been sent.
    pub(crate) top: Position,
}

/// The answer to [`FleetEngine::lease`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LeaseAnswer {
    Held(Lease),
    /// Somebody else holds it for so long, by the engine's clock.
    Taken {
        holder: String,
        left: Duration,
        /// Whether this one is the first in line: it asks often, so that a lease that is
        /// given up is taken at once. One is, for [`FIRST_IN_LINE`] after it asked last.
        next: bool,
    },
}

/// How long one who asks for a lease in vain stays the first in line.
pub(crate) const FIRST_IN_LINE: Duration = Duration::from_secs(3);

/// How long a list of reports is its last reader's alone: a group's, or a predecessor's.
pub(crate) const READS_ALONE: Duration = Duration::from_secs(10);

/// The answer to [`FleetEngine::load`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// Raised by one if there are operations: an append that was seen and is lost later is
    /// noticed then.
    pub(crate) beat: u64,
    pub(crate) operations: Vec<Loaded>,
}

/// An operation in the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loaded {
    pub(crate) position: Position,
    pub(crate) sender: SenderId,
    pub(crate) number: u64,
    pub(crate) tag: u64,
    pub(crate) submitted_ms: u64,
    /// Where its report goes: the sender itself, a group, or nowhere.
    pub(crate) reports_to: ReportsTo,
    /// As [`NewOperation::maybe_sent`].
    pub(crate) maybe_sent: bool,
    pub(crate) body: Box<[u8]>,
}

/// Whose list of reports a report is added to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ReportsTo {
    /// The process that submitted it, or its successor.
    Sender,
    /// Any member of the group.
    Group(Box<str>),
    Nobody,
}

/// An operation with its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) position: Position,
    pub(crate) sender: SenderId,
    pub(crate) reports_to: ReportsTo,
    /// The report, in a form that [`report`](crate::fleet) reads; it names the sender, its
    /// number and the tag.
    pub(crate) report: Box<[u8]>,
}

/// A report that waits in the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredReport {
    pub(crate) position: Position,
    pub(crate) report: Box<[u8]>,
}

/// A list of reports: of a sender, or of a group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ReportList {
    Sender(SenderId),
    Group(Box<str>),
}

/// What [`FleetEngine::hello`] says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Hello {
    /// The engine's own clock, in milliseconds since 1970-01-01 UTC.
    pub(crate) now_ms: u64,
    /// Earlier runs of this `outbox_name` that no process serves any more and that have
    /// reports waiting: this one is their successor.
    pub(crate) predecessors: Vec<SenderId>,
    /// Reports that nobody fetched within their time, of whomever, and that are gone now.
    pub(crate) reports_dropped: u64,
    /// What an operator should know and was not told before: one sentence each, such as that
    /// a failover may lose what was acknowledged.
    pub(crate) warnings: Vec<String>,
}

/// Keeps the operations of one application in one order, for many processes.
///
/// An epoch that is handed in is that of the holder who asked for the lease over the same
/// connection; another holder's is refused, whatever its number.
///
/// Every method is one atomic step, may block up to a time-out of the engine's own, and is
/// called by one thread at a time, never by a host's.
pub(crate) trait FleetEngine: Send {
    /// Checks schema and abilities, and says that this sender lives.
    fn hello(&mut self, sender: &SenderId) -> Result<Hello>;

    /// Appends operations with larger numbers than the sender's largest so far, and skips
    /// the others: the same call again is harmless. `after`: the largest number that the
    /// sender was told is in; an engine that has less refuses. With no operations it asks
    /// just that. Says that this sender lives.
    fn append(
        &mut self,
        sender: &SenderId,
        after: u64,
        operations: &[NewOperation<'_>],
        reports_to: &ReportsTo,
    ) -> Result<Appended>;

    /// Takes the lease if nobody else holds it, under a new epoch, or renews it: `epoch` is
    /// that of the holder who renews, and [`LeaseAnswer::Taken`] tells it that it lost it.
    /// Who holds it may take it anew: whatever of its old epoch is still under way is refused
    /// then. It may renew it after its time, too, if nobody took it. For `time` from now on,
    /// by the engine's clock.
    fn lease(&mut self, holder: &str, epoch: Option<u64>, time: Duration) -> Result<LeaseAnswer>;

    /// Up to `most` operations after a position, in order. `None`: another epoch.
    fn load(&mut self, epoch: u64, after: Position, most: usize) -> Result<Option<Page>>;

    /// In one step, if the epoch is still this one: sets `top` if it is larger than what is
    /// there, removes the operations, and adds a report for each that was still there.
    /// Answers the beat; `None`: another epoch, and nothing was done. With nothing in `done`
    /// it sets `top`.
    fn settle(&mut self, epoch: u64, top: Position, done: &[Done]) -> Result<Option<u64>>;

    /// Makes sure that what was answered so far, to whomever, survives what it is to survive
    /// (a copy on another machine, a disk). `false`: not now. Nothing to do for most. It may
    /// have been carried out by an engine that went back just before: whoever asks makes sure
    /// afterwards that it did not.
    fn confirm(&mut self) -> Result<bool>;

    /// Removes the reports that were taken, and answers those after a position, in order.
    /// A list that is not the reader's own has one reader at a time: nothing is answered to
    /// another within [`READS_ALONE`] after it read last. Says that this sender lives.
    fn reports(
        &mut self,
        reader: &SenderId,
        from: &ReportList,
        taken: &[Position],
        after: Position,
        most: usize,
    ) -> Result<Vec<StoredReport>>;

    /// Gives the lease up at once, if the epoch is still this one.
    fn release(&mut self, epoch: u64) -> Result<()>;

    /// How many operations it has.
    fn backlog(&mut self) -> Result<u64>;

    /// Lets the connection go: the next command makes a new one.
    fn rest(&mut self);
}

impl fmt::Display for SenderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(why) | Self::Refused(why) => f.write_str(why),
        }
    }
}
