//! Streams on a thread for which the system makes no other: the limit of processes is
//! reached (`pids.max`, `ulimit -u`), or a sandbox forbids it.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

mod common;

use std::cell::Cell;
use std::mem::transmute;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{client, config, emulator};
use libc::{c_int, c_void, pthread_attr_t, pthread_t};
use xgpush::bulk::{Bulk, BulkOptions};
use xgpush::transport::{Attempt, Transport};
use xgpush::{
    Client, HttpRequest, HttpResponse, ItemOutcome, Reason, Row, SendError, SendErrorKind, State,
};
use xgpush_emulator::{Config as Service, Fault, FaultKind};

thread_local! {
    /// How many of the next threads cannot be had.
    static REFUSED: Cell<u32> = const { Cell::new(0) };
}

/// As the system's, but for threads that ask for too much.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_create(
    thread: *mut pthread_t,
    attributes: *const pthread_attr_t,
    begin: extern "C" fn(*mut c_void) -> *mut c_void,
    argument: *mut c_void,
) -> c_int {
    type Create = unsafe extern "C" fn(
        *mut pthread_t,
        *const pthread_attr_t,
        extern "C" fn(*mut c_void) -> *mut c_void,
        *mut c_void,
    ) -> c_int;
    let refused = REFUSED.get();
    if refused > 0 {
        REFUSED.set(refused - 1);
        return libc::EAGAIN;
    }
    // SAFETY: the function of this name has this type, and gets what the caller gave.
    unsafe {
        let next = libc::dlsym(libc::RTLD_NEXT, c"pthread_create".as_ptr());
        transmute::<*mut c_void, Create>(next)(thread, attributes, begin, argument)
    }
}

/// A stream that waits for a thread would wait for ever: the program ends before that.
fn end_soon() {
    // SAFETY: no other code of this program sets an alarm.
    unsafe { libc::alarm(60) };
}

type Answer = dyn Fn(usize, &Attempt) -> Result<(), SendError> + Send + Sync;

/// Counts the requests, and accepts each for whose number, from 0, nothing else is answered.
struct Counting(Arc<AtomicUsize>, Box<Answer>);

impl Transport for Counting {
    fn send(&self, request: &HttpRequest, attempt: &Attempt) -> Result<HttpResponse, SendError> {
        (self.1)(self.0.fetch_add(1, Ordering::Relaxed), attempt)?;
        let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        let items = body["token_accounts"].as_array().unwrap();
        let result = vec!["0"; items.len()];
        let answer = serde_json::json!({"ret_code": 0, "result": result});
        Ok(HttpResponse::new(200, answer.to_string()))
    }
}

/// A client over such a transport, and how many requests it has sent.
fn counting(
    answer: impl Fn(usize, &Attempt) -> Result<(), SendError> + Send + Sync + 'static,
) -> (Client, Arc<AtomicUsize>) {
    let sent = Arc::<AtomicUsize>::default();
    let transport = Counting(Arc::clone(&sent), Box::new(answer));
    let emulator = emulator(Service::default());
    let config = config(&emulator, &[("max_attempts", "1")]);
    (Client::with_transport(&config, transport).unwrap(), sent)
}

fn row(n: usize) -> Row {
    Row::bind(format!("t{n}"), format!("player{n}"))
}

fn one_at_a_time() -> BulkOptions {
    BulkOptions::new().with_parallel(1)
}

fn fill(stream: &mut Bulk) {
    for n in 0..stream.window() {
        stream.push_row(&row(n)).unwrap();
    }
    stream.end();
}

#[test]
fn stream_without_a_thread_sends_one_request_in_each_wait_and_none_elsewhere() {
    end_soon();
    let (client, sent) = counting(|_, _| Ok(()));
    REFUSED.set(u32::MAX);
    let mut stream = Bulk::new(&client, &one_at_a_time()).unwrap();
    fill(&mut stream);
    assert!(stream.poll().is_none());
    assert_eq!(sent.load(Ordering::Relaxed), 0, "push and poll do not send");
    let (mut waits, mut polled) = (0, 0);
    while !stream.is_finished() {
        stream.wait(Duration::ZERO);
        waits += 1;
        assert!(sent.load(Ordering::Relaxed) <= waits);
        while let Some(outcome) = stream.poll() {
            assert_eq!(outcome.state(), State::Accepted);
            polled += 1;
        }
    }
    REFUSED.set(0);
    assert_eq!(polled, stream.window());
    assert_eq!(sent.load(Ordering::Relaxed), stream.window() / 20);
}

#[test]
fn iterator_without_a_thread_answers_before_its_window_is_full() {
    end_soon();
    let (client, _) = counting(|_, _| Ok(()));
    REFUSED.set(u32::MAX);
    let pulled = Cell::new(0);
    let rows = std::iter::repeat_with(|| {
        pulled.set(pulled.get() + 1);
        row(pulled.get())
    });
    let mut stream = client.bulk(rows, &one_at_a_time()).unwrap();
    let first = stream.next().unwrap();
    REFUSED.set(0);
    assert_eq!(first.state(), State::Accepted);
    assert!(pulled.get() < stream.bulk().window(), "{}", pulled.get());
}

#[cfg(feature = "apply")]
#[test]
fn apply_without_a_thread_sends_one_request_in_each_step() {
    use common::files::{Files, plain};
    use std::fmt::Write as _;
    use xgpush::apply::{Apply, ApplyEnd};

    end_soon();
    let (client, sent) = counting(|_, _| Ok(()));
    let mut text = String::from("token,account\n");
    for n in 0..2000 {
        writeln!(text, "t{n},player{n}").unwrap();
    }
    let files = Files::new();
    let mut apply = Apply::open(&client, &files.input("rows.csv", &text), &plain()).unwrap();
    REFUSED.set(u32::MAX);
    let mut steps = 0;
    let end = loop {
        let end = apply.work(Duration::ZERO).unwrap();
        steps += 1;
        assert!(sent.load(Ordering::Relaxed) <= steps);
        if let Some(end) = end {
            break end;
        }
    };
    REFUSED.set(0);
    assert_eq!(end, ApplyEnd::Complete);
    assert_eq!(apply.progress().accepted, 2000);
}

#[test]
fn panic_in_the_transport_without_a_thread_leaves_its_rows_unknown() {
    end_soon();
    let (client, _) = counting(|number, _| {
        assert_ne!(number, 0, "the first request panics");
        Ok(())
    });
    REFUSED.set(u32::MAX);
    let rows = (0..100).map(row);
    let outcomes: Vec<_> = client.bulk(rows, &one_at_a_time()).unwrap().collect();
    REFUSED.set(0);
    assert_eq!(outcomes.len(), 100);
    let interrupted =
        |o: &&ItemOutcome| o.reason() == Reason::Interrupted && o.state() == State::Unknown;
    assert_eq!(outcomes.iter().filter(interrupted).count(), 20);
    let accepted = outcomes.iter().filter(|o| o.state() == State::Accepted);
    assert_eq!(accepted.count(), 80);
}

#[test]
fn interrupt_ends_the_wait_with_the_request_that_it_sends() {
    end_soon();
    let (client, sent) = counting(|_, attempt| {
        while !(attempt.cancelled)() {
            std::thread::yield_now();
        }
        Err(SendError::new(SendErrorKind::Cancelled, true, "cancelled"))
    });
    REFUSED.set(u32::MAX);
    let mut stream = Bulk::new(&client, &one_at_a_time()).unwrap();
    fill(&mut stream);
    let watched = Arc::clone(&sent);
    let interrupt: Arc<dyn Fn() -> bool + Send + Sync> =
        Arc::new(move || watched.load(Ordering::Relaxed) > 0);
    stream.wait_with(Duration::from_secs(3600), Some(&interrupt));
    stream.wait(Duration::ZERO);
    REFUSED.set(0);
    assert_eq!(sent.load(Ordering::Relaxed), 1);
}

/// None at all, or none for a while.
#[test]
fn stream_without_a_thread_is_sent_by_its_caller() {
    end_soon();
    let emulator = emulator(Service::default());
    let client = client(&emulator, &[("max_attempts", "1")]);
    for refused in [u32::MAX, 3] {
        emulator.reconfigure(Service::default());
        emulator.push_fault(Fault::new(FaultKind::ResetAfter));
        REFUSED.set(refused);
        let rows = (0..200).map(|n| Row::bind(format!("t{n}"), format!("player{n}")));
        let outcomes: Vec<_> = client
            .bulk(rows, &BulkOptions::default())
            .unwrap()
            .collect();
        REFUSED.set(0);
        assert_eq!(outcomes.len(), 200);
        let accepted = outcomes.iter().filter(|o| o.state() == State::Accepted);
        assert_eq!(accepted.count(), 200, "the first request was sent again");
        assert_eq!(emulator.state().tokens.len(), 200);
    }
}
