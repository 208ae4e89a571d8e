//! [`Relay`]: whoever holds the lease sends the operations of all, in the one order.
//!
//! It loads a window of the order, which is a prefix of what is left, so every predecessor of
//! what is in it is in it as well. It sends only while its lease outlasts the request, and
//! completes an operation only when the engine has settled it. Whenever the engine shows
//! that it went back, or that somebody else has the lease, it forgets the window, waits for
//! what is under way, and begins anew.

mod answers;
mod asking;
mod finished;
mod lead;
mod sending;
mod window;

#[cfg(test)]
mod tests;

use crate::delivery::Delivery;
use crate::fleet::engine::Position;
use crate::ordering::queue::Millis;
use crate::retry::Backoff;

use asking::{Asked, Turn};
use lead::Lead;
use window::{Proof, Window};

#[allow(unused_imports, reason = "the outbox follows")]
pub(crate) use sending::{Attempted, Batch, BatchTicket};

#[derive(Debug, Clone)]
pub(crate) struct RelaySettings {
    /// Who holds the lease: the sender's id.
    pub(crate) holder: Box<str>,
    /// `outbox_lease_ms`.
    pub(crate) lease: Millis,
    /// How long a request may take.
    pub(crate) request_timeout: Millis,
    /// Operations in memory, at most.
    pub(crate) window: usize,
    pub(crate) linger: Millis,
    /// `outbox_deadline_ms`; 0: none.
    pub(crate) deadline: Millis,
    pub(crate) backoff: Backoff,
    /// As in [`SenderSettings`](super::sender::SenderSettings).
    pub(crate) confirms: bool,
    /// Competes for the lease whether the process has operations of its own or not.
    pub(crate) always: bool,
    /// For pauses of random length.
    pub(crate) seed: u64,
    #[cfg(test)]
    pub(crate) mutant: super::Mutant,
}

/// What the process is to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RelayEvent {
    /// It relays from now on.
    Took { epoch: u64 },
    /// Somebody else has the lease. What is queued to leave is to be taken back.
    Lost,
    /// It gave the lease up.
    Released(ReleasedFor),
    /// The engine went back. What is queued to leave is to be taken back.
    WentBack,
}

/// Why it gives the lease up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReleasedFor {
    /// The process closes.
    Closing,
    /// The service has not answered for two leases: perhaps it answers somebody else.
    OpenBreaker,
    /// There has been nothing to do for a while.
    Rest,
}

impl ReleasedFor {
    /// Why, for the log.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Closing => "it closes",
            Self::OpenBreaker => "the service does not answer it, and may answer another process",
            Self::Rest => "there is nothing to do",
        }
    }
}

/// Numbers for those who watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RelayNumbers {
    pub(crate) leads: bool,
    /// 0: it never held the lease.
    pub(crate) epoch: u64,
    /// How often it took the lease.
    pub(crate) takeovers: u64,
    /// How often it saw that the engine went back.
    pub(crate) went_back: u64,
    /// Operations in memory.
    pub(crate) window: usize,
    /// Operations in the engine, as far as is known.
    pub(crate) backlog: u64,
    /// How often the window was full of operations that wait for each other.
    pub(crate) blocked: u64,
    /// Failures of the engine in a row.
    pub(crate) failures: u32,
    /// When the oldest operation in memory was submitted.
    pub(crate) oldest_ms: Option<u64>,
}

/// See the module.
#[derive(Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own"
)]
pub(crate) struct Relay {
    settings: RelaySettings,
    window: Window,
    lead: Option<Lead>,
    /// Since when nobody else was the relay, as far as is known.
    relays_since: Option<Millis>,
    /// What it, or a holder before it, may have sent.
    sent_up_to: Position,
    /// What was confirmed by an engine that may have gone back before: the next beat shows.
    unchecked: Option<Proof>,
    asked: Option<Asked>,
    turn: Turn,
    /// Somebody in this process waits for operations of its own.
    wants: bool,
    /// There are operations that perhaps nobody relays: it asks for the lease, once.
    lease_is_wanted_once: bool,
    closing: bool,
    /// Lets what is under way end, and then gives the lease up.
    releasing: Option<ReleasedFor>,
    /// It did so for an open breaker, and the service has not answered since.
    gave_away: bool,
    breaker_open_since: Option<Millis>,
    /// When it asks for the lease again; whether it looks for operations that nobody relays.
    ask_at: Millis,
    look_at: Millis,
    /// The window is full, and nothing in it can be sent.
    is_blocked: bool,
    /// When there was nothing left to do.
    quiet_since: Option<Millis>,
    failures: u32,
    retry_at: Millis,
    confirm_at: Millis,
    backlog_at: Millis,
    expires_at: Millis,
    random: fastrand::Rng,
    events: Vec<RelayEvent>,
    numbers: RelayNumbers,
}

impl Relay {
    pub(crate) fn new(settings: RelaySettings) -> Self {
        Self {
            window: Window::new(
                Delivery::new(settings.backoff, settings.linger),
                settings.confirms,
            ),
            lead: None,
            relays_since: None,
            sent_up_to: Position::default(),
            unchecked: None,
            asked: None,
            turn: Turn::Settle,
            wants: false,
            lease_is_wanted_once: false,
            closing: false,
            releasing: None,
            gave_away: false,
            breaker_open_since: None,
            ask_at: 0,
            look_at: 0,
            is_blocked: false,
            quiet_since: None,
            failures: 0,
            retry_at: 0,
            confirm_at: 0,
            backlog_at: 0,
            expires_at: 0,
            random: fastrand::Rng::with_seed(settings.seed),
            events: Vec::new(),
            numbers: RelayNumbers::default(),
            settings,
        }
    }

    /// Whether this process has operations that wait to be relayed, or had some of late. A process that closes
    /// and has some competes for the lease again.
    pub(crate) fn wants(&mut self, wants: bool) {
        self.wants = wants;
        if wants && self.has_given_up() {
            self.closing = false;
            self.ask_at = 0;
        }
    }

    /// Loads and sends nothing more, lets what is under way end, settles it, and gives the
    /// lease up: whoever is first in line takes it at once.
    pub(crate) fn give_up(&mut self) {
        self.closing = true;
        if self.lead.is_some() {
            self.releasing = Some(ReleasedFor::Closing);
        }
    }

    /// Whether [`give_up`](Self::give_up) is done.
    pub(crate) fn has_given_up(&self) -> bool {
        self.closing && self.lead.is_none() && self.asked.is_none()
    }

    /// What happened since the last call.
    pub(crate) fn events(&mut self) -> Vec<RelayEvent> {
        std::mem::take(&mut self.events)
    }

    /// What is on its way, for those who look.
    pub(crate) fn delivery(&self) -> &Delivery {
        self.window.delivery()
    }

    pub(crate) fn numbers(&self) -> RelayNumbers {
        let queue = self.delivery().queue();
        RelayNumbers {
            leads: self.lead.is_some(),
            window: self.window.len(),
            failures: self.failures,
            oldest_ms: (queue.len() > 0).then(|| queue.oldest()),
            ..self.numbers
        }
    }

    /// Whether it neither leads nor asks, so that its connection is of no use.
    pub(crate) fn is_idle(&self) -> bool {
        self.lead.is_none() && self.asked.is_none() && (self.closing || !self.competes())
    }

    fn competes(&self) -> bool {
        !self.closing && (self.wants || self.settings.always)
    }

    /// Somebody else may be the relay.
    fn is_succeeded(&mut self) {
        self.relays_since = None;
        self.window.forget_finished();
    }

    /// The window is of no use any more: what it holds is loaded again by whoever leads.
    fn step_down(&mut self, why: RelayEvent, now: Millis) {
        self.lead = None;
        self.releasing = None;
        self.quiet_since = None;
        self.unchecked = None;
        self.window.forget();
        let since = self.relays_since.filter(|_| why == RelayEvent::WentBack);
        if since.is_none_or(|since| now < since + self.settings.lease) {
            self.is_succeeded();
        }
        self.events.push(why);
        self.ask_at = now;
    }
}
