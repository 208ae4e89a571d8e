//! The right answer to a request: who may come in, what is done, what is found.

use std::borrow::Cow;

use crate::config::{AuthFailure, NotFound, Spelling, Version};
use crate::faults::fault::FaultKind;
use crate::protocol::codes;
use crate::protocol::endpoint::Endpoint;
use crate::protocol::request::{Batch, Query, Raw, Refusal};
use crate::response::body as answer;
use crate::response::body::{Naming, Payload};
use crate::response::logical::{Verdict, top_code};
use crate::service::{Call, Now, Service};

/// Items that a fault refuses.
pub(crate) enum Forced<'a> {
    Nothing,
    Code { code: &'a str, index: &'a [usize] },
    From(usize),
}

impl Forced<'_> {
    pub(crate) fn of(fault: Option<&FaultKind>) -> Forced<'_> {
        match fault {
            Some(FaultKind::Element { code, index }) => Forced::Code { code, index },
            Some(FaultKind::PartialApply { items }) => Forced::From(*items),
            _ => Forced::Nothing,
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

impl Service {
    /// Judges a request and carries it out.
    pub(crate) fn judge(
        &mut self,
        call: &Call<'_>,
        endpoint: Endpoint,
        raw: Option<Result<Raw<'_>, Refusal>>,
        forced: &Forced<'_>,
        now: Now,
    ) -> Verdict {
        let naming = self.naming(endpoint);
        let refused =
            |code, message: &'static str| Verdict::refused(naming, code, Cow::Borrowed(message));
        if endpoint == Endpoint::Unknown {
            return refused(codes::INVALID, "no such path").with_status(404);
        }
        if call.method != "POST" {
            return refused(codes::INVALID, "only POST").with_status(405);
        }
        let server_s = i64::try_from(now.unix_ms / 1000)
            .unwrap_or(i64::MAX)
            .saturating_add(self.config.clock_skew_s);
        if let Err(code) = self.door.check(&call.headers, call.body, server_s) {
            return self.locked_out(naming, code);
        }
        if self.is_too_fast(now) {
            return refused(codes::TOO_FAST, "request too fast");
        }
        let outcome = match (endpoint, raw) {
            (Endpoint::Batch, Some(raw)) => raw
                .and_then(|raw| raw.batch(self.rules))
                .map(|batch| self.operate(&batch, naming, call.body, forced, now)),
            (Endpoint::Query, Some(raw)) => raw
                .and_then(|raw| raw.query(self.rules))
                .map(|query| self.look_up(&query, naming, now)),
            _ => Ok(self.agreed()),
        };
        outcome.unwrap_or_else(|refusal| Verdict::refused(naming, refusal.code, refusal.message))
    }

    fn naming(&self, endpoint: Endpoint) -> Naming {
        match (self.config.spelling, endpoint, self.config.version) {
            (Spelling::Camel, _, _) | (Spelling::ByVersion, Endpoint::Query, Version::Tpns) => {
                Naming::Camel
            }
            _ => Naming::Snake,
        }
    }

    fn locked_out(&self, naming: Naming, code: i64) -> Verdict {
        let message = if code == codes::WRONG_ACCESS_ID {
            "accessId or domain not correct"
        } else {
            "authentication failure"
        };
        let verdict = Verdict::refused(naming, code, Cow::Borrowed(message));
        match self.config.auth_failure {
            AuthFailure::Json200 => verdict,
            AuthFailure::Json403 => verdict.with_status(403),
            AuthFailure::Plain403 => Verdict {
                code: None,
                message: "Forbidden".into(),
                ..verdict.with_status(403)
            },
        }
    }

    fn is_too_fast(&mut self, now: Now) -> bool {
        let Some(limit) = self.config.rate_limit_per_s else {
            return false;
        };
        let second = now.monotonic_ms / 1000;
        if self.second.0 != second {
            self.second = (second, 0);
        }
        self.second.1 = self.second.1.saturating_add(1);
        self.second.1 > limit
    }

    /// The answer of endpoints that are not kept here.
    fn agreed(&self) -> Verdict {
        Verdict {
            payload: Payload {
                seq: true,
                results: None,
                more: b",\"result\":\"{}\"".to_vec(),
            },
            ..Verdict::refused(self.naming(Endpoint::Unknown), codes::OK, "NO_ERROR".into())
        }
    }

    fn message(&self, code: i64) -> &'static str {
        match (code, self.config.version) {
            (codes::OK, Version::Tpns) => "NO_ERROR",
            (codes::OK, _) => "ok",
            (codes::SOME_FAILED, _) => "batch operation, part failed",
            _ => "batch operation, all failed",
        }
    }

    fn operate(
        &mut self,
        batch: &Batch<'_>,
        naming: Naming,
        body: &[u8],
        forced: &Forced<'_>,
        now: Now,
    ) -> Verdict {
        let later = self.config.apply_delay_ms > 0;
        self.apply_due(now);
        let mut accepted = Vec::new();
        let mut results = Vec::with_capacity(batch.len());
        let mut failed = 0;
        for item in 0..batch.len() {
            let refusal = forced
                .code(item)
                .or_else(|| batch.token(item).and_then(|token| self.bad_token(token)))
                .or_else(|| {
                    let taken = if later {
                        self.bindings.would_take(batch, item)
                    } else {
                        self.bindings.apply(batch, item)
                    };
                    taken.err().map(|_| Cow::Borrowed(codes::BAD_ELEMENT))
                });
            if let Some(code) = refusal {
                failed += 1;
                results.push(code);
            } else {
                accepted.push(item);
                results.push(self.ok_word.clone());
            }
        }
        let any = !accepted.is_empty();
        if !later {
            self.counters.applied += accepted.len() as u64;
        } else if any {
            self.apply_later(body, accepted, now);
        }
        let code = top_code(failed, batch.len());
        let shown = code == codes::OK || self.config.result_with_partial;
        Verdict {
            payload: Payload {
                results: shown.then_some(results),
                ..Payload::default()
            },
            accepted: any,
            ..Verdict::refused(naming, code, self.message(code).into())
        }
    }

    fn bad_token(&self, token: &str) -> Option<Cow<'static, str>> {
        let prefix = &self.config.bad_token_prefix;
        if prefix.is_empty() || !token.starts_with(prefix.as_str()) {
            return None;
        }
        Some(Cow::Borrowed(match self.config.version {
            Version::XgV3 => codes::BAD_TOKEN_XG,
            Version::Tpns | Version::TpnsWithPlatform => codes::BAD_TOKEN,
        }))
    }

    fn look_up(&mut self, query: &Query<'_>, naming: Naming, now: Now) -> Verdict {
        self.apply_due(now);
        let mut more = Vec::with_capacity(256);
        let mut results = Vec::new();
        let found = |any: bool| {
            if any {
                None
            } else {
                Some(Cow::Borrowed(codes::NOT_FOUND))
            }
        };
        // The query pages of 2020 and 2021 show no types.
        let shown_type = |account_type: i64| {
            (self.config.version != Version::TpnsWithPlatform || account_type != 0)
                .then_some(account_type)
        };
        match query {
            Query::TokensOf(accounts) => {
                more.extend_from_slice(b",\"account_tokens\":");
                answer::list(&mut more, accounts, |more, account| {
                    let tokens = self.bindings.tokens_of(&account.name, account.account_type);
                    results.push(found(!tokens.is_empty()));
                    answer::account(more, &account.name, shown_type(account.account_type));
                    more.extend_from_slice(b",\"token_list\":");
                    answer::list(more, tokens, |more, token| answer::string(more, token));
                    more.push(b'}');
                });
            }
            Query::AccountsOf(tokens) => {
                more.extend_from_slice(b",\"token_accounts\":");
                answer::list(&mut more, tokens, |more, token| {
                    let accounts = self.bindings.accounts_of(token);
                    results.push(self.bad_token(token).or(found(accounts.len() > 0)));
                    more.extend_from_slice(b"{\"token\":");
                    answer::string(more, token);
                    more.extend_from_slice(b",\"account_list\":");
                    answer::list(more, accounts, |more, (name, account_type)| {
                        answer::account(more, name, shown_type(account_type));
                        more.push(b'}');
                    });
                    more.push(b'}');
                });
            }
        }
        let code = match self.config.query_not_found {
            NotFound::Zero => codes::OK,
            NotFound::Partial => {
                let failed = results.iter().filter(|result| result.is_some()).count();
                top_code(failed, results.len())
            }
        };
        let has_results = self.config.version != Version::XgV3
            && (code == codes::OK || self.config.result_with_partial);
        let results = results
            .into_iter()
            .map(|result| result.unwrap_or_else(|| self.ok_word.clone()))
            .collect();
        Verdict {
            payload: Payload {
                seq: false,
                results: has_results.then_some(results),
                more,
            },
            ..Verdict::refused(naming, code, self.message(code).into())
        }
    }
}
