//! What a relay sends, and when it stops.

use std::time::Duration;

use super::*;
use crate::fleet::command::{Answer, Command};
use crate::fleet::engine::{
    EngineError, FleetEngine, LeaseAnswer, NewOperation, Page, ReportsTo, SenderId,
};
use crate::fleet::model::engine::ModelEngine;
use crate::model::operation::Operation;
use crate::model::outcome::{ItemOutcome, Reason};

const LEASE: Millis = 10_000;
const TIMEOUT: Millis = 3000;

struct Bench {
    relay: Relay,
    engine: ModelEngine,
    appended: u64,
}

impl Bench {
    fn new(confirms: bool) -> Self {
        let settings = RelaySettings {
            holder: "gate.1".into(),
            lease: LEASE,
            request_timeout: TIMEOUT,
            window: 100,
            linger: 0,
            deadline: 0,
            backoff: Backoff {
                max_attempts: 3,
                base: Duration::from_millis(50),
                throttle_base: Duration::from_secs(1),
                cap: Duration::from_secs(20),
            },
            confirms,
            always: true,
            seed: 7,
            mutant: crate::fleet::Mutant::None,
        };
        let mut engine = ModelEngine::new(crate::fleet::Mutant::None);
        "gate.1".clone_into(&mut engine.caller);
        Self {
            relay: Relay::new(settings),
            engine,
            appended: 0,
        }
    }

    /// Appends a binding of a token.
    fn append(&mut self, token: &str) {
        self.appended += 1;
        let body = Operation::bind(token, "alice").encode();
        let operation = NewOperation {
            number: self.appended,
            tag: self.appended,
            submitted_ms: 0,
            maybe_sent: false,
            body: &body,
        };
        let sender = SenderId("gate.2".into());
        let appended = self
            .engine
            .append(&sender, 0, &[operation], &ReportsTo::Sender);
        appended.unwrap();
    }

    /// Lets it ask until there is nothing left to ask now; what it asked.
    fn run(&mut self, now: Millis) -> Vec<Command> {
        let mut asked = Vec::new();
        while let Some(command) = self.relay.next(now) {
            self.engine.now = now;
            let answer = command.run(&mut self.engine);
            self.relay.answered(now, answer);
            asked.push(command);
            assert!(asked.len() < 100, "{asked:?}");
        }
        asked
    }

    fn sent(&mut self, now: Millis) -> Option<Batch> {
        self.relay.next_batch(now, true)
    }

    fn attempted(&mut self, now: Millis, batch: &Batch, reason: Reason) {
        let outcomes = vec![ItemOutcome::new(reason, None); batch.ticket.len()];
        self.relay.attempted(now, &batch.ticket, outcomes, None);
    }
}

#[test]
fn a_request_leaves_only_while_the_lease_outlasts_it() {
    // 95 % of the lease, counted from when it asked, less the time of a request.
    for (now, leaves) in [
        (0, true),
        (6499, true),
        (6500, false),
        (9999, false),
        (20_000, false),
    ] {
        let mut bench = Bench::new(false);
        bench.append("phone");
        bench.run(0);
        assert_eq!(bench.relay.leave_by(), 6500);
        assert_eq!(bench.sent(now).is_some(), leaves, "{now}");
    }
}

#[test]
fn nothing_is_due_with_a_lease_that_is_over() {
    let mut bench = Bench::new(false);
    bench.append("phone");
    bench.run(0);
    // Until the engine answers: whoever waits for it must not be woken again and again.
    for (now, is_due) in [(0, true), (6499, true), (6500, false), (20_000, false)] {
        assert_eq!(bench.relay.next_batch_due(now).is_some(), is_due, "{now}");
    }
}

#[test]
fn nothing_is_sent_before_it_is_under_top() {
    let mut bench = Bench::new(false);
    bench.append("phone");
    let mut asked = Vec::new();
    while bench.sent(0).is_none() {
        let command = bench.relay.next(0).expect("it is not sent");
        let answer = command.run(&mut bench.engine);
        bench.relay.answered(0, answer);
        asked.push(command);
    }
    let last = asked.last();
    assert!(
        matches!(last, Some(Command::Settle { top, .. }) if top.major == 1),
        "{last:?}"
    );
}

#[test]
fn nothing_is_sent_before_it_is_confirmed_and_there_afterwards() {
    let mut bench = Bench::new(true);
    bench.append("phone");
    bench.engine.hold_replica();
    bench.run(0);
    assert!(bench.sent(0).is_none(), "nobody else has it");
    bench.engine.fail_over();
    let asked = bench.run(200);
    assert!(asked.contains(&Command::Confirm));
    let takeovers = bench.relay.numbers().takeovers;
    assert_eq!(takeovers, 2, "the lease was forgotten");
    assert!(bench.sent(200).is_some(), "taken and confirmed anew");
}

/// Whatever says that somebody else leads, or that the engine forgot something.
#[test]
fn it_steps_down_and_waits_for_what_is_under_way() {
    type Answered = fn(&Command) -> Option<Answer>;
    let taken: Answered = |command| match command {
        Command::Lease { .. } => Some(Answer::Lease(LeaseAnswer::Taken {
            holder: "gate.3".into(),
            left: Duration::ZERO,
            next: true,
        })),
        _ => None,
    };
    let fenced: Answered = |command| match command {
        Command::Load { .. } => Some(Answer::Load(None)),
        _ => None,
    };
    let unsettled: Answered = |command| match command {
        Command::Settle { .. } => Some(Answer::Settle(None)),
        _ => None,
    };
    let forgot: Answered = |command| match command {
        Command::Load { .. } => Some(Answer::Load(Some(Page {
            beat: 1,
            operations: Vec::new(),
        }))),
        _ => None,
    };
    for (name, answer, event) in [
        ("taken", taken, RelayEvent::Lost),
        ("fenced", fenced, RelayEvent::Lost),
        ("settled by another", unsettled, RelayEvent::Lost),
        ("went back", forgot, RelayEvent::WentBack),
    ] {
        let mut bench = Bench::new(false);
        bench.append("phone");
        bench.run(0);
        let under_way = bench.sent(0).unwrap();
        bench.relay.events();
        bench.append("tablet");
        let mut now = 0;
        let mut is_down = false;
        while !is_down {
            now += 10;
            assert!(now < LEASE, "{name}: it goes on");
            while let Some(command) = bench.relay.next(now) {
                let done = answer(&command);
                let done = done.map_or_else(|| command.run(&mut bench.engine), Ok);
                bench.relay.answered(now, done);
                is_down |= bench.relay.events().contains(&event);
                if is_down {
                    break;
                }
            }
        }
        assert_eq!(bench.relay.leave_by(), 0, "{name}");
        now += 1000;
        bench.run(now);
        assert!(
            bench.relay.numbers().leads,
            "{name}: it takes the lease anew"
        );
        assert!(
            bench.sent(now).is_none(),
            "{name}: the first may still arrive"
        );
        bench.attempted(now, &under_way, Reason::Accepted);
        assert!(bench.sent(now).is_some(), "{name}");
    }
}

#[test]
fn a_lost_answer_costs_neither_the_lease_nor_the_window() {
    let mut bench = Bench::new(false);
    bench.append("phone");
    bench.run(0);
    let batch = bench.sent(0).unwrap();
    bench.attempted(1, &batch, Reason::Accepted);
    for carried_out in [true, false] {
        let command = bench.relay.next(100).unwrap();
        assert!(matches!(
            command,
            Command::Settle { .. } | Command::Load { .. }
        ));
        if carried_out {
            command.run(&mut bench.engine).unwrap();
        }
        bench
            .relay
            .answered(100, Err(EngineError::Away("no answer".into())));
        bench.relay.retry_at = 0;
    }
    bench.run(200);
    let numbers = bench.relay.numbers();
    assert_eq!(
        (numbers.went_back, numbers.takeovers, numbers.window),
        (0, 1, 0)
    );
}

#[test]
fn the_lease_is_given_up_when_what_is_under_way_has_ended_and_is_settled() {
    let mut bench = Bench::new(false);
    bench.append("phone");
    bench.append("tablet");
    bench.run(0);
    let batch = bench.sent(0).unwrap();
    bench.relay.give_up();
    assert!(bench.sent(0).is_none(), "nothing more");
    bench.run(10);
    assert!(!bench.relay.has_given_up());
    bench.attempted(20, &batch, Reason::Accepted);
    let asked = bench.run(20);
    let settles = asked
        .iter()
        .position(|c| matches!(c, Command::Settle { done, .. } if done.len() == 1));
    let releases = asked
        .iter()
        .position(|c| matches!(c, Command::Release { .. }));
    assert!(settles.is_some() && settles < releases, "{asked:?}");
    assert!(bench.relay.has_given_up());
    let lease = bench
        .engine
        .lease("gate.3", None, Duration::from_millis(LEASE));
    assert!(matches!(lease, Ok(LeaseAnswer::Held(_))), "{lease:?}");
}

#[test]
fn a_service_that_does_not_answer_for_two_leases_costs_the_lease_once() {
    let mut bench = Bench::new(false);
    bench.append("phone");
    let mut released = Vec::new();
    let mut now = 0;
    while now < 20 * LEASE {
        bench.run(now);
        while let Some(batch) = bench.sent(now) {
            bench.attempted(now, &batch, Reason::TimedOut);
        }
        let events = bench.relay.events().into_iter();
        released.extend(
            events
                .filter(|e| matches!(e, RelayEvent::Released(_)))
                .map(|_| now),
        );
        now += 100;
    }
    assert_eq!(released.len(), 1, "{released:?}");
    assert!(released[0] >= 2 * LEASE, "{released:?}");
    assert!(bench.relay.numbers().leads, "nobody else took it");
}

#[test]
fn what_is_pointless_keeps_its_place_until_it_is_settled() {
    let mut bench = Bench::new(false);
    bench.append("phone");
    bench.append("phone");
    let asked = bench.run(0);
    let settled = asked.iter().filter_map(|command| match command {
        Command::Settle { done, .. } => Some(done.len()),
        _ => None,
    });
    assert_eq!(settled.sum::<usize>(), 1, "the first was superseded");
    let batch = bench.sent(0).unwrap();
    let queue = bench.relay.delivery().queue();
    assert_eq!(queue.tag(batch.ticket.slots()[0]), 2);
}
