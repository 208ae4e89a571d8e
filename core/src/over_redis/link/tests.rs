//! Over a real server, over sockets that answer nothing or nonsense, and after a fork.

mod sentinels;
mod tls;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::*;
use crate::over_redis::server::RedisServer;

const BRIEF: Duration = Duration::from_millis(200);

fn link(url: &str) -> Link {
    Link::new(RedisUrl::parse(url).unwrap(), &Config::new()).unwrap()
}

fn ping(link: &mut Link) -> Result<Reply> {
    link.command(&[b"PING"])
}

fn answers(link: &mut Link) {
    assert_eq!(ping(link), Ok(Reply::Bytes(b"PONG".to_vec())));
}

fn away(result: Result<Reply>) -> String {
    match result {
        Err(EngineError::Away(why)) => why,
        other => panic!("not away: {other:?}"),
    }
}

fn refused(result: Result<Reply>) -> String {
    match result {
        Err(EngineError::Refused(why)) => why,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn commands_pipelines_and_scripts_go_over_one_connection() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let mut link = link(&server.url());
    answers(&mut link);
    let body: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    link.command(&[b"SET", b"k", &body]).unwrap();
    let got = link.command(&[b"GET", b"k"]).unwrap();
    assert_eq!(got.bytes(), Some(&body[..]));
    let mut commands = Commands::default();
    commands
        .add(&[b"INCR", b"n"])
        .add(&[b"NOSUCH"])
        .add(&[b"INCR", b"n"]);
    let replies = link.pipeline(&commands).unwrap();
    assert_eq!(replies[0], Reply::Integer(1));
    assert!(matches!(replies[1], Reply::Error(_)));
    assert_eq!(replies[2], Reply::Integer(2));
    let mut script = Script::new("return {KEYS[1], ARGV[1]}");
    for forget in [false, true, false] {
        if forget {
            link.command(&[b"SCRIPT", b"FLUSH"]).unwrap();
        }
        let said = link.script(&mut script, &[b"k"], &[b"a\r\n\0"]).unwrap();
        let said: Vec<_> = said.list().unwrap().iter().map(Reply::bytes).collect();
        assert_eq!(said, [Some(&b"k"[..]), Some(b"a\r\n\0")]);
    }
    refused(link.script(&mut Script::new("return redis.call('GET')"), &[], &[]));
    assert_eq!(link.connections(), 1);
    link.rest();
    answers(&mut link);
    assert_eq!(link.connections(), 2);
}

#[test]
fn a_server_that_was_away_is_found_again() {
    let Some(mut server) = RedisServer::start(&[]) else {
        return;
    };
    let mut link = link(&server.url());
    answers(&mut link);
    server.kill();
    away(ping(&mut link));
    assert!(away(ping(&mut link)).contains("no connection to Redis at unix:"));
    server.up();
    answers(&mut link);
}

#[test]
fn an_idle_connection_that_the_server_closed_costs_no_error() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let mut link = link(&server.url());
    answers(&mut link);
    server.said(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap();
    while link.connection.as_mut().unwrap().is_good() {
        std::thread::yield_now();
    }
    answers(&mut link);
    assert_eq!(link.connections(), 2);
}

#[test]
fn a_server_that_hangs_ends_with_the_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for url in [
        format!("redis://:geheim@127.0.0.1:{port}"),
        format!("rediss://:geheim@127.0.0.1:{port}"),
        format!("redis+sentinel://:geheim@127.0.0.1:{port},127.0.0.1:{port}/m"),
    ] {
        let mut link = link(&url).with_times(BRIEF, BRIEF);
        let why = away(ping(&mut link));
        assert!(why.contains("does not answer"), "{why}");
        assert!(!why.contains("geheim"), "{why}");
    }
}

/// A server that answers each connection with the same bytes, whatever it is asked, a byte
/// at a time.
fn parrot(answer: &'static [u8], pause: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for socket in listener.incoming().take(2) {
            let mut socket = socket.unwrap();
            let _ = socket.read(&mut [0; 1024]);
            for byte in answer {
                if socket.write_all(&[*byte]).is_err() {
                    break;
                }
                std::thread::sleep(pause);
            }
        }
    });
    port
}

#[test]
fn a_drip_ends_with_the_time_as_well() {
    let port = parrot(&[b'1'; 2000], Duration::from_millis(5));
    let mut link = link(&format!("redis://127.0.0.1:{port}")).with_times(BRIEF, BRIEF);
    // The first byte makes it no Redis; as a number it would go on for ten seconds.
    away(ping(&mut link));
    let port = parrot(b":11111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111", Duration::from_millis(10));
    let mut link = self::link(&format!("redis://127.0.0.1:{port}")).with_times(BRIEF, BRIEF);
    let why = away(ping(&mut link));
    assert!(why.contains("does not answer"), "{why}");
}

#[test]
fn what_is_no_redis_is_said_so() {
    for (answer, expected) in [
        (
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            "does not speak the protocol of Redis",
        ),
        (b"", "closed the connection"),
        (
            b"-DENIED Redis is running in protected mode\r\n",
            "protected mode",
        ),
    ] {
        let port = parrot(answer, Duration::ZERO);
        let mut link = link(&format!("redis://127.0.0.1:{port}"));
        let why = ping(&mut link).unwrap_err().to_string();
        assert!(why.contains(expected), "{why}");
    }
}

#[test]
fn passwords_users_and_databases_are_given_and_never_shown() {
    let Some(server) = RedisServer::start_on_port(&["--requirepass", "geheim/@"]) else {
        return;
    };
    let port = server.port();
    let at = |login: &str| link(&format!("redis://{login}127.0.0.1:{port}/5"));
    answers(&mut at(":geheim%2F%40@"));
    answers(&mut at("default:geheim%2f%40@"));
    for (login, expected) in [
        ("", "needs a password"),
        (":geheimnis@", "refuses the user or the password"),
        ("nobody:geheimnis@", "refuses the user or the password"),
    ] {
        let mut link = at(login);
        let why = refused(ping(&mut link));
        assert!(why.contains(expected), "{why}");
        assert!(!format!("{why} {link:?} {}", link.place()).contains("geheim"));
    }
    let out_of_range = format!("redis://:geheim%2F%40@127.0.0.1:{port}/99");
    refused(ping(&mut link(&out_of_range)));

    let Some(open) = RedisServer::start_on_port(&[]) else {
        return;
    };
    let why = refused(ping(&mut link(&format!(
        "redis://:geheim@127.0.0.1:{}",
        open.port()
    ))));
    assert!(why.contains("takes no password"), "{why}");
    assert!(!why.contains("geheim"), "{why}");
}

#[test]
fn a_child_after_fork_makes_its_own_connection() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let mut link = link(&server.url());
    answers(&mut link);
    link.connection.as_mut().unwrap().now_a_parents();
    answers(&mut link);
    assert_eq!(link.connections(), 2);
}
