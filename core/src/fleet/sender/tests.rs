//! What the sender asks, and what it makes of the answers.

use super::*;
use crate::fleet::command::{Answer, Command};
use crate::fleet::engine::{Appended, EngineError, Hello, Position, StoredReport};
use crate::model::outcome::{ItemOutcome, Reason};

fn sender(confirms: bool) -> Sender {
    let settings = SenderSettings {
        id: id(),
        reports_to: ReportsTo::Sender,
        confirms,
        recovered: false,
        siblings: Vec::new(),
        mutant: crate::fleet::Mutant::None,
    };
    let mut sender = Sender::new(settings, 0);
    assert!(matches!(sender.next(0), Some(Command::Hello { .. })));
    sender.answered(0, Ok(Answer::Hello(Hello::default())));
    sender
}

fn id() -> SenderId {
    SenderId("gate.1".into())
}

fn submit(sender: &mut Sender, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        sender.submit(Outgoing::new(number, number, 0, &b"body"[..]), 0);
    }
}

#[allow(clippy::unnecessary_wraps, reason = "as the engine answers")]
fn up_to(number: u64) -> Result<Answer, EngineError> {
    Ok(Answer::Append(Appended::UpTo(number)))
}

#[allow(clippy::unnecessary_wraps, reason = "as the engine answers")]
fn away<T>() -> Result<T, EngineError> {
    Err(EngineError::Away("no answer".into()))
}

/// What the next append says: after which number, which ones, and which of them may have
/// been sent. Answers reports with none on the way there.
fn next_append(sender: &mut Sender, now: Millis) -> (u64, Vec<u64>, Vec<bool>) {
    for _ in 0..10 {
        match sender.next(now) {
            Some(Command::Append {
                after, operations, ..
            }) if !operations.is_empty() => {
                let numbers = operations.iter().map(|o| o.number).collect();
                let maybe_sent = operations.iter().map(|o| o.maybe_sent).collect();
                return (after, numbers, maybe_sent);
            }
            Some(Command::Reports { .. }) => sender.answered(now, Ok(Answer::Reports(Vec::new()))),
            Some(Command::Append { after, .. }) => sender.answered(now, up_to(after)),
            Some(other) => panic!("{other:?}"),
            None => panic!("nothing to ask"),
        }
    }
    panic!("it appends nothing");
}

fn stored(number: u64, position: u64) -> StoredReport {
    let report = FleetReport {
        sender: id(),
        number,
        tag: number,
        submitted_ms: 0,
        at_ms: 0,
        outcome: ItemOutcome::new(Reason::Accepted, None),
    };
    StoredReport {
        position: Position {
            major: position,
            minor: 0,
        },
        report: report.encode(),
    }
}

/// Answers the next look for reports; the numbers that are handed out.
fn read(sender: &mut Sender, now: Millis, found: &[StoredReport]) -> Vec<u64> {
    loop {
        match sender.next(now) {
            Some(Command::Reports { after, .. }) => {
                let behind = found.iter().filter(|stored| stored.position > after);
                sender.answered(now, Ok(Answer::Reports(behind.cloned().collect())));
                break;
            }
            Some(Command::Append { after, .. }) => sender.answered(now, up_to(after)),
            other => panic!("{other:?}"),
        }
    }
    let events = sender.events().into_iter();
    events
        .filter_map(|event| match event {
            SenderEvent::Final { report, .. } => Some(report.number),
            _ => None,
        })
        .collect()
}

#[test]
fn a_lost_answer_is_met_by_the_same_append_which_may_have_been_sent() {
    let mut sender = sender(false);
    submit(&mut sender, 1..=2);
    assert_eq!(
        next_append(&mut sender, 0),
        (0, vec![1, 2], vec![false, false])
    );
    sender.answered(0, away());
    assert_eq!(sender.next(0), None, "not at once");
    submit(&mut sender, 3..=3);
    let again = next_append(&mut sender, 1000);
    assert_eq!(again, (0, vec![1, 2, 3], vec![true, true, false]));
    sender.answered(1000, up_to(3));
    assert_eq!(sender.events(), [SenderEvent::Durable { up_to: 3 }]);
}

#[test]
fn what_the_engine_forgot_is_appended_again_with_what_is_done() {
    let mut sender = sender(false);
    submit(&mut sender, 1..=4);
    next_append(&mut sender, 0);
    sender.answered(0, up_to(4));
    sender.events();
    assert_eq!(read(&mut sender, 100, &[stored(3, 1)]), [3]);
    assert_eq!(sender.open(), 3);
    // It asks on its own whether everything is there.
    let Some(Command::Append {
        after: 4,
        operations,
        ..
    }) = sender.next(2000)
    else {
        panic!("it does not look");
    };
    assert!(operations.is_empty());
    sender.answered(2000, Ok(Answer::Append(Appended::WentBack { seen: 1 })));
    assert_eq!(
        sender.events(),
        [SenderEvent::WentBack { seen: 1, again: 3 }]
    );
    let again = next_append(&mut sender, 2000);
    assert_eq!(again, (1, vec![2, 3, 4], vec![true; 3]));
    sender.answered(2000, up_to(4));
    assert_eq!(sender.events(), [], "durable is told once");
    // The second report of what is done is nobody's business.
    assert_eq!(read(&mut sender, 2100, &[stored(2, 5), stored(3, 6)]), [2]);
    // After a while it is forgotten.
    assert!(sender.kept.contains_key(&3));
    sender.next(2000 + REMEMBERED);
    assert!(!sender.kept.contains_key(&3));
}

#[test]
fn who_has_every_report_is_not_idle_while_the_engine_lacks_something() {
    const LATER: Millis = 1_000_000;
    let mut sender = sender(false);
    submit(&mut sender, 1..=2);
    next_append(&mut sender, 0);
    sender.answered(0, up_to(2));
    sender.events();
    let Some(Command::Reports { .. }) = sender.next(100) else {
        panic!("it does not look for reports");
    };
    let found = vec![stored(1, 7), stored(2, 8)];
    sender.answered(100, Ok(Answer::Reports(found)));
    for event in sender.events() {
        if let SenderEvent::Final { ticket, .. } = event {
            sender.taken(ticket);
        }
    }
    assert!(read(&mut sender, 200, &[]).is_empty());
    assert!(sender.open() == 0 && sender.is_idle(LATER));
    let Some(Command::Append { .. }) = sender.next(2000) else {
        panic!("it does not ask whether everything is there");
    };
    sender.answered(2000, Ok(Answer::Append(Appended::WentBack { seen: 0 })));
    assert!(
        !sender.is_idle(LATER),
        "others may wait until it is through"
    );
    next_append(&mut sender, 2000);
    sender.answered(2000, up_to(2));
    assert!(sender.is_through() && sender.is_idle(LATER));
}

#[test]
fn durable_is_what_was_confirmed_and_is_there_afterwards() {
    // What is confirmed, what the check says, how far it is durable.
    let went_back = Ok(Answer::Append(Appended::WentBack { seen: 0 }));
    for (confirmed, check, durable) in [
        (true, up_to(2), Some(2)),
        (true, went_back, None),
        (true, away(), None),
        (false, up_to(2), None),
    ] {
        let mut sender = sender(true);
        submit(&mut sender, 1..=2);
        next_append(&mut sender, 0);
        sender.answered(0, up_to(2));
        assert_eq!(sender.events(), [], "nothing is confirmed yet");
        assert!(!sender.is_through());
        assert_eq!(sender.next(0), Some(Command::Confirm));
        sender.answered(0, Ok(Answer::Confirm(confirmed)));
        if confirmed {
            let asked = sender.next(0);
            let is_check =
                matches!(&asked, Some(Command::Append { operations, .. }) if operations.is_empty());
            assert!(is_check, "{asked:?}");
            sender.answered(0, check.clone());
        }
        let told = sender.events().into_iter().find_map(|event| match event {
            SenderEvent::Durable { up_to } => Some(up_to),
            _ => None,
        });
        assert_eq!(told, durable, "{confirmed} {check:?}");
        assert_eq!(sender.is_through(), durable.is_some());
    }
}

#[test]
fn a_report_that_is_not_confirmed_is_nobodys() {
    let mut sender = sender(true);
    submit(&mut sender, 1..=2);
    next_append(&mut sender, 0);
    sender.answered(0, up_to(2));
    sender.next(0);
    sender.answered(0, Ok(Answer::Confirm(true)));
    sender.next(0);
    sender.answered(0, up_to(2));
    assert_eq!(
        read(&mut sender, 100, &[stored(1, 1), stored(2, 2)]),
        Vec::<u64>::new()
    );
    assert_eq!(sender.next(100), Some(Command::Confirm));
    sender.answered(100, Ok(Answer::Confirm(true)));
    sender.next(100);
    sender.answered(100, up_to(2));
    // The engine went back before it confirmed: the second is gone.
    assert_eq!(read(&mut sender, 100, &[stored(1, 1)]), [1]);
    assert_eq!(sender.open(), 1);
}

#[test]
fn a_report_is_removed_only_when_it_was_taken() {
    let mut sender = sender(false);
    submit(&mut sender, 1..=1);
    next_append(&mut sender, 0);
    sender.answered(0, up_to(1));
    sender.events();
    let Some(Command::Reports { taken, .. }) = sender.next(100) else {
        panic!("it does not look for reports");
    };
    assert_eq!(taken, []);
    sender.answered(100, Ok(Answer::Reports(vec![stored(1, 7)])));
    let Some(SenderEvent::Final {
        ticket,
        bytes: 4,
        own: true,
        ..
    }) = sender.events().pop()
    else {
        panic!("no report");
    };
    assert!(!sender.is_idle(1_000_000), "it holds a report");
    sender.taken(ticket);
    let position = stored(1, 7).position;
    let asked = sender.next(200);
    assert!(
        matches!(&asked, Some(Command::Reports { taken, .. }) if *taken == [position]),
        "{asked:?}"
    );
    sender.answered(200, Ok(Answer::Reports(Vec::new())));
    assert!(sender.is_idle(1_000_000));
}

#[test]
fn what_was_in_no_append_can_be_given_up() {
    let mut sender = sender(false);
    submit(&mut sender, 1..=1);
    next_append(&mut sender, 0);
    submit(&mut sender, 2..=3);
    assert_eq!(sender.expire_unoffered(1), [2, 3]);
    assert_eq!(sender.take_unoffered(), Vec::<u64>::new());
    assert_eq!(sender.open(), 1, "a relay may have it");
}
