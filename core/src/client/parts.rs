//! The parts of one call, wave by wave, one or several at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use super::Client;
use crate::engine::progress::{PartProgress, Progress};
use crate::engine::{Limits, items};
use crate::model::operation::Request;
use crate::model::outcome::{ItemOutcome, Outcome, Reason, Warning};
use crate::ordering::plan::{self, Plan};
use crate::protocol::classify::ResponseNotes;
use crate::sys::threads;

pub(super) fn run(
    client: &Client,
    limits: &Limits,
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
        for (part, notes, requests) in run_wave(client, limits, request, &ready) {
            progress.settle(&part);
            progress.note(notes);
            progress.requests += requests;
        }
    }
    // Every part settles all of its items; this is for none of them.
    let rest = ItemOutcome::new(Reason::Cancelled, None);
    progress.finish(&rest)
}

type PartSent = (PartProgress, ResponseNotes, u32);

fn send_part(client: &Client, limits: &Limits, request: &Request, part: &PartProgress) -> PartSent {
    let mut payload = items::of_request(part.clone(), request);
    let sent = client.engine.send(&mut payload, limits);
    let (mut part, mut notes) = (payload.part, payload.notes);
    if let Some(reason) = sent.gave_up {
        part.explain(reason);
        part.fill_unsent(reason);
    }
    notes.warnings.extend(sent.warnings);
    (part, notes, sent.requests)
}

fn run_wave(
    client: &Client,
    limits: &Limits,
    request: &Request,
    wave: &[PartProgress],
) -> Vec<PartSent> {
    // Whose caller has had enough starts no thread: each part tells so by itself.
    let over = limits.check().is_err();
    let threads = if over {
        1
    } else {
        wave.len().min(client.parallel as usize)
    };
    let send = |part: &PartProgress, limits: &Limits| send_part(client, limits, request, part);
    if threads <= 1 {
        return wave.iter().map(|part| send(part, limits)).collect();
    }
    let next = AtomicUsize::new(0);
    let (done, settled) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let done = done.clone();
            let (next, send) = (&next, &send);
            let limits = limits.without_interrupt();
            let work = move || {
                while let Some(part) = wave.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let _ = done.send(send(part, &limits));
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
            // Asks the caller's interrupt, which the threads do not.
            let _ = limits.check();
            match settled.recv_timeout(Duration::from_millis(20)) {
                Ok(result) => results.push(result),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
        // Not one thread could be started.
        while let Some(part) = wave.get(next.fetch_add(1, Ordering::Relaxed)) {
            results.push(send(part, limits));
        }
        results
    })
}
