//! Any sequence of operations leaves what a naive model of the documents leaves.

mod common;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use common::{BATCH, Client, QUERY};
use proptest::prelude::*;
use serde_json::{Value, json};
use xgpush_emulator::{Clears, Config, Emulator, OverLimit, State, Version};

type Account = (String, i64);

#[derive(Clone, Debug)]
enum Step {
    /// Operators 1, 2 and 3.
    Items(i64, Vec<(String, Vec<Account>)>),
    /// Operator 4.
    Tokens(Vec<String>),
    /// Operator 5.
    Accounts(Vec<Account>),
}

fn account_json((account, account_type): &Account) -> Value {
    json!({"account": account, "account_type": account_type})
}

fn accounts_json(accounts: &[Account]) -> Value {
    accounts.iter().map(account_json).collect()
}

impl Step {
    fn body(&self, version: Version) -> String {
        let mut body = match self {
            Self::Items(operator, items) => json!({
                "operator_type": operator,
                "token_accounts": items.iter().map(|(token, accounts)| {
                    json!({"token": token, "account_list": accounts_json(accounts)})
                }).collect::<Value>(),
            }),
            Self::Tokens(tokens) => json!({"operator_type": 4, "token_list": tokens}),
            Self::Accounts(accounts) => {
                json!({"operator_type": 5, "account_list": accounts_json(accounts)})
            }
        };
        if version != Version::Tpns {
            body["platform"] = "android".into();
        }
        body.to_string()
    }
}

/// All bindings as triples, the oldest first.
struct Model<'a> {
    config: &'a Config,
    triples: Vec<(String, String, i64)>,
}

impl Model<'_> {
    /// Carries out a step, and says which of its items fail.
    fn step(&mut self, step: &Step) -> Vec<bool> {
        let bad = |token: &String| token.starts_with("bad-");
        match step {
            Step::Items(operator, items) => items
                .iter()
                .map(|(token, accounts)| {
                    if bad(token) {
                        return true;
                    }
                    match operator {
                        3 => {
                            self.triples.retain(|(t, a, k)| {
                                t != token || !accounts.contains(&(a.clone(), *k))
                            });
                            false
                        }
                        operator => self.bind(*operator, token, accounts),
                    }
                })
                .collect(),
            Step::Tokens(tokens) => tokens
                .iter()
                .map(|token| {
                    if !bad(token) {
                        self.triples.retain(|(t, _, _)| t != token);
                    }
                    bad(token)
                })
                .collect(),
            Step::Accounts(accounts) => {
                self.triples
                    .retain(|(_, a, k)| !accounts.contains(&(a.clone(), *k)));
                vec![false; accounts.len()]
            }
        }
    }

    fn bind(&mut self, operator: i64, token: &str, accounts: &[Account]) -> bool {
        let config = self.config;
        let max = config.max_tokens_per_account;
        let full = |(account, kind): &Account| {
            let others = self
                .triples
                .iter()
                .filter(|(_, a, k)| a == account && k == kind);
            let mut tokens = others.map(|(t, _, _)| t);
            tokens.clone().count() >= max && !tokens.any(|t| t == token)
        };
        if config.over_limit == OverLimit::Reject && accounts.iter().any(full) {
            return true;
        }
        let disused = config.version == Version::Tpns && config.append_is_overwrite;
        if operator == 2 || disused {
            let all = config.overwrite_clears == Clears::AllTypes;
            self.triples.retain(|(t, _, k)| {
                t != token || !(all || accounts.iter().any(|(_, named)| named == k))
            });
        }
        for (account, kind) in accounts {
            let many = config.version != Version::Tpns;
            self.triples
                .retain(|(t, a, k)| t != token || k != kind || (many && a != account));
            self.triples.push((token.into(), account.clone(), *kind));
            if many {
                self.keep_newest(10, |(t, _, _)| t == token);
            }
            if config.over_limit == OverLimit::DropOldest {
                self.keep_newest(max, |(_, a, k)| a == account && k == kind);
            }
        }
        false
    }

    fn keep_newest(&mut self, keep: usize, of: impl Fn(&(String, String, i64)) -> bool) {
        while self.triples.iter().filter(|triple| of(triple)).count() > keep {
            let oldest = self.triples.iter().position(&of).unwrap();
            self.triples.remove(oldest);
        }
    }

    fn state(&self) -> State {
        let mut tokens: BTreeMap<String, Vec<Account>> = BTreeMap::new();
        let mut accounts: BTreeMap<String, BTreeMap<i64, Vec<String>>> = BTreeMap::new();
        for (token, account, kind) in &self.triples {
            let pairs = tokens.entry(token.clone()).or_default();
            pairs.push((account.clone(), *kind));
            let kinds = accounts.entry(account.clone()).or_default();
            kinds.entry(*kind).or_default().push(token.clone());
        }
        State {
            tokens,
            accounts,
            ..State::default()
        }
    }
}

fn token() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => (0..5).prop_map(|n| format!("token{n}")),
        1 => Just("bad-0".to_owned()),
    ]
}

fn account() -> impl Strategy<Value = Account> {
    (0..5, 0..4i64).prop_map(|(n, kind)| (format!("account{n}"), kind))
}

fn step() -> impl Strategy<Value = Step> {
    let item = (token(), prop::collection::vec(account(), 1..6));
    prop_oneof![
        6 => (prop_oneof![1..=2i64, 1..=3i64], prop::collection::vec(item, 1..4))
            .prop_map(|(operator, items)| Step::Items(operator, items)),
        1 => prop::collection::vec(token(), 1..3).prop_map(Step::Tokens),
        1 => prop::collection::vec(account(), 1..3).prop_map(Step::Accounts),
    ]
}

fn config() -> impl Strategy<Value = Config> {
    let versions = [Version::Tpns, Version::TpnsWithPlatform, Version::XgV3];
    let limits = [OverLimit::DropOldest, OverLimit::Reject, OverLimit::Allow];
    let clears = [Clears::AllTypes, Clears::SameType];
    (
        prop::sample::select(versions.to_vec()),
        prop::sample::select(clears.to_vec()),
        prop::sample::select(limits.to_vec()),
        any::<bool>(),
        1..4usize,
    )
        .prop_map(
            |(version, overwrite_clears, over_limit, append, max)| Config {
                version,
                overwrite_clears,
                over_limit,
                append_is_overwrite: append,
                max_tokens_per_account: max,
                ..Config::default()
            },
        )
}

/// One server for all cases: each begins with a reset.
fn with_server<T>(config: &Config, test: impl FnOnce(&Emulator, &mut Client) -> T) -> T {
    static SERVER: Mutex<Option<(Emulator, Client)>> = Mutex::new(None);
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    let (emulator, client) = server.get_or_insert_with(|| {
        let emulator = Emulator::start(Config::default()).unwrap();
        let client = Client::new(&emulator);
        (emulator, client)
    });
    emulator.reconfigure(config.clone());
    test(emulator, client)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn state_equals_that_of_the_model(config in config(), steps in prop::collection::vec(step(), 1..30)) {
        with_server(&config, |emulator, client| {
            let mut model = Model { config: &config, triples: Vec::new() };
            for step in &steps {
                let failed = model.step(step);
                let answer = client.post(BATCH, &step.body(config.version)).json();
                let failures = failed.iter().filter(|failed| **failed).count();
                let code = match failures {
                    _ if config.version == Version::XgV3 => 0,
                    0 => 0,
                    some if some < failed.len() => 1_008_026,
                    _ => 1_008_027,
                };
                prop_assert_eq!(&answer["ret_code"], code);
                let results = answer["result"].as_array().unwrap();
                prop_assert_eq!(results.len(), failed.len());
                for (result, failed) in results.iter().zip(&failed) {
                    prop_assert_eq!(result != "0" && result != "ok", *failed);
                }
                prop_assert_eq!(emulator.state(), model.state());
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_delay_shows_nothing_before_and_everything_after(
        mut config in config(),
        steps in prop::collection::vec(step(), 1..20),
    ) {
        config.apply_delay_ms = 3_600_000;
        // Rejection is answered from what shows at arrival, which the model does not know.
        config.over_limit = OverLimit::DropOldest;
        with_server(&config, |emulator, client| {
            let mut model = Model { config: &config, triples: Vec::new() };
            for step in &steps {
                model.step(step);
                client.post(BATCH, &step.body(config.version));
            }
            prop_assert_eq!(emulator.state(), State::default());
            prop_assert_eq!(emulator.counters().applied, 0);
            let body = r#"{"operator_type":2,"platform":"ios","token_list":["token0"]}"#;
            let answer = client.post(QUERY, body).json();
            prop_assert_eq!(&answer["token_accounts"], &json!([{"token": "token0", "account_list": []}]));
            emulator.settle();
            prop_assert_eq!(emulator.state(), model.state());
            Ok(())
        })?;
    }

    #[test]
    fn queries_return_the_state(config in config(), steps in prop::collection::vec(step(), 1..12)) {
        with_server(&config, |emulator, client| {
            for step in &steps {
                client.post(BATCH, &step.body(config.version));
            }
            let state = emulator.state();
            for number in 0..5 {
                let token = format!("token{number}");
                let body = json!({"operator_type": 2, "platform": "ios", "token_list": [token]});
                let answer = client.post(QUERY, &body.to_string()).json();
                let listed = answer["token_accounts"][0]["account_list"].as_array().unwrap();
                let listed: Vec<Account> = listed.iter().map(|account| (
                    account["account"].as_str().unwrap().to_owned(),
                    account.get("account_type").map_or(0, |kind| kind.as_i64().unwrap()),
                )).collect();
                prop_assert_eq!(listed.as_slice(), state.accounts_of(&token));
            }
            for (number, kind) in (0..5).flat_map(|n| (0..4).map(move |k| (n, k))) {
                let account = format!("account{number}");
                let pair = account_json(&(account.clone(), kind));
                let body = json!({"operator_type": 1, "platform": "ios", "account_list": [pair]});
                let answer = client.post(QUERY, &body.to_string()).json();
                let tokens = state.tokens_of(&account, kind);
                prop_assert_eq!(&answer["account_tokens"][0]["token_list"], &json!(tokens));
                let result = match (config.version, tokens) {
                    (Version::XgV3, _) => Value::Null,
                    (_, []) => json!(["10110008"]),
                    (Version::TpnsWithPlatform, _) => json!(["ok"]),
                    _ => json!(["0"]),
                };
                prop_assert_eq!(&answer["result"], &result);
            }
            Ok(())
        })?;
    }
}
