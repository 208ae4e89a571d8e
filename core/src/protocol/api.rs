//! One application at one access point: what turns a request into HTTP.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

use crate::model::account::Platform;
use crate::model::error::{Error, ErrorKind, Result};
use crate::model::operation::Operation;
use crate::model::outcome::Warning;
use crate::model::request::Request;
use crate::protocol::access_point::BaseUrl;
use crate::protocol::api_call::{ApiCall, JSON};
use crate::protocol::credentials::{Credentials, Scheme};
use crate::protocol::message::{HttpRequest, HttpResponse};
use crate::protocol::rules::{self, ProtocolVersion};
use crate::protocol::wire;

/// Protocol version, base URL and credentials, checked.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    base: BaseUrl,
    access_id: String,
    held: Arc<RwLock<Held>>,
    version: ProtocolVersion,
    allow_append: bool,
}

/// The credentials, which may change while requests are under way: an answer to one that
/// was signed before may show the secret of then.
#[derive(Debug)]
struct Held {
    now: Arc<Credentials>,
    before: Option<Arc<Credentials>>,
}

impl Api {
    pub(crate) fn new(
        base: BaseUrl,
        credentials: Credentials,
        version: ProtocolVersion,
        allow_append: bool,
    ) -> Self {
        Self {
            base,
            access_id: credentials.access_id().to_owned(),
            held: Arc::new(RwLock::new(Held {
                now: Arc::new(credentials),
                before: None,
            })),
            version,
            allow_append,
        }
    }

    /// The application's id, the base URL and the protocol version.
    pub(crate) fn application(&self) -> (&str, &str, &'static str) {
        (&self.access_id, self.base.as_str(), self.version.name())
    }

    /// Checks a request against the documents of the protocol version.
    pub(crate) fn check(&self, request: &Request) -> Result<Vec<Warning>> {
        rules::check(request, self.version, self.allow_append)
    }

    /// The request with the platform where its kind takes one.
    pub(crate) fn on_platform(&self, request: Request, platform: Option<Platform>) -> Request {
        match platform {
            Some(platform) if rules::wants_platform(request.action(), self.version) => {
                request.with_platform(platform)
            }
            _ => request,
        }
    }

    /// Checks one operation by the same rules.
    pub(crate) fn check_operation(&self, operation: &Operation<'_>) -> Result<()> {
        operation.check()?;
        let platform = operation.platform.is_some();
        if !rules::is_free(self.version, operation.operator, platform) {
            self.check(&operation.to_request()?)?;
        }
        Ok(())
    }

    /// The HTTP request that carries the chosen items, signed for this time.
    pub(crate) fn http_request(
        &self,
        request: &Request,
        chosen: &[u32],
        unix_seconds: i64,
    ) -> HttpRequest {
        let body = wire::body(request, chosen);
        self.sign(request.action().path(), body, unix_seconds)
    }

    /// A response as it may be shown in messages: without the secret.
    pub(crate) fn redacted<'a>(&self, response: &'a HttpResponse) -> Cow<'a, HttpResponse> {
        self.redacted_for(response, None)
    }

    /// [`Self::redacted`], of a call with an authentication of its own.
    pub(crate) fn redacted_for<'a>(
        &self,
        response: &'a HttpResponse,
        own_auth: Option<Scheme>,
    ) -> Cow<'a, HttpResponse> {
        let (now, before) = {
            let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
            (Arc::clone(&held.now), held.before.clone())
        };
        let once = with_scheme(&now, own_auth).hidden_in(&response.body);
        let body = once.as_deref().unwrap_or(&response.body);
        let twice = before.and_then(|before| with_scheme(&before, own_auth).hidden_in(body));
        match twice.or(once) {
            None => Cow::Borrowed(response),
            Some(body) => Cow::Owned(HttpResponse {
                body,
                ..response.clone()
            }),
        }
    }

    /// What is signed from now on has this key.
    pub(crate) fn set_secret_key(&self, key: &str) -> Result<()> {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let new = Credentials::new(held.now.scheme(), self.access_id.as_str(), key)?;
        let before = std::mem::replace(&mut held.now, Arc::new(new));
        held.before = Some(before);
        Ok(())
    }

    /// Checks a call to any other v3 endpoint.
    pub(crate) fn check_call(&self, call: &ApiCall<'_>) -> Result<()> {
        if let Some(own) = call.own_auth() {
            self.credentials().with_scheme(own)?;
        }
        check_call(call)
    }

    /// The HTTP request of a call to any other v3 endpoint.
    pub(crate) fn sign_call(&self, call: &ApiCall<'_>, unix_seconds: i64) -> HttpRequest {
        let credentials = self.credentials();
        let credentials = with_scheme(&credentials, call.own_auth());
        let mut headers = vec![("Content-Type", call.content_type.to_owned())];
        headers.extend(credentials.headers(call.body, unix_seconds));
        HttpRequest {
            url: self.base.join(call.path),
            headers,
            body: call.body.to_vec(),
        }
    }

    fn credentials(&self) -> Arc<Credentials> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&held.now)
    }

    /// Any body to any path below the base URL, signed for this time.
    pub(crate) fn sign(&self, path: &str, body: Vec<u8>, unix_seconds: i64) -> HttpRequest {
        let mut headers = vec![("Content-Type", "application/json".to_owned())];
        headers.extend(self.credentials().headers(&body, unix_seconds));
        HttpRequest {
            url: self.base.join(path),
            headers,
            body,
        }
    }
}

/// The credentials, with another scheme where a call has its own.
fn with_scheme(credentials: &Credentials, own: Option<Scheme>) -> Cow<'_, Credentials> {
    let other = own.filter(|own| *own != credentials.scheme());
    match other.map(|other| credentials.with_scheme(other)) {
        Some(Ok(other)) => Cow::Owned(other),
        // `check_call` has refused what cannot be.
        Some(Err(_)) | None => Cow::Borrowed(credentials),
    }
}

/// Checks path, content type and body.
fn check_call(call: &ApiCall<'_>) -> Result<()> {
    let ApiCall {
        path,
        body,
        content_type,
        ..
    } = *call;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-' | b'.');
    if !path.starts_with('/') || path.starts_with("//") || !path.bytes().all(plain) {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!(
                "path {} is no API path; expected is one like /v3/push/app (\"Making API \
                 requests\": service address/v3/class/method)",
                crate::model::text::shortened(path)
            ),
        ));
    }
    let printable = |b: u8| matches!(b, b' '..=b'~');
    if !content_type.contains('/') || !content_type.bytes().all(printable) {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!(
                "content type {} is none; expected is one like application/json or \
                 multipart/form-data; boundary=…",
                crate::model::text::shortened(content_type)
            ),
        ));
    }
    let media = content_type.split(';').next().unwrap_or("").trim();
    if !media.eq_ignore_ascii_case(JSON) {
        return Ok(());
    }
    serde_json::from_slice::<serde::de::IgnoredAny>(body).map_err(|error| {
        Error::new(
            ErrorKind::InvalidJson,
            format!("the body of {path} is no JSON: {error}"),
        )
        .with_source(error)
    })?;
    Ok(())
}
