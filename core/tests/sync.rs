//! Synchronising and confirming against the emulator.

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{client, emulator};
use xgpush::sync::{DesiredAccounts, SyncOptions, SyncState, Synced};
use xgpush::{
    Account, AccountType, Binding, CallOptions, Client, Platform, Reason, Request, Token,
};
use xgpush_emulator::{Clears, Config as Service, Emulator, Fault, FaultKind, Version};

const OPERATE: &str = "/v3/device/account/batchoperate";
const QUERY: &str = "/v3/device/account/query";

fn token(n: usize) -> Token {
    Token::new(format!("token{n}")).unwrap()
}

fn account(name: &str) -> Account {
    Account::new(name).unwrap()
}

fn typed(name: &str, kind: i32) -> Account {
    Account::with_type(name, AccountType(kind)).unwrap()
}

fn wanted(n: usize, accounts: Vec<Account>) -> DesiredAccounts {
    DesiredAccounts::new(token(n), accounts).unwrap()
}

fn applying() -> SyncOptions {
    SyncOptions::new().with_apply(true)
}

fn count(synced: &[Synced], name: &str) -> usize {
    synced.iter().filter(|s| s.state.name() == name).count()
}

/// The bodies of the operations that the service took so far.
fn operations(emulator: &Emulator) -> Vec<String> {
    let log = emulator.log();
    let sent = log.iter().filter(|entry| entry.path == OPERATE);
    sent.map(|entry| entry.body.clone()).collect()
}

/// 10,000 tokens of which 500 differ: operations for those 500 and none else, and
/// the second time none.
#[test]
fn sync_sends_only_differences() {
    let emulator = emulator(Service {
        max_log: 100_000,
        ..Service::default()
    });
    let client = client(&emulator, &[("parallel", "4")]);
    let binding = |n: usize| Binding::one(token(n), account(&format!("player{n}")));
    let all = Request::bind((0..10_000).map(binding));
    assert!(client.batch_operate(&all).unwrap().all_accepted());
    let list: Vec<_> = (0..10_000)
        .map(|n| {
            let name = if n % 20 == 7 { "other" } else { "player" };
            wanted(n, vec![account(&format!("{name}{n}"))])
        })
        .collect();
    let before = operations(&emulator).len();

    let dry = client.sync(&list, &SyncOptions::default()).unwrap();
    assert_eq!(
        (count(&dry, "different"), count(&dry, "same")),
        (500, 9_500)
    );
    assert_eq!(
        operations(&emulator).len(),
        before,
        "a dry run sends nothing"
    );

    let done = client.sync(&list, &applying()).unwrap();
    assert_eq!(
        (count(&done, "changed"), count(&done, "same")),
        (500, 9_500)
    );
    let sent = operations(&emulator).split_off(before);
    let named: BTreeSet<_> = sent
        .iter()
        .flat_map(|body| body.split("\"token\":\"").skip(1))
        .map(|rest| rest[..rest.find('"').unwrap()].to_owned())
        .collect();
    let differ = (0..10_000).filter(|n| n % 20 == 7);
    assert_eq!(named, differ.map(|n| format!("token{n}")).collect());

    let again = client.sync(&list, &applying()).unwrap();
    assert_eq!(count(&again, "same"), 10_000);
    assert_eq!(operations(&emulator).len(), before + sent.len());
}

fn accounts_of(client: &Client, n: usize) -> BTreeSet<(String, Option<i64>)> {
    let outcome = client
        .query(&Request::query_by_token(vec![token(n)]))
        .unwrap();
    let found = outcome.items()[0].accounts();
    found
        .iter()
        .map(|f| (f.account.clone(), f.account_type))
        .collect()
}

/// Under both readings of "overwrite" every kind of difference ends in what is
/// wanted, and then nothing is left to do.
#[test]
fn sync_ends_in_the_wanted_state_from_every_difference() {
    for overwrite_clears in [Clears::AllTypes, Clears::SameType] {
        let emulator = emulator(Service {
            overwrite_clears,
            ..Service::default()
        });
        let client = client(&emulator, &[]);
        let sets = [
            vec![],
            vec![account("alice")],
            vec![account("bob")],
            vec![typed("a@b.c", 1005)],
            vec![account("alice"), typed("a@b.c", 1005)],
            vec![typed("x@y.z", 1005), typed("wx", 999)],
        ];
        let mut list = Vec::new();
        for (before, after) in (0..sets.len()).flat_map(|b| (0..sets.len()).map(move |a| (b, a))) {
            let n = list.len();
            if !sets[before].is_empty() {
                let start = Binding::new(token(n), sets[before].clone()).unwrap();
                assert!(
                    client
                        .batch_operate(&Request::bind(vec![start]))
                        .unwrap()
                        .all_accepted()
                );
            }
            list.push(wanted(n, sets[after].clone()));
        }
        let done = client.sync(&list, &applying()).unwrap();
        for (n, (wanted, synced)) in list.iter().zip(&done).enumerate() {
            let same = n % (sets.len() + 1) == 0;
            let state = if same { "same" } else { "changed" };
            assert_eq!(synced.state.name(), state, "{wanted:?} {synced:?}");
            let expected: BTreeSet<_> = wanted
                .accounts()
                .iter()
                .map(|a| (a.name().to_owned(), Some(i64::from(a.effective_type().0))))
                .collect();
            assert_eq!(accounts_of(&client, n), expected, "{wanted:?} {synced:?}");
        }
        let again = client.sync(&list, &applying()).unwrap();
        assert_eq!(count(&again, "same"), list.len());
    }
}

#[test]
fn sync_reports_a_failed_step_and_sends_no_later_one() {
    let emulator = emulator(Service {
        bad_token_prefix: "token1".to_owned(),
        ..Service::default()
    });
    let client = client(&emulator, &[]);
    let list = [
        wanted(0, vec![account("alice")]),
        wanted(1, vec![account("bob")]),
        wanted(2, vec![account("bob")]),
    ];
    let before = Request::bind(vec![Binding::one(token(2), typed("a@b.c", 1005))]);
    assert!(client.batch_operate(&before).unwrap().all_accepted());
    // The removal of the address is refused, so nothing is bound in its place.
    let refused = Fault::new(FaultKind::ret_code(1_008_007));
    emulator.push_fault(refused.path(OPERATE).operator_type(3).times(0));
    let done = client.sync(&list, &applying()).unwrap();
    assert_eq!(done[0].state, SyncState::Changed);
    assert!(matches!(&done[1].state, SyncState::Unread(item) if item.code() == Some(1_008_006)));
    assert!(matches!(&done[2].state, SyncState::Failed(item) if item.code() == Some(1_008_007)));
    assert_eq!(accounts_of(&client, 2).len(), 1);

    emulator.clear_faults();
    emulator.push_fault(Fault::new(FaultKind::status(503)).times(0));
    let unread = client.sync(&list, &applying()).unwrap();
    assert_eq!(count(&unread, "unread"), 3);
    let twice = [list[0].clone(), list[0].clone()];
    let refused = client.sync(&twice, &applying()).unwrap_err();
    assert_eq!(refused.item(), Some(1));
    let two_of_a_type = DesiredAccounts::new(token(0), vec![account("alice"), typed("bob", 0)]);
    assert!(
        two_of_a_type
            .unwrap_err()
            .to_string()
            .contains("one account of each type")
    );
    client.close();
    assert!(client.sync(&list, &applying()).is_err());
}

fn confirmed(client: &Client, request: &Request, timeout: Duration) -> Vec<Option<bool>> {
    let options = CallOptions::new().with_confirm(timeout);
    let outcome = client.batch_operate_with(request, &options).unwrap();
    let items = outcome.items().iter();
    items.map(xgpush::ItemOutcome::confirmed).collect()
}

fn confirming(timeout: Duration) -> SyncOptions {
    applying().with_confirm(timeout)
}

fn login(name: &str) -> Binding {
    Binding::one(token(2), account(name))
}

const LONG: Duration = Duration::from_secs(30);

#[test]
fn confirm_waits_until_the_service_shows_the_binding() {
    let emulator = emulator(Service {
        apply_delay_ms: 300,
        ..Service::default()
    });
    let client = client(&emulator, &[]);
    let list = [wanted(0, vec![account("alice")]), wanted(1, vec![])];
    let done = client.sync(&list, &confirming(LONG)).unwrap();
    let states = [done[0].state.name(), done[1].state.name()];
    assert_eq!(states, ["confirmed", "same"]);
    let logins = Request::bind(vec![login("alice"), login("bob")]);
    assert_eq!(confirmed(&client, &logins, LONG), [None, Some(true)]);
    let logout = Request::unbind(vec![login("bob")]);
    assert_eq!(confirmed(&client, &logout, LONG), [Some(true)]);
    let clear = Request::clear_tokens(vec![token(2)]);
    assert_eq!(confirmed(&client, &clear, LONG), [Some(true)]);
    let gone = Request::clear_accounts(vec![account("alice")]);
    assert_eq!(confirmed(&client, &gone, LONG), [Some(true)]);
}

#[test]
fn confirm_reports_what_does_not_show_in_time() {
    let emulator = emulator(Service {
        apply_delay_ms: 3_600_000,
        ..Service::default()
    });
    let client = client(&emulator, &[]);
    let list = [wanted(0, vec![account("alice")])];
    let a_moment = Duration::from_secs(2);
    let late = client.sync(&list, &confirming(a_moment)).unwrap();
    assert_eq!(late[0].state, SyncState::Unconfirmed);
    let bind = Request::bind(vec![login("bob")]);
    assert_eq!(confirmed(&client, &bind, a_moment), [Some(false)]);
    emulator.push_fault(Fault::new(FaultKind::status(503)).path(QUERY).times(0));
    assert_eq!(confirmed(&client, &bind, a_moment), [None], "nobody told");
    assert_eq!(confirmed(&client, &bind, Duration::ZERO), [None]);
}

/// What would be refused after a removal is refused before it.
#[test]
fn sync_with_an_invalid_item_changes_nothing() {
    let emulator = emulator(Service {
        version: Version::XgV3,
        ..Service::default()
    });
    let client = client(&emulator, &[("protocol", "xg_v3")]);
    let options = applying().with_platform(Platform::Android);
    let untyped = [
        wanted(0, vec![typed("bob", 1)]),
        wanted(1, vec![account("alice")]),
    ];
    assert_eq!(client.sync(&untyped, &options).unwrap_err().item(), Some(1));
    assert!(
        client.sync(&untyped[..1], &applying()).is_err(),
        "no platform"
    );
    assert_eq!(emulator.counters().received, 0);
    let done = client.sync(&untyped[..1], &options).unwrap();
    assert_eq!(done[0].state, SyncState::Changed);
}

/// An interrupt ends the whole work and not one call of it: nothing more is sent.
#[test]
fn interrupt_ends_sync_as_a_whole() {
    for apply in [false, true] {
        let emulator = emulator(Service::default());
        let client = client(&emulator, &[("parallel", "2")]);
        let list: Vec<_> = (0..2_000)
            .map(|n| wanted(n, vec![account(&format!("player{n}"))]))
            .collect();
        let seen = Arc::new(AtomicUsize::new(0));
        let done = Arc::clone(&seen);
        let asked = Arc::clone(&seen);
        let options = SyncOptions::new()
            .with_apply(apply)
            .with_confirm(Duration::from_secs(60))
            .with_on_progress(move |n| done.store(n, Ordering::Relaxed))
            .with_call(
                CallOptions::new().with_interrupt(move || asked.load(Ordering::Relaxed) > 0),
            );
        let synced = client.sync(&list, &options).unwrap();
        assert_eq!(synced.len(), 2_000);
        let first = seen.load(Ordering::Relaxed);
        assert!((1..1_000).contains(&first), "{first} at the interrupt");
        let unread = &synced[first..];
        assert!(unread.iter().all(|one| match &one.state {
            SyncState::Unread(why) => why.reason() == Reason::Cancelled,
            _ => false,
        }));
        let asked_about = emulator.log().iter().filter(|e| e.path == QUERY).count() * 20;
        assert_eq!(asked_about, first, "no query after it, to confirm either");
    }
}

/// A refused caller and a dead service are not asked about every token.
#[test]
fn sync_gives_up_when_credentials_are_refused_or_nobody_answers() {
    let emulator = emulator(Service::default());
    let list: Vec<_> = (0..2_000).map(|n| wanted(n, vec![])).collect();
    let all = list.len();
    let wrong = client(
        &emulator,
        &[("secret_key", "0123456789abcdef0123456789abcdef")],
    );
    let synced = wrong.sync(&list, &applying()).unwrap();
    assert_eq!(count(&synced, "unread"), all);
    assert!(emulator.log().len() < 50, "{}", emulator.log().len());

    let client = client(&emulator, &[("parallel", "4")]);
    emulator.push_fault(Fault::new(FaultKind::Hang).times(0));
    let options = SyncOptions::new()
        .with_outage_timeout(Duration::from_millis(100))
        .with_call(CallOptions::new().with_deadline(Duration::from_millis(200)));
    let before = emulator.log().len();
    let synced = client.sync(&list, &options).unwrap();
    assert_eq!(count(&synced, "unread"), all);
    assert!(emulator.log().len() - before < 50);
}
