//! The model engine as several processes see it: each over a connection of its own.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::engine::ModelEngine;
use crate::fleet::Mutant;
use crate::fleet::conformance_tests::{self as conformance, Store};
use crate::fleet::engine::{
    Appended, Done, FleetEngine, Hello, LeaseAnswer, NewOperation, Page, Position, ReportList,
    ReportsTo, Result, SenderId, StoredReport,
};
use crate::ordering::queue::millis;

#[derive(Clone)]
struct ModelStore(Arc<Mutex<ModelEngine>>);

struct ModelConnection {
    store: ModelStore,
    holder: String,
}

impl ModelStore {
    fn new(mutant: Mutant) -> Self {
        let mut engine = ModelEngine::new(mutant);
        engine.now = 1_700_000_000_000;
        Self(Arc::new(Mutex::new(engine)))
    }
}

impl Store for ModelStore {
    fn connect(&self) -> Box<dyn FleetEngine> {
        Box::new(ModelConnection {
            store: self.clone(),
            holder: String::new(),
        })
    }

    fn pass(&self, time: Duration) {
        self.0.lock().unwrap().now += millis(time);
    }
}

impl ModelConnection {
    fn engine(&self) -> MutexGuard<'_, ModelEngine> {
        let mut engine = self.store.0.lock().unwrap();
        engine.caller.clone_from(&self.holder);
        engine
    }
}

impl FleetEngine for ModelConnection {
    fn hello(&mut self, sender: &SenderId) -> Result<Hello> {
        self.engine().hello(sender)
    }

    fn append(
        &mut self,
        sender: &SenderId,
        after: u64,
        operations: &[NewOperation<'_>],
        reports_to: &ReportsTo,
    ) -> Result<Appended> {
        self.engine().append(sender, after, operations, reports_to)
    }

    fn lease(&mut self, holder: &str, epoch: Option<u64>, time: Duration) -> Result<LeaseAnswer> {
        holder.clone_into(&mut self.holder);
        self.engine().lease(holder, epoch, time)
    }

    fn load(&mut self, epoch: u64, after: Position, most: usize) -> Result<Option<Page>> {
        self.engine().load(epoch, after, most)
    }

    fn settle(&mut self, epoch: u64, top: Position, done: &[Done]) -> Result<Option<u64>> {
        self.engine().settle(epoch, top, done)
    }

    fn confirm(&mut self) -> Result<bool> {
        self.engine().confirm()
    }

    fn reports(
        &mut self,
        reader: &SenderId,
        from: &ReportList,
        taken: &[Position],
        after: Position,
        most: usize,
    ) -> Result<Vec<StoredReport>> {
        self.engine().reports(reader, from, taken, after, most)
    }

    fn release(&mut self, epoch: u64) -> Result<()> {
        self.engine().release(epoch)
    }

    fn backlog(&mut self) -> Result<u64> {
        self.engine().backlog()
    }

    fn rest(&mut self) {}
}

#[test]
fn the_model_does_what_every_engine_must() {
    conformance::check(&|| Box::new(ModelStore::new(Mutant::None)));
}

#[test]
fn an_engine_without_fence_or_idempotence_does_not() {
    for mutant in [Mutant::NoFence, Mutant::NoIdempotence] {
        let run = || conformance::check(&|| Box::new(ModelStore::new(mutant)));
        assert!(std::panic::catch_unwind(run).is_err(), "{mutant:?}");
    }
}
