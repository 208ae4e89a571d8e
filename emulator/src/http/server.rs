//! HTTP/1.1 over the service: one thread, one loop.

use std::cell::Cell;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_io::Timer;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderMap, HeaderValue, ORIGIN};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use super::connection::{Connection, ConnectionState, Stream};
use super::response::{DateHeader, ResponseBody, to_hyper};
use crate::admin;
use crate::kept::KeptState;
use crate::protocol::auth::AuthHeaders;
use crate::recording::Elsewhere;
use crate::response::http::{HttpResponse, WritePattern};
use crate::response::inject::Delivery;
use crate::service::Service;
use crate::service::api::Call;
use crate::service::headers::RequestHeaders;
use crate::service::locked::SharedService;

/// A socket, and whether it speaks TLS.
pub(crate) struct Door {
    pub(crate) listener: std::net::TcpListener,
    pub(crate) tls: Option<TlsAcceptor>,
}

/// What every connection has to do with.
struct Site {
    shared: Arc<SharedService>,
    date: DateHeader,
    connections: Cell<u64>,
    /// Who answers in place of the service here.
    elsewhere: Option<Elsewhere>,
}

/// Serves until `stop` is sent or dropped.
pub(crate) fn run(
    doors: Vec<Door>,
    shared: &Arc<SharedService>,
    file: Option<PathBuf>,
    elsewhere: Option<Elsewhere>,
    stop: oneshot::Receiver<()>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        let site = Rc::new(Site {
            shared: shared.clone(),
            date: DateHeader::default(),
            connections: Cell::new(0),
            elsewhere,
        });
        for door in doors {
            let listener = TcpListener::from_std(door.listener)?;
            spawn_local(accept(listener, door.tls, site.clone()));
        }
        spawn_local(apply_in_time(shared.clone()));
        let mut kept = file.map(|file| KeptState::new(file, shared));
        tokio::select! {
            _ = stop => {}
            () = keep(kept.as_mut(), shared) => {}
        }
        if let Some(kept) = &mut kept {
            kept.save(shared).await;
        }
        Ok(())
    })
}

async fn keep(kept: Option<&mut KeptState>, shared: &SharedService) {
    match kept {
        Some(kept) => kept.save_in_time(shared).await,
        None => std::future::pending().await,
    }
}

/// Applies accepted operations when they are due, also between requests.
async fn apply_in_time(shared: Arc<SharedService>) {
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

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, site: Rc<Site>) {
    loop {
        let Ok((tcp, _)) = listener.accept().await else {
            // Out of descriptors, as a rule: that passes.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        let _ = tcp.set_nodelay(true);
        let open = Open::new(&site.shared);
        site.connections.set(site.connections.get() + 1);
        let state = Rc::new(ConnectionState::new(site.connections.get()));
        spawn_local(connection(tcp, tls.clone(), state, site.clone(), open));
    }
}

/// Counts a connection for as long as it lives.
struct Open(Arc<SharedService>);

impl Open {
    fn new(shared: &Arc<SharedService>) -> Self {
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
    state: Rc<ConnectionState>,
    site: Rc<Site>,
    _open: Open,
) {
    let stream = match tls {
        None => Stream::Plain(tcp),
        Some(acceptor) => match acceptor.accept(tcp).await {
            Ok(stream) => Stream::Tls(Box::new(stream)),
            Err(_) => return,
        },
    };
    let shared = site.shared.clone();
    let io = TokioIo::new(Connection::new(stream, state.clone(), shared));
    let service = service_fn(move |request| serve(request, state.clone(), site.clone()));
    // The client, or a fault, decides how a connection ends.
    let _ = http1::Builder::new().serve_connection(io, service).await;
}

/// The connection ends here without a response.
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
    state: Rc<ConnectionState>,
    site: Rc<Site>,
) -> Result<Response<ResponseBody>, Dropped> {
    let arrived = Instant::now();
    let (shared, date) = (&site.shared, &site.date);
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    let admin_name = match path {
        // Only a browser asks for that: the service has nothing there.
        "/" if head.method == Method::GET => Some("page/index.html"),
        path => path.strip_prefix(admin::PREFIX),
    };
    let most = match admin_name {
        Some(_) => admin::MAX_BODY,
        None => shared.with(|service| service.config().max_body_bytes),
    };
    let body = match Limited::new(body, most).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            let too_long = HttpResponse::new(413, "text/plain", b"the body is too long".to_vec());
            state.expect_response(WritePattern::AtOnce, None);
            return Ok(to_hyper(too_long, date.now(shared, 0)));
        }
        Err(_) => return Err(Dropped),
    };
    if let Some(name) = admin_name {
        let response = if is_foreign(&head.headers) {
            HttpResponse::new(403, "text/plain", b"a page of another origin".to_vec())
        } else {
            let request = admin::Request {
                method: head.method.as_str(),
                name,
                query: head.uri.query().unwrap_or_default(),
                body: &body,
            };
            admin::handle(shared, request).await
        };
        state.expect_response(WritePattern::AtOnce, None);
        return Ok(to_hyper(response, date.now(shared, 0)));
    }
    state.requests.set(state.requests.get() + 1);
    let call = Call {
        seq: 0,
        connection: state.id,
        nth: state.requests.get(),
        method: head.method.as_str(),
        path,
        headers: auth_headers(&head.headers),
        content_type: text(&head.headers, "content-type"),
        body: &body,
    };
    let now = shared.now();
    if let Some(elsewhere) = &site.elsewhere {
        let answered = elsewhere.answer(&head, call.headers.kind(), &body).await;
        let line = shared
            .with(|service| service.note(&call, || all_headers(&head.headers), now, &answered));
        shared.arrived.notify_waiters();
        tell(line.as_deref());
        state.expect_response(WritePattern::AtOnce, None);
        return Ok(to_hyper(answered.response, date.now(shared, 0)));
    }
    let (handled, later) = shared.with(|service| {
        let handled = service.handle(&call, || all_headers(&head.headers), now);
        (handled, service.next_due().is_some())
    });
    shared.arrived.notify_waiters();
    tell(handled.line.as_deref());
    if later {
        shared.scheduled.notify_one();
    }
    let response = match handled.delivery {
        Delivery::Send(response) => response,
        Delivery::Hang => std::future::pending().await,
        Delivery::Drop { reset } => {
            if reset {
                state.reset();
            }
            return Err(Dropped);
        }
    };
    if handled.latency_ms > 0 {
        Timer::at(arrived + Duration::from_millis(handled.latency_ms)).await;
    }
    shared.with(|service| service.count_response(response.status));
    state.expect_response(response.pattern, handled.close_idle);
    let skew_s = handled.skew_s.saturating_add(response.date_skew_s);
    let date = date.now(shared, skew_s);
    Ok(to_hyper(response, date))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get(name)
        .and_then(|value: &HeaderValue| value.to_str().ok())
}

fn auth_headers(headers: &HeaderMap) -> AuthHeaders<'_> {
    AuthHeaders {
        access_id: text(headers, "accessid"),
        timestamp: text(headers, "timestamp"),
        sign: text(headers, "sign"),
        authorization: text(headers, "authorization"),
        host: text(headers, "host"),
    }
}

/// Writes a line of the access log.
fn tell(line: Option<&str>) {
    if let Some(line) = line {
        // If standard error is closed, nobody reads it.
        let _ = writeln!(io::stderr(), "{line}");
    }
}

fn all_headers(headers: &HeaderMap) -> RequestHeaders {
    let pairs = headers.iter();
    RequestHeaders::new(pairs.map(|(name, value)| (name.as_str(), value.as_bytes())))
}

/// Whether a browser sends this for a page that is not ours: a web site could steer the
/// emulator of whoever looks at it.
fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let (Some(origin), host) = (text(ORIGIN), text(HOST)) else {
        return false;
    };
    origin.split_once("://").map(|(_, own)| own) != host
}
