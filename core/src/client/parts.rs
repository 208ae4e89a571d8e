//! The parts of one call, wave by wave, one or several at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use super::{Call, Interrupt, Shared};
use crate::engine::progress::{PartProgress, Progress, Remarks};
use crate::engine::send::{self, Sender, Verdict};
use crate::model::operation::Request;
use crate::model::outcome::{ItemOutcome, Outcome, Reason, Warning};
use crate::ordering::plan::{self, Plan};
use crate::protocol::classify;
use crate::protocol::message::{HttpRequest, HttpResponse, SendError};
use crate::sys::threads;

pub(super) fn run(
    shared: &Shared,
    call: &Call,
    interrupt: Interrupt<'_>,
    request: &Request,
    warnings: Vec<Warning>,
) -> Outcome {
    let Plan { parts, order } = plan::plan(request);
    let mut progress = Progress::new(request, order, warnings);
    // A wave begins when the one before has ended, retries included, and carries
    // no item whose forerunner has not settled: that is what keeps the order of
    // each token and each account.
    for wave in parts.chunk_by(|a, b| a.wave == b.wave) {
        let ready = wave.iter().map(|part| {
            let items = part.items.iter().copied();
            let ready = items.filter(|item| progress.is_ready(*item)).collect();
            PartProgress::new(ready, request.is_query())
        });
        let ready: Vec<_> = ready.filter(|part| !part.is_empty()).collect();
        for (part, remarks, requests) in run_wave(shared, call, interrupt, request, &ready) {
            progress.settle(&part);
            progress.note(remarks.0, remarks.1);
            progress.requests += requests;
        }
    }
    // Every part settles all of its items; this is for none of them.
    let rest = ItemOutcome::new(Reason::Cancelled, None);
    progress.finish(&rest)
}

type Sent = (PartProgress, Remarks, u32);

fn run_wave(
    shared: &Shared,
    call: &Call,
    interrupt: Interrupt<'_>,
    request: &Request,
    wave: &[PartProgress],
) -> Vec<Sent> {
    // Whose caller has had enough starts no thread: each part tells so by itself.
    let over = call.cancel.check(interrupt);
    let threads = if over {
        1
    } else {
        wave.len().min(shared.parallel as usize)
    };
    let send = |part: &PartProgress, interrupt: Interrupt<'_>| {
        let mut sender = PartSender {
            shared,
            request,
            part: part.clone(),
            carried: Vec::new(),
            remarks: Remarks::default(),
            requests: 0,
        };
        send::drive(shared, call, interrupt, &mut sender);
        (sender.part, sender.remarks, sender.requests)
    };
    if threads <= 1 {
        return wave.iter().map(|part| send(part, interrupt)).collect();
    }
    let next = AtomicUsize::new(0);
    let (done, settled) = mpsc::channel();
    let cancel = &call.cancel;
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let done = done.clone();
            let (next, send) = (&next, &send);
            let work = move || {
                while let Some(part) = wave.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let _ = done.send(send(part, None));
                }
            };
            let started = threads::thread("xgpush-part").spawn_scoped(scope, work);
            // Short of threads: the ones that run do the rest.
            if started.is_err() {
                break;
            }
        }
        drop(done);
        let mut results = Vec::with_capacity(wave.len());
        loop {
            cancel.check(interrupt);
            match settled.recv_timeout(Duration::from_millis(20)) {
                Ok(result) => results.push(result),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
        // Not one thread could be started.
        while let Some(part) = wave.get(next.fetch_add(1, Ordering::Relaxed)) {
            results.push(send(part, interrupt));
        }
        results
    })
}

struct PartSender<'a> {
    shared: &'a Shared,
    request: &'a Request,
    part: PartProgress,
    carried: Vec<u32>,
    remarks: Remarks,
    requests: u32,
}

impl Sender for PartSender<'_> {
    fn request(&mut self, unix_seconds: i64) -> HttpRequest {
        self.carried = self.part.open(send::again);
        self.shared
            .api
            .http_request(self.request, &self.carried, unix_seconds)
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    fn read(&mut self, response: Result<&HttpResponse, &SendError>) -> Verdict {
        let outcomes = match response {
            Ok(response) => {
                self.requests += 1;
                let judgement = classify::judge(self.request, &self.carried, response);
                let (outcomes, (extra, warnings)) = judgement.split();
                self.remarks.0.extend(extra);
                self.remarks.1.extend(warnings);
                outcomes
            }
            Err(error) => {
                self.requests += u32::from(error.sent);
                vec![classify::not_answered(error); self.carried.len()]
            }
        };
        let verdict = Verdict::of(&outcomes);
        self.part.take(&self.carried, outcomes);
        verdict
    }

    fn give_up(&mut self, rest: ItemOutcome) {
        let open = self.part.open(|_| false);
        let outcomes = vec![rest; open.len()];
        self.part.take(&open, outcomes);
    }

    fn warn(&mut self, warning: Warning) {
        self.remarks.1.push(warning);
    }
}
