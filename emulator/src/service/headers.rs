//! [`RequestHeaders`]: the headers of a request, for the log.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// The headers of a request in their order, names in lower case. The secret key of
/// Basic authentication is not among them: the value is `Basic ID:***`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RequestHeaders(Box<str>);

impl RequestHeaders {
    /// More bytes than these are left out.
    const MOST: usize = 16 * 1024;

    pub(crate) fn new<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut lines = String::with_capacity(256);
        for (name, value) in headers {
            let value = String::from_utf8_lossy(value);
            if lines.len() + name.len() + value.len() > Self::MOST {
                break;
            }
            lines.push_str(name);
            lines.push(':');
            if name.contains("authorization") {
                lines.push_str(&without_secret(&value));
            } else {
                // A header has no line end; were there one, it would look like two headers.
                lines.extend(value.chars().filter(|character| *character != '\n'));
            }
            lines.push('\n');
        }
        Self(lines.into_boxed_str())
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.lines().filter_map(|line| line.split_once(':'))
    }

    /// The first value of a header; the name in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find_map(|(given, value)| (given == name).then_some(value))
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.len()
    }
}

/// `Basic ID:***`; of other schemes the name alone.
fn without_secret(value: &str) -> String {
    let Some((scheme, encoded)) = value.split_once(' ') else {
        return "***".into();
    };
    if !scheme.eq_ignore_ascii_case("basic") {
        return format!("{scheme} ***");
    }
    let pair = STANDARD
        .decode(encoded.trim())
        .ok()
        .and_then(|pair| String::from_utf8(pair).ok());
    match pair.as_deref().and_then(|pair| pair.split_once(':')) {
        Some((id, _)) => format!("{scheme} {}:***", id.replace(char::is_control, "?")),
        None => format!("{scheme} *** (no base64 of ID:KEY)"),
    }
}

impl fmt::Debug for RequestHeaders {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for RequestHeaders {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl JsonSchema for RequestHeaders {
    fn schema_name() -> Cow<'static, str> {
        "RequestHeaders".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Names in lower case and values, in their order, without secret keys",
            "type": "array",
            "items": {
                "type": "array",
                "prefixItems": [{"type": "string"}, {"type": "string"}],
                "minItems": 2,
                "maxItems": 2
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::RequestHeaders;

    #[test]
    fn headers_are_shown_without_the_secret_key() {
        let basic = "Basic MTUwMDAwMTA0ODpzZWNyZXQ=";
        let given: [(&str, &[u8]); 5] = [
            ("host", b"localhost:1"),
            ("authorization", basic.as_bytes()),
            ("proxy-authorization", b"Bearer secret"),
            ("authorization", b"Basic secret"),
            ("x", b"a: \xff"),
        ];
        let headers = RequestHeaders::new(given.into_iter());
        let shown: Vec<_> = headers.iter().collect();
        assert_eq!(
            shown,
            [
                ("host", "localhost:1"),
                ("authorization", "Basic 1500001048:***"),
                ("proxy-authorization", "Bearer ***"),
                ("authorization", "Basic *** (no base64 of ID:KEY)"),
                ("x", "a: \u{fffd}"),
            ]
        );
        assert_eq!(headers.get("host"), Some("localhost:1"));
        let json = serde_json::to_string(&headers).unwrap();
        assert!(!json.contains("secret") && !json.contains("c2VjcmV0"));
        let many = [("n", &[b'v'; 1000][..]); 100];
        assert!(RequestHeaders::new(many.into_iter()).bytes() <= RequestHeaders::MOST + 200);
    }
}
