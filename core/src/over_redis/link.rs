//! [`Link`]: commands to Redis and their replies, over one connection that is made when it
//! is needed.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;

use super::connect::Connector;
use super::connection::{Connection, lost};
use super::failure::{self, Meaning};
use super::resp::{self, Reply};
use super::sentinel;
use super::url::{Place, RedisUrl};
use crate::fleet::engine::{EngineError, Result};
use crate::options::Config;

/// How long the way to a connection may take: name, Sentinels, TLS and password.
pub(crate) const CONNECT_TIME: Duration = Duration::from_secs(3);

/// How long a command may take. A Redis that saves or expels a large key stands still for a
/// second; one that takes longer is away for those who wait.
pub(crate) const ANSWER_TIME: Duration = Duration::from_secs(3);

/// One thread's way to Redis. Every call is bounded in time; after an error that leaves the
/// connection in doubt the next call makes a new one. Shown without a password.
///
/// After `fork`, a child makes a connection of its own.
pub(crate) struct Link {
    url: RedisUrl,
    /// The URL without passwords, or with a Sentinel the master.
    place: String,
    connector: Connector,
    connection: Option<Connection>,
    connect_time: Duration,
    answer_time: Duration,
    connections: u64,
}

/// A Lua script, which the server keeps by the hash of its text.
#[derive(Debug)]
pub(crate) struct Script {
    text: &'static str,
    hash: Hash,
}

#[derive(Debug)]
enum Hash {
    Unknown,
    Known(Vec<u8>),
    /// `SCRIPT LOAD` is forbidden here: the text goes along each time.
    Refused,
}

/// Commands that leave at once.
#[derive(Debug, Default)]
pub(crate) struct Commands {
    bytes: Vec<u8>,
    count: usize,
}

impl Commands {
    /// Adds a command: its name and its arguments.
    pub(crate) fn add(&mut self, parts: &[&[u8]]) -> &mut Self {
        resp::encode(&mut self.bytes, parts.iter().copied());
        self.count += 1;
        self
    }

    fn add_script(&mut self, script: &Script, by_hash: bool, keys: &[&[u8]], arguments: &[&[u8]]) {
        let count = keys.len().to_string();
        let call: [&[u8]; 3] = match &script.hash {
            Hash::Known(hash) if by_hash => [b"EVALSHA", hash, count.as_bytes()],
            _ => [b"EVAL", script.text.as_bytes(), count.as_bytes()],
        };
        let mut parts = Vec::with_capacity(call.len() + keys.len() + arguments.len());
        parts.extend(call);
        parts.extend(keys);
        parts.extend(arguments);
        self.add(&parts);
    }
}

fn is_no_script(reply: &Reply) -> bool {
    matches!(reply, Reply::Error(error) if failure::meaning(error) == Meaning::NoScript)
}

impl Script {
    pub(crate) const fn new(text: &'static str) -> Self {
        Self {
            text,
            hash: Hash::Unknown,
        }
    }
}

impl Link {
    /// No connection yet. `ca_file` of the options is trusted besides the built-in
    /// certificates, where the URL asks for TLS.
    ///
    /// # Errors
    /// `ca_file` cannot be read.
    pub(crate) fn new(url: RedisUrl, config: &Config) -> crate::Result<Self> {
        let tls = if url.tls() { Some(tls(config)?) } else { None };
        Ok(Self {
            place: url.to_string(),
            url,
            connector: Connector::new(tls),
            connection: None,
            connect_time: CONNECT_TIME,
            answer_time: ANSWER_TIME,
            connections: 0,
        })
    }

    /// Other times than [`CONNECT_TIME`] and [`ANSWER_TIME`].
    #[must_use]
    pub(crate) fn with_times(mut self, connect: Duration, answer: Duration) -> Self {
        self.connect_time = connect;
        self.answer_time = answer;
        self
    }

    pub(crate) fn url(&self) -> &RedisUrl {
        &self.url
    }

    /// Where it leads, without a password: for messages.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// How many connections were made so far.
    pub(crate) fn connections(&self) -> u64 {
        self.connections
    }

    /// The number of the connection that is open, from 1.
    pub(crate) fn connected_as(&mut self) -> Option<u64> {
        let open = self.connection.as_mut()?;
        open.is_good().then_some(self.connections)
    }

    /// Sends one command.
    pub(crate) fn command(&mut self, parts: &[&[u8]]) -> Result<Reply> {
        let mut commands = Commands::default();
        let reply = self.pipeline(commands.add(parts))?.pop();
        self.checked(reply.unwrap_or(Reply::Nothing))
    }

    /// Sends commands at once. A reply may be [`Reply::Error`]: [`checked`](Self::checked)
    /// makes an error of it.
    pub(crate) fn pipeline(&mut self, commands: &Commands) -> Result<Vec<Reply>> {
        let time = self.answer_time;
        self.pipeline_within(commands, time)
    }

    /// [`pipeline`](Self::pipeline) for what may take longer, such as `WAIT`.
    pub(crate) fn pipeline_within(
        &mut self,
        commands: &Commands,
        time: Duration,
    ) -> Result<Vec<Reply>> {
        let mut connection = self.connected()?;
        let ends = Instant::now() + time;
        match connection.exchange(&commands.bytes, commands.count, ends) {
            Ok(replies) => {
                self.connection = Some(connection);
                Ok(replies)
            }
            Err(error) => Err(EngineError::Away(lost(&self.place, &error))),
        }
    }

    /// Runs a script: by its hash, and with its text where the server has forgotten it.
    pub(crate) fn script(
        &mut self,
        script: &mut Script,
        keys: &[&[u8]],
        arguments: &[&[u8]],
    ) -> Result<Reply> {
        if matches!(script.hash, Hash::Unknown) {
            self.load(script)?;
        }
        let mut by_hash = matches!(script.hash, Hash::Known(_));
        loop {
            let mut commands = Commands::default();
            commands.add_script(script, by_hash, keys, arguments);
            let reply = self.pipeline(&commands)?.pop().unwrap_or(Reply::Nothing);
            if by_hash && is_no_script(&reply) {
                by_hash = false;
                continue;
            }
            return self.checked(reply);
        }
    }

    /// An error of the server as one of ours. One that says that this is not the master
    /// lets the connection go.
    pub(crate) fn checked(&mut self, reply: Reply) -> Result<Reply> {
        let Reply::Error(error) = reply else {
            return Ok(reply);
        };
        if matches!(failure::meaning(&error), Meaning::Elsewhere(_)) {
            self.rest();
        }
        Err(failure::engine_error(&self.place, &error))
    }

    /// Whether the next command goes over the connection of the last one.
    pub(crate) fn is_connected(&mut self) -> bool {
        self.connection.as_mut().is_some_and(Connection::is_good)
    }

    /// Lets the connection go: the next command makes a new one.
    pub(crate) fn rest(&mut self) {
        self.connection = None;
    }

    fn load(&mut self, script: &mut Script) -> Result<()> {
        let load: &[&[u8]] = &[b"SCRIPT", b"LOAD", script.text.as_bytes()];
        let mut commands = Commands::default();
        let reply = self.pipeline(commands.add(load))?.pop();
        match reply {
            Some(Reply::Bytes(hash)) => script.hash = Hash::Known(hash),
            Some(Reply::Error(error))
                if !matches!(failure::meaning(&error), Meaning::Other)
                    && !error.starts_with("NOPERM") =>
            {
                self.checked(Reply::Error(error))?;
            }
            _ => script.hash = Hash::Refused,
        }
        Ok(())
    }

    /// The open connection, taken out: it comes back when its replies are read.
    fn connected(&mut self) -> Result<Connection> {
        if let Some(mut connection) = self.connection.take()
            && connection.is_good()
        {
            return Ok(connection);
        }
        let ends = Instant::now() + self.connect_time;
        let connection = self.connect(ends)?;
        self.connections += 1;
        Ok(connection)
    }

    fn connect(&mut self, ends: Instant) -> Result<Connection> {
        let away = |place: &str, why: String| {
            EngineError::Away(format!("no connection to Redis at {place}: {why}"))
        };
        let (login, database) = (&self.url.login, self.url.database);
        let mut connection = match &mut self.url.place {
            Place::Tcp { server, .. } => {
                let stream = self.connector.tcp(server, ends);
                Connection::new(stream.map_err(|why| away(&self.place, why))?)
            }
            Place::Unix(path) => {
                let stream = Connector::unix(path, ends);
                Connection::new(stream.map_err(|why| away(&self.place, why))?)
            }
            Place::Sentinel {
                sentinels, master, ..
            } => {
                let (address, connection) = sentinel::master(
                    &mut self.connector,
                    sentinels,
                    master,
                    (login, database),
                    ends,
                )?;
                self.place = format!("{address} (master {master})");
                return Ok(connection);
            }
        };
        connection.log_in(&self.place, login.of_server(), database, ends)?;
        Ok(connection)
    }
}

/// One provider by name: a host program may have others, and asking for "the" provider
/// panics then.
fn tls(config: &Config) -> crate::Result<Arc<ClientConfig>> {
    let roots = crate::transport::trusted_certificates(config)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| crate::Error::new(crate::ErrorKind::Internal, format!("TLS: {error}")))?;
    Ok(Arc::new(
        versions.with_root_certificates(roots).with_no_client_auth(),
    ))
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("url", &self.url)
            .field("connected", &self.connection.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
