//! HTTP/1.1 over the service: one thread, one loop.

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant, UNIX_EPOCH};

use async_io::Timer;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use crate::admin;
use crate::http::connection::{Connection, Control, Stream};
use crate::protocol::auth::AuthHeaders;
use crate::response::body::{Answer, Content, Pace};
use crate::response::inject::Reply;
use crate::service::locked::Shared;
use crate::service::{Call, Service};

/// Serves until `stop` is sent or dropped.
pub(crate) fn run(
    listener: std::net::TcpListener,
    shared: &Arc<Shared>,
    tls: Option<&TlsAcceptor>,
    stop: oneshot::Receiver<()>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        let listener = TcpListener::from_std(listener)?;
        spawn_local(apply_in_time(shared.clone()));
        tokio::select! {
            _ = stop => {}
            () = accept(listener, shared, tls) => {}
        }
        Ok(())
    })
}

/// Lets accepted operations show when they are due, also when nobody asks.
async fn apply_in_time(shared: Arc<Shared>) {
    loop {
        match shared.with(|service| service.next_due()) {
            None => shared.scheduled.notified().await,
            Some(due) => {
                sleep(shared.until(due)).await;
                let now = shared.now();
                shared.with(|service| service.apply_due(now));
            }
        }
    }
}

async fn accept(listener: TcpListener, shared: &Arc<Shared>, tls: Option<&TlsAcceptor>) {
    let date = Rc::new(DateHeader::default());
    let mut connections = 0;
    loop {
        let Ok((tcp, _)) = listener.accept().await else {
            // Out of descriptors, as a rule: that passes.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        let _ = tcp.set_nodelay(true);
        let open = Open::new(shared);
        connections += 1;
        let control = Rc::new(Control::new(connections));
        spawn_local(connection(
            tcp,
            tls.cloned(),
            control,
            shared.clone(),
            date.clone(),
            open,
        ));
    }
}

/// Counts a connection for as long as it lives.
struct Open(Arc<Shared>);

impl Open {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.with(Service::count_connection);
        Self(shared.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.with(Service::count_closed);
    }
}

async fn connection(
    tcp: TcpStream,
    tls: Option<TlsAcceptor>,
    control: Rc<Control>,
    shared: Arc<Shared>,
    date: Rc<DateHeader>,
    _open: Open,
) {
    let stream = match tls {
        None => Stream::Plain(tcp),
        Some(acceptor) => match acceptor.accept(tcp).await {
            Ok(stream) => Stream::Tls(Box::new(stream)),
            Err(_) => return,
        },
    };
    let io = TokioIo::new(Connection::new(stream, control.clone(), shared.clone()));
    let service =
        service_fn(move |request| serve(request, control.clone(), shared.clone(), date.clone()));
    // How a connection ends is the client's affair, or a fault's.
    let _ = http1::Builder::new().serve_connection(io, service).await;
}

/// The connection ends here without an answer.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("dropped on purpose")
    }
}

impl std::error::Error for Dropped {}

async fn serve(
    request: Request<Incoming>,
    control: Rc<Control>,
    shared: Arc<Shared>,
    date: Rc<DateHeader>,
) -> Result<Response<Sent>, Dropped> {
    let arrived = Instant::now();
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Dropped)?.to_bytes();
    let path = head.uri.path();
    if let Some(name) = path.strip_prefix(admin::PREFIX) {
        let answer = admin::handle(&shared, head.method.as_str(), name, &body);
        control.answer(Pace::AtOnce, None);
        return Ok(response(answer, date.now(&shared, 0)));
    }
    control.requests.set(control.requests.get() + 1);
    let call = Call {
        connection: control.id,
        nth: control.requests.get(),
        method: head.method.as_str(),
        path,
        headers: auth_headers(&head.headers),
        body: &body,
    };
    let now = shared.now();
    let (handled, later) =
        shared.with(|service| (service.handle(&call, now), service.next_due().is_some()));
    if later {
        shared.scheduled.notify_one();
    }
    let answer = match handled.reply {
        Reply::Answer(answer) => answer,
        Reply::Hang => std::future::pending().await,
        Reply::Drop { reset } => {
            if reset {
                control.reset();
            }
            return Err(Dropped);
        }
    };
    if handled.latency_ms > 0 {
        Timer::at(arrived + Duration::from_millis(handled.latency_ms)).await;
    }
    shared.with(|service| service.count_answer(answer.status));
    control.answer(answer.pace, handled.close_idle);
    let skew_s = handled.skew_s.saturating_add(answer.date_skew_s);
    let date = date.now(&shared, skew_s);
    Ok(response(answer, date))
}

fn auth_headers(headers: &HeaderMap) -> AuthHeaders<'_> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    AuthHeaders {
        access_id: text("accessid"),
        timestamp: text("timestamp"),
        sign: text("sign"),
        authorization: text("authorization"),
    }
}

fn response(answer: Answer, date: HeaderValue) -> Response<Sent> {
    let body = match answer.content {
        Content::Bytes(bytes) => Sent::Bytes(bytes.into()),
        Content::Spaces(count) => Sent::Spaces(count),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(DATE, date);
    let content_type = match answer.content_type {
        std::borrow::Cow::Borrowed(text) => Some(HeaderValue::from_static(text)),
        std::borrow::Cow::Owned(text) => HeaderValue::try_from(text).ok(),
    };
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, content_type);
    }
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    response
}

/// The `Date` header, written once a second.
#[derive(Default)]
struct DateHeader(RefCell<Option<(u64, HeaderValue)>>);

impl DateHeader {
    fn now(&self, shared: &Shared, skew_s: i64) -> HeaderValue {
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

/// The body of an answer.
enum Sent {
    Bytes(Bytes),
    Spaces(u64),
}

impl Body for Sent {
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
