//! One `SQLite` file, with a lock file beside it.

mod database;
mod lock;
mod place;
mod spool;

use std::path::Path;

use rusqlite::{ErrorCode, params};

use super::{NewRecord, Record, Store};
use crate::model::encoded::EncodedOperation;
use crate::model::error::{Error, ErrorKind, Result};
use crate::options::Durability;
use crate::sys::NoFork;

use database::Database;
use lock::Lock;
pub(crate) use spool::SpoolRun;

/// `xgpo`: what makes a `SQLite` file one of ours.
const APPLICATION_ID: i32 = 0x7867_706f;

/// The version of the schema, and of the bytes in it. Schema 1 had no mark.
const SCHEMA: i32 = 2;

/// The version with senders: who knows only the one before must not send what is in it.
const SPOOL_SCHEMA: i32 = 3;

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Its operations go to the service from here.
    Delivery,
    /// Its operations go to an engine, which may have them already.
    Spool,
    /// To look at what is in it, whatever it is for.
    Reading,
}

/// The store that `outbox_file` names.
pub(crate) struct FileStore {
    db: Database,
    name: String,
    durability: Durability,
    sent_mark: u64,
    /// The next operation's number: numbers below the mark are not given twice.
    next: u64,
    // Given up last.
    lock: Lock,
}

impl FileStore {
    /// Opens the file, or makes it.
    pub(crate) fn open(
        path: &Path,
        purpose: Purpose,
        durability: Durability,
        max_bytes: u32,
    ) -> Result<Self> {
        let name = path.display().to_string();
        let real = place::resolve(path).map_err(|why| storage(&name, &why))?;
        let lock = Lock::take(&real).map_err(|why| storage(&name, &why))?;
        refuse_lone_log(&real).map_err(|why| storage(&name, &why))?;
        let _no_fork = NoFork::begin();
        let db = Database::open(&real, !lock.is_enough()).map_err(|e| failed(&name, e))?;
        let mut store = Self {
            db,
            name,
            durability,
            sent_mark: 0,
            next: 1,
            lock,
        };
        store.prepare(purpose, max_bytes)?;
        store.read_mark()?;
        Ok(store)
    }

    /// Keeps outboxes from the file while it is copied; `None` where that takes more
    /// rights than reading does.
    pub(crate) fn lock_to_read(path: &Path) -> Result<Option<impl Sized + use<>>> {
        let name = path.display().to_string();
        let real = place::resolve(path).map_err(|why| storage(&name, &why))?;
        match Lock::take_to_read(&real) {
            Ok(lock) => Ok(Some(lock)),
            Err(why) if why.starts_with("is held") => Err(storage(&name, &why)),
            Err(_) => Ok(None),
        }
    }

    fn prepare(&mut self, purpose: Purpose, max_bytes: u32) -> Result<()> {
        let name = self.name.clone();
        let fail = |error: rusqlite::Error| failed(&name, error);
        // Before anything is read: then the index of the log is in memory, where it need
        // not be mapped, which not every file system does. The locks keep others out.
        self.db
            .execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY;")
            .map_err(fail)?;
        let number = |sql: &str| -> Result<i64> {
            self.db.query_row(sql, [], |row| row.get(0)).map_err(fail)
        };
        let application = number("PRAGMA application_id")?;
        let version = number("PRAGMA user_version")?;
        let tables = number("SELECT count(*) FROM sqlite_schema")?;
        let is_new = tables == 0 && application == 0 && version == 0;
        if !is_new && application != i64::from(APPLICATION_ID) {
            return Err(storage(&self.name, "is a database of another program"));
        }
        if version > i64::from(SPOOL_SCHEMA) {
            let why = format!(
                "has schema {version}, and this version of xgpush knows schemas up to \
                 {SPOOL_SCHEMA}: it was written by a newer version"
            );
            return Err(storage(&self.name, &why));
        }
        let synchronous = synchronous(self.durability);
        // A commit that brings the log into the file waits for the disk: 16 MB make it one
        // in many.
        self.db
            .execute_batch(&format!(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; \
                 PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 16777216;"
            ))
            .map_err(fail)?;
        if is_new {
            self.db
                .execute_batch(&format!(
                    "BEGIN IMMEDIATE; \
                     CREATE TABLE operation (id INTEGER PRIMARY KEY, \
                     tag INTEGER NOT NULL, handed_in INTEGER NOT NULL, body BLOB NOT NULL) STRICT; \
                     CREATE TABLE mark (sent INTEGER NOT NULL) STRICT; \
                     INSERT INTO mark VALUES (0); \
                     PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA}; \
                     COMMIT;"
                ))
                .map_err(fail)?;
        }
        let sound: String = self
            .db
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(fail)?;
        if sound != "ok" {
            return Err(storage(&self.name, &format!("is corrupt: {sound}")));
        }
        let change = if is_new {
            SCHEMA
        } else {
            i32::try_from(version).unwrap_or(SCHEMA)
        };
        let change = spool::change(&self.db, change, purpose, &self.name)?;
        // Nobody knows of an operation in a file without a mark that it was not sent.
        let mark = if is_new || version >= 2 {
            ""
        } else {
            "CREATE TABLE mark (sent INTEGER NOT NULL) STRICT; \
             INSERT INTO mark SELECT ifnull(max(id), 0) FROM operation;"
        };
        // Read-only files open, and fail at the first write: better now.
        let written = self.db.execute_batch(&format!(
            "BEGIN IMMEDIATE; {mark} {} PRAGMA user_version = {}; COMMIT;",
            change.sql, change.version
        ));
        if let Err(error) = written {
            // A full disk may have room again: what is in the file is delivered meanwhile.
            if is_new || !mark.is_empty() || !change.sql.is_empty() || !may_pass(&error) {
                return Err(fail(error));
            }
            if !self.db.is_autocommit() {
                self.db.execute_batch("ROLLBACK").map_err(fail)?;
            }
        }
        let page = number("PRAGMA page_size")?.max(512);
        let most = (i64::from(max_bytes) / page).max(16);
        self.db
            .execute_batch(&format!("PRAGMA max_page_count = {most}"))
            .map_err(fail)
    }

    fn read_mark(&mut self) -> Result<()> {
        let number = |sql: &str| -> Result<u64> {
            let read = self.db.query_row(sql, [], |row| row.get::<_, i64>(0));
            let read = read.map_err(|error| failed(&self.name, error))?;
            Ok(read.cast_unsigned())
        };
        self.sent_mark = number("SELECT ifnull(max(sent), 0) FROM mark")?;
        let last = number("SELECT ifnull(max(id), 0) FROM operation")?;
        self.next = last.max(self.sent_mark) + 1;
        Ok(())
    }

    /// Appends all of them, and sets the mark if they are `to_send`.
    fn insert(&mut self, records: &[NewRecord<'_>], to_send: bool) -> Result<u64> {
        if self.lock.lost_its_file() {
            let why =
                "was removed or replaced while it was open; close the outbox, and open it again";
            return Err(storage(&self.name, why));
        }
        let first = self.next;
        let next = first + records.len() as u64;
        let to_disk = to_send && self.lifts_over(first);
        self.write(to_disk, |transaction| {
            let mut insert = transaction.prepare(
                "INSERT INTO operation (id, tag, handed_in, body) VALUES (?1, ?2, ?3, ?4)",
            )?;
            for (id, record) in (first..).zip(records) {
                insert.execute(params![
                    id.cast_signed(),
                    record.tag.cast_signed(),
                    record.submitted_ms.cast_signed(),
                    record.body
                ])?;
            }
            if to_send {
                set_mark(transaction, next - 1)?;
            }
            Ok(())
        })?;
        self.next = next;
        if to_send {
            self.sent_mark = next - 1;
        }
        Ok(first)
    }

    /// Whether a mark at `first` or behind it is lifted over operations that are stored
    /// already: a loss of power must not take the mark and leave them, whatever the
    /// durability is. Those of the same transaction go with it.
    fn lifts_over(&self, first: u64) -> bool {
        self.sent_mark + 1 < first
    }

    /// A transaction; `to_disk`: on the disk when this returns.
    fn write<T>(
        &mut self,
        to_disk: bool,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        if !to_disk || self.durability == Durability::Power {
            return self.transaction(work);
        }
        self.synchronous(synchronous(Durability::Power))?;
        let done = self.transaction(work);
        // Were it not set back, later ones would be slower, and nothing else: what was
        // written is written.
        let _ = self.synchronous(synchronous(self.durability));
        done
    }

    fn synchronous(&self, level: &str) -> Result<()> {
        let _no_fork = NoFork::begin();
        self.db
            .execute_batch(&format!("PRAGMA synchronous = {level}"))
            .map_err(|error| failed(&self.name, error))
    }

    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let _no_fork = NoFork::begin();
        let done = self.db.transaction().and_then(|transaction| {
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        });
        done.map_err(|error| failed(&self.name, error))
    }
}

impl Store for FileStore {
    fn append(&mut self, records: &[NewRecord<'_>]) -> Result<u64> {
        self.insert(records, false)
    }

    fn append_to_send(&mut self, records: &[NewRecord<'_>]) -> Result<u64> {
        self.insert(records, true)
    }

    fn sent_mark(&self) -> u64 {
        self.sent_mark
    }

    fn set_sent_mark(&mut self, up_to: u64) -> Result<()> {
        let to_disk = self.lifts_over(up_to + 1);
        self.write(to_disk, |transaction| set_mark(transaction, up_to))?;
        self.sent_mark = up_to;
        Ok(())
    }

    fn claim(&mut self, after: u64, most: usize) -> Result<Vec<Record>> {
        let name = self.name.clone();
        let records: Vec<Record> = self.transaction(|transaction| {
            let mut select = transaction.prepare(
                "SELECT id, tag, handed_in, body FROM operation WHERE id > ?1 ORDER BY id LIMIT ?2",
            )?;
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let rows = select.query_map(params![after.cast_signed(), most], |row| {
                Ok(Record {
                    id: row.get::<_, i64>(0)?.cast_unsigned(),
                    tag: row.get::<_, i64>(1)?.cast_unsigned(),
                    submitted_ms: row.get::<_, i64>(2)?.cast_unsigned(),
                    body: row.get::<_, Vec<u8>>(3)?.into_boxed_slice(),
                })
            })?;
            rows.collect()
        })?;
        match records
            .iter()
            .find(|record| !EncodedOperation(&record.body).is_valid())
        {
            None => Ok(records),
            Some(bad) => {
                let why = format!("is corrupt: operation {} cannot be read", bad.id);
                Err(storage(&name, &why))
            }
        }
    }

    fn acknowledge(&mut self, ids: &[u64]) -> Result<()> {
        self.transaction(|transaction| {
            let mut delete = transaction.prepare("DELETE FROM operation WHERE id = ?1")?;
            for id in ids {
                delete.execute(params![id.cast_signed()])?;
            }
            Ok(())
        })
    }
}

fn synchronous(durability: Durability) -> &'static str {
    match durability {
        Durability::Process => "NORMAL",
        Durability::Power => "FULL",
    }
}

fn set_mark(transaction: &rusqlite::Transaction<'_>, up_to: u64) -> rusqlite::Result<()> {
    let mut update = transaction.prepare("UPDATE mark SET sent = ?1")?;
    update.execute([up_to.cast_signed()]).map(|_| ())
}

/// Whether a write that failed so may succeed later without anybody's doing to the
/// file.
fn may_pass(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure))
}

fn failed(name: &str, error: rusqlite::Error) -> Error {
    let why = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "is full (outbox_file_max_bytes, or the disk)".to_owned(),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            format!("cannot be written: {error}")
        }
        Some(ErrorCode::NotADatabase) => "is no file of the outbox".to_owned(),
        Some(ErrorCode::DatabaseCorrupt) => format!("is corrupt: {error}"),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "is held by another program".to_owned()
        }
        Some(ErrorCode::CannotOpen) => format!(
            "cannot be opened: {error}; the folder has to let this process make files beside it"
        ),
        Some(ErrorCode::SystemIoFailure) => {
            format!("cannot be {}: {error}", tried(&error))
        }
        _ => format!("failed: {error}"),
    };
    storage(name, &why).with_source(error)
}

/// What the system refused.
fn tried(error: &rusqlite::Error) -> &'static str {
    use rusqlite::ffi;
    match error.sqlite_extended_error_code() {
        Some(ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_TRUNCATE) => "written",
        Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) => "brought to the disk",
        Some(ffi::SQLITE_IOERR_LOCK | ffi::SQLITE_IOERR_RDLOCK | ffi::SQLITE_IOERR_UNLOCK) => {
            "locked"
        }
        Some(ffi::SQLITE_IOERR_READ | ffi::SQLITE_IOERR_SHORT_READ) => "read",
        _ => "used",
    }
}

/// `SQLite` deletes a log whose file is not there: operations that were removed or moved
/// without it, or a file of somebody else that bears its name.
fn refuse_lone_log(real: &Path) -> std::result::Result<(), String> {
    let mut log = real.as_os_str().to_owned();
    log.push("-wal");
    let log = Path::new(&log);
    let length = |path: &Path| path.metadata().map_or(0, |about| about.len());
    if length(real) == 0 && length(log) > 0 {
        return Err(format!(
            "is empty or was not there, and {} is: operations may be in it; bring the file back \
             that belongs to it, or move it away",
            log.display()
        ));
    }
    Ok(())
}

fn storage(name: &str, why: &str) -> Error {
    Error::new(
        ErrorKind::Storage,
        format!("the outbox's file {name} {why}; nothing in it was deleted"),
    )
}

#[cfg(test)]
mod tests;
