//! The control API over HTTP.

mod common;

use std::thread;
use std::time::{Duration, Instant};

use common::{BASIC, BATCH, Client, PATIENCE, QUERY, overwrite};
use serde_json::{Value, json};
use xgpush_emulator::{Config, Emulator};

/// The control API of one server, over a connection of its own.
struct Admin(Client);

impl Admin {
    fn call(&mut self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let received = self
            .0
            .exchange(method, &format!("/_emulator/{path}"), "X-Any: 1\r\n", body);
        (received.status(), received.json())
    }

    fn get(&mut self, path: &str) -> Value {
        let (status, answer) = self.call("GET", path, "");
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    fn post(&mut self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call("POST", path, &body.to_string());
        assert_eq!(status, 200, "{path} {body}: {answer}");
        answer
    }

    fn refuses(&mut self, method: &str, path: &str, body: &str, status: u16, text: &str) {
        let (found, answer) = self.call(method, path, body);
        let message = answer["err_msg"].as_str().unwrap_or_default();
        assert_eq!(
            (found, &answer["ret_code"], message.contains(text)),
            (status, &json!(1_008_007), true),
            "{method} {path} {body}: {answer}"
        );
    }
}

fn start(config: Config) -> (Emulator, Client, Admin) {
    let emulator = Emulator::start(config).unwrap();
    let (client, admin) = (Client::new(&emulator), Admin(Client::new(&emulator)));
    (emulator, client, admin)
}

fn seqs(answer: &Value) -> Vec<u64> {
    let entries = answer["log"].as_array().unwrap();
    entries.iter().map(|e| e["seq"].as_u64().unwrap()).collect()
}

#[test]
fn setting_is_changed_alone_and_reset_wipes() {
    let (emulator, mut client, mut admin) = start(Config::default());
    client.post(BATCH, &overwrite(&[("t1", "a1")]));
    admin.post("fault", &json!({"kind": "status", "status": 503}));
    assert_eq!(
        admin.post("config", &json!({"latency_ms": 1, "access_id": 42})),
        json!({"ret_code": 0})
    );
    assert_eq!(emulator.state().accounts_of("t1"), [("a1".into(), 0)]);
    assert_eq!(emulator.log().len(), 1);
    assert_eq!(admin.get("faults")["faults"].as_array().unwrap().len(), 1);
    let shown = admin.get("config");
    assert_eq!(shown["config"]["latency_ms"], 1);
    assert_eq!(shown["config"]["access_id"], "42");
    assert_eq!(shown["defaults"]["latency_ms"], 0);
    assert!(
        !shown
            .to_string()
            .contains("1452fcebae9f3115ba794fb0fff2fd73")
    );

    // What GET shows can be posted: the key stays.
    admin.post("config", &shown["config"]);
    admin.post("config", &json!({"access_id": "1500001048"}));
    assert_eq!(
        client.post(BATCH, &overwrite(&[("t2", "a2")])).status(),
        503
    );
    assert_eq!(
        client.post(BATCH, &overwrite(&[("t2", "a2")])).status(),
        200
    );

    assert_eq!(admin.post("reset", &json!({})), json!({"ret_code": 0}));
    assert!(emulator.state().tokens.is_empty() && emulator.log().is_empty());
    assert_eq!(
        admin.get("config")["config"]["latency_ms"],
        1,
        "settings stay"
    );
    admin.post(
        "reset",
        &json!({"config": {"version": "xg_v3", "tls": false}}),
    );
    let config = &admin.get("config")["config"];
    assert_eq!(
        (&config["latency_ms"], &config["version"]),
        (&json!(0), &json!("xg_v3"))
    );

    for (body, text) in [
        (r#"{"latency":1}"#, "latency"),
        (r#"{"version":"new"}"#, "new"),
        (r#"{"latency_ms":-1}"#, "-1"),
        (r#"{"tls":true}"#, "tls"),
        ("[]", ""),
        ("", ""),
    ] {
        admin.refuses("POST", "config", body, 400, text);
    }
    admin.refuses("POST", "reset", r#"{"latency_ms":1}"#, 400, "latency_ms");
    admin.refuses(
        "POST",
        "reset",
        r#"{"config":{"latency":1}}"#,
        400,
        "latency",
    );
    assert_eq!(admin.get("config")["config"]["version"], "xg_v3");
}

#[test]
fn version_changes_under_operations_that_wait() {
    let (emulator, mut client, mut admin) = start(Config {
        apply_delay_ms: 3_600_000,
        ..Config::default()
    });
    client.post(BATCH, &overwrite(&[("t1", "a1")]));
    admin.post("config", &json!({"version": "xg_v3"}));
    assert_eq!(admin.get("health")["waiting"], 1);
    assert_eq!(admin.get("log")["log"][0]["changes"], json!([]));
    admin.post("settle", &json!({}));
    assert_eq!(emulator.state().accounts_of("t1"), [("a1".into(), 0)]);
    let changed = json!([{"change": "bound", "token": "t1", "account": "a1", "account_type": 0}]);
    assert_eq!(admin.get("log")["log"][0]["changes"], changed);
    let typed = r#"{"operator_type":2,"platform":"ios","token_accounts":[{"token":"t1","account_list":[{"account":"a1","account_type":1}]}]}"#;
    assert_eq!(client.post(BATCH, typed).json()["result"], json!(["ok"]));
}

#[test]
fn log_shows_what_came_and_what_it_changed() {
    let (_emulator, mut client, mut admin) = start(Config::default());
    client.post(BATCH, &overwrite(&[("t1", "a1")]));
    client.post(BATCH, &overwrite(&[("t1", "a1")]));
    client.post(BATCH, &overwrite(&[("t1", "a2")]));
    let log = admin.get("log");
    let entry = &log["log"][0];
    assert_eq!(entry["body"], overwrite(&[("t1", "a1")]));
    assert!(entry["answer"].as_str().unwrap().contains("NO_ERROR"));
    assert!(!log.to_string().contains("1452fcebae9f3115ba794fb0fff2fd73"));
    let headers = entry["headers"].as_array().unwrap();
    assert!(headers.contains(&json!(["authorization", "Basic 1500001048:***"])));
    let change = |change, account| json!({"change": change, "token": "t1", "account": account, "account_type": 0});
    assert_eq!(entry["changes"], json!([change("bound", "a1")]));
    assert_eq!(log["log"][1]["changes"], json!([]), "it was so before");
    assert_eq!(
        log["log"][2]["changes"],
        json!([change("unbound", "a1"), change("bound", "a2")])
    );
}

#[test]
fn log_is_filtered_and_read_from_either_end() {
    let (_emulator, mut client, mut admin) = start(Config::default());
    for n in 0..10 {
        client.post(BATCH, &overwrite(&[(&format!("t{n}"), "a")]));
    }
    client.post(QUERY, r#"{"operator_type":2,"token_list":["t3"]}"#);
    admin.post("fault", &json!({"kind": "status", "status": 500}));
    client.post(BATCH, &overwrite(&[("t3", "用户")]));
    client.exchange("POST", BATCH, "", "{}");

    assert_eq!(seqs(&admin.get("log?token=t3")), [4, 11, 12]);
    assert_eq!(seqs(&admin.get("log?token=t3&path=query")), [11]);
    assert_eq!(seqs(&admin.get("log?token=t")), [] as [u64; 0]);
    assert_eq!(seqs(&admin.get("log?account=%E7%94%A8%E6%88%B7")), [12]);
    assert_eq!(seqs(&admin.get("log?refused=true")), [12, 13]);
    assert_eq!(seqs(&admin.get("log?refused=false&since=9")), [10, 11]);
    assert_eq!(seqs(&admin.get("log?fault=status")), [12]);
    assert_eq!(seqs(&admin.get("log?ret_code=1008003")), [13]);
    assert_eq!(seqs(&admin.get("log?operator_type=2&before=4")), [3, 2, 1]);
    let first = admin.get("log?limit=5");
    assert_eq!(
        (seqs(&first), &first["more"], &first["last"]),
        (vec![1, 2, 3, 4, 5], &json!(true), &json!(13))
    );
    let rest = admin.get("log?since=5");
    assert_eq!((seqs(&rest).len(), &rest["more"]), (8, &json!(false)));
    let newest = admin.get("log?before=14&limit=2");
    assert_eq!(
        (seqs(&newest), &newest["more"]),
        (vec![13, 12], &json!(true))
    );
    assert_eq!(admin.get("log?since=99")["log"], json!([]));

    for (query, text) in [
        ("limit=0", "limit"),
        ("limit=many", "limit"),
        ("refused=perhaps", "refused"),
        ("tokens=t3", "tokens"),
        ("since=1&since=2", "twice"),
        ("before=3&since=1", "before"),
        ("wait_ms=60001", "wait_ms"),
        ("token=%zz", "encoding"),
    ] {
        admin.refuses("GET", &format!("log?{query}"), "", 400, text);
    }
}

#[test]
fn log_waits_for_a_request_of_a_token() {
    let (emulator, mut client, mut admin) = start(Config::default());
    client.post(BATCH, &overwrite(&[("early", "a")]));
    let waits = thread::spawn(move || {
        let answer = admin.get("log?token=late&wait_ms=20000");
        (answer, admin)
    });
    for n in 0..20 {
        client.post(BATCH, &overwrite(&[(&format!("other{n}"), "a")]));
    }
    client.post(BATCH, &overwrite(&[("late", "a")]));
    let (answer, mut admin) = waits.join().unwrap();
    assert_eq!(seqs(&answer), [22]);
    // What is there already is not waited for; what never comes ends with the time.
    assert_eq!(seqs(&admin.get("log?token=late&wait_ms=20000")), [22]);
    let began = Instant::now();
    assert_eq!(admin.get("log?token=never&wait_ms=30")["log"], json!([]));
    assert!(began.elapsed() >= Duration::from_millis(30));
    // Others are served meanwhile, and a server that ends ends the wait.
    let mut waiting = Client::new(&emulator);
    waiting.write("GET", "/_emulator/log?token=never&wait_ms=20000", "", "");
    assert_eq!(client.post(BATCH, &overwrite(&[("t", "a")])).status(), 200);
    drop(emulator);
    assert!(waiting.read().bytes.is_empty());
}

#[test]
fn bindings_are_found_from_either_side_in_pages() {
    let (_emulator, mut client, mut admin) = start(Config::default());
    for n in 0..30 {
        let (token, account) = (format!("tok-{n:02}"), format!("acc-{}", n % 3));
        client.post(BATCH, &overwrite(&[(&token, &account)]));
    }
    let typed = r#"{"operator_type":2,"token_accounts":[{"token":"xtok-05","account_list":[{"account":"acc-1","account_type":7},{"account":"other","account_type":9}]}]}"#;
    client.post(BATCH, typed);

    assert_eq!(
        admin.get("bindings?token=tok-07"),
        json!({"ret_code": 0, "tokens": [{"token": "tok-07", "tags": [], "accounts": [["acc-1", 0]]}], "next": null})
    );
    let mut after = String::new();
    let mut all = Vec::new();
    loop {
        let page = admin.get(&format!("bindings?token=tok-1&limit=4{after}"));
        let rows = page["tokens"].as_array().unwrap().clone();
        assert!(rows.len() <= 4);
        all.extend(
            rows.into_iter()
                .map(|row| row["token"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        after = format!("&after={next}");
    }
    let expected: Vec<_> = (10..20).map(|n| format!("tok-{n}")).collect();
    assert_eq!(all, expected);
    let inside = admin.get("bindings?token=ok-05&contains=true");
    let inside = inside["tokens"].as_array().unwrap();
    assert_eq!(
        inside.iter().map(|row| &row["token"]).collect::<Vec<_>>(),
        ["tok-05", "xtok-05"]
    );

    let accounts = admin.get("bindings?account=acc-1");
    let accounts = accounts["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 2);
    assert_eq!(
        (&accounts[0]["account_type"], &accounts[0]["count"]),
        (&json!(0), &json!(10))
    );
    assert_eq!(accounts[0]["tokens"][0], "tok-28", "the newest first");
    assert_eq!(
        accounts[1],
        json!({"account": "acc-1", "account_type": 7, "count": 1, "tokens": ["xtok-05"]})
    );
    let other = admin.get("bindings?account=&account_type=9");
    assert_eq!(other["accounts"][0]["account"], "other");
    assert_eq!(admin.get("bindings?token=tok-99")["tokens"], json!([]));
    assert_eq!(
        admin.get("bindings")["tokens"].as_array().unwrap().len(),
        31
    );
    admin.refuses(
        "GET",
        "bindings?token=a&account=b",
        "",
        400,
        "one at a time",
    );
}

#[test]
fn faults_are_listed_and_removed_one_by_one() {
    let (_emulator, mut client, mut admin) = start(Config::default());
    let ids = admin.post(
        "fault",
        &json!([{"kind": "status", "status": 503, "name": "down", "times": 0},
                {"kind": "hang", "token": "t1"}, {"kind": "hang", "account": "a1"},
                {"kind": "status", "status": 500, "path": "nowhere"}]),
    );
    let ids = ids["ids"].as_array().unwrap().clone();
    client.post(BATCH, &overwrite(&[("t2", "a2")]));
    let listed = admin.get("faults");
    assert_eq!(listed["faults"][0]["hits"], 1);
    assert_eq!(listed["faults"][0]["kind"], "status");
    assert_eq!(listed["faults"][3]["id"], ids[3]);
    assert_eq!(listed["random_faults"], Value::Null);
    assert_eq!(
        admin.post("clear_faults", &json!({"token": "t1"}))["removed"],
        1
    );
    assert_eq!(
        admin.post("clear_faults", &json!({"id": ids[3]}))["removed"],
        1
    );
    assert_eq!(
        admin.post("clear_faults", &json!({"name": "no such"}))["removed"],
        0
    );
    admin.refuses("POST", "clear_faults", r#"{"tokn":"t1"}"#, 400, "tokn");
    assert_eq!(admin.post("clear_faults", &json!({}))["removed"], 2);

    let recipes = admin.get("recipes");
    for recipe in recipes["recipes"].as_array().unwrap() {
        let name = &recipe["name"];
        let count = recipe["faults"].as_array().unwrap().len();
        for _ in 0..2 {
            admin.post("recipe", &json!({"name": name}));
            assert_eq!(
                admin.get("faults")["faults"].as_array().unwrap().len(),
                count
            );
        }
        admin.post("recipe", &json!({"name": name, "on": false}));
        assert_eq!(admin.get("faults")["faults"], json!([]));
    }
    admin.refuses("POST", "recipe", r#"{"name":"no such"}"#, 400, "no such");
    admin.refuses("POST", "fault", r#"{"kind":"hang","time":1}"#, 400, "time");
    admin.refuses(
        "POST",
        "fault",
        r#"[{"kind":"hang"},{"kind":"none"}]"#,
        400,
        "none",
    );
    assert_eq!(
        admin.get("faults")["faults"],
        json!([]),
        "all of a list or none"
    );
}

#[test]
fn exported_state_is_imported_with_every_order() {
    let (first, mut client, mut admin) = start(Config {
        version: xgpush_emulator::Version::XgV3,
        bad_token_prefix: String::new(),
        ..Config::default()
    });
    for n in 0..3000 {
        let body = json!({"operator_type": 1, "platform": "ios", "token_accounts": [{"token": format!("t{}", n * 7919 % 997), "account_list": [{"account": format!("a\"{}", n % 101), "account_type": n % 3}]}]});
        assert_eq!(client.post(BATCH, &body.to_string()).status(), 200);
    }
    let exported = admin.get("export");
    let (second, mut client, mut admin) = start(Config::default());
    client.post(BATCH, &overwrite(&[("before", "a")]));
    assert_eq!(admin.post("import?replace=true", &exported)["tokens"], 997);
    assert_eq!(second.state(), first.state());
    assert_eq!(second.log().len(), 1);
    assert_eq!(admin.get("export"), exported);
    assert_eq!(admin.get("state")["state"], exported["state"]);

    // Beside what is there; either side is enough.
    admin.post("reset", &json!({}));
    admin.post(
        "import",
        &json!({"state": {"tokens": {"t1": [["a", 0], ["b", 1]]}}}),
    );
    admin.post(
        "import",
        &json!({"state": {"accounts": {"a": {"0": ["t3", "t2"]}}}}),
    );
    assert_eq!(second.state().tokens_of("a", 0), ["t1", "t3", "t2"]);
    assert_eq!(second.state().accounts_of("t1").len(), 2);
    assert_eq!(second.log().len(), 0);
    for (body, text) in [
        (
            r#"{"state":{"tokens":{"t1":[["a",0]]},"accounts":{"b":{"0":["t1"]}}}}"#,
            "does not",
        ),
        (
            r#"{"state":{"tokens":{"t1":[["a",0],["b",0]]},"accounts":{"a":{"0":["t1"]}}}}"#,
            "not have",
        ),
        (r#"{"state":{"token":{}}}"#, "token"),
        (r#"{"format":2,"state":{}}"#, "format"),
        (r#"{"tokens":{}}"#, "tokens"),
        ("", ""),
    ] {
        admin.refuses("POST", "import", body, 400, text);
    }
    admin.refuses("POST", "state", r#"{"tokens":{}}"#, 400, "import");
    assert_eq!(second.state().tokens.len(), 3);
}

#[test]
fn health_tells_what_is_held_within_bounds() {
    let (_emulator, mut client, mut admin) = start(Config {
        max_log_bytes: 20_000,
        max_log_body_bytes: 100,
        max_body_bytes: 5000,
        ..Config::default()
    });
    let long = overwrite(&[("t1", &"a".repeat(1000))]);
    for _ in 0..100 {
        assert_eq!(client.post(BATCH, &long).status(), 200);
    }
    let health = admin.get("health");
    assert_eq!(
        (&health["status"], &health["tokens"], &health["accounts"]),
        (&json!("ok"), &json!(1), &json!(1))
    );
    let held = &health["log"];
    assert!(held["bytes"].as_u64().unwrap() <= 20_000, "{health}");
    assert!(
        (5..50).contains(&held["entries"].as_u64().unwrap()),
        "{health}"
    );
    assert_eq!(held["last"], 100);
    let entry = &admin.get("log?before=101&limit=1")["log"][0];
    assert_eq!(
        (entry["body"].as_str().unwrap().len(), &entry["body_bytes"]),
        (100, &json!(long.len()))
    );
    admin.post("config", &json!({"max_log": 2}));
    assert_eq!(seqs(&admin.get("log")), [99, 100]);
    admin.post("config", &json!({"max_log": 0}));
    client.post(BATCH, &long);
    assert_eq!(seqs(&admin.get("log")), [] as [u64; 0]);
    let received = client.exchange("POST", BATCH, BASIC, &"x".repeat(6000));
    assert_eq!(received.status(), 413);
}

#[test]
fn wrong_paths_methods_and_origins_are_refused() {
    let (emulator, mut client, mut admin) = start(Config::default());
    admin.refuses("GET", "nowhere", "", 404, "no such path");
    admin.refuses("POST", "", "", 404, "");
    admin.refuses("GET", "reset", "", 405, "POST");
    admin.refuses("DELETE", "log", "", 405, "GET and POST");
    admin.refuses("GET", "counters?x=1", "", 400, "`x`");
    let received = client.exchange("PUT", "/_emulator/config", "", "{}");
    assert_eq!(received.header("allow"), Some("GET, POST"));
    let own = "Host: localhost\r\nOrigin: http://localhost\r\n";
    for (headers, status) in [
        (own, 200),
        ("Origin: http://example.com\r\n", 403),
        ("Origin: null\r\n", 403),
    ] {
        let received = Client::new(&emulator).exchange("POST", "/_emulator/reset", headers, "");
        assert_eq!(received.status(), status, "{headers}");
    }
    let counters = admin.post("counters", &json!({}));
    assert_eq!(counters["counters"]["received"], 0);
    assert!(emulator.wait_until(PATIENCE, |counters| counters.open >= 2));
}

#[test]
fn applications_tags_and_pushes_are_shown_each_for_itself() {
    const BASIC_IOS: &str = "Authorization: Basic MTYwMDAwMDAwMTppb3Mta2V5\r\n";
    let apps =
        json!({"apps": [{"access_id": "1600000001", "secret_key": "ios-key", "name": "iOS"}]});
    let (_emulator, mut client, mut admin) = start(Config::default());
    admin.post("config", &apps);
    client.post(BATCH, &overwrite(&[("android-1", "alice")]));
    client.exchange("POST", BATCH, BASIC_IOS, &overwrite(&[("ios-1", "alice")]));
    let tag = json!({"operator_type": 1, "token_list": ["android-1"], "tag_list": ["vip"]});
    let tag = client.post("/v3/device/tag", &tag.to_string());
    assert_eq!(tag.json()["ret_code"], 0, "{}", tag.body());
    for n in 0..3 {
        let push = json!({"audience_type": "account", "account_list": ["alice"], "message_type": "notify",
            "message": {"title": format!("title {n}"), "content": "c", "android": {}}});
        let push = client.post("/v3/push/app", &push.to_string());
        assert_eq!(push.json()["ret_code"], 0, "{}", push.body());
    }

    let shown = admin.get("config");
    assert_eq!(shown["config"]["apps"][0]["name"], "iOS");
    assert!(!shown.to_string().contains("ios-key"));
    let bindings = admin.get("bindings");
    assert_eq!(
        bindings["tokens"],
        json!([{"token": "android-1", "tags": ["vip"], "accounts": [["alice", 0]]}])
    );
    let ios = admin.get("bindings?app=1600000001");
    assert_eq!(ios["tokens"][0]["token"], "ios-1");
    assert_eq!(
        admin.get("state?app=1600000001")["state"]["tokens"],
        json!({"ios-1": [["alice", 0]]})
    );
    for path in ["bindings", "state", "pushes"] {
        admin.refuses("GET", &format!("{path}?app=17"), "", 400, "17");
    }

    let page = admin.get("pushes?limit=2");
    let titles = |page: &Value| -> Vec<String> {
        let pushes = page["pushes"].as_array().unwrap().iter();
        pushes
            .map(|push| push["title"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(titles(&page), ["title 2", "title 1"]);
    assert_eq!(page["pushes"][0]["devices"], json!(["android-1"]));
    let rest = admin.get(&format!("pushes?before={}", page["next"]));
    assert_eq!(
        (titles(&rest), &rest["next"]),
        (vec!["title 0".into()], &Value::Null)
    );
    assert_eq!(admin.get("pushes?app=1600000001")["pushes"], json!([]));

    let exported = admin.get("export");
    assert_eq!(exported["state"]["tags"], json!({"android-1": ["vip"]}));
    let (_emulator, _, mut admin) = start(Config::default());
    admin.refuses("POST", "import", &exported.to_string(), 400, "1600000001");
    assert_eq!(
        admin.get("state")["state"]["tokens"],
        json!({}),
        "all or nothing"
    );
    admin.post("config", &apps);
    assert_eq!(admin.post("import", &exported)["tokens"], 2);
    assert_eq!(admin.get("export"), exported);
}
