//! Why an authentication failed, for people: the known mistakes are tried, and the text
//! says which one was made and what would have been accepted. Only for requests that are
//! refused already.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use hmac::Mac as _;
use serde_json::Value;

use super::key::{Key, keyed};
use crate::config::Region;

/// Bodies up to here are tried in other forms; beyond, only as they came.
const MAX_TRIED: usize = 16 * 1024;
/// Up to here, two mistakes at once are looked for: that takes some hundred digests.
const MAX_PAIRED: usize = 2 * 1024;

const RIGHT: &str = "right is Base64 of the lowercase hex of HMAC-SHA256 with the secret key as \
    text, over TimeStamp + AccessId + the bytes of the body";

/// No signature, or a part of it.
pub(super) fn unsigned(
    access_id: Option<&str>,
    timestamp: Option<&str>,
    sign: Option<&str>,
) -> Cow<'static, str> {
    let parts = [
        ("AccessId", access_id),
        ("TimeStamp", timestamp),
        ("Sign", sign),
    ];
    let missing: Vec<&str> = parts
        .iter()
        .filter_map(|(name, value)| value.is_none().then_some(*name))
        .collect();
    if missing.len() == parts.len() {
        return "the request has no authentication: neither the headers AccessId, TimeStamp and \
            Sign nor Authorization: Basic"
            .into();
    }
    format!("the request lacks the header {}", missing.join(" and ")).into()
}

/// The signature is right, its time is not.
pub(super) fn wrong_time(
    timestamp: &str,
    now_s: i64,
    tolerance_s: Option<u64>,
) -> Cow<'static, str> {
    let Ok(stamp) = timestamp.parse::<i64>() else {
        return format!("TimeStamp \"{timestamp}\" is no number of seconds").into();
    };
    if now_s.abs_diff(stamp / 1000) < 86_400 {
        return format!("TimeStamp {stamp} is in milliseconds; right are seconds: {now_s}").into();
    }
    let off = now_s.abs_diff(stamp);
    let side = if stamp < now_s { "behind" } else { "ahead of" };
    let allowed = tolerance_s.unwrap_or_default();
    format!(
        "the signature is right, but its TimeStamp {stamp} is {off} s {side} the server's clock \
         ({now_s}); {allowed} s are allowed"
    )
    .into()
}

/// An access id of no application.
pub(super) fn unknown_access_id(access_id: &str, keys: &[Key]) -> String {
    let known: Vec<&str> = keys.iter().map(|key| &*key.access_id).collect();
    let mut text = format!(
        "\"{access_id}\" is the access id of no application here; known is {}",
        known.join(", ")
    );
    if known.contains(&access_id.trim()) {
        text.push_str("; it would be right without the white space around it");
    } else if keys.iter().any(|key| key.secret == access_id) {
        text.push_str("; it is a secret key: access id and key are exchanged");
    } else if let Some(region) = region_of(access_id) {
        // Third parties say so; no document of the service does.
        let _ = write!(text, "; ids that begin so are said to be of {region}");
    }
    text
}

fn region_of(access_id: &str) -> Option<&'static str> {
    if access_id.len() != 10 {
        return None;
    }
    match access_id.get(..3)? {
        "152" | "162" => Some("Singapore"),
        "153" | "163" => Some("Hong Kong"),
        "158" | "168" => Some("Shanghai"),
        _ => None,
    }
}

/// The service address that the client believes to call is of another region, or of none.
pub(super) fn wrong_region(host: &str, region: Option<Region>) -> Option<String> {
    let name = host.split(':').next().unwrap_or_default();
    if !name.ends_with(".tencent.com") {
        return None;
    }
    let Some(called) = Region::ALL.into_iter().find(|r| r.host() == name) else {
        return Some(format!("{name} is the service address of no region"));
    };
    let own = region?;
    (own != called).then(|| {
        format!(
            "the application is of region {}, whose service address is {}; the request is for {name}",
            own.name(),
            own.host()
        )
    })
}

/// `Authorization` is not Basic, or not as Basic is written.
pub(super) fn unreadable_basic(authorization: &str) -> Cow<'static, str> {
    let Some((scheme, encoded)) = authorization.split_once(' ') else {
        return "Authorization is one word; right is Basic, a blank, and Base64 of \
            \"AccessId:SecretKey\""
            .into();
    };
    if !scheme.eq_ignore_ascii_case("basic") {
        return format!("Authorization is of scheme \"{scheme}\"; right is Basic").into();
    }
    if encoded.contains(':') {
        return "what follows Basic is not in Base64".into();
    }
    match STANDARD.decode(encoded.trim()) {
        Err(error) => format!("what follows Basic is no Base64: {error}").into(),
        Ok(pair) if !pair.contains(&b':') => {
            "what follows Basic has no colon between AccessId and SecretKey".into()
        }
        Ok(_) => "what follows Basic is no text in UTF-8".into(),
    }
}

/// Basic with another key.
pub(super) fn wrong_key(keys: &[Key], app: usize, given: &str) -> String {
    let id = &keys[app].access_id;
    let right = &keys[app].secret;
    if given.trim() == right {
        return format!("the secret key of {id} is right but for white space around it");
    }
    if given.eq_ignore_ascii_case(right) {
        return format!("the secret key of {id} is right but for upper and lower case");
    }
    if given.is_empty() {
        return format!("the secret key of {id} is empty");
    }
    if let Some(other) = keys.iter().find(|key| key.secret == given) {
        return format!(
            "wrong application: the key is that of {}, the access id is {id}",
            other.access_id
        );
    }
    format!(
        "the secret key of {id} is another one ({} characters are given, {} are right)",
        given.chars().count(),
        right.chars().count()
    )
}

type Named<T> = (Option<&'static str>, T);

/// The signature is not that of the request: which mistake, or which two, explain it.
pub(super) fn wrong_signature(
    keys: &[Key],
    app: usize,
    timestamp: &str,
    sign: &str,
    body: &[u8],
) -> Cow<'static, str> {
    let id = &keys[app].access_id;
    let bodies = bodies(body);
    let secrets = secrets(keys, app);
    let most = if body.len() > MAX_PAIRED { 1 } else { 2 };
    for mistakes in 1..=most {
        for (body_is, body) in &bodies {
            for (secret_is, secret) in &secrets {
                let so_far = usize::from(body_is.is_some()) + usize::from(secret_is.is_some());
                if so_far > mistakes {
                    continue;
                }
                for (order_is, message) in orders(timestamp, id, body) {
                    let so_far = so_far + usize::from(order_is.is_some());
                    if so_far > mistakes {
                        continue;
                    }
                    let Some(form) = form_of(sign, secret, &message) else {
                        continue;
                    };
                    let form_is = form.mistake();
                    if so_far + usize::from(form_is.is_some()) > mistakes {
                        continue;
                    }
                    let found = [*body_is, secret_is.as_deref(), order_is, form_is];
                    let found: Vec<&str> = found.into_iter().flatten().collect();
                    return format!("{}; {RIGHT}", found.join(", and ")).into();
                }
            }
        }
    }
    let shape = match sign.len() {
        88 => "",
        64 => " (it is as long as hex without Base64)",
        44 => " (it is as long as Base64 of the raw digest)",
        _ => " (it has a wrong length)",
    };
    format!(
        "Sign{shape} is not that of this body, TimeStamp and AccessId {id} under its key, and no \
         known mistake explains it: the key is another one, or the body that was signed is; {RIGHT}"
    )
    .into()
}

/// The keys that people sign with.
fn secrets(keys: &[Key], app: usize) -> Vec<(Option<String>, Vec<u8>)> {
    let right = &keys[app].secret;
    let mut list = vec![
        (None, right.clone().into_bytes()),
        (
            Some("the key has a line end behind it".into()),
            format!("{right}\n").into_bytes(),
        ),
        (
            Some("the key is in upper case".into()),
            right.to_uppercase().into_bytes(),
        ),
    ];
    if let Some(bytes) = from_hex(right) {
        list.push((Some("the key was decoded from hex".into()), bytes));
    }
    for (number, other) in keys.iter().enumerate() {
        if number != app {
            let mistake = format!(
                "wrong application: it is signed with the key of {}",
                other.access_id
            );
            list.push((Some(mistake), other.secret.clone().into_bytes()));
        }
    }
    list
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let pairs = (0..text.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

/// The forms of the body that people sign in place of what they send.
fn bodies(body: &[u8]) -> Vec<Named<Vec<u8>>> {
    let mut list = vec![(None, body.to_vec())];
    let mut add = |name, other: Vec<u8>| {
        if other != body {
            list.push((Some(name), other));
        }
    };
    add("the body is left out of what is signed", Vec::new());
    if body.len() > MAX_TRIED {
        return list;
    }
    add(
        "the body that was signed has no white space at its ends",
        body.trim_ascii().to_vec(),
    );
    let mut line = body.to_vec();
    line.push(b'\n');
    add("the body that was signed has a line end behind it", line);
    let (Ok(text), Ok(json)) = (
        std::str::from_utf8(body),
        serde_json::from_slice::<Value>(body),
    ) else {
        return list;
    };
    add(
        "the body that was signed is the same JSON without spaces",
        spaced(text, "").into_bytes(),
    );
    add(
        "the body that was signed is the same JSON with a space after each comma and colon",
        spaced(text, " ").into_bytes(),
    );
    add(
        "the body that was signed is the same JSON with \\u for what is not ASCII",
        escaped(text).into_bytes(),
    );
    add(
        "the body that was signed is the same JSON with \\u for what is not ASCII and a space \
         after each comma and colon",
        spaced(&escaped(text), " ").into_bytes(),
    );
    add(
        "the body that was signed is the same JSON with its fields in another order",
        json.to_string().into_bytes(),
    );
    list
}

/// The JSON with this after each comma and colon, and no other white space outside of texts.
fn spaced(json: &str, space: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut in_text = false;
    let mut escaped = false;
    for character in json.chars() {
        if in_text {
            out.push(character);
            in_text = escaped || character != '"';
            escaped = !escaped && character == '\\';
        } else if !character.is_ascii_whitespace() {
            in_text = character == '"';
            out.push(character);
            if matches!(character, ',' | ':') {
                out.push_str(space);
            }
        }
    }
    out
}

fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// The messages that people sign; the right one first.
fn orders(timestamp: &str, id: &str, body: &[u8]) -> Vec<Named<Vec<u8>>> {
    let (time, id) = (timestamp.as_bytes(), id.as_bytes());
    let order = |parts: &[&[u8]]| parts.concat();
    vec![
        (None, order(&[time, id, body])),
        (
            Some("it is signed in the wrong order, AccessId + TimeStamp + body"),
            order(&[id, time, body]),
        ),
        (
            Some("it is signed in the wrong order, TimeStamp + body + AccessId"),
            order(&[time, body, id]),
        ),
        (
            Some("it is signed in the wrong order, AccessId + body + TimeStamp"),
            order(&[id, body, time]),
        ),
        (
            Some("it is signed in the wrong order, body + TimeStamp + AccessId"),
            order(&[body, time, id]),
        ),
        (
            Some("it is signed in the wrong order, body + AccessId + TimeStamp"),
            order(&[body, id, time]),
        ),
        (
            Some("there is a } between AccessId and body, as one page prints by mistake"),
            order(&[time, id, b"}", body]),
        ),
    ]
}

/// The form of a digest that a signature has.
enum Form {
    Right,
    Wrong(&'static str),
}

impl Form {
    fn mistake(&self) -> Option<&'static str> {
        match self {
            Self::Right => None,
            Self::Wrong(mistake) => Some(mistake),
        }
    }
}

/// Whether the signature is one of this message, and in which form.
fn form_of(sign: &str, secret: &[u8], message: &[u8]) -> Option<Form> {
    if let Some(form) = form_of_digest(sign, secret, message) {
        return Some(form);
    }
    match form_of_digest(sign, message, secret)? {
        Form::Right => Some(Form::Wrong("key and message of the HMAC are exchanged")),
        Form::Wrong(_) => None,
    }
}

fn form_of_digest(sign: &str, key: &[u8], message: &[u8]) -> Option<Form> {
    let mut mac = keyed(key);
    mac.update(message);
    let digest = mac.finalize().into_bytes();
    let hex = digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let upper = hex.to_uppercase();
    let forms = [
        (Form::Right, STANDARD.encode(&hex)),
        (
            Form::Wrong("it is Base64 of the raw digest"),
            STANDARD.encode(digest),
        ),
        (
            Form::Wrong("it is URL-safe Base64 of the raw digest"),
            URL_SAFE.encode(digest),
        ),
        (
            Form::Wrong("it is Base64 of the hex in upper case"),
            STANDARD.encode(&upper),
        ),
        (Form::Wrong("it is the hex without Base64"), hex),
        (
            Form::Wrong("it is the hex in upper case without Base64"),
            upper,
        ),
    ];
    let sign = sign.trim();
    let found = forms.into_iter().find(|(_, form)| form == sign);
    found.map(|(form, _)| form)
}
