//! What the contenders share: the request, and how they measure themselves.

use std::time::{Duration, Instant};

use xgpush::{Account, Binding, Client, Config, Exchange, HttpRequest, Request, Token};

/// Items in one HTTP request.
pub const ITEMS: usize = 20;

/// A request with this many bindings, with tokens as long as real ones.
///
/// # Errors
/// Never: the values are valid.
pub fn bindings(count: usize) -> xgpush::Result<Request> {
    let binding = |n| {
        Ok(Binding::one(
            Token::new(format!("{n:036}"))?,
            Account::new(format!("player{n:08}"))?,
        ))
    };
    Ok(Request::bind(
        (0..count)
            .map(binding)
            .collect::<xgpush::Result<Vec<_>>>()?,
    ))
}

/// The options of every contender.
///
/// # Errors
/// When the URL is none.
pub fn config(base_url: &str, at_once: usize) -> xgpush::Result<Config> {
    let mut config = Config::new();
    config.set("access_id", "1500001048")?;
    config.set("secret_key", "1452fcebae9f3115ba794fb0fff2fd73")?;
    config.set("base_url", base_url)?;
    config.set("deadline_ms", "600000")?;
    config.set("request_timeout_ms", "30000")?;
    config.set("parallel", &at_once.to_string())?;
    Ok(config)
}

/// A client with these options.
///
/// # Errors
/// When the URL is none.
pub fn client(base_url: &str, at_once: usize) -> xgpush::Result<Client> {
    Client::new(&config(base_url, at_once)?)
}

/// One HTTP request with 20 items, signed now.
///
/// # Errors
/// When the URL is none.
pub fn ready_bytes(base_url: &str) -> xgpush::Result<HttpRequest> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = now.map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(0));
    let mut exchange = Exchange::new(&config(base_url, 1)?, bindings(ITEMS)?)?;
    Ok(exchange
        .http_request(0, seconds)?
        .expect("nothing is answered yet"))
}

/// Runs `work` once to warm up and then `calls` times; processor time and time
/// of one call in microseconds.
pub fn measure(calls: u32, mut work: impl FnMut()) -> (f64, f64) {
    work();
    let (cpu, wall) = (processor_time(), Instant::now());
    for _ in 0..calls {
        work();
    }
    let each = |total: Duration| total.as_secs_f64() * 1e6 / f64::from(calls);
    (
        each(processor_time().saturating_sub(cpu)),
        each(wall.elapsed()),
    )
}

fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
