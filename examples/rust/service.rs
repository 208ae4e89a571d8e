//! A service whose threads hand logins in while one thread looks at the reports.
//! Options come from the environment (`XGPUSH_ACCESS_ID` …).

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use xgpush::{Config, ErrorKind, Operation, Outbox, State};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let outbox = Outbox::open(Config::new().set_from_env()?)?;
    let delivered = AtomicU64::new(0);
    std::thread::scope(|scope| {
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
                        let accounts = [(player.as_str(), None)];
                        match outbox.submit(&Operation::bind(&phone, &accounts), tag) {
                            Ok(()) => {}
                            Err(error) if error.kind() == ErrorKind::Full => eprintln!("{error}"),
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
        println!(
            "{} delivered, {left} left",
            delivered.load(Ordering::Relaxed)
        );
    });
    Ok(())
}
