//! What becomes of an answer under a fault.

use std::borrow::Cow;

use crate::faults::fault::FaultKind;
use crate::response::body::{Answer, Content, Naming, Pace, Payload, envelope};
use crate::response::logical::Verdict;

const GATEWAY_PAGE: &str = "<html>\r\n<head><title>Gateway</title></head>\r\n<body>\r\n\
    <center><h1>The service is busy</h1></center>\r\n<hr><center>gateway</center>\r\n\
    </body>\r\n</html>\r\n";

/// What the client gets to see.
#[derive(Debug)]
pub(crate) enum Reply {
    Answer(Answer),
    /// Nothing, until the client closes.
    Hang,
    /// The connection ends, by reset or in order.
    Drop {
        reset: bool,
    },
}

/// A reply, and what it says.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) reply: Reply,
    pub(crate) code: Option<i64>,
    pub(crate) results: Vec<Cow<'static, str>>,
}

impl Said {
    fn mute(reply: Reply) -> Self {
        Self {
            reply,
            code: None,
            results: Vec::new(),
        }
    }

    fn raw(answer: Answer) -> Self {
        Self::mute(Reply::Answer(answer))
    }

    pub(crate) fn plainly(verdict: &Verdict) -> Self {
        Self {
            reply: Reply::Answer(verdict.answer()),
            code: verdict.code,
            results: verdict.results(),
        }
    }

    fn paced(verdict: &Verdict, pace: Pace) -> Self {
        let mut said = Self::plainly(verdict);
        if let Reply::Answer(answer) = &mut said.reply {
            answer.pace = pace;
        }
        said
    }
}

/// Turns a verdict into what the fault leaves of it.
pub(crate) fn spoil(kind: FaultKind, mut verdict: Verdict, ok_word: Cow<'static, str>) -> Said {
    match kind {
        FaultKind::Status {
            status,
            retry_after,
            body,
            content_type,
            apply: _,
        } => {
            let body = body.unwrap_or_default().into_bytes();
            let mut answer = Answer::new(status, content_type, body);
            if let Some(wait) = retry_after {
                answer.headers.push(("Retry-After".into(), wait));
            }
            Said::raw(answer)
        }
        FaultKind::RetCode {
            code,
            err_msg,
            http_status,
            camel,
            apply: _,
        } => {
            let naming = if camel { Naming::Camel } else { Naming::Snake };
            let body = envelope(naming, code, &err_msg, &Payload::default());
            Said {
                reply: Reply::Answer(Answer::json(http_status, body)),
                code: Some(code),
                results: Vec::new(),
            }
        }
        FaultKind::Body {
            body,
            http_status,
            content_type,
            headers,
            apply: _,
        } => {
            let mut answer = Answer::new(http_status, content_type, body.into_bytes());
            answer.headers.extend(headers);
            Said::raw(answer)
        }
        FaultKind::Hang | FaultKind::HangAfterApply => Said::mute(Reply::Hang),
        FaultKind::ResetBefore | FaultKind::ResetAfter => Said::mute(Reply::Drop { reset: true }),
        FaultKind::CloseBefore | FaultKind::CloseAfter => Said::mute(Reply::Drop { reset: false }),
        FaultKind::Drip { ms_per_byte: ms } => Said::paced(&verdict, Pace::DripBody { ms }),
        FaultKind::DripHeaders { ms_per_byte: ms } => Said::paced(&verdict, Pace::DripHead { ms }),
        FaultKind::Truncate { at } => Said::paced(&verdict, Pace::Truncate { at }),
        FaultKind::Html { http_status } => Said::raw(Answer::new(
            http_status,
            "text/html",
            GATEWAY_PAGE.as_bytes().to_vec(),
        )),
        FaultKind::Empty { http_status } => Said::raw(Answer::json(http_status, Vec::new())),
        FaultKind::ShortResult { missing } => {
            if let Some(results) = &mut verdict.payload.results {
                results.truncate(results.len().saturating_sub(missing));
            }
            Said::plainly(&verdict)
        }
        FaultKind::LongResult { extra } => {
            if let Some(results) = &mut verdict.payload.results {
                results.extend(std::iter::repeat_n(ok_word, extra));
            }
            Said::plainly(&verdict)
        }
        FaultKind::NoResult => {
            verdict.payload.results = None;
            Said::plainly(&verdict)
        }
        FaultKind::Huge { bytes } => {
            let mut answer = Answer::json(200, Vec::new());
            answer.content = Content::Spaces(bytes);
            Said::raw(answer)
        }
        FaultKind::WrongDate { skew_s } => {
            let mut answer = verdict.answer();
            answer.date_skew_s = skew_s;
            Said {
                reply: Reply::Answer(answer),
                code: verdict.code,
                results: verdict.results(),
            }
        }
        FaultKind::Redirect { location } => {
            let mut answer = Answer::new(302, "text/plain", Vec::new());
            answer.headers.push(("Location".into(), location));
            Said::raw(answer)
        }
        FaultKind::PartialApply { .. } => Said::raw(Answer::new(500, "text/plain", Vec::new())),
        FaultKind::Element { .. } | FaultKind::CloseIdle { .. } => Said::plainly(&verdict),
    }
}
