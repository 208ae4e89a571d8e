//! An outbox over an engine.

use xgpush::{ErrorKind, Outbox};

use crate::fake_transport::offline;

/// Why an outbox with these options does not open.
fn refusal(options: &[(&str, &str)]) -> String {
    let error = Outbox::open(&offline(options)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption, "{error}");
    error.to_string()
}

pub(crate) fn outbox_url() {
    let text = refusal(&[("outbox_url", "redis://user:hunter2@127.0.0.1:1/nonsense")]);
    assert!(
        text.contains("outbox_url") && !text.contains("hunter2"),
        "{text}"
    );
    Outbox::open(&offline(&[("outbox_url", "")])).unwrap();
}

pub(crate) fn outbox_role() {
    for role in ["submit", "relay"] {
        let text = refusal(&[("outbox_role", role)]);
        assert!(text.contains("outbox_url") && text.contains(role), "{text}");
    }
    Outbox::open(&offline(&[("outbox_role", "auto")])).unwrap();
}

pub(crate) fn outbox_lease_ms() {
    let text = |lease| {
        refusal(&[
            ("outbox_url", "redis://127.0.0.1/nonsense"),
            ("request_timeout_ms", "1000"),
            ("outbox_lease_ms", lease),
        ])
    };
    assert!(text("5999").contains("2 × request_timeout_ms + 4000"));
    assert!(!text("6000").contains("request_timeout_ms"));
}

pub(crate) fn outbox_reports_to() {
    for reader in ["group:web", "none"] {
        let text = refusal(&[("outbox_reports_to", reader)]);
        assert!(
            text.contains("outbox_url") && text.contains(reader),
            "{text}"
        );
    }
    Outbox::open(&offline(&[("outbox_reports_to", "process")])).unwrap();
}

pub(crate) fn outbox_prefix() {
    let url = ("outbox_url", "redis://127.0.0.1/nonsense");
    let text = |prefix| refusal(&[url, ("outbox_prefix", prefix)]);
    assert!(text("a{b}").contains("outbox_prefix"));
    assert!(!text("game:7").contains("outbox_prefix"));
}
