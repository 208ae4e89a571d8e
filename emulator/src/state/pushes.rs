//! [`Pushes`]: the push tasks of an application, the newest ones.

use std::collections::VecDeque;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// So many devices of a push are kept by name; the count is of all.
pub(crate) const KEPT_TARGETS: usize = 1000;
/// Over all pushes of an application.
const MAX_KEPT_TARGETS: usize = 1_000_000;

/// The first push id. Newer samples have 19 digits.
const FIRST_ID: u64 = 1_400_000_000_000_000_000;

/// How far a task is, in the words of the statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PushStatus {
    /// Its time has not come.
    PushWait,
    /// Sent.
    PushFinished,
    /// Cancelled before its time.
    PushCanceled,
    /// Recalled.
    PushRevoked,
    /// Replaced by a later one with its collapse id.
    PushCollapsed,
    /// Stopped: what is stored for devices that are offline is deleted.
    PushDeletedPushMsg,
}

/// A push that was taken, and who would get it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Push {
    /// Counts from 1 in each application.
    pub number: u64,
    /// As in the reply.
    pub push_id: String,
    /// Arrival in Unix milliseconds, by the real clock.
    pub received_ms: u64,
    /// When it is due, in Unix seconds by the server's clock.
    pub due_s: i64,
    /// How far it is.
    pub status: PushStatus,
    /// The word in `audience_type`.
    pub audience_type: &'static str,
    /// `notify` or `message`.
    pub message_type: &'static str,
    /// Of the message.
    pub title: String,
    /// Of the message.
    pub content: String,
    /// `product` or `dev` for iOS, else empty.
    pub environment: String,
    /// In seconds.
    pub expire_time: i64,
    /// The tokens or accounts that the request names.
    pub target_list: Option<Vec<String>>,
    /// The condition of a push to tags, as it was written.
    pub tags: Value,
    /// The uploaded file.
    pub upload_id: Option<i64>,
    /// Of the plan, or the older group.
    pub group_id: Option<String>,
    /// What a later push names to replace this one.
    pub collapse_id: i64,
    /// `multi_pkg` of the request.
    pub multi_pkg: bool,
    /// The whole `message`.
    pub message: Map<String, Value>,
    /// How many devices would get it.
    pub device_count: usize,
    /// Their tokens, the first thousand of them.
    pub devices: Vec<Arc<str>>,
}

impl Push {
    pub(crate) fn status_at(&self, now_s: i64) -> PushStatus {
        match self.status {
            PushStatus::PushWait if self.due_s <= now_s => PushStatus::PushFinished,
            status => status,
        }
    }
}

/// The newest pushes of one application.
#[derive(Debug)]
pub(crate) struct Pushes {
    tasks: VecDeque<Push>,
    keep: usize,
    kept_targets: usize,
    last: u64,
    application: u64,
}

impl Pushes {
    pub(crate) fn new(keep: usize, access_id: &str) -> Self {
        // Ids of different applications should not meet.
        let application = access_id
            .bytes()
            .fold(0u64, |sum, byte| (sum * 31 + u64::from(byte)) % 90_000);
        Self {
            tasks: VecDeque::new(),
            keep,
            kept_targets: 0,
            last: 0,
            application,
        }
    }

    /// Keeps so many from now on.
    pub(crate) fn follow(&mut self, keep: usize) {
        self.keep = keep;
        self.forget_oldest();
    }

    /// Adds a push, whose number, id and collapse id are set here.
    pub(crate) fn add(&mut self, mut push: Push) -> &Push {
        self.last += 1;
        push.number = self.last;
        push.push_id = (FIRST_ID + self.application * 1_000_000_000_000 + self.last).to_string();
        push.collapse_id = i64::try_from(self.last).unwrap_or(i64::MAX);
        self.kept_targets += push.devices.len();
        self.tasks.push_back(push);
        self.forget_oldest();
        // It was just added, and at least one is kept.
        &self.tasks[self.tasks.len() - 1]
    }

    fn forget_oldest(&mut self) {
        while self.tasks.len() > self.keep.max(1) || self.kept_targets > MAX_KEPT_TARGETS {
            let Some(oldest) = self.tasks.pop_front() else {
                return;
            };
            self.kept_targets -= oldest.devices.len();
        }
    }

    /// Oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Push> {
        self.tasks.iter()
    }

    /// The newest before a number, newest first.
    pub(crate) fn newest(&self, before: Option<u64>, limit: usize) -> Vec<&Push> {
        self.tasks
            .iter()
            .rev()
            .filter(|push| before.is_none_or(|before| push.number < before))
            .take(limit)
            .collect()
    }

    pub(crate) fn find(&self, push_id: &str) -> Option<&Push> {
        self.tasks.iter().rfind(|push| push.push_id == push_id)
    }

    pub(crate) fn find_mut(&mut self, push_id: &str) -> Option<&mut Push> {
        let found = self.tasks.iter().rposition(|push| push.push_id == push_id);
        found.map(|at| &mut self.tasks[at])
    }

    /// Marks what a new push with this collapse id replaces; false when none has it.
    pub(crate) fn collapse(&mut self, collapse_id: i64) -> bool {
        let replaced = self
            .tasks
            .iter_mut()
            .filter(|p| p.collapse_id == collapse_id);
        replaced.fold(false, |_, push| {
            push.status = PushStatus::PushCollapsed;
            true
        })
    }
}
