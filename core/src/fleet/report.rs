//! A final report as it lies in the engine.

use serde::{Deserialize, Serialize};

use super::engine::SenderId;
use crate::model::outcome::{ItemOutcome, Reason};

/// What became of an operation of the fleet: the one final report of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FleetReport {
    pub(crate) sender: SenderId,
    /// The sender's number for the operation.
    pub(crate) number: u64,
    /// The caller's.
    pub(crate) tag: u64,
    /// In milliseconds since 1970-01-01 UTC, by the sender's clock.
    pub(crate) submitted_ms: u64,
    /// The same by the clock of the relay that settled it.
    pub(crate) at_ms: u64,
    pub(crate) outcome: ItemOutcome,
}

/// Its JSON. What is absent is none or zero; readers pass over what they do not know, so
/// that two versions get along with one engine.
#[derive(Serialize, Deserialize)]
struct Shape {
    s: String,
    n: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    tag: u64,
    #[serde(rename = "in")]
    submitted: u64,
    at: u64,
    #[serde(rename = "why")]
    reason: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    sent: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    http: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<i64>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl FleetReport {
    pub(crate) fn encode(&self) -> Box<[u8]> {
        let shape = Shape {
            s: self.sender.0.clone().into(),
            n: self.number,
            tag: self.tag,
            submitted: self.submitted_ms,
            at: self.at_ms,
            reason: self.outcome.reason.name().to_owned(),
            sent: self.outcome.attempts.into(),
            http: self.outcome.http_status,
            code: self.outcome.code,
            text: self.outcome.message().to_owned(),
        };
        let json = serde_json::to_vec(&shape).expect("a report has no value that JSON lacks");
        json.into()
    }

    /// `None`: no relay wrote this.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let shape: Shape = serde_json::from_slice(bytes).ok()?;
        let mut outcome = match shape.reason.parse::<Reason>() {
            Ok(reason) => ItemOutcome::new(reason, None),
            Err(_) => ItemOutcome::with_message(
                Reason::NotDocumented,
                format!("a relay of another version reports: {}", shape.reason),
            ),
        };
        outcome.attempts = u16::try_from(shape.sent).unwrap_or(u16::MAX);
        outcome.http_status = shape.http;
        outcome.code = shape.code;
        if !shape.text.is_empty() {
            outcome.append_message(&shape.text);
        }
        Some(Self {
            sender: SenderId(shape.s.into()),
            number: shape.n,
            tag: shape.tag,
            submitted_ms: shape.submitted,
            at_ms: shape.at,
            outcome,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::outcome::State;

    fn report(outcome: ItemOutcome) -> FleetReport {
        FleetReport {
            sender: SenderId("gate \"1\".5f3a".into()),
            number: u64::MAX,
            tag: 7,
            submitted_ms: 1_700_000_000_000,
            at_ms: 1_700_000_000_250,
            outcome,
        }
    }

    #[test]
    fn every_reason_is_read_as_it_was_written() {
        for reason in Reason::ALL {
            let mut outcome = ItemOutcome::new(*reason, None);
            for (attempts, http, code, text) in [
                (0, None, None, ""),
                (u16::MAX, Some(429), Some(-1), "\"too\" fast\n太快"),
            ] {
                outcome.attempts = attempts;
                outcome.http_status = http;
                outcome.code = code;
                outcome.message = (!text.is_empty()).then(|| text.into());
                let report = report(outcome.clone());
                assert_eq!(FleetReport::decode(&report.encode()), Some(report));
            }
        }
    }

    #[test]
    fn another_version_is_understood_as_far_as_it_goes() {
        let json = br#"{"s":"a.1","n":3,"in":1,"at":2,"why":"teleported","new":[1]}"#;
        let read = FleetReport::decode(json).unwrap();
        assert_eq!((read.number, read.tag), (3, 0));
        assert_eq!(read.outcome.state(), State::Unknown);
        assert!(read.outcome.message().contains("teleported"));
        for bad in [&b""[..], b"{}", b"\xff\xfe", br#"{"s":1}"#] {
            assert_eq!(FleetReport::decode(bad), None);
        }
    }
}
