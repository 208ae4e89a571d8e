//! Any sequence of tag operations leaves what a naive model leaves, and pushes reach whom
//! they reach in it.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use common::{BATCH, Client};
use proptest::prelude::*;
use serde_json::{Value, json};
use xgpush_emulator::{Config, Emulator, RepeatedPush, Version};

const TAG: &str = "/v3/device/tag";

/// Devices that have a tag or an account; the condition is looked at for each.
const TOKENS: [&str; 5] = ["t0", "t1", "t2", "t3", "t4"];
const TAGS: [&str; 7] = ["a", "b", "c", "level:1", "level:2", "rank:1", "rank:2"];

#[derive(Clone, Debug)]
enum Step {
    /// Operators 1 to 8: tags and tokens.
    Lists(i64, Vec<usize>, Vec<usize>),
    /// Operators 9 and 10.
    Pairs(i64, Vec<(usize, usize)>),
    Delete(Vec<usize>),
    /// An overwriting bind of a token.
    Bind(usize, usize, i64),
}

fn names(of: &[&str], numbers: &[usize]) -> Vec<String> {
    numbers.iter().map(|n| of[*n].to_owned()).collect()
}

impl Step {
    fn send(&self, client: &mut Client, version: Version) -> Value {
        let (path, mut body) = match self {
            Self::Lists(operator, tags, tokens) => (
                TAG,
                json!({"operator_type": operator, "tag_list": names(&TAGS, tags),
                       "token_list": names(&TOKENS, tokens)}),
            ),
            Self::Pairs(operator, pairs) => {
                let pairs: Vec<Value> = pairs
                    .iter()
                    .map(|(tag, token)| json!({"tag": TAGS[*tag], "token": TOKENS[*token]}))
                    .collect();
                (
                    TAG,
                    json!({"operator_type": operator, "tag_token_list": pairs}),
                )
            }
            Self::Delete(tags) => (
                "/v3/device/tag/delete_all_device",
                json!({"tag_list": names(&TAGS, tags)}),
            ),
            Self::Bind(token, account, kind) => (
                BATCH,
                json!({"operator_type": 2, "token_accounts": [{"token": TOKENS[*token],
                       "account_list": [{"account": format!("a{account}"), "account_type": kind}]}]}),
            ),
        };
        if version != Version::Tpns {
            body["platform"] = "ios".into();
        }
        client.post(path, &body.to_string()).json()
    }
}

/// Pairs of token and tag, the oldest first.
#[derive(Default)]
struct Model {
    pairs: Vec<(String, String)>,
    max_tags: usize,
    max_per_token: usize,
}

impl Model {
    fn step(&mut self, step: &Step) -> bool {
        let before = self.pairs.clone();
        let class = |tag: &str| tag.split(':').next().unwrap_or_default().to_owned();
        let pair = |token: &usize, tag: &usize| (TOKENS[*token].to_owned(), TAGS[*tag].to_owned());
        match step {
            Step::Lists(operator, tags, tokens) => {
                let (tags, tokens) = match operator {
                    1 | 2 => (&tags[..1], &tokens[..1]),
                    3..=6 => (&tags[..], &tokens[..1]),
                    _ => (&tags[..1], &tokens[..]),
                };
                let all_classes = tags.iter().all(|tag| TAGS[*tag].contains(':'));
                for token in tokens {
                    match operator {
                        5 => self.pairs.retain(|(t, _)| t != TOKENS[*token]),
                        6 => self.pairs.retain(|(t, held)| {
                            let replaced = !all_classes
                                || held.contains(':')
                                    && tags.iter().any(|tag| class(TAGS[*tag]) == class(held));
                            t != TOKENS[*token] || !replaced
                        }),
                        _ => {}
                    }
                    for tag in tags {
                        match operator {
                            1 | 3 | 6 | 7 => self.add(pair(token, tag)),
                            5 => {}
                            _ => self.pairs.retain(|held| *held != pair(token, tag)),
                        }
                    }
                }
            }
            Step::Pairs(operator, pairs) => {
                for (tag, token) in pairs {
                    if *operator == 9 {
                        self.add(pair(token, tag));
                    } else {
                        self.pairs.retain(|held| *held != pair(token, tag));
                    }
                }
            }
            Step::Delete(tags) => {
                let gone = names(&TAGS, tags);
                self.pairs.retain(|(_, tag)| !gone.contains(tag));
            }
            Step::Bind(..) => {}
        }
        let tags: BTreeSet<&String> = self.pairs.iter().map(|(_, tag)| tag).collect();
        let full = |token: &&str| {
            let count = self.pairs.iter().filter(|(t, _)| t == token).count();
            count > self.max_per_token
        };
        let fits = tags.len() <= self.max_tags && !TOKENS.iter().any(full);
        if !fits {
            self.pairs = before;
        }
        fits
    }

    fn add(&mut self, pair: (String, String)) {
        if !self.pairs.contains(&pair) {
            self.pairs.push(pair);
        }
    }

    fn state(&self) -> BTreeMap<String, Vec<String>> {
        let mut state: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (token, tag) in &self.pairs {
            state.entry(token.clone()).or_default().push(tag.clone());
        }
        state
    }

    fn has(&self, token: &str, tag: usize) -> bool {
        self.pairs
            .iter()
            .any(|(t, held)| t == token && held == TAGS[tag])
    }
}

/// Tags of one item, how they join, how the item joins, whether it is negated.
type Item = (Vec<usize>, bool, bool, bool);
/// Items, how the rule joins, whether it is negated.
type Rule = (Vec<Item>, bool, bool);

fn word(and: bool) -> &'static str {
    if and { "AND" } else { "OR" }
}

fn rules_json(rules: &[Rule]) -> Value {
    rules
        .iter()
        .map(|(items, and, is_not)| {
            let items: Vec<Value> = items
                .iter()
                .map(|(tags, tags_and, item_and, item_not)| {
                    json!({"tags": names(&TAGS, tags), "tags_operator": word(*tags_and),
                           "items_operator": word(*item_and), "is_not": item_not,
                           "tag_type": "xg_user_define"})
                })
                .collect();
            json!({"tag_items": items, "operator": word(*and), "is_not": is_not})
        })
        .collect()
}

/// AND binds stronger than OR: a disjunction of conjunctions.
fn joined(parts: impl Iterator<Item = (bool, bool)>) -> bool {
    let mut groups: Vec<bool> = Vec::new();
    for (and, holds) in parts {
        match groups.last_mut() {
            Some(group) if and => *group &= holds,
            _ => groups.push(holds),
        }
    }
    groups.into_iter().any(|group| group)
}

fn holds(model: &Model, token: &str, rules: &[Rule]) -> bool {
    joined(rules.iter().map(|(items, and, is_not)| {
        let inner = joined(items.iter().map(|(tags, tags_and, item_and, item_not)| {
            let has = |tag: &usize| model.has(token, *tag);
            let found = if *tags_and {
                tags.iter().all(has)
            } else {
                tags.iter().any(has)
            };
            (*item_and, found != *item_not)
        }));
        (*and, inner != *is_not)
    }))
}

fn step() -> impl Strategy<Value = Step> {
    let some = |of: usize| prop::collection::vec(0..of, 1..4);
    prop_oneof![
        6 => (1..9i64, some(TAGS.len()), some(TOKENS.len()))
            .prop_map(|(operator, tags, tokens)| Step::Lists(operator, tags, tokens)),
        2 => (9..11i64, prop::collection::vec((0..TAGS.len(), 0..TOKENS.len()), 1..6))
            .prop_map(|(operator, pairs)| Step::Pairs(operator, pairs)),
        1 => some(TAGS.len()).prop_map(Step::Delete),
        2 => (0..TOKENS.len(), 0..3usize, 0..2i64)
            .prop_map(|(token, account, kind)| Step::Bind(token, account, kind)),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    let tags = prop::collection::vec(0..TAGS.len(), 1..4);
    let item = (tags, any::<bool>(), any::<bool>(), any::<bool>());
    (
        prop::collection::vec(item, 1..4),
        any::<bool>(),
        any::<bool>(),
    )
}

fn config() -> impl Strategy<Value = Config> {
    let versions = [Version::Tpns, Version::TpnsWithPlatform, Version::XgV3];
    (
        prop::sample::select(versions.to_vec()),
        2..8usize,
        1..8usize,
    )
        .prop_map(|(version, max_tags, max_tags_per_token)| Config {
            version,
            max_tags,
            max_tags_per_token,
            task_pushes_per_s: None,
            repeated_push: RepeatedPush::Allow,
            ..Config::default()
        })
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
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tags_and_whom_pushes_reach_equal_those_of_the_model(
        config in config(),
        steps in prop::collection::vec(step(), 1..20),
        rules in prop::collection::vec(prop::collection::vec(rule(), 1..4), 3),
    ) {
        with_server(&config, |emulator, client| {
            let mut model = Model {
                max_tags: config.max_tags,
                max_per_token: config.max_tags_per_token,
                ..Model::default()
            };
            for step in &steps {
                let fits = model.step(step);
                let answer = step.send(client, config.version);
                prop_assert_eq!(answer["ret_code"] == 0, fits, "{:?} {}", step, answer);
                prop_assert_eq!(emulator.state().tags, model.state(), "{:?}", step);
            }
            let state = emulator.state();
            let known: Vec<&str> = TOKENS
                .into_iter()
                .filter(|token| state.tokens.contains_key(*token) || state.tags.contains_key(*token))
                .collect();
            let mut reached = |audience: Value| -> Option<Vec<String>> {
                let mut body = json!({"message_type": "notify", "message": {"title": "t", "content": "c"},
                    "platform": "android"});
                body.as_object_mut().unwrap().extend(audience.as_object().unwrap().clone());
                let answer = client.post("/v3/push/app", &body.to_string()).json();
                if answer["ret_code"] != 0 {
                    let none = if config.version == Version::XgV3 { 10_116 } else { 10_010_005 };
                    assert_eq!(answer["ret_code"], none, "{body} {answer}");
                    return None;
                }
                let push = emulator.pushes().pop().unwrap();
                assert_eq!(push.push_id, answer["push_id"].as_str().unwrap());
                Some(push.devices.iter().map(ToString::to_string).collect())
            };
            prop_assert_eq!(reached(json!({"audience_type": "all"})).unwrap(), known.clone());
            for rules in &rules {
                let expected: Vec<&str> =
                    known.iter().copied().filter(|token| holds(&model, token, rules)).collect();
                let tag_rules = rules_json(rules);
                let found = reached(json!({"audience_type": "tag", "tag_rules": tag_rules}));
                prop_assert_eq!(found.unwrap(), expected);
            }
            for (account, kind) in (0..3).flat_map(|account| [(account, 0), (account, 1)]) {
                let name = format!("a{account}");
                let tokens = state.tokens_of(&name, kind);
                for every in [false, true] {
                    let found = reached(json!({"audience_type": "account", "account_list": [name],
                        "account_type": kind, "account_push_type": i64::from(every)}));
                    let mut expected = if every { tokens } else { &tokens[tokens.len().saturating_sub(1)..] }.to_vec();
                    expected.sort();
                    prop_assert_eq!(found.unwrap_or_default(), expected);
                }
            }
            Ok(())
        })?;
    }
}
