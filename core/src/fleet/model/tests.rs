use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use super::check::{Violation, check};
use super::plan::Plan;
use super::world::World;
use crate::fleet::Mutant;

/// How many histories are tried; `XG_FLEET_HISTORIES` sets it.
fn histories() -> u64 {
    let set = std::env::var("XG_FLEET_HISTORIES").ok();
    set.map_or(2000, |text| {
        text.parse().expect("XG_FLEET_HISTORIES is a number")
    })
}

fn violations(
    seed: u64,
    mutant: Mutant,
    in_words: bool,
) -> (Vec<(Violation, usize, usize)>, World) {
    let mut world = World::new(Plan::new(seed, mutant), in_words);
    let found = if world.run().is_some() {
        check(&world)
    } else {
        vec![(Violation::Stuck, 0, 0)]
    };
    (found, world)
}

/// The history of a seed, for people.
fn history(seed: u64, mutant: Mutant) -> String {
    let (found, world) = violations(seed, mutant, true);
    let mut text = format!("seed {seed}: {found:?}\n{:?}\n", world.plan);
    text.push_str(world.record.words.as_deref().unwrap_or_default());
    for (tag, operation) in world.record.operations.iter().enumerate() {
        let _ = writeln!(text, "{tag}: {operation:?}");
    }
    text
}

/// The first seed that shows one of these violations, on two threads.
fn first_violation(mutant: Mutant, most: u64, kinds: &[Violation]) -> Option<u64> {
    let next = AtomicU64::new(0);
    let found = AtomicU64::new(u64::MAX);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= most || found.load(Ordering::Relaxed) < u64::MAX {
                        return;
                    }
                    let violations = violations(seed, mutant, false).0;
                    if violations.iter().any(|(kind, ..)| kinds.contains(kind)) {
                        found.fetch_min(seed, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let found = found.into_inner();
    (found < u64::MAX).then_some(found)
}

/// That a rule is needed: without it there is a history with one of these violations.
fn is_caught(mutant: Mutant, kinds: &[Violation]) {
    let seed = first_violation(mutant, 10_000, kinds);
    assert!(seed.is_some(), "{mutant:?}: 10,000 histories show nothing");
}

#[test]
fn a_relay_without_a_guard_is_caught() {
    is_caught(Mutant::NoGuard, &[Violation::Order, Violation::End]);
}

#[test]
fn an_engine_without_a_fence_is_caught() {
    is_caught(Mutant::NoFence, &[Violation::Order, Violation::End]);
}

#[test]
fn an_engine_that_appends_twice_is_caught() {
    is_caught(Mutant::NoIdempotence, &[Violation::Order, Violation::End]);
}

#[test]
fn four_partitions_are_caught() {
    is_caught(Mutant::FourPartitions, &[Violation::End]);
}

#[test]
fn a_successor_that_goes_on_with_the_numbers_is_caught() {
    is_caught(
        Mutant::ContinuedNumbers,
        &[Violation::Lost, Violation::Stuck],
    );
}

#[test]
fn a_confirmation_that_is_not_checked_is_caught() {
    let kinds = [Violation::Order, Violation::End, Violation::Lost];
    is_caught(Mutant::TrustsConfirm, &kinds);
}

#[test]
fn order_end_state_loss_and_reports_hold_in_every_history() {
    if let Some(seed) = first_violation(Mutant::None, histories(), Violation::ALL) {
        panic!("{}", history(seed, Mutant::None));
    }
}
