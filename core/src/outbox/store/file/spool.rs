//! A file in front of an engine: which run of which process appended what.

use rusqlite::{Connection, params};

use super::{FileStore, Purpose, SCHEMA, SPOOL_SCHEMA, failed, storage};
use crate::model::error::Result;

/// A run that has operations in the file, or is about to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SpoolRun {
    /// The sender that it is in the engine.
    pub(crate) sender: String,
    /// Its operations have numbers from here on, up to the first of the next run.
    pub(crate) first: u64,
}

/// What makes a file one for its purpose.
pub(super) struct Change {
    pub(super) sql: &'static str,
    pub(super) version: i32,
}

/// # Errors
/// [`Storage`](crate::ErrorKind::Storage): an engine may have its operations.
pub(super) fn change(
    db: &Connection,
    version: i32,
    purpose: Purpose,
    name: &str,
) -> Result<Change> {
    let is_spool = version == SPOOL_SCHEMA;
    let (sql, version) = match purpose {
        Purpose::Reading => ("", version.max(SCHEMA)),
        Purpose::Spool if is_spool => ("", SPOOL_SCHEMA),
        Purpose::Spool => (
            "CREATE TABLE sender (first INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;",
            SPOOL_SCHEMA,
        ),
        Purpose::Delivery if !is_spool => ("", SCHEMA),
        Purpose::Delivery => {
            let left: i64 = db
                .query_row("SELECT count(*) FROM operation", [], |row| row.get(0))
                .map_err(|error| failed(name, error))?;
            if left > 0 {
                let why = format!(
                    "belongs to a fleet and has {left} operations that its engine may have as \
                     well: open it with outbox_url until they are delivered"
                );
                return Err(storage(name, &why));
            }
            ("DROP TABLE sender;", SCHEMA)
        }
    };
    Ok(Change { sql, version })
}

impl FileStore {
    /// Begins a run of this sender; answers every run with operations in the file, the
    /// oldest first and this one last. What an outbox without an engine left belongs to
    /// this one.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    pub(crate) fn begin_run(&mut self, sender: &str) -> Result<Vec<SpoolRun>> {
        let next = self.next;
        self.write(true, |transaction| {
            let number = |sql: &str| -> rusqlite::Result<Option<i64>> {
                transaction.query_row(sql, [], |row| row.get(0))
            };
            // Runs without an operation are over.
            transaction.execute(
                "DELETE FROM sender WHERE NOT EXISTS (SELECT 1 FROM operation WHERE id >= \
                 sender.first AND id < ifnull((SELECT min(later.first) FROM sender AS later \
                 WHERE later.first > sender.first), 9223372036854775807))",
                [],
            )?;
            let oldest = number("SELECT min(id) FROM operation")?;
            let first = match (number("SELECT min(first) FROM sender")?, oldest) {
                (None, Some(oldest)) => oldest,
                _ => next.cast_signed(),
            };
            transaction.execute("INSERT INTO sender VALUES (?1, ?2)", params![first, sender])?;
            let mut select =
                transaction.prepare("SELECT first, name FROM sender ORDER BY first")?;
            let runs = select.query_map([], |row| {
                Ok(SpoolRun {
                    first: row.get::<_, i64>(0)?.cast_unsigned(),
                    sender: row.get(1)?,
                })
            })?;
            runs.collect()
        })
    }

    /// The number of the next operation.
    pub(crate) fn next_number(&self) -> u64 {
        self.next
    }

    /// Gives so many numbers away that it does not store, and answers the first.
    pub(crate) fn skip(&mut self, count: usize) -> u64 {
        let first = self.next;
        self.next += count as u64;
        first
    }
}
