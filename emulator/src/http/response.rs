//! A response as hyper sends it: headers, `Date`, body.

use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, UNIX_EPOCH};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, DATE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use crate::response::http::{Content, HttpResponse};
use crate::service::locked::SharedService;

pub(super) fn to_hyper(http: HttpResponse, date: HeaderValue) -> Response<ResponseBody> {
    let body = match http.content {
        Content::Bytes(bytes) => ResponseBody::Bytes(bytes.into()),
        Content::Spaces(count) => ResponseBody::Spaces(count),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(http.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(DATE, date);
    let content_type = match http.content_type {
        std::borrow::Cow::Borrowed(text) => Some(HeaderValue::from_static(text)),
        std::borrow::Cow::Owned(text) => HeaderValue::try_from(text).ok(),
    };
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, content_type);
    }
    for (name, value) in http.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    response
}

/// The `Date` header, written once a second.
#[derive(Default)]
pub(super) struct DateHeader(RefCell<Option<(u64, HeaderValue)>>);

impl DateHeader {
    pub(super) fn now(&self, shared: &SharedService, skew_s: i64) -> HeaderValue {
        // The last second that the header's format can show ends the year 9999.
        let second = (shared.now().unix_ms / 1000)
            .saturating_add_signed(skew_s)
            .min(253_402_300_799);
        let mut held = self.0.borrow_mut();
        if let Some((at, value)) = &*held
            && *at == second
        {
            return value.clone();
        }
        let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
        let value = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
        *held = Some((second, value.clone()));
        value
    }
}

/// The body of a response.
pub(super) enum ResponseBody {
    Bytes(Bytes),
    Spaces(u64),
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static SPACES: [u8; 16384] = [b' '; 16384];
        Poll::Ready(match self.get_mut() {
            Self::Bytes(bytes) if bytes.is_empty() => None,
            Self::Bytes(bytes) => Some(Ok(Frame::data(std::mem::take(bytes)))),
            Self::Spaces(0) => None,
            Self::Spaces(left) => {
                let count = (*left).min(SPACES.len() as u64);
                *left -= count;
                let count = usize::try_from(count).unwrap_or(SPACES.len());
                Some(Ok(Frame::data(Bytes::from_static(&SPACES[..count]))))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::Spaces(left) => *left == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Spaces(left) => *left,
        })
    }
}
