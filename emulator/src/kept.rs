//! [`KeptState`]: the state in a file, from which the next start goes on.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::admin::{self, Imported};
use crate::service::locked::SharedService;

/// How long a change may be missing from the file.
const INTERVAL: Duration = Duration::from_secs(1);

/// A file that follows the state.
pub(crate) struct KeptState {
    file: PathBuf,
    /// What it holds.
    generation: u64,
    failing: bool,
}

impl KeptState {
    pub(crate) fn new(file: PathBuf, shared: &SharedService) -> Self {
        let generation = generation(shared);
        Self {
            // A state that came from elsewhere goes into a file that is not there yet.
            generation: if file.exists() { generation } else { u64::MAX },
            file,
            failing: false,
        }
    }

    /// Saves what changed, again and again. Saving takes a twentieth of the time at most.
    pub(crate) async fn save_in_time(&mut self, shared: &SharedService) {
        loop {
            let began = Instant::now();
            self.save(shared).await;
            sleep(INTERVAL.max(began.elapsed() * 20)).await;
        }
    }

    /// Saves the state if it changed since.
    pub(crate) async fn save(&mut self, shared: &SharedService) {
        let generation = generation(shared);
        if generation == self.generation {
            return;
        }
        let written = match admin::exported(shared).await {
            Ok(text) => {
                let file = self.file.clone();
                let write = spawn_blocking(move || replace(&file, &text)).await;
                write.unwrap_or_else(|error| Err(io::Error::other(error)))
            }
            Err(error) => Err(io::Error::other(error)),
        };
        match written {
            Ok(()) => {
                self.generation = generation;
                self.failing = false;
            }
            Err(error) if !self.failing => {
                self.failing = true;
                let file = self.file.display();
                // If standard error is closed, the error cannot be shown.
                let _ = writeln!(io::stderr(), "xgpush-emulator: {file}: {error}");
            }
            Err(_) => {}
        }
    }
}

fn generation(shared: &SharedService) -> u64 {
    let now = shared.now();
    shared.with(|service| service.generation(now))
}

/// Whoever reads the file meanwhile finds the one or the other as a whole.
pub(crate) fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let beside = file.with_file_name(name);
    let written = fs::File::create(&beside)
        .and_then(|mut new| new.write_all(bytes).and_then(|()| new.sync_all()))
        .and_then(|()| fs::rename(&beside, file));
    if written.is_err() {
        // It may not be there.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// What was exported into a file.
pub(crate) fn read(file: &Path) -> io::Result<Imported> {
    let named = |error: String| io::Error::other(format!("{}: {error}", file.display()));
    let bytes = fs::read(file).map_err(|error| named(error.to_string()))?;
    Imported::read(&bytes).map_err(named)
}
