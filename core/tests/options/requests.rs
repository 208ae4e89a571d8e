//! What is in a request.

use xgpush::{Binding, Client, Config, ErrorKind, Operator, Outbox, Platform, Request};

use crate::common::bindings;
use crate::fake_transport::{FakeTransport, Seen, offline};
use crate::raw_server::RawServer;

/// The request that a client with these options sends.
fn sent(options: &[(&str, &str)], request: &Request) -> Seen {
    sent_with(&offline(options), request)
}

fn sent_with(config: &Config, request: &Request) -> Seen {
    let transport = FakeTransport::accepting();
    let outcome = transport.client(config).batch_operate(request).unwrap();
    assert!(outcome.all_accepted(), "{outcome:?}");
    transport.seen().remove(0)
}

fn refusal(options: &[(&str, &str)], request: &Request) -> ErrorKind {
    let client = FakeTransport::accepting().client(&offline(options));
    client.batch_operate(request).unwrap_err().kind()
}

pub(crate) fn access_id() {
    for id in ["1500000001", "1500000002"] {
        let seen = sent(&[("access_id", id)], &bindings("t", 1));
        assert_eq!(seen.header("AccessId"), Some(id));
        let outbox = Outbox::open(&offline(&[("access_id", id)])).unwrap();
        assert_eq!(outbox.name(), id);
    }
}

pub(crate) fn secret_key() {
    let header = |key| {
        let options = [("secret_key", key), ("auth", "basic")];
        let seen = sent(&options, &bindings("t", 1));
        seen.header("Authorization").unwrap().to_owned()
    };
    assert_ne!(header("one"), header("another"));
}

pub(crate) fn access_point() {
    for (point, host) in [
        ("guangzhou", "api.tpns.tencent.com"),
        ("singapore", "api.tpns.sgp.tencent.com"),
    ] {
        let seen = sent(&[("access_point", point)], &bindings("t", 1));
        assert!(
            seen.url.starts_with(&format!("https://{host}/")),
            "{seen:?}"
        );
    }
    let mut both = offline(&[("base_url", "http://127.0.0.1:1")]);
    both.set("access_point", "shanghai").unwrap();
    let error = Client::new(&both).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
}

pub(crate) fn base_url() {
    for url in ["https://tpns.test/prefix", "http://127.0.0.1:1"] {
        let seen = sent(&[("base_url", url)], &bindings("t", 1));
        assert!(seen.url.starts_with(&format!("{url}/v3/")), "{seen:?}");
    }
}

pub(crate) fn allow_http() {
    let client = |allowed| {
        let options = [("base_url", "http://tpns.test"), ("allow_http", allowed)];
        Client::new(&offline(&options))
    };
    let error = client("false").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
    client("true").unwrap();
}

pub(crate) fn auth() {
    for (auth, used, unused) in [
        ("sign", "Sign", "Authorization"),
        ("basic", "Authorization", "Sign"),
    ] {
        let seen = sent(&[("auth", auth)], &bindings("t", 1));
        assert!(seen.header(used).is_some(), "{auth}: {seen:?}");
        assert!(seen.header(unused).is_none(), "{auth}: {seen:?}");
    }
}

pub(crate) fn protocol() {
    let plain = bindings("t", 1);
    let with_platform = bindings("t", 1).with_platform(Platform::Android);
    for (version, taken, refused) in [
        ("tpns", &plain, &with_platform),
        ("tpns_with_platform", &with_platform, &plain),
    ] {
        let options = [("protocol", version)];
        assert!(sent(&options, taken).url.ends_with("/batchoperate"));
        assert_eq!(refusal(&options, refused), ErrorKind::InvalidRequest);
    }
    // The legacy service has an address of its own, and knows Basic only.
    let mut legacy = Config::new();
    for (name, value) in [
        ("access_id", "1"),
        ("secret_key", "secret"),
        ("protocol", "xg_v3"),
    ] {
        legacy.set(name, value).unwrap();
    }
    let tokens = Request::clear_tokens(vec![xgpush::Token::new("t").unwrap()]);
    let seen = sent_with(&legacy, &tokens.with_platform(Platform::Android));
    assert!(
        seen.url.starts_with("https://openapi.xg.qq.com/"),
        "{seen:?}"
    );
    assert!(seen.header("Authorization").is_some(), "{seen:?}");
}

pub(crate) fn allow_append() {
    let binding = Binding::one(
        xgpush::Token::new("t").unwrap(),
        xgpush::Account::new("alice").unwrap(),
    );
    let append = Request::append(vec![binding]);
    let kind = refusal(&[("allow_append", "false")], &append);
    assert_eq!(kind, ErrorKind::InvalidRequest);
    let seen = sent(&[("allow_append", "true")], &append);
    let number = format!("\"operator_type\":{}", Operator::Append.number());
    assert!(seen.body.contains(&number), "{seen:?}");
}

pub(crate) fn user_agent() {
    for agent in ["game-server/7", "gate/1"] {
        let server = RawServer::start(r#"{"ret_code":0,"result":["0"]}"#);
        let options = [("base_url", &*server.url()), ("user_agent", agent)];
        let client = Client::new(&offline(&options)).unwrap();
        assert!(
            client
                .batch_operate(&bindings("t", 1))
                .unwrap()
                .all_accepted()
        );
        let head = server.heads().remove(0).to_ascii_lowercase();
        assert!(head.contains(&format!("user-agent: {agent}\r\n")), "{head}");
    }
    let error = Client::new(&offline(&[("user_agent", "two\nlines")])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
}
