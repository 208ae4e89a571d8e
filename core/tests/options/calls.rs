//! How a call sends: how long, how often, how many at once.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use xgpush::transport::{CallbackTransport, Transfer};
use xgpush::{
    CallOptions, Client, ErrorKind, HttpRequest, HttpResponse, Reason, State, WarningKind,
};

use crate::common::bindings;
use crate::fake_transport::{FakeTransport, accepted, offline};
use crate::raw_server::RawServer;

const ACCEPTED: &str = r#"{"ret_code":0,"result":["0"]}"#;

/// How long the transport may take.
fn timeout(options: &[(&str, &str)]) -> Duration {
    let transport = FakeTransport::accepting();
    let client = transport.client(&offline(options));
    let _ = client.batch_operate(&bindings("t", 1)).unwrap();
    transport.seen()[0].timeout
}

pub(crate) fn deadline_ms() {
    let of_deadline = |ms| timeout(&[("deadline_ms", ms), ("request_timeout_ms", "3600000")]);
    let hours = Duration::from_secs(3600);
    assert!(of_deadline("1800000") < hours / 2 + Duration::from_millis(1));
    assert!(of_deadline("1800000") > hours / 4);
    assert!(of_deadline("3600000") > hours / 2);
}

pub(crate) fn request_timeout_ms() {
    for ms in ["1234", "2345"] {
        let expected = Duration::from_millis(ms.parse().unwrap());
        assert_eq!(
            timeout(&[("request_timeout_ms", ms), ("deadline_ms", "60000")]),
            expected
        );
    }
}

/// How many requests a call makes that gets this answer again and again.
fn requests(answer: HttpResponse, options: &[(&str, &str)]) -> usize {
    let transport = FakeTransport::new(move |_| answer.clone());
    let client = transport.client(&offline(options));
    let _ = client.batch_operate(&bindings("t", 1)).unwrap();
    transport.seen().len()
}

fn unavailable() -> HttpResponse {
    HttpResponse::new(503, "")
}

fn too_fast() -> HttpResponse {
    HttpResponse::new(429, "")
}

pub(crate) fn max_attempts() {
    for attempts in [1, 2, 5] {
        let options = [
            ("max_attempts", &*attempts.to_string()),
            ("retry_base_ms", "0"),
        ];
        assert_eq!(requests(unavailable(), &options), attempts);
    }
}

/// Whether a call pauses for more than a moment between its attempts: who waits is
/// asked again and again whether to go on.
fn pauses(answer: HttpResponse, options: &[(&str, &str)]) -> bool {
    /// Some 200 ms. An attempt and the shortest pause cost three or four.
    const MANY: u32 = 12;
    let asked = Arc::new(AtomicU32::new(0));
    let of_transport = Arc::clone(&asked);
    let transport = FakeTransport::new(move |_| {
        of_transport.store(0, Ordering::Relaxed);
        answer.clone()
    });
    let client = transport.client(&offline(options));
    // By chance a pause may be short.
    (0..3).any(|_| {
        let asked = Arc::clone(&asked);
        asked.store(0, Ordering::Relaxed);
        let interrupt = move || asked.fetch_add(1, Ordering::Relaxed) > MANY;
        let options = CallOptions::new()
            .with_deadline(Duration::from_secs(3600))
            .with_interrupt(interrupt);
        let before = transport.seen().len();
        let _ = client
            .batch_operate_with(&bindings("t", 1), &options)
            .unwrap();
        transport.seen().len() < before + 3
    })
}

pub(crate) fn retry_base_ms() {
    assert!(!pauses(unavailable(), &[("retry_base_ms", "0")]));
    assert!(pauses(unavailable(), &[("retry_base_ms", "60000")]));
}

pub(crate) fn throttle_base_ms() {
    assert!(!pauses(too_fast(), &[("throttle_base_ms", "0")]));
    assert!(pauses(too_fast(), &[("throttle_base_ms", "60000")]));
}

pub(crate) fn max_backoff_ms() {
    let asks_for_an_hour = || unavailable().with_header("Retry-After", "3600");
    assert_eq!(requests(asks_for_an_hour(), &[("max_backoff_ms", "0")]), 3);
    assert_eq!(
        requests(asks_for_an_hour(), &[("max_backoff_ms", "60000")]),
        1
    );
}

pub(crate) fn retry_budget() {
    let with_budget = |units| {
        requests(
            unavailable(),
            &[("retry_budget", units), ("retry_base_ms", "0")],
        )
    };
    // A retry takes 14.
    assert_eq!(with_budget("0"), 1);
    assert_eq!(with_budget("14"), 2);
    assert_eq!(with_budget("28"), 3);
}

pub(crate) fn requests_per_second() {
    // Of 5 requests, one a second, the second one would be too late.
    let accepted = |rate, deadline| {
        let options = [("requests_per_second", rate), ("deadline_ms", deadline)];
        let client = FakeTransport::accepting().client(&offline(&options));
        let outcome = client.batch_operate(&bindings("t", 100)).unwrap();
        outcome.count(State::Accepted)
    };
    assert_eq!(accepted("0", "60000"), 100);
    assert_eq!(accepted("1", "900"), 20);
}

pub(crate) fn quota_url() {
    let open = |url, rate| {
        let options = [("quota_url", url), ("requests_per_second", rate)];
        let transport = FakeTransport::accepting();
        Client::with_transport(&offline(&options), transport)
    };
    let error = open("redis://user:hunter2@127.0.0.1:1/nonsense", "5").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
    let text = error.to_string();
    assert!(
        text.contains("quota_url") && !text.contains("hunter2"),
        "{text}"
    );
    open("", "0").unwrap();
    if cfg!(feature = "outbox-redis") {
        let text = open("redis://127.0.0.1:1", "0").unwrap_err().to_string();
        assert!(text.contains("requests_per_second"), "{text}");
        // Away: it goes on, and says so.
        let client = open("unix:/nonexistent/redis.sock", "5").unwrap();
        let outcome = client.batch_operate(&bindings("t", 1)).unwrap();
        assert!(outcome.all_accepted(), "{outcome:?}");
        assert_eq!(outcome.warnings()[0].kind(), WarningKind::SharedRate);
    }
}

/// Takes requests, and answers when so many are under way at once, or when it has
/// waited long enough.
pub(crate) struct Together {
    wanted: usize,
    patience: Duration,
    under_way: Mutex<usize>,
    changed: Condvar,
    most: AtomicUsize,
}

impl Together {
    pub(crate) fn new(wanted: usize, patience: Duration) -> Arc<Self> {
        Arc::new(Self {
            wanted,
            patience,
            under_way: Mutex::new(0),
            changed: Condvar::new(),
            most: AtomicUsize::new(0),
        })
    }

    pub(crate) fn transport(self: &Arc<Self>) -> FakeTransport {
        let together = Arc::clone(self);
        FakeTransport::new(move |request| together.answer(request))
    }

    /// The most that were under way at once.
    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let mut under_way = self.under_way.lock().unwrap();
        *under_way += 1;
        self.most.fetch_max(*under_way, Ordering::Relaxed);
        self.changed.notify_all();
        let few = |_: &mut usize| self.most() < self.wanted;
        let waited = self
            .changed
            .wait_timeout_while(under_way, self.patience, few);
        *waited.unwrap().0 -= 1;
        accepted(request.body())
    }
}

pub(crate) fn parallel() {
    for (parallel, patience) in [(1, 50), (3, 10_000)] {
        let together = Together::new(3, Duration::from_millis(patience));
        let options = [
            ("parallel", &*parallel.to_string()),
            ("deadline_ms", "60000"),
        ];
        let client = together.transport().client(&offline(&options));
        let outcome = client.batch_operate(&bindings("t", 60)).unwrap();
        assert!(outcome.all_accepted(), "{outcome:?}");
        assert_eq!(together.most(), parallel);
    }
    // As many connections are kept, whatever max_idle_connections says.
    let twenty = vec!["\"0\""; 20].join(",");
    let server = RawServer::start(&format!(r#"{{"ret_code":0,"result":[{twenty}]}}"#));
    let options = [
        ("base_url", &*server.url()),
        ("parallel", "3"),
        ("max_idle_connections", "1"),
    ];
    let client = Client::new(&offline(&options)).unwrap();
    for _ in 0..2 {
        server.wait_for(3);
        assert!(
            client
                .batch_operate(&bindings("t", 60))
                .unwrap()
                .all_accepted()
        );
    }
    assert_eq!(server.connections(), 3);
}

pub(crate) fn max_response_bytes() {
    let long = format!("{ACCEPTED}{}", " ".repeat(2000));
    let server = RawServer::start(&long);
    for (most, reason) in [("1024", Reason::BodyTooLarge), ("4096", Reason::Accepted)] {
        let url = server.url();
        let options = offline(&[("base_url", &url), ("max_response_bytes", most)]);
        let answer = HttpResponse::new(200, long.clone());
        let answers = move |transfer: Transfer| transfer.answer(answer.clone());
        let own = CallbackTransport::new(&options, answers);
        for client in [
            Client::new(&options).unwrap(),
            Client::with_transport(&options, own).unwrap(),
        ] {
            let outcome = client.batch_operate(&bindings("t", 1)).unwrap();
            assert_eq!(outcome.items()[0].reason(), reason, "{most}");
        }
    }
}
