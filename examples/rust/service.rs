//! A service whose threads submit logins while one thread reads the reports. What
//! fails in the background is logged; the exit status is 0 when all was delivered.
//! Options come from the environment (`XGPUSH_ACCESS_ID` …).

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use xgpush::{Config, ErrorKind, Operation, Outbox, State};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let outbox = Outbox::open(Config::new().set_from_env()?)?;
    // A wrong key or a dead service is seen here first.
    outbox.set_log(Some(Arc::new(|level, line: &str| {
        eprintln!("{level:?}: {line}");
    })));
    let delivered = AtomicU64::new(0);
    let left = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !outbox.is_drained() {
                for report in outbox.reports(1000, Duration::from_secs(60)) {
                    match report.state() {
                        Some(State::Accepted) => {
                            delivered.fetch_add(1, Ordering::Relaxed);
                        }
                        _ => eprintln!("{}: {}", report.tag(), report.message()),
                    }
                }
            }
        });
        let workers: Vec<_> = (0..4_u64)
            .map(|worker| {
                let outbox = &outbox;
                scope.spawn(move || {
                    for n in 0..250 {
                        let tag = worker * 1000 + n;
                        let (phone, player) = (format!("phone{tag}"), format!("player{tag}"));
                        match outbox.submit(&Operation::bind(&phone, &player), tag) {
                            Ok(()) => {}
                            // The service has been away for long.
                            Err(error) if error.kind() == ErrorKind::Full => eprintln!("{error}"),
                            // Phones send what is no token: the service goes on.
                            Err(error) => eprintln!("{phone}: {error}"),
                        }
                    }
                })
            })
            .collect();
        for worker in workers {
            let _ = worker.join();
        }
        let left = outbox.close(Duration::from_secs(30));
        let _ = reader.join();
        left
    });
    let delivered = delivered.into_inner();
    println!("{delivered} delivered, {left} left");
    if delivered < 1000 {
        std::process::exit(1);
    }
    Ok(())
}
