//! The life of two operations through an engine, step by step: every command and script
//! that a fleet uses, on throw-away keys.

use std::time::Duration;

use super::Lines;
use crate::fleet::engine::{
    Appended, Done, EngineError, FleetEngine, LeaseAnswer, NewOperation, Page, Position,
    ReportList, ReportsTo, SenderId,
};
use crate::over_redis::keys::{Keys, name_of};

/// What a step found; or what went wrong, and what to do.
type Step<T> = Result<T, (String, &'static str)>;

const SENDER: &str = "check.1";

const LEASE: Duration = Duration::from_secs(5);

const MANGLED: &str = "the engine, or a proxy before it, answers something else than Redis does";

/// A line for each step; ends with the first that fails, because the others build on it.
pub(super) fn tell(engine: &mut dyn FleetEngine, lines: &mut Lines) {
    let failed = match steps(engine, lines) {
        Ok(()) => return,
        Err(failed) => failed,
    };
    let (name, (found, advice)) = failed;
    lines.fail(name, found, advice);
}

/// The keys that it made.
pub(super) fn keys(keys: &Keys) -> Vec<String> {
    let sender = SenderId(SENDER.into());
    let name = name_of(&sender);
    let fixed = keys.fixed().map(|(key, _)| key.to_owned());
    let variable = [keys.runs(name), keys.open(name), keys.reports_of(&sender)];
    fixed.into_iter().chain(variable).collect()
}

fn steps(
    engine: &mut dyn FleetEngine,
    lines: &mut Lines,
) -> Result<(), (&'static str, (String, &'static str))> {
    let sender = SenderId(SENDER.into());
    let mut step = |name: &'static str, found: Step<String>| match found {
        Ok(found) => {
            lines.ok(name, found);
            Ok(())
        }
        Err(failed) => Err((name, failed)),
    };
    step("hello", hello(engine, &sender))?;
    step("append", append(engine, &sender))?;
    let (epoch, found) = lease(engine, None).map_err(|failed| ("lease", failed))?;
    step("lease", Ok(found))?;
    let (page, found) = load(engine, epoch).map_err(|failed| ("load", failed))?;
    step("load", Ok(found))?;
    step("settle", settle(engine, epoch, &page, &sender))?;
    step("durable", confirm(engine))?;
    step("reports", reports(engine, &sender))?;
    step("fence", fence(engine, epoch))
}

fn hello(engine: &mut dyn FleetEngine, sender: &SenderId) -> Step<String> {
    let hello = engine.hello(sender).map_err(refused)?;
    if hello.predecessors.is_empty() {
        Ok("understood".to_owned())
    } else {
        Err(("it names others than were there".to_owned(), MANGLED))
    }
}

/// The same ones twice, as after a lost answer.
fn append(engine: &mut dyn FleetEngine, sender: &SenderId) -> Step<String> {
    let operations = [1, 2].map(|number| NewOperation {
        number,
        tag: number,
        submitted_ms: 0,
        maybe_sent: false,
        body: b"check",
    });
    for after in [0, 2] {
        let appended = engine
            .append(sender, after, &operations, &ReportsTo::Sender)
            .map_err(refused)?;
        if appended != Appended::UpTo(2) {
            return Err((format!("{appended:?} in place of 2"), MANGLED));
        }
    }
    match engine.backlog().map_err(refused)? {
        2 => Ok("2 operations; once more, and nothing twice".to_owned()),
        other => Err((format!("{other} operations in place of 2"), MANGLED)),
    }
}

fn lease(engine: &mut dyn FleetEngine, epoch: Option<u64>) -> Step<(u64, String)> {
    match engine.lease(SENDER, epoch, LEASE).map_err(refused)? {
        LeaseAnswer::Held(lease) => Ok((lease.epoch, "taken".to_owned())),
        LeaseAnswer::Taken { .. } => Err(("nobody has it, and it is refused".to_owned(), MANGLED)),
    }
}

fn load(engine: &mut dyn FleetEngine, epoch: u64) -> Step<(Page, String)> {
    let page = engine
        .load(epoch, Position::default(), 10)
        .map_err(refused)?
        .ok_or_else(|| ("the lease is lost already".to_owned(), MANGLED))?;
    let numbers: Vec<u64> = page.operations.iter().map(|one| one.number).collect();
    let whole = page.operations.iter().all(|one| &*one.body == b"check");
    if numbers == [1, 2] && whole {
        Ok((page, "both, in order".to_owned()))
    } else {
        Err((
            format!("operations {numbers:?} in place of 1 and 2"),
            MANGLED,
        ))
    }
}

fn settle(
    engine: &mut dyn FleetEngine,
    epoch: u64,
    page: &Page,
    sender: &SenderId,
) -> Step<String> {
    let [first, last] = page.operations.as_slice() else {
        return Err(("two operations are not two".to_owned(), MANGLED));
    };
    let done = Done {
        position: first.position,
        sender: sender.clone(),
        reports_to: ReportsTo::Sender,
        report: b"done".to_vec().into(),
    };
    // The second time it is gone, and gets no second report.
    for beat in [page.beat + 1, page.beat + 2] {
        let settled = engine
            .settle(epoch, last.position, std::slice::from_ref(&done))
            .map_err(refused)?;
        if settled != Some(beat) {
            return Err((
                format!("the beat is {settled:?} in place of {beat}"),
                MANGLED,
            ));
        }
    }
    match engine.backlog().map_err(refused)? {
        1 => Ok("removed, with its report".to_owned()),
        other => Err((format!("{other} operations in place of 1"), MANGLED)),
    }
}

fn confirm(engine: &mut dyn FleetEngine) -> Step<String> {
    if engine.confirm().map_err(refused)? {
        return Ok("as outbox_engine_durability says".to_owned());
    }
    Err((
        "nobody confirms it in time".to_owned(),
        "outbox_engine_durability asks for a copy: is a replica connected, and near?",
    ))
}

fn reports(engine: &mut dyn FleetEngine, sender: &SenderId) -> Step<String> {
    let list = ReportList::Sender(sender.clone());
    let mut taken = Vec::new();
    for wanted in [1, 0] {
        let found = engine
            .reports(sender, &list, &taken, Position::default(), 10)
            .map_err(refused)?;
        let whole = found.iter().all(|one| &*one.report == b"done");
        if found.len() != wanted || !whole {
            return Err((
                format!("{} reports in place of {wanted}", found.len()),
                MANGLED,
            ));
        }
        taken = found.iter().map(|one| one.position).collect();
    }
    Ok("there once, and gone when taken".to_owned())
}

/// A former leader is refused.
fn fence(engine: &mut dyn FleetEngine, epoch: u64) -> Step<String> {
    engine.release(epoch).map_err(refused)?;
    let (newer, _) = lease(engine, None)?;
    if newer <= epoch {
        return Err((format!("epoch {newer} after {epoch}"), MANGLED));
    }
    match engine
        .settle(epoch, Position::default(), &[])
        .map_err(refused)?
    {
        None => Ok("a former relay is refused".to_owned()),
        Some(_) => Err(("a former relay is let through".to_owned(), MANGLED)),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn refused(error: EngineError) -> (String, &'static str) {
    (error.to_string(), "")
}
