//! Searching the bindings, from either side, page by page.

use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::task::yield_now;

use super::answer::{Answer, fields};
use super::parameters::Parameters;
use super::transfer::no_app;
use crate::service::locked::SharedService;
use crate::state::application::Application;

const DEFAULT_LIMIT: u64 = 50;
const MOST_LIMIT: u64 = 1000;
/// An account's tokens in one row; `count` says how many there are.
const MOST_TOKENS: usize = 100;
/// How many names are looked at before requests may pass.
const SLICE: usize = 500;
/// A search for something inside of names ends after that, and says where to go on.
const PATIENCE: Duration = Duration::from_millis(30);

#[derive(Serialize)]
struct TokenRow {
    token: Arc<str>,
    tags: Vec<Arc<str>>,
    /// Oldest first.
    accounts: Vec<(String, i64)>,
}

#[derive(Serialize)]
struct AccountRow {
    account: Arc<str>,
    account_type: i64,
    count: usize,
    /// The newest first: the one that a push to the account reaches.
    tokens: Vec<Arc<str>>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Rows {
    Tokens(Vec<TokenRow>),
    Accounts(Vec<AccountRow>),
}

#[derive(Serialize)]
struct Page {
    #[serde(flatten)]
    rows: Rows,
    /// Give it as `after` to go on; null at the end.
    next: Option<Arc<str>>,
}

struct Search {
    by_account: bool,
    text: String,
    /// Anywhere in the name; otherwise at its beginning.
    contains: bool,
    account_type: Option<i64>,
    limit: usize,
}

pub(super) async fn search(shared: &SharedService, mut given: Parameters) -> Answer {
    let (token, account) = (given.text("token"), given.text("account"));
    if token.is_some() && account.is_some() {
        return Err("`token` and `account` are searched one at a time".into());
    }
    let search = Search {
        by_account: account.is_some(),
        text: token.or(account).unwrap_or_default(),
        contains: given.value("contains")?.unwrap_or(false),
        account_type: given.value("account_type")?,
        limit: usize::try_from(given.limited("limit", DEFAULT_LIMIT, 1..=MOST_LIMIT)?)
            .map_err(|error| error.to_string())?,
    };
    let app = given.text("app");
    let app = app.as_deref();
    let mut after: Option<Arc<str>> = given.text("after").map(Arc::from);
    given.all_used()?;
    let began = Instant::now();
    let mut rows = if search.by_account {
        Rows::Accounts(Vec::new())
    } else {
        Rows::Tokens(Vec::new())
    };
    loop {
        let now = shared.now();
        let is_done = shared.with(|service| {
            let app = service.app(app, now).ok_or_else(|| no_app(app))?;
            Ok::<_, String>(search.slice(app, &mut after, &mut rows))
        })?;
        if is_done || began.elapsed() > PATIENCE {
            return fields(&Page { rows, next: after });
        }
        yield_now().await;
    }
}

impl Rows {
    fn len(&self) -> usize {
        match self {
            Self::Tokens(rows) => rows.len(),
            Self::Accounts(rows) => rows.len(),
        }
    }
}

impl Search {
    /// Looks at some names behind `after`, which moves on, and is none at the end. True when
    /// the page is full or nothing is left.
    fn slice(&self, app: &Application, after: &mut Option<Arc<str>>, rows: &mut Rows) -> bool {
        let bindings = &app.bindings.visible;
        let from = after.clone();
        let start = match from.as_deref() {
            Some(after) if self.contains || after >= self.text.as_str() => Bound::Excluded(after),
            _ if self.contains => Bound::Unbounded,
            _ => Bound::Included(self.text.as_str()),
        };
        let mut last = None;
        let names: Box<dyn Iterator<Item = &Arc<str>>> = if self.by_account {
            Box::new(bindings.accounts_from(start))
        } else {
            Box::new(bindings.tokens_from(start))
        };
        for (looked, name) in names.enumerate() {
            if !self.contains && !name.starts_with(&self.text) {
                // The names with this beginning stand together.
                break;
            }
            if rows.len() >= self.limit || looked == SLICE {
                *after = last;
                return rows.len() >= self.limit;
            }
            last = Some(name.clone());
            if !self.contains || name.contains(&self.text) {
                self.add(app, name, rows);
            }
        }
        *after = None;
        true
    }

    fn add(&self, app: &Application, name: &Arc<str>, rows: &mut Rows) {
        let bindings = &app.bindings.visible;
        let is_wanted = |number: i64| self.account_type.is_none_or(|wanted| wanted == number);
        match rows {
            Rows::Tokens(rows) => {
                let accounts: Vec<_> = bindings
                    .accounts_of(name)
                    .filter(|(_, number)| is_wanted(*number))
                    .map(|(account, number)| (account.to_owned(), number))
                    .collect();
                if !accounts.is_empty() {
                    rows.push(TokenRow {
                        token: name.clone(),
                        tags: app.tags.of_token(name).to_vec(),
                        accounts,
                    });
                }
            }
            Rows::Accounts(rows) => {
                for (account_type, tokens) in bindings.types_of(name) {
                    if is_wanted(account_type) {
                        rows.push(AccountRow {
                            account: name.clone(),
                            account_type,
                            count: tokens.len(),
                            tokens: tokens.iter().rev().take(MOST_TOKENS).cloned().collect(),
                        });
                    }
                }
            }
        }
    }
}
