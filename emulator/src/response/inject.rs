//! Fault injection: what the client gets instead of the logical response.

use std::borrow::Cow;

use super::body::{FieldNames, Payload, envelope};
use super::http::{Content, HttpResponse, WritePattern};
use super::logical::LogicalResponse;
use crate::faults::kind::FaultKind;
use crate::protocol::codes;

const GATEWAY_PAGE: &str = "<html>\r\n<head><title>Gateway</title></head>\r\n<body>\r\n\
    <center><h1>The service is busy</h1></center>\r\n<hr><center>gateway</center>\r\n\
    </body>\r\n</html>\r\n";

/// What the connection does.
#[derive(Debug)]
pub(crate) enum Delivery {
    Send(HttpResponse),
    /// Nothing, until the client closes.
    Hang,
    /// The connection ends, by reset or in order.
    Drop {
        reset: bool,
    },
}

/// What is delivered, and what it says, for the log.
#[derive(Debug)]
pub(crate) struct FaultedResponse {
    pub(crate) delivery: Delivery,
    pub(crate) code: Option<i64>,
    pub(crate) results: Vec<Cow<'static, str>>,
}

impl FaultedResponse {
    /// The logical response, unchanged.
    pub(crate) fn unchanged(response: &LogicalResponse) -> Self {
        Self::changed(response, |_| {})
    }

    /// The logical response with another HTTP form.
    fn changed(response: &LogicalResponse, change: impl FnOnce(&mut HttpResponse)) -> Self {
        let mut http = response.to_http();
        change(&mut http);
        Self {
            delivery: Delivery::Send(http),
            code: response.code,
            results: response.results(),
        }
    }

    fn written(response: &LogicalResponse, pattern: WritePattern) -> Self {
        Self::changed(response, |http| http.pattern = pattern)
    }

    /// A delivery without a return code.
    fn without_code(delivery: Delivery) -> Self {
        Self {
            delivery,
            code: None,
            results: Vec::new(),
        }
    }

    fn replaced(http: HttpResponse) -> Self {
        Self::without_code(Delivery::Send(http))
    }

    fn whole_code(names: FieldNames, code: i64, message: &str, status: u16) -> Self {
        let body = envelope(names, code, message, &Payload::default());
        Self {
            delivery: Delivery::Send(HttpResponse::json(status, body)),
            code: Some(code),
            results: Vec::new(),
        }
    }
}

/// Injects a fault into a logical response. `success` is the result of
/// an item that was accepted.
pub(crate) fn inject_fault(
    kind: FaultKind,
    response: LogicalResponse,
    success: &str,
) -> FaultedResponse {
    match kind {
        FaultKind::Status {
            status,
            retry_after,
            body,
            content_type,
            ..
        } => FaultedResponse::replaced(status_response(status, retry_after, body, content_type)),
        FaultKind::RetCode {
            code,
            err_msg,
            http_status,
            camel,
            ..
        } => {
            let names = camel.map_or(response.names, field_names);
            let documented = codes::text(code).unwrap_or_default();
            let message = Some(&*err_msg).filter(|text| !text.is_empty());
            FaultedResponse::whole_code(names, code, message.unwrap_or(documented), http_status)
        }
        FaultKind::Body {
            body,
            http_status,
            content_type,
            headers,
            ..
        } => {
            let mut http = HttpResponse::new(http_status, content_type, body.into_bytes());
            http.headers.extend(headers);
            FaultedResponse::replaced(http)
        }
        FaultKind::Html { http_status } => {
            let page = GATEWAY_PAGE.as_bytes().to_vec();
            FaultedResponse::replaced(HttpResponse::new(http_status, "text/html", page))
        }
        FaultKind::Empty { http_status } => {
            FaultedResponse::replaced(HttpResponse::json(http_status, Vec::new()))
        }
        FaultKind::Huge { bytes } => {
            let mut http = HttpResponse::json(200, Vec::new());
            http.content = Content::Spaces(bytes);
            FaultedResponse::replaced(http)
        }
        FaultKind::Redirect { location } => {
            let mut http = HttpResponse::new(302, "text/plain", Vec::new());
            http.headers.push(("Location".into(), location));
            FaultedResponse::replaced(http)
        }
        FaultKind::PartialApply { .. } => {
            FaultedResponse::replaced(HttpResponse::new(500, "text/plain", Vec::new()))
        }
        FaultKind::Hang | FaultKind::HangAfterApply => {
            FaultedResponse::without_code(Delivery::Hang)
        }
        FaultKind::ResetBefore | FaultKind::ResetAfter => {
            FaultedResponse::without_code(Delivery::Drop { reset: true })
        }
        FaultKind::CloseBefore | FaultKind::CloseAfter => {
            FaultedResponse::without_code(Delivery::Drop { reset: false })
        }
        FaultKind::Drip { ms_per_byte: ms } => {
            FaultedResponse::written(&response, WritePattern::DripBody { ms })
        }
        FaultKind::DripHeaders { ms_per_byte: ms } => {
            FaultedResponse::written(&response, WritePattern::DripHead { ms })
        }
        FaultKind::Truncate { at } => {
            FaultedResponse::written(&response, WritePattern::Truncate { at })
        }
        FaultKind::WrongDate { skew_s } => {
            FaultedResponse::changed(&response, |http| http.date_skew_s = skew_s)
        }
        FaultKind::ShortResult { missing } => with_results(response, |mut results| {
            results.truncate(results.len().saturating_sub(missing));
            Some(results)
        }),
        FaultKind::LongResult { extra } => with_results(response, |mut results| {
            results.extend(std::iter::repeat_n(Cow::Owned(success.to_owned()), extra));
            Some(results)
        }),
        FaultKind::NoResult => with_results(response, |_| None),
        // The items were refused while the request was handled; closing comes afterwards.
        FaultKind::Element { .. } | FaultKind::CloseIdle { .. } | FaultKind::Delay { .. } => {
            FaultedResponse::unchanged(&response)
        }
    }
}

fn status_response(
    status: u16,
    retry_after: Option<String>,
    body: Option<String>,
    content_type: String,
) -> HttpResponse {
    let mut http = HttpResponse::new(status, content_type, body.unwrap_or_default().into_bytes());
    if let Some(wait) = retry_after {
        http.headers.push(("Retry-After".into(), wait));
    }
    http
}

fn field_names(camel: bool) -> FieldNames {
    if camel {
        FieldNames::Camel
    } else {
        FieldNames::Snake
    }
}

type Results = Vec<Cow<'static, str>>;

fn with_results(
    mut response: LogicalResponse,
    change: impl FnOnce(Results) -> Option<Results>,
) -> FaultedResponse {
    response.payload.results = response.payload.results.and_then(change);
    FaultedResponse::unchanged(&response)
}
