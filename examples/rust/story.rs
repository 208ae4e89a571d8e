//! The story that C++, Python and Rust tell with the same words: `make demo`
//! runs the three and compares what they print.
//!
//! One line per item: step, item, state, reason, code, found; by tabs.

#![allow(clippy::print_stdout, reason = "a program that prints its result")]

use xgpush::{Account, Binding, Client, Config, Found, Outcome, Request, Result, Token};

fn main() -> Result<()> {
    let base_url = std::env::args().nth(1).expect("usage: story BASE_URL");
    let client = client(&base_url, "1452fcebae9f3115ba794fb0fff2fd73")?;

    let bindings = (0..45)
        .map(|n| binding(&token(n), n))
        .collect::<Result<Vec<_>>>()?;
    show(1, &client.batch_operate(&Request::bind(bindings))?);

    let first_five = (0..5)
        .map(|n| Token::new(token(n)))
        .collect::<Result<Vec<_>>>()?;
    let query = Request::query_by_token(first_five);
    show(2, &client.query(&query)?);

    show(
        3,
        &client.batch_operate(&Request::unbind(vec![binding("token01", 1)?]))?,
    );
    let clear_token = Request::clear_tokens(vec![Token::new("token02")?]);
    show(4, &client.batch_operate(&clear_token)?);
    let clear_account = Request::clear_accounts(vec![Account::new("player03")?]);
    show(5, &client.batch_operate(&clear_account)?);
    show(6, &client.query(&query)?);

    let stranger = self::client(&base_url, "0000000000000000000000000000dead")?;
    show(
        7,
        &stranger.batch_operate(&Request::bind(vec![binding("token99", 99)?]))?,
    );
    Ok(())
}

fn client(base_url: &str, secret_key: &str) -> Result<Client> {
    let mut config = Config::new();
    config.set("access_id", "1500001048")?;
    config.set("secret_key", secret_key)?;
    config.set("base_url", base_url)?;
    Client::new(&config)
}

/// Two of the tokens are bad: the emulator refuses what begins like that.
fn token(n: usize) -> String {
    match n {
        7 | 31 => format!("bad-token-{n:02}"),
        _ => format!("token{n:02}"),
    }
}

fn binding(token: &str, player: usize) -> Result<Binding> {
    Ok(Binding::one(
        Token::new(token)?,
        Account::new(format!("player{player:02}"))?,
    ))
}

fn show(step: usize, outcome: &Outcome) {
    for (index, item) in outcome.items().iter().enumerate() {
        let code = item.code().map_or("-".to_owned(), |code| code.to_string());
        let found = match item.found() {
            Some(Found::Accounts(accounts)) if !accounts.is_empty() => {
                let each = accounts.iter().map(|found| {
                    let kind = found.account_type.map_or("-".to_owned(), |n| n.to_string());
                    format!("{}/{kind}", found.account)
                });
                each.collect::<Vec<_>>().join(",")
            }
            _ => "-".to_owned(),
        };
        let (state, reason) = (item.state().name(), item.reason().name());
        println!("{step}\t{index}\t{state}\t{reason}\t{code}\t{found}");
    }
}
