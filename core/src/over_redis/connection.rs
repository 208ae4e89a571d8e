//! [`Connection`]: an open connection that knows who it is.

use std::io::{self, BufReader, Write as _};
use std::time::Instant;

use super::failure;
use super::resp::{self, Reply};
use super::stream::Stream;
use super::url::Login;
use crate::fleet::engine::EngineError;
use crate::sys::owner_process::OwnerProcess;

/// One connection to one server.
#[derive(Debug)]
pub(super) struct Connection {
    stream: BufReader<Stream>,
    /// A child after `fork` has the same socket, and would take the parent's replies.
    owner: OwnerProcess,
}

impl Connection {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream: BufReader::with_capacity(64 << 10, stream),
            owner: OwnerProcess::current(),
        }
    }

    /// Whether commands can be sent: it is this process's own, and the server has neither
    /// closed it nor said anything unasked.
    pub(super) fn is_good(&mut self) -> bool {
        !self.owner.refresh() && !self.stream.get_ref().is_readable()
    }

    #[cfg(test)]
    pub(super) fn now_a_parents(&mut self) {
        self.owner = OwnerProcess::parent();
    }

    /// Sends commands and reads a reply to each.
    pub(super) fn exchange(
        &mut self,
        commands: &[u8],
        replies: usize,
        ends: Instant,
    ) -> io::Result<Vec<Reply>> {
        let stream = self.stream.get_mut();
        stream.set_end(ends);
        stream.write_all(commands)?;
        stream.flush()?;
        let mut list = Vec::with_capacity(replies);
        for _ in 0..replies {
            list.push(resp::decode(&mut self.stream)?);
        }
        Ok(list)
    }

    /// Says who one is, and which database is meant.
    pub(super) fn log_in(
        &mut self,
        place: &str,
        login: (&str, &str),
        database: u32,
        ends: Instant,
    ) -> Result<(), EngineError> {
        let (user, password) = login;
        let database = database.to_string();
        let mut bytes = zeroize::Zeroizing::new(Vec::new());
        let mut sent = Vec::new();
        let mut add = |kind, parts: &[&str]| {
            resp::encode(&mut bytes, parts.iter().map(|part| part.as_bytes()));
            sent.push(kind);
        };
        match (user, password) {
            (_, "") => {}
            ("", password) => add(Step::Password, &["AUTH", password]),
            (user, password) => add(Step::Password, &["AUTH", user, password]),
        }
        add(Step::Name, &["CLIENT", "SETNAME", "xgpush"]);
        if database != "0" {
            add(Step::Database, &["SELECT", &database]);
        }
        let replies = self
            .exchange(&bytes, sent.len(), ends)
            .map_err(|error| EngineError::Away(lost(place, &error)))?;
        for (step, reply) in sent.into_iter().zip(replies) {
            if let Reply::Error(error) = reply {
                step.check(place, &error)?;
            }
        }
        Ok(())
    }
}

impl Login {
    pub(super) fn of_server(&self) -> (&str, &str) {
        (&self.user, &self.password)
    }

    pub(super) fn of_sentinel(&self) -> (&str, &str) {
        (&self.sentinel_user, &self.sentinel_password)
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Password,
    Name,
    Database,
}

impl Step {
    fn check(self, place: &str, error: &str) -> Result<(), EngineError> {
        use failure::Meaning;
        let meaning = failure::meaning(error);
        match (self, meaning) {
            // A server that knows no AUTH may repeat the password.
            (Self::Password, Meaning::Other) => Err(EngineError::Refused(format!(
                "Redis at {place} takes no password ({}); is the password of the URL for it?",
                if error.contains("without any password") {
                    "none is set there"
                } else {
                    "AUTH is refused"
                }
            ))),
            // A name is for people who look at CLIENT LIST.
            (Self::Name, Meaning::Other) => Ok(()),
            (Self::Name, _) if error.starts_with("NOPERM") => Ok(()),
            _ => Err(failure::engine_error(place, error)),
        }
    }
}

/// Why a connection gave no reply.
pub(super) fn lost(place: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::TimedOut => format!("Redis at {place} does not answer"),
        io::ErrorKind::UnexpectedEof => format!("Redis at {place} closed the connection"),
        io::ErrorKind::InvalidData => format!("{place}: {error}"),
        _ => format!(
            "the connection to Redis at {place} is lost: {}",
            crate::sys::error_text::io_error(error)
        ),
    }
}
