//! The bodies of answers, in either spelling.

use std::borrow::Cow;

/// How code and message are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// `ret_code`, `err_msg`.
    Snake,
    /// `retCode`, `errMsg`.
    Camel,
}

/// What the bytes of a body are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Bytes(Vec<u8>),
    /// So many spaces, made while they are sent.
    Spaces(u64),
}

/// How the bytes go out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pace {
    #[default]
    AtOnce,
    /// The body byte by byte.
    DripBody { ms: u64 },
    /// The head byte by byte.
    DripHead { ms: u64 },
    /// Closed after so many bytes of the body.
    Truncate { at: usize },
}

/// A whole HTTP answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: Cow<'static, str>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) content: Content,
    pub(crate) date_skew_s: i64,
    pub(crate) pace: Pace,
}

impl Answer {
    pub(crate) fn new(
        status: u16,
        content_type: impl Into<Cow<'static, str>>,
        body: Vec<u8>,
    ) -> Self {
        Self {
            status,
            content_type: content_type.into(),
            headers: Vec::new(),
            content: Content::Bytes(body),
            date_skew_s: 0,
            pace: Pace::AtOnce,
        }
    }

    pub(crate) fn json(status: u16, body: Vec<u8>) -> Self {
        Self::new(status, "application/json", body)
    }
}

/// What follows code and message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Payload {
    /// `seq` before all else.
    pub(crate) seq: bool,
    /// `result` as a list.
    pub(crate) results: Option<Vec<Cow<'static, str>>>,
    /// Further members, each with its leading comma.
    pub(crate) more: Vec<u8>,
}

/// `{"ret_code":…,"err_msg":…,…}`
pub(crate) fn envelope(naming: Naming, code: i64, message: &str, payload: &Payload) -> Vec<u8> {
    let mut body = Vec::with_capacity(96 + payload.more.len());
    body.push(b'{');
    if payload.seq {
        body.extend_from_slice(b"\"seq\":0,");
    }
    let (code_name, message_name) = match naming {
        Naming::Snake => ("\"ret_code\":", ",\"err_msg\":"),
        Naming::Camel => ("\"retCode\":", ",\"errMsg\":"),
    };
    body.extend_from_slice(code_name.as_bytes());
    body.extend_from_slice(code.to_string().as_bytes());
    body.extend_from_slice(message_name.as_bytes());
    string(&mut body, message);
    if let Some(results) = &payload.results {
        body.extend_from_slice(b",\"result\":");
        list(&mut body, results, |body, result| string(body, result));
    }
    body.extend_from_slice(&payload.more);
    body.push(b'}');
    body
}

/// A JSON string.
pub(crate) fn string(body: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(body, text).expect("a string into memory is always written");
}

/// A JSON array.
pub(crate) fn list<T>(
    body: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut each: impl FnMut(&mut Vec<u8>, T),
) {
    body.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        each(body, item);
    }
    body.push(b']');
}

/// `{"account":…,"account_type":…` without the closing brace.
pub(crate) fn account(body: &mut Vec<u8>, name: &str, account_type: Option<i64>) {
    body.extend_from_slice(b"{\"account\":");
    string(body, name);
    if let Some(account_type) = account_type {
        body.extend_from_slice(b",\"account_type\":");
        body.extend_from_slice(account_type.to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::{Naming, Payload, envelope};

    #[test]
    fn both_spellings_and_every_character() {
        let payload = Payload {
            seq: false,
            results: Some(vec!["0".into(), "a\"b".into()]),
            more: b",\"x\":[]".to_vec(),
        };
        let camel = envelope(Naming::Camel, 0, "NO_ERROR", &payload);
        assert_eq!(
            String::from_utf8(camel).unwrap(),
            r#"{"retCode":0,"errMsg":"NO_ERROR","result":["0","a\"b"],"x":[]}"#
        );
        let snake = envelope(Naming::Snake, -1, "\n", &Payload::default());
        assert_eq!(
            String::from_utf8(snake).unwrap(),
            r#"{"ret_code":-1,"err_msg":"\n"}"#
        );
    }
}
