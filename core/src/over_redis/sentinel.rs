//! Asking Sentinels who the master is.

use std::time::{Duration, Instant};

use super::connect::{Connector, left};
use super::connection::{Connection, lost};
use super::failure;
use super::resp::{self, Reply};
use super::url::{Address, Login};
use crate::fleet::engine::{EngineError, Result};

/// Asks each Sentinel, the one that answered last first, until one names a master that says
/// itself that it is one.
pub(super) fn master(
    connector: &mut Connector,
    sentinels: &mut [Address],
    name: &str,
    (login, database): (&Login, u32),
    ends: Instant,
) -> Result<(Address, Connection)> {
    let mut failed = Vec::new();
    let mut unknown = 0;
    for at in 0..sentinels.len() {
        let sentinel = sentinels[at].clone();
        let rest = u32::try_from(sentinels.len() - at).unwrap_or(u32::MAX);
        let turn = Instant::now() + left(ends) / rest;
        match ask(connector, &sentinel, name, login, turn) {
            Ok(Some(master)) => match confirmed(connector, &master, (login, database), ends) {
                Ok(connection) => {
                    sentinels[..=at].rotate_right(1);
                    return Ok((master, connection));
                }
                // Another Sentinel would name the same one with the same password.
                Err(refused @ EngineError::Refused(_)) => return Err(refused),
                Err(EngineError::Away(why)) => failed.push(why),
            },
            Ok(None) => unknown += 1,
            Err(EngineError::Refused(why)) if sentinels.len() == 1 => {
                return Err(EngineError::Refused(why));
            }
            Err(EngineError::Away(why) | EngineError::Refused(why)) => failed.push(why),
        }
    }
    if unknown == sentinels.len() {
        return Err(EngineError::Refused(format!(
            "no Sentinel knows a master of the name {name:?}"
        )));
    }
    Err(EngineError::Away(format!(
        "no Sentinel leads to a master of the name {name:?}: {}",
        failed.join("; ")
    )))
}

fn ask(
    connector: &mut Connector,
    sentinel: &Address,
    name: &str,
    login: &Login,
    ends: Instant,
) -> Result<Option<Address>> {
    let place = format!("Sentinel {sentinel}");
    let mut connection = open(connector, sentinel, &place, ends)?;
    connection.log_in(&place, login.of_sentinel(), 0, ends)?;
    let question = ["SENTINEL", "get-master-addr-by-name", name];
    let said = one(&mut connection, &question, &place, ends)?;
    let Some([host, port]) = said.list() else {
        return match said {
            Reply::Nothing => Ok(None),
            _ => Err(EngineError::Refused(format!("{place} is no Sentinel"))),
        };
    };
    let port = port.number().and_then(|port| u16::try_from(port).ok());
    match (host.text(), port) {
        (Some(host), Some(port)) => Ok(Some(Address {
            host: host.to_owned(),
            port,
        })),
        _ => Err(EngineError::Away(format!("{place} names no address"))),
    }
}

/// A Sentinel may name the old master for a while.
fn confirmed(
    connector: &mut Connector,
    master: &Address,
    (login, database): (&Login, u32),
    ends: Instant,
) -> Result<Connection> {
    let place = master.to_string();
    let mut connection = open(connector, master, &place, ends)?;
    connection.log_in(&place, login.of_server(), database, ends)?;
    let role = one(&mut connection, &["ROLE"], &place, ends)?;
    match role.list().and_then(|list| list.first()?.text()) {
        Some("master") => Ok(connection),
        _ => Err(EngineError::Away(format!(
            "{place} is no master yet: a failover goes on"
        ))),
    }
}

fn open(
    connector: &mut Connector,
    server: &Address,
    place: &str,
    ends: Instant,
) -> Result<Connection> {
    // One that is gone without a word leaves time for the next.
    const MOST: Duration = Duration::from_secs(1);
    let ends = ends.min(Instant::now() + MOST);
    connector
        .tcp(server, ends)
        .map(Connection::new)
        .map_err(|why| EngineError::Away(format!("no connection to {place}: {why}")))
}

fn one(connection: &mut Connection, command: &[&str], place: &str, ends: Instant) -> Result<Reply> {
    let mut bytes = Vec::new();
    resp::encode(&mut bytes, command.iter().map(|part| part.as_bytes()));
    let mut replies = connection
        .exchange(&bytes, 1, ends)
        .map_err(|error| EngineError::Away(lost(place, &error)))?;
    match replies.pop() {
        Some(Reply::Error(error)) => Err(failure::engine_error(place, &error)),
        Some(reply) => Ok(reply),
        None => Ok(Reply::Nothing),
    }
}
