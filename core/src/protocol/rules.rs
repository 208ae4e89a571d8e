//! The rules of each protocol version, for a request as a whole.

use crate::model::account::Account;
use crate::model::error::{Error, Result};
use crate::model::operator::{Action, Operator};
use crate::model::outcome::{Warning, WarningKind};
use crate::model::request::{Binding, Items, MAX_ACCOUNTS_PER_BINDING, Request};

named! {
    /// Which documents apply.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum ProtocolVersion("protocol", InvalidValue) {
        /// TPNS as documented since 2021-06: no `platform`, `account_type` optional,
        /// operator 1 disused.
        #[default]
        Tpns => "tpns",
        /// TPNS as documented from 2020-01 to 2021-07: `platform` required.
        TpnsWithPlatform => "tpns_with_platform",
        /// Legacy XG V3 (2019): `platform` and every `account_type` required,
        /// `op_type` and `op_id` optional.
        XgV3 => "xg_v3",
    }
}

/// Whether a batch of one item that is valid in itself breaks no rule of
/// `version`, so that [`check`] need not look.
pub(crate) fn is_free(version: ProtocolVersion, operator: Operator, platform: bool) -> bool {
    version == ProtocolVersion::Tpns && operator != Operator::Append && !platform
}

/// Checks a request against the documents of `version`.
///
/// `allow_append` lets operator 1 through at TPNS.
pub(crate) fn check(
    request: &Request,
    version: ProtocolVersion,
    allow_append: bool,
) -> Result<Vec<Warning>> {
    not_empty(request)?;
    legacy_fields(request, version)?;
    let mut warnings = append(request, version, allow_append)?;
    match &request.items {
        Items::Bindings(bindings) => {
            for (index, binding) in bindings.iter().enumerate() {
                let accounts = binding.accounts();
                not_too_many(accounts).map_err(|e| e.at_item(index))?;
                typed(accounts, version).map_err(|e| e.at_item(index))?;
            }
            if matches!(
                request.action,
                Action::Batch(Operator::Bind | Operator::Append)
            ) && version != ProtocolVersion::XgV3
            {
                warnings.extend(duplicate_types(bindings));
            }
        }
        Items::Accounts(accounts) => {
            for (index, account) in accounts.iter().enumerate() {
                typed(std::slice::from_ref(account), version).map_err(|e| e.at_item(index))?;
            }
        }
        Items::Tokens(_) => {}
    }
    Ok(warnings)
}

fn not_empty(request: &Request) -> Result<()> {
    if request.is_empty() {
        return Err(Error::request(format!(
            "{list} is empty; it is required when operator_type is {number} ({api}, parameter \
             {list})",
            list = request.action.list_field(),
            number = request.action.number(),
            api = request.action.api_name(),
        )));
    }
    Ok(())
}

fn not_too_many(accounts: &[Account]) -> Result<()> {
    if accounts.len() > MAX_ACCOUNTS_PER_BINDING {
        return Err(Error::request(format!(
            "the binding has {} accounts; one has at most {MAX_ACCOUNTS_PER_BINDING} (a rule of \
             xgpush)",
            accounts.len()
        )));
    }
    Ok(())
}

/// Whether a request carries the platform.
pub(crate) fn wants_platform(action: Action, version: ProtocolVersion) -> bool {
    match version {
        ProtocolVersion::Tpns => false,
        // The query page of TPNS never had it.
        ProtocolVersion::TpnsWithPlatform => matches!(action, Action::Batch(_)),
        ProtocolVersion::XgV3 => true,
    }
}

fn legacy_fields(request: &Request, version: ProtocolVersion) -> Result<()> {
    let wants_platform = wants_platform(request.action, version);
    let fields = &request.legacy;
    if wants_platform && fields.platform.is_none() {
        return Err(Error::request(format!(
            "platform is missing; {} in protocol {} requires it, \"android\" or \"ios\" \
             (parameter platform)",
            request.action.api_name(),
            version.name()
        )));
    }
    if !wants_platform && fields.platform.is_some() {
        return Err(Error::request(format!(
            "platform is no parameter of {} in protocol {}; only bind and unbind before 2021-07, \
             and xg_v3, have it: leave it out",
            request.action.api_name(),
            version.name()
        )));
    }
    if version != ProtocolVersion::XgV3 {
        for (name, given) in [("op_type", &fields.op_type), ("op_id", &fields.op_id)] {
            if given.is_some() {
                return Err(Error::request(format!(
                    "{name} is no parameter of protocol {}; only xg_v3 has it (Account API v3, \
                     parameter {name})",
                    version.name()
                )));
            }
        }
    }
    if let Some(op_type) = &fields.op_type
        && !matches!(op_type.as_str(), "qq" | "rtx" | "email" | "other")
    {
        return Err(Error::request(format!(
            "op_type {} is none of qq, rtx, email and other (Account API v3, parameter op_type)",
            crate::model::text::shortened(op_type)
        )));
    }
    Ok(())
}

fn append(request: &Request, version: ProtocolVersion, allow_append: bool) -> Result<Vec<Warning>> {
    let disused =
        request.action == Action::Batch(Operator::Append) && version == ProtocolVersion::Tpns;
    if !disused {
        return Ok(Vec::new());
    }
    if !allow_append {
        return Err(Error::request(
            "operator_type 1 (append) is disused: since 2020-10-26 the service treats it as \
             operator_type 2 and overwrites (Account Binding and Unbinding, note). Use bind, or \
             set allow_append to send it all the same",
        ));
    }
    Ok(vec![Warning::new(
        WarningKind::AppendOverwrites,
        None,
        "operator_type 1 (append) was sent; the service treats it as operator_type 2 and overwrites",
    )])
}

fn typed(accounts: &[Account], version: ProtocolVersion) -> Result<()> {
    if version != ProtocolVersion::XgV3 {
        return Ok(());
    }
    match accounts.iter().find(|a| a.account_type().is_none()) {
        None => Ok(()),
        Some(account) => Err(Error::request(format!(
            "account {} has no account_type; protocol xg_v3 requires it in every element (Account \
             API v3, parameter account_list)",
            crate::model::text::shortened(account.name())
        ))),
    }
}

/// "If multiple accounts are bound to an account type, an account bound later
/// will override the one bound earlier": allowed, but worth a word.
fn duplicate_types(bindings: &[Binding]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for (index, binding) in bindings.iter().enumerate() {
        let accounts = binding.accounts();
        for (n, account) in accounts.iter().enumerate() {
            let kind = account.effective_type();
            let later = accounts[n + 1..]
                .iter()
                .find(|other| other.effective_type() == kind);
            if let Some(later) = later {
                warnings.push(Warning::new(
                    WarningKind::DuplicateAccountType,
                    Some(index),
                    format!(
                        "item {index}: accounts {} and {} have the same account type {}; only one \
                         account can be bound to an account type, the later one wins (Account \
                         Binding and Unbinding, note)",
                        crate::model::text::shortened(account.name()),
                        crate::model::text::shortened(later.name()),
                        kind.0
                    ),
                ));
                break;
            }
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::{AccountType, Platform};
    use crate::model::token::Token;

    fn token(text: &str) -> Token {
        Token::new(text).unwrap()
    }

    fn untyped() -> Request {
        Request::bind(vec![Binding::one(
            token("t1"),
            Account::new("alice").unwrap(),
        )])
    }

    fn typed_request() -> Request {
        let account = Account::with_type("alice", AccountType(1)).unwrap();
        Request::bind(vec![Binding::one(token("t1"), account)])
    }

    fn query() -> Request {
        Request::query_by_token(vec![token("t1")])
    }

    #[test]
    fn each_version_has_its_fields() {
        use ProtocolVersion::{Tpns, TpnsWithPlatform, XgV3};
        let android = |r: Request| r.with_platform(Platform::Android);
        let cases: Vec<(Request, ProtocolVersion, Option<&str>)> = vec![
            (untyped(), Tpns, None),
            (android(untyped()), Tpns, Some("platform is no parameter")),
            (untyped(), TpnsWithPlatform, Some("platform is missing")),
            (android(untyped()), TpnsWithPlatform, None),
            (android(untyped()), XgV3, Some("no account_type")),
            (typed_request(), XgV3, Some("platform is missing")),
            (android(typed_request()), XgV3, None),
            (android(typed_request()).with_op_type("qq"), XgV3, None),
            (
                android(typed_request()).with_op_type("x"),
                XgV3,
                Some("none of qq"),
            ),
            (
                untyped().with_op_id("7"),
                Tpns,
                Some("op_id is no parameter"),
            ),
            (
                Request::clear_tokens(vec![]),
                Tpns,
                Some("token_list is empty"),
            ),
            (query(), TpnsWithPlatform, None),
            (
                android(query()),
                TpnsWithPlatform,
                Some("platform is no parameter"),
            ),
            (query(), XgV3, Some("platform is missing")),
        ];
        for (request, version, error) in cases {
            let got = check(&request, version, false);
            match error {
                None => assert!(got.is_ok(), "{request:?} {version:?}: {got:?}"),
                Some(text) => assert!(
                    got.as_ref().unwrap_err().to_string().contains(text),
                    "{request:?} {version:?}: {got:?}"
                ),
            }
        }
    }

    #[test]
    fn append_is_refused_at_tpns_unless_allowed() {
        let binding = Binding::one(token("t1"), Account::new("alice").unwrap());
        let request = Request::append(vec![binding]);
        assert!(check(&request, ProtocolVersion::Tpns, false).is_err());
        let warnings = check(&request, ProtocolVersion::Tpns, true).unwrap();
        assert_eq!(warnings[0].kind(), WarningKind::AppendOverwrites);
        let old = request.with_platform(Platform::Ios);
        assert!(check(&old, ProtocolVersion::TpnsWithPlatform, false).is_ok());
    }

    #[test]
    fn two_accounts_of_one_type_are_a_warning_that_names_the_item() {
        let accounts = vec![
            Account::new("alice").unwrap(),
            Account::with_type("bob", AccountType(0)).unwrap(),
        ];
        let request = Request::bind(vec![
            Binding::one(token("t1"), Account::new("zoe").unwrap()),
            Binding::new(token("t2"), accounts).unwrap(),
        ]);
        let warnings = check(&request, ProtocolVersion::Tpns, false).unwrap();
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].item(), Some(1));
    }
}
