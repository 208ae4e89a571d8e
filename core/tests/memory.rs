//! 100,000 bindings in one call: bounded memory, outcomes in input order. A
//! binary of its own, because it looks at the memory of the process.

mod common;

use common::{client, emulator};
use xgpush::{Account, Binding, Reason, Request, Token};
use xgpush_emulator::Config as Service;

#[test]
fn a_hundred_thousand_bindings_stay_under_150_megabytes() {
    const ITEMS: usize = 100_000;
    let emulator = emulator(Service {
        max_log: 0,
        ..Service::default()
    });
    let client = client(&emulator, &[("parallel", "8"), ("deadline_ms", "300000")]);
    let is_bad = |n: usize| n % 97 == 5;
    let binding = |n: usize| {
        let kind = if is_bad(n) { "bad" } else { "tok" };
        Binding::one(
            Token::new(format!("{kind}{n:033}")).unwrap(),
            Account::new(format!("player{n:08}")).unwrap(),
        )
    };
    let request = Request::bind((0..ITEMS).map(binding));
    let outcome = client.batch_operate(&request).unwrap();
    assert_eq!(outcome.items().len(), ITEMS);
    for (n, item) in outcome.items().iter().enumerate() {
        let expected = if is_bad(n) {
            Reason::ItemRefused
        } else {
            Reason::Accepted
        };
        assert_eq!(item.reason(), expected, "item {n}: {item:?}");
    }
    // The emulator and its 98,969 bindings are in this process, too.
    let peak = peak_kilobytes();
    #[expect(clippy::print_stdout, reason = "a figure to read")]
    {
        println!("peak memory with the emulator: {} MB", peak / 1024);
    }
    assert!(peak < 150 * 1024, "{peak} kB");
}

fn peak_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
