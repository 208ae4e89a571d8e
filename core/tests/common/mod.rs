//! What the tests over HTTP share.

#![allow(dead_code, reason = "not every test binary uses all of it")]

pub(crate) mod child;
#[cfg(feature = "apply")]
pub(crate) mod files;
pub(crate) mod model;
#[cfg(feature = "outbox")]
pub(crate) mod outbox;
#[cfg(feature = "outbox-redis")]
pub(crate) mod redis;

use xgpush::{Account, Binding, Client, Config, Request, Token};
use xgpush_emulator::{Config as Service, Emulator};

/// An emulator with these settings.
pub(crate) fn emulator(service: Service) -> Emulator {
    Emulator::start(service).expect("a free port on loopback")
}

/// The options for a client of this emulator.
pub(crate) fn config(emulator: &Emulator, options: &[(&str, &str)]) -> Config {
    let service = Service::default();
    let mut config = Config::new();
    config.set("access_id", &service.access_id).unwrap();
    config.set("secret_key", &service.secret_key).unwrap();
    config.set("base_url", &emulator.base_url()).unwrap();
    for (name, value) in options {
        config.set(name, value).unwrap();
    }
    config
}

/// A client of this emulator.
pub(crate) fn client(emulator: &Emulator, options: &[(&str, &str)]) -> Client {
    Client::new(&config(emulator, options)).unwrap()
}

/// Binds `prefix0` to `player0`, and so on.
pub(crate) fn bindings(prefix: &str, count: usize) -> Request {
    let binding = |n| {
        Binding::one(
            Token::new(format!("{prefix}{n}")).unwrap(),
            Account::new(format!("player{n}")).unwrap(),
        )
    };
    Request::bind((0..count).map(binding))
}
