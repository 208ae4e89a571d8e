//! The API without faults: authentication, operations, queries.

mod devices;
mod push;
mod statistics;

use std::borrow::Cow;

use super::Now;
use crate::config::{AuthFailure, Config, NotFound, Spelling, Version};
use crate::faults::kind::FaultKind;
use crate::protocol::auth::{AuthHeaders, AuthRefusal, Authenticator};
use crate::protocol::codes;
use crate::protocol::endpoint::Endpoint;
use crate::protocol::request::{Batch, Query, Raw, Refusal, Rules};
use crate::response::body::{Extra, FieldNames, FoundAccount, FoundAccounts, FoundTokens, Payload};
use crate::response::logical::{LogicalResponse, top_code};
use crate::state::application::Application;

const TOP_LEVEL_TYPE: &str = "account_type stands beside the lists: the documents have a row for \
    it there and write it inside each account in every sample; see top_level_account_type";

/// One request, read to its end.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// Its number in the log.
    pub(crate) seq: u64,
    pub(crate) connection: u64,
    pub(crate) nth: u64,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) headers: AuthHeaders<'a>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

/// The items that a fault refuses.
pub(crate) enum ForcedRefusals<'a> {
    Nothing,
    Code { code: &'a str, index: &'a [usize] },
    From(usize),
}

impl ForcedRefusals<'_> {
    pub(crate) fn of(fault: Option<&FaultKind>) -> ForcedRefusals<'_> {
        match fault {
            Some(FaultKind::Element { code, index }) => ForcedRefusals::Code { code, index },
            Some(FaultKind::PartialApply { items }) => ForcedRefusals::From(*items),
            _ => ForcedRefusals::Nothing,
        }
    }

    fn code(&self, item: usize) -> Option<Cow<'static, str>> {
        match self {
            Self::Code { code, index } if index.is_empty() || index.contains(&item) => {
                Some((*code).to_owned().into())
            }
            Self::From(first) if item >= *first => Some(Cow::Borrowed("1008004")),
            _ => None,
        }
    }
}

/// When a request is carried out.
#[derive(Clone, Copy)]
struct Moment {
    now: Now,
    /// Unix seconds by the server's clock.
    server_s: i64,
}

/// The API of the service over the state of its applications.
pub(crate) struct Api {
    pub(crate) config: Config,
    rules: Rules,
    authenticator: Authenticator,
    /// The result of an item that was accepted.
    pub(crate) success: Cow<'static, str>,
    /// At least one; the first is that of `access_id`.
    pub(crate) apps: Vec<Application>,
    rate: RateWindow,
    statistics_rate: RateWindow,
}

/// How many requests came in the present second, or hour.
#[derive(Default)]
struct RateWindow {
    period: u64,
    requests: u32,
}

impl RateWindow {
    /// Counts a request; false when it is one too many.
    fn take(&mut self, period: u64, limit: u32) -> bool {
        if self.period != period {
            *self = Self {
                period,
                requests: 0,
            };
        }
        self.requests = self.requests.saturating_add(1);
        self.requests <= limit
    }
}

impl Api {
    pub(crate) fn new(config: Config) -> Self {
        let rules = rules(&config);
        Self {
            rules,
            authenticator: Authenticator::new(&config),
            success: success(&config),
            apps: Application::all(&config, rules, Vec::new()),
            rate: RateWindow::default(),
            statistics_rate: RateWindow::default(),
            config,
        }
    }

    /// Follows another configuration from now on; the state stays.
    pub(crate) fn follow(&mut self, config: Config) {
        self.rules = rules(&config);
        self.authenticator = Authenticator::new(&config);
        self.success = success(&config);
        let before = std::mem::take(&mut self.apps);
        self.apps = Application::all(&config, self.rules, before);
        self.config = config;
    }

    /// Forgets all that the applications have, and what waits. What was is given back.
    pub(crate) fn clear(&mut self) -> Vec<Application> {
        let mut fresh = Application::all(&self.config, self.rules, Vec::new());
        for (fresh, before) in fresh.iter_mut().zip(&self.apps) {
            fresh.bindings.applied = before.bindings.applied;
        }
        std::mem::replace(&mut self.apps, fresh)
    }

    /// When the next accepted operation is due.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.apps.iter().filter_map(Application::next_due).min()
    }

    /// Checks a request and carries it out. `raw` is its body, where the endpoint reads one.
    pub(crate) fn respond(
        &mut self,
        call: &Call<'_>,
        endpoint: Endpoint,
        raw: Option<Result<Raw<'_>, Refusal>>,
        forced: &ForcedRefusals<'_>,
        now: Now,
    ) -> LogicalResponse {
        let names = self.field_names(endpoint);
        let version = self.config.version;
        let refused = |code, message: &'static str| LogicalResponse {
            reason: Some(message.into()),
            ..LogicalResponse::new(names, codes::of_version(version, code), message)
        };
        if endpoint == Endpoint::Unknown {
            return refused(codes::INVALID, "no such path").with_status(404);
        }
        if call.method != "POST" {
            return refused(codes::INVALID, "only POST").with_status(405);
        }
        let server_s = i64::try_from(now.unix_ms / 1000)
            .unwrap_or(i64::MAX)
            .saturating_add(self.config.clock_skew_s);
        let app = match self.authenticator.check(&call.headers, call.body, server_s) {
            Ok(app) => app,
            Err(refusal) => return self.auth_error(names, refusal),
        };
        let limit = self.config.rate_limit_per_s;
        if limit.is_some_and(|limit| !self.rate.take(now.monotonic_ms / 1000, limit)) {
            return refused(codes::TOO_FAST, "request too fast");
        }
        self.apps[app].apply_due(now.monotonic_ms);
        let at = Moment { now, server_s };
        let has_top_level_type = matches!(&raw, Some(Ok(raw)) if raw.account_type.is_some());
        let outcome = match (endpoint, raw) {
            (Endpoint::Batch, Some(raw)) => raw
                .and_then(|raw| raw.batch(self.rules))
                .map(|batch| self.operate(app, &batch, names, call, forced, now)),
            (Endpoint::Query, Some(raw)) => raw
                .and_then(|raw| raw.query(self.rules))
                .map(|query| self.query(app, &query, names)),
            (endpoint, _) => Ok(self.other(app, endpoint, names, call, at)),
        };
        let mut response = outcome.unwrap_or_else(|refusal| self.refused(names, refusal));
        if has_top_level_type {
            response.warnings.push(TOP_LEVEL_TYPE.into());
        }
        response
    }

    /// The endpoints beside those of bindings.
    fn other(
        &mut self,
        app: usize,
        endpoint: Endpoint,
        names: FieldNames,
        call: &Call<'_>,
        at: Moment,
    ) -> LogicalResponse {
        let body = call.body;
        let ok = self.message(codes::OK);
        match endpoint {
            Endpoint::Push => self.push(app, body, names, at),
            Endpoint::Tag => self.tags(app, body, false, names, at),
            Endpoint::DeleteTags => self.tags(app, body, true, names, at),
            Endpoint::Control(control) => {
                let taken = self.control(app, control, body, at);
                self.members(names, ok, taken.map(|()| Vec::new()))
            }
            Endpoint::Upload => {
                let taken = self.upload(app, call.content_type, body);
                self.members(names, "", taken)
            }
            Endpoint::Plan => {
                let taken = self.plan(app, body, at);
                let by_version = self.config.spelling == Spelling::ByVersion;
                let names = if taken.is_ok() && by_version {
                    FieldNames::Plan
                } else {
                    names
                };
                self.members(names, "save success", taken)
            }
            Endpoint::Attributes => {
                let taken = self.attributes(app, body);
                self.members(names, "success", taken)
            }
            Endpoint::Statistics(which) => {
                let taken = self.statistics(app, which, body, at);
                self.members(names, ok, taken)
            }
            Endpoint::Batch | Endpoint::Query | Endpoint::Unknown => {
                unreachable!("these are answered before")
            }
        }
    }

    fn refused(&self, names: FieldNames, refusal: Refusal) -> LogicalResponse {
        let code = codes::of_version(self.config.version, refusal.code);
        LogicalResponse {
            reason: Some(refusal.message.clone()),
            ..LogicalResponse::new(names, code, refusal.message)
        }
    }

    /// Refuses a text that asks for a code (`code_prefix`).
    fn asked_for(&self, text: &str) -> Result<(), Refusal> {
        match codes::on_demand(&self.config.code_prefix, text) {
            None => Ok(()),
            Some(code) => Err(Refusal {
                code,
                message: codes::text(code).unwrap_or_default().into(),
            }),
        }
    }

    pub(crate) fn field_names(&self, endpoint: Endpoint) -> FieldNames {
        match (self.config.spelling, endpoint, self.config.version) {
            (Spelling::Camel, _, _) => FieldNames::Camel,
            (Spelling::ByVersion, endpoint, Version::Tpns | Version::TpnsWithPlatform)
                if endpoint.is_camel() =>
            {
                FieldNames::Camel
            }
            _ => FieldNames::Snake,
        }
    }

    fn auth_error(&self, names: FieldNames, refusal: AuthRefusal) -> LogicalResponse {
        let code = codes::of_version(self.config.version, refusal.code);
        let text = codes::text(code).unwrap_or_default();
        let response = LogicalResponse {
            reason: Some(refusal.reason),
            ..LogicalResponse::new(names, code, text)
        };
        match self.config.auth_failure {
            AuthFailure::Json200 => response,
            AuthFailure::Json403 => response.with_status(403),
            AuthFailure::Plain403 => LogicalResponse {
                code: None,
                message: "Forbidden".into(),
                ..response.with_status(403)
            },
        }
    }

    fn message(&self, code: i64) -> &'static str {
        match (code, self.config.version) {
            (codes::OK, Version::Tpns) => "NO_ERROR",
            (codes::OK, _) => "ok",
            _ => codes::text(code).unwrap_or_default(),
        }
    }

    fn operate(
        &mut self,
        app: usize,
        batch: &Batch<'_>,
        names: FieldNames,
        call: &Call<'_>,
        forced: &ForcedRefusals<'_>,
        now: Now,
    ) -> LogicalResponse {
        let mut accepted = Vec::new();
        let mut reason = None;
        let mut results = Vec::with_capacity(batch.len());
        for item in 0..batch.len() {
            let refusal = forced.code(item).or_else(|| {
                let (code, why) = if let Some(code) = self.refusal(batch, item) {
                    (code, codes::text(code).unwrap_or_default())
                } else {
                    self.apps[app].bindings.accept(batch, item).err()?;
                    let full = "the account has all its tokens (over_limit)";
                    (codes::INVALID, full)
                };
                reason.get_or_insert_with(|| format!("item {item} is refused: {why}"));
                Some(self.element(code))
            });
            results.push(refusal.unwrap_or_else(|| {
                accepted.push(item);
                self.success.clone()
            }));
        }
        let any = !accepted.is_empty();
        let code = self.partial_code(
            batch.len() - accepted.len(),
            batch.len(),
            matches!(batch, Batch::ClearAccounts(_)),
            self.config.xg_list_codes,
        );
        self.apps[app]
            .bindings
            .queue_accepted(call.seq, call.body, accepted, now.monotonic_ms);
        let has_results = code == codes::OK || self.config.result_with_partial;
        LogicalResponse {
            payload: Payload {
                results: has_results.then_some(results),
                ..Payload::default()
            },
            accepted: any,
            reason: reason.map(Cow::Owned),
            ..LogicalResponse::new(names, code, self.message(code))
        }
    }

    /// Why an item is refused whatever the state.
    fn refusal(&self, batch: &Batch<'_>, item: usize) -> Option<i64> {
        match batch.token(item) {
            Some(token) => self.refused_token(token),
            None => codes::on_demand(&self.config.code_prefix, batch.account(item)?),
        }
    }

    fn refused_token(&self, token: &str) -> Option<i64> {
        let prefix = &self.config.bad_token_prefix;
        if !prefix.is_empty() && token.starts_with(prefix.as_str()) {
            return Some(codes::BAD_TOKEN);
        }
        codes::on_demand(&self.config.code_prefix, token)
    }

    fn element(&self, code: i64) -> Cow<'static, str> {
        codes::element(self.config.version, code)
    }

    /// The code over those of items of which some failed.
    fn partial_code(&self, failed: usize, all: usize, accounts: bool, xg_list_codes: bool) -> i64 {
        if self.config.version != Version::XgV3 || failed == 0 {
            return top_code(failed, all);
        }
        match (xg_list_codes, accounts, failed < all) {
            (false, _, _) => codes::OK,
            (true, true, true) => 10_302,
            (true, true, false) => 10_303,
            (true, false, true) => 10_304,
            (true, false, false) => 10_305,
        }
    }

    fn query(&mut self, app: usize, query: &Query<'_>, names: FieldNames) -> LogicalResponse {
        let bindings = &self.apps[app].bindings.visible;
        let mut refusals = Vec::new();
        let extra = match query {
            Query::TokensOf(accounts) => Extra::AccountTokens(
                accounts
                    .iter()
                    .map(|account| {
                        let tokens = bindings.tokens_of(&account.name, account.account_type);
                        let on_demand = codes::on_demand(&self.config.code_prefix, &account.name);
                        refusals.push(on_demand.or(not_found(tokens.is_empty())));
                        FoundTokens {
                            account: self.found_account(&account.name, account.account_type),
                            token_list: tokens.iter().map(ToString::to_string).collect(),
                        }
                    })
                    .collect(),
            ),
            Query::AccountsOf(tokens) => Extra::TokenAccounts(
                tokens
                    .iter()
                    .map(|token| {
                        let accounts = bindings.accounts_of(token);
                        let nothing = accounts.len() == 0;
                        refusals.push(self.refused_token(token).or(not_found(nothing)));
                        FoundAccounts {
                            token: token.to_string(),
                            account_list: accounts
                                .map(|(name, number)| self.found_account(name, number))
                                .collect(),
                        }
                    })
                    .collect(),
            ),
        };
        let code = match self.config.query_not_found {
            NotFound::Zero => codes::OK,
            NotFound::Partial => {
                let failed = refusals.iter().filter(|refusal| refusal.is_some()).count();
                let of_accounts = matches!(query, Query::TokensOf(_));
                self.partial_code(failed, refusals.len(), of_accounts, true)
            }
        };
        let has_results = self.config.version != Version::XgV3
            && (code == codes::OK || self.config.result_with_partial);
        let results = refusals
            .into_iter()
            .map(|refusal| refusal.map_or_else(|| self.success.clone(), |code| self.element(code)))
            .collect();
        LogicalResponse {
            payload: Payload {
                seq: None,
                results: has_results.then_some(results),
                extra,
            },
            ..LogicalResponse::new(names, code, self.message(code))
        }
    }

    fn found_account(&self, name: &str, account_type: i64) -> FoundAccount {
        // The query pages of 2020 and 2021 show no types.
        let is_shown = self.config.version != Version::TpnsWithPlatform || account_type != 0;
        FoundAccount {
            account: name.to_owned(),
            account_type: is_shown.then_some(account_type),
        }
    }
}

fn rules(config: &Config) -> Rules {
    Rules {
        version: config.version,
        platform_field: config.platform_field,
        top_level_type: config.top_level_account_type,
    }
}

fn success(config: &Config) -> Cow<'static, str> {
    match (config.ok_word.as_str(), config.version) {
        ("", Version::Tpns) | ("0", _) => Cow::Borrowed("0"),
        ("" | "ok", _) => Cow::Borrowed("ok"),
        (word, _) => Cow::Owned(word.to_owned()),
    }
}

fn not_found(nothing: bool) -> Option<i64> {
    nothing.then_some(codes::NOT_FOUND)
}
