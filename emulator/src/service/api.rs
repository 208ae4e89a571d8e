//! The API without faults: authentication, operations, queries.

use std::borrow::Cow;

use super::Now;
use crate::config::{AuthFailure, Config, NotFound, Spelling, Version};
use crate::faults::kind::FaultKind;
use crate::protocol::auth::{AuthHeaders, Authenticator};
use crate::protocol::codes;
use crate::protocol::endpoint::Endpoint;
use crate::protocol::request::{Batch, Query, Raw, Refusal, Rules};
use crate::response::body::{Extra, FieldNames, FoundAccount, FoundAccounts, FoundTokens, Payload};
use crate::response::logical::{LogicalResponse, top_code};
use crate::state::delayed::DelayedBindings;

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

/// The API of the service over its bindings.
pub(crate) struct Api {
    pub(crate) config: Config,
    rules: Rules,
    authenticator: Authenticator,
    /// The result of an item that was accepted.
    pub(crate) success: Cow<'static, str>,
    pub(crate) bindings: DelayedBindings,
    rate: RateWindow,
}

/// How many requests came in the present second.
#[derive(Default)]
struct RateWindow {
    second: u64,
    requests: u32,
}

impl Api {
    pub(crate) fn new(config: Config) -> Self {
        let rules = rules(&config);
        Self {
            rules,
            authenticator: authenticator(&config),
            success: success(&config),
            bindings: DelayedBindings::new(&config, rules),
            rate: RateWindow::default(),
            config,
        }
    }

    /// Follows another configuration from now on; the state stays.
    pub(crate) fn follow(&mut self, config: Config) {
        self.rules = rules(&config);
        self.authenticator = authenticator(&config);
        self.success = success(&config);
        self.bindings.follow(&config, self.rules);
        self.config = config;
    }

    /// Removes every binding, and what waits to be applied. What was is given back.
    pub(crate) fn clear_bindings(&mut self) -> DelayedBindings {
        let fresh = DelayedBindings::new(&self.config, self.rules);
        std::mem::replace(&mut self.bindings, fresh)
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
        let refused = |code, message: &'static str| {
            LogicalResponse::new(names, codes::of_version(version, code), message)
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
        if let Err(code) = self.authenticator.check(&call.headers, call.body, server_s) {
            return self.auth_error(names, code);
        }
        if self.is_too_fast(now) {
            return refused(codes::TOO_FAST, "request too fast");
        }
        let has_top_level_type = matches!(&raw, Some(Ok(raw)) if raw.account_type.is_some());
        let outcome = match (endpoint, raw) {
            (Endpoint::Batch, Some(raw)) => raw
                .and_then(|raw| raw.batch(self.rules))
                .map(|batch| self.operate(&batch, names, call, forced, now)),
            (Endpoint::Query, Some(raw)) => raw
                .and_then(|raw| raw.query(self.rules))
                .map(|query| self.query(&query, names, now)),
            _ => Ok(self.generic_ok()),
        };
        let mut response = outcome.unwrap_or_else(|refusal| {
            let code = codes::of_version(version, refusal.code);
            LogicalResponse::new(names, code, refusal.message)
        });
        if has_top_level_type {
            response.warnings.push(TOP_LEVEL_TYPE.into());
        }
        response
    }

    pub(crate) fn field_names(&self, endpoint: Endpoint) -> FieldNames {
        match (self.config.spelling, endpoint, self.config.version) {
            (Spelling::Camel, _, _) => FieldNames::Camel,
            (Spelling::ByVersion, Endpoint::Query, Version::Tpns | Version::TpnsWithPlatform) => {
                FieldNames::Camel
            }
            _ => FieldNames::Snake,
        }
    }

    fn auth_error(&self, names: FieldNames, code: i64) -> LogicalResponse {
        let code = codes::of_version(self.config.version, code);
        let response = LogicalResponse::new(names, code, codes::text(code).unwrap_or_default());
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

    fn is_too_fast(&mut self, now: Now) -> bool {
        let Some(limit) = self.config.rate_limit_per_s else {
            return false;
        };
        let second = now.monotonic_ms / 1000;
        if self.rate.second != second {
            self.rate = RateWindow {
                second,
                requests: 0,
            };
        }
        self.rate.requests = self.rate.requests.saturating_add(1);
        self.rate.requests > limit
    }

    /// The response of endpoints without state.
    fn generic_ok(&self) -> LogicalResponse {
        LogicalResponse {
            payload: Payload {
                seq: true,
                results: None,
                extra: Extra::Result("{}"),
            },
            ..LogicalResponse::new(self.field_names(Endpoint::Unknown), codes::OK, "NO_ERROR")
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
        batch: &Batch<'_>,
        names: FieldNames,
        call: &Call<'_>,
        forced: &ForcedRefusals<'_>,
        now: Now,
    ) -> LogicalResponse {
        self.bindings.apply_due(now.monotonic_ms);
        let mut accepted = Vec::new();
        let mut results = Vec::with_capacity(batch.len());
        for item in 0..batch.len() {
            let refusal = forced
                .code(item)
                .or_else(|| self.refusal(batch, item).map(|code| self.element(code)))
                .or_else(|| {
                    let taken = self.bindings.accept(batch, item);
                    taken.err().map(|_| self.element(codes::INVALID))
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
        self.bindings
            .queue_accepted(call.seq, call.body, accepted, now.monotonic_ms);
        let has_results = code == codes::OK || self.config.result_with_partial;
        LogicalResponse {
            payload: Payload {
                results: has_results.then_some(results),
                ..Payload::default()
            },
            accepted: any,
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

    fn query(&mut self, query: &Query<'_>, names: FieldNames, now: Now) -> LogicalResponse {
        self.bindings.apply_due(now.monotonic_ms);
        let mut refusals = Vec::new();
        let extra = match query {
            Query::TokensOf(accounts) => Extra::AccountTokens(
                accounts
                    .iter()
                    .map(|account| {
                        let tokens = self
                            .bindings
                            .visible
                            .tokens_of(&account.name, account.account_type);
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
                        let accounts = self.bindings.visible.accounts_of(token);
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
                seq: false,
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

fn authenticator(config: &Config) -> Authenticator {
    Authenticator::new(
        &config.access_id,
        &config.secret_key,
        config.timestamp_tolerance_s,
    )
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
