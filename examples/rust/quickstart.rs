//! Binds two tokens to a player's account and shows the result of each.

#![allow(clippy::print_stdout, reason = "a program that prints its result")]

use xgpush::{Account, Binding, Client, Config, Request, Token};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = Config::new();
    config.set_from_env()?; // XGPUSH_ACCESS_ID, XGPUSH_SECRET_KEY, XGPUSH_ACCESS_POINT …
    let client = Client::new(&config)?;

    let request = Request::bind(vec![
        Binding::one(Token::new("token-of-phone-1")?, Account::new("alice")?),
        Binding::one(Token::new("token-of-phone-2")?, Account::new("bob")?),
    ]);
    let outcome = client.batch_operate(&request)?;
    for (index, item) in outcome.items().iter().enumerate() {
        println!("{index}: {} {}", item.state().name(), item.message());
    }
    Ok(())
}
