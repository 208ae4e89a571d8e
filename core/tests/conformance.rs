//! Runs every case of `conformance/` through the core; `conformance/README.md`
//! describes the cases.
//!
//! ```text
//! cargo test -p xgpush --test conformance -- [--only NAME] [--dir DIR]
//! ```
//!
//! No libtest: every failing case is printed with its differences, and the last
//! line says how many there were.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

#[path = "conformance/arguments.rs"]
mod arguments;
#[path = "conformance/case.rs"]
mod case;
#[path = "conformance/compare.rs"]
mod compare;
#[path = "conformance/live.rs"]
mod live;
#[path = "conformance/offline.rs"]
mod offline;
#[path = "conformance/self_check.rs"]
mod self_check;
#[path = "conformance/setup.rs"]
mod setup;
#[path = "conformance/silence.rs"]
mod silence;

use std::process::ExitCode;

use arguments::Arguments;
use case::{Case, Kind};

/// What is wrong with a case, one line each; empty when it passed.
type Differences = Vec<String>;

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// The number of failed cases.
fn run() -> Result<usize, String> {
    let Some(arguments) = Arguments::read(std::env::args().skip(1))? else {
        return Ok(0);
    };
    self_check::run()?;
    let cases = case::load(&arguments.dir)?;
    let wanted: Vec<&Case> = cases.iter().filter(|c| arguments.wants(&c.name)).collect();
    if arguments.must_match && wanted.is_empty() {
        return Err("no case has such a name".to_owned());
    }
    let mut servers = live::Servers::default();
    let mut failed = 0;
    for case in &wanted {
        let differences = run_case(case, &mut servers);
        if differences.is_empty() {
            continue;
        }
        failed += 1;
        println!("FAILED {} ({}; {})", case.name, case.file, case.source);
        for difference in differences {
            println!("    {difference}");
        }
    }
    let passed = wanted.len() - failed;
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {verdict}. {passed} passed, {failed} failed");
    println!("Rust conformance: {passed} cases passed, {failed} failed");
    Ok(failed)
}

fn run_case(case: &Case, servers: &mut live::Servers) -> Differences {
    match &case.kind {
        Kind::Request(request) => offline::request(case, request),
        Kind::Answer(answer) => offline::answer(case, answer),
        Kind::Invalid(invalid) => offline::invalid(case, invalid),
        Kind::Call(call) => offline::call(case, call),
        Kind::Live(live) => live::run(case, live, servers),
    }
}
