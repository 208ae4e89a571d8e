//! The program from its start to its end.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;

use super::options::Options;
use super::process::is_alive;
use crate::admin::Imported;
use crate::emulator::{Emulator, Start};
use crate::kept;
use crate::recording::{Elsewhere, Upstream};

pub(super) fn serve(options: Options) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let state = initial_state(&options)?;
    let elsewhere = elsewhere(&options)?;
    let start = Start {
        http: options.http,
        https: options.https,
        access_log: options.access_log,
        state,
        file: options.persist,
        elsewhere,
    };
    let emulator = Emulator::start_with(options.config, start)?;
    let named = |file: PathBuf| {
        move |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", file.display()))
    };
    if let (Some(path), Some(pem)) = (options.ca_out, emulator.ca_pem()) {
        fs::write(&path, pem).map_err(named(path))?;
    }
    // Whoever reads the address may end it at once.
    let signals = runtime.block_on(async { Signals::new() });
    if let Some(path) = options.port_file {
        let mut text = String::new();
        for port in emulator.ports() {
            // A String takes every text.
            let _ = writeln!(text, "{port}");
        }
        kept::replace(&path, text.as_bytes()).map_err(named(path))?;
    }
    let mut stdout = io::stdout();
    for url in emulator.urls() {
        writeln!(stdout, "listening on {url}")?;
    }
    stdout.flush()?;
    let is_closed = runtime.block_on(async {
        tokio::select! {
            is_closed = until_the_end(options.exit_with_parent, signals) => is_closed,
            () = until_dead(options.exit_with_pid) => false,
        }
    });
    if is_closed && emulator.counters().connections == 0 {
        // As a rule it was started from /dev/null. If standard error is closed, nobody
        // reads it.
        let _ = writeln!(
            io::stderr(),
            "xgpush-emulator: standard input is closed, which ends it: --exit-with-parent"
        );
    }
    drop(emulator);
    // Whoever reads standard input still is not waited for.
    runtime.shutdown_background();
    Ok(())
}

fn elsewhere(options: &Options) -> io::Result<Option<Elsewhere>> {
    if let Some(file) = &options.replay {
        return Elsewhere::replaying(file).map(Some);
    }
    let Some(address) = &options.upstream else {
        return Ok(None);
    };
    let upstream = Upstream::new(address, options.upstream_ca.as_deref())?;
    let record = options.record.as_deref();
    Elsewhere::passing(upstream, record).map(Some)
}

/// What was kept; before that, what it begins with.
fn initial_state(options: &Options) -> io::Result<Option<Imported>> {
    let kept = options.persist.as_ref().filter(|file| file.exists());
    kept.or(options.seed_file.as_ref())
        .map(|file| kept::read(file))
        .transpose()
}

/// Whether it was the end of standard input.
async fn until_the_end(with_parent: bool, signals: Signals) -> bool {
    let (closed, is_closed) = oneshot::channel();
    if !with_parent {
        signals.come().await;
        return false;
    }
    thread::spawn(move || {
        // An input that cannot be read is closed as well.
        let _ = io::copy(&mut io::stdin().lock().by_ref(), &mut io::sink());
        let _ = closed.send(());
    });
    tokio::select! {
        _ = is_closed => true,
        () = signals.come() => false,
    }
}

async fn until_dead(pid: Option<u32>) {
    let Some(pid) = pid else {
        return std::future::pending().await;
    };
    while is_alive(pid) {
        sleep(Duration::from_millis(200)).await;
    }
}

/// SIGINT or SIGTERM, from when this is made on. Where they cannot be waited for, they end
/// the process as ever.
#[cfg(unix)]
struct Signals(Option<[tokio::signal::unix::Signal; 2]>);

#[cfg(unix)]
impl Signals {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let both = signal(SignalKind::interrupt())
            .and_then(|interrupt| Ok([interrupt, signal(SignalKind::terminate())?]));
        Self(both.ok())
    }

    async fn come(self) {
        match self.0 {
            None => std::future::pending().await,
            Some([mut interrupt, mut terminate]) => {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            }
        }
    }
}

/// As on Unix, with Ctrl-C alone.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Self {
        Self
    }

    async fn come(self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
