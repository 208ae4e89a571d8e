//! In front of a real service, or in its place: passing requests on, recording what is
//! said, playing it back.

mod exchange;
mod names;
mod replay;
mod upstream;

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use hyper::body::Bytes;
use hyper::http::request::Parts;

use self::exchange::Exchange;
use self::names::Names;
use self::replay::Replay;
pub(crate) use self::upstream::Upstream;
use crate::protocol::auth::AuthKind;
use crate::response::http::HttpResponse;

/// Who answers in place of the emulator.
pub(crate) enum Elsewhere {
    /// Another service; what is said is recorded.
    Upstream(Box<Upstream>, Option<RefCell<Recorder>>),
    /// What was recorded.
    Replay(RefCell<Replay>),
}

/// An answer, and why it is not the one that was asked for.
pub(crate) struct Answered {
    pub(crate) response: HttpResponse,
    pub(crate) reason: Option<String>,
}

impl Elsewhere {
    /// With a file what is said is recorded.
    pub(crate) fn passing(upstream: Upstream, record: Option<&Path>) -> io::Result<Self> {
        let recorder = record.map(Recorder::create).transpose()?;
        Ok(Self::Upstream(
            Box::new(upstream),
            recorder.map(RefCell::new),
        ))
    }

    pub(crate) fn replaying(file: &Path) -> io::Result<Self> {
        Ok(Self::Replay(RefCell::new(Replay::read(file)?)))
    }

    /// Answers a request.
    pub(crate) async fn answer(&self, head: &Parts, auth: AuthKind, body: &Bytes) -> Answered {
        match self {
            Self::Replay(replay) => {
                replay
                    .borrow_mut()
                    .answer(head.method.as_str(), head.uri.path(), body)
            }
            Self::Upstream(upstream, recorder) => match upstream.send(head, body.clone()).await {
                Ok(response) => {
                    let written = recorder.as_ref().map_or(Ok(()), |recorder| {
                        recorder.borrow_mut().record(head, auth, body, &response)
                    });
                    Answered {
                        response,
                        reason: written.err().map(|error| format!("not recorded: {error}")),
                    }
                }
                Err(error) => {
                    let reason = format!("{}: {error}", upstream.address());
                    let text = reason.clone().into_bytes();
                    Answered {
                        response: HttpResponse::new(502, "text/plain", text),
                        reason: Some(reason),
                    }
                }
            },
        }
    }
}

/// Appends exchanges to a file, a line each.
pub(crate) struct Recorder {
    file: File,
    names: Names,
}

impl Recorder {
    /// Begins a file. It must not be there: names are counted from its beginning.
    fn create(path: &Path) -> io::Result<Self> {
        let file = File::create_new(path)
            .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
        Ok(Self {
            file,
            names: Names::default(),
        })
    }

    fn record(
        &mut self,
        head: &Parts,
        auth: AuthKind,
        body: &[u8],
        response: &HttpResponse,
    ) -> io::Result<()> {
        let exchange = Exchange::of(&mut self.names, head, auth, body, response);
        let mut line = serde_json::to_vec(&exchange)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}
