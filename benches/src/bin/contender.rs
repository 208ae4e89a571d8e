//! The contenders in Rust: `contender rust|ureq calls|parallel BASE_URL …`.

#![allow(clippy::print_stdout, reason = "it reports its figures")]

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use xgpush_bench::{ITEMS, bindings, client, measure, ready_bytes};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[1..] {
        [who, "calls", base_url, calls] => calls_in_a_row(who, base_url, calls.parse()?),
        [who, "parallel", base_url, at_once, rounds] => {
            parallel(who, base_url, at_once.parse()?, rounds.parse()?)
        }
        ["rust", "hang", base_url, deadline_ms] => hang(base_url, deadline_ms.parse()?),
        ["bytes", base_url] => {
            let ready = ready_bytes(base_url)?;
            for (name, value) in ready.headers() {
                println!("{name}: {value}");
            }
            print!("\n{}", String::from_utf8_lossy(ready.body()));
            Ok(())
        }
        _ => Err("usage: contender rust|ureq calls URL CALLS | parallel URL AT_ONCE ROUNDS".into()),
    }
}

fn calls_in_a_row(who: &str, base_url: &str, calls: u32) -> Result<(), Box<dyn Error>> {
    let (cpu, wall) = if who == "rust" {
        let (client, request) = (client(base_url, 1)?, bindings(ITEMS)?);
        measure(calls, || {
            let outcome = client.batch_operate(&request).expect("a valid request");
            assert!(outcome.all_accepted(), "{outcome:?}");
        })
    } else {
        let send = Ureq::new(base_url, 1)?;
        measure(calls, || send.once())
    };
    println!("{cpu:.2} {wall:.2}");
    Ok(())
}

fn parallel(
    who: &str,
    base_url: &str,
    at_once: usize,
    rounds: usize,
) -> Result<(), Box<dyn Error>> {
    let parts = at_once * rounds;
    let items = parts * ITEMS;
    let seconds = if who == "rust" {
        let (client, request) = (client(base_url, at_once)?, bindings(items)?);
        // The first round opens the connections.
        assert!(
            client
                .batch_operate(&bindings(at_once * ITEMS)?)?
                .all_accepted()
        );
        let started = Instant::now();
        assert!(client.batch_operate(&request)?.all_accepted());
        started.elapsed()
    } else {
        let send = Ureq::new(base_url, at_once)?;
        run_threads(&send, at_once, at_once);
        let started = Instant::now();
        run_threads(&send, at_once, parts);
        started.elapsed()
    }
    .as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let rate = items as f64 / seconds;
    println!("{rate:.0}");
    Ok(())
}

fn run_threads(send: &Ureq, threads: usize, parts: usize) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < parts {
                    send.once();
                }
            });
        }
    });
}

/// What a call to a server that hangs costs beyond its deadline.
fn hang(base_url: &str, deadline_ms: u64) -> Result<(), Box<dyn Error>> {
    let mut config = xgpush_bench::config(base_url, 1)?;
    config.set("deadline_ms", &deadline_ms.to_string())?;
    let (client, request) = (xgpush::Client::new(&config)?, bindings(1)?);
    let mut worst = 0.0_f64;
    for _ in 0..10 {
        let started = Instant::now();
        let outcome = client.batch_operate(&request)?;
        assert!(!outcome.all_accepted());
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let over = started.elapsed().as_secs_f64() * 1e3 - deadline_ms as f64;
        worst = worst.max(over);
    }
    println!("{worst:.1}");
    Ok(())
}

/// The same bytes through `ureq` as it comes, with a pool that is large enough.
struct Ureq {
    agent: ureq::Agent,
    request: xgpush::HttpRequest,
}

impl Ureq {
    fn new(base_url: &str, at_once: usize) -> xgpush::Result<Self> {
        let agent = ureq::Agent::config_builder()
            .max_idle_connections(at_once)
            .max_idle_connections_per_host(at_once)
            .timeout_global(Some(std::time::Duration::from_secs(30)))
            .build()
            .new_agent();
        Ok(Self {
            agent,
            request: ready_bytes(base_url)?,
        })
    }

    fn once(&self) {
        let mut post = self.agent.post(self.request.url());
        for (name, value) in self.request.headers() {
            post = post.header(name, value);
        }
        let mut response = post.send(self.request.body()).expect("an answer");
        let body = response.body_mut().read_to_vec().expect("a body");
        assert!(response.status() == 200 && !body.is_empty());
    }
}
