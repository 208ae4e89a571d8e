//! [`Upstream`]: the service to which requests are passed on.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::rt::{Read, Write};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::spawn_local;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::response::http::HttpResponse;

const PATIENCE: Duration = Duration::from_secs(30);
const MAX_ANSWER: usize = 64 << 20;
/// Headers that belong to a connection, or would make answers unreadable.
const DROPPED: [&str; 6] = [
    "host",
    "connection",
    "keep-alive",
    "content-length",
    "transfer-encoding",
    "accept-encoding",
];

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Where the service is. Each request has a connection of its own.
pub(crate) struct Upstream {
    address: String,
    host: String,
    port: u16,
    authority: HeaderValue,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Upstream {
    /// `http://` or `https://`, a host and perhaps a port; `authority` is a certificate
    /// authority to trust beside those of Mozilla.
    pub(crate) fn new(address: &str, authority: Option<&Path>) -> io::Result<Self> {
        let wrong = |text: &str| io::Error::other(format!("{address}: {text}"));
        let uri: Uri = address
            .parse()
            .map_err(|_| wrong("this is no address of a service"))?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong("it begins with neither https:// nor http://")),
        };
        let (Some(host), "/" | "") = (uri.host(), uri.path()) else {
            return Err(wrong("it is a host, perhaps with a port"));
        };
        let shown = uri
            .authority()
            .map(hyper::http::uri::Authority::as_str)
            .unwrap_or_default();
        let authority_of = HeaderValue::from_str(shown).map_err(io::Error::other)?;
        let bare = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let tls = if secure {
            let name = ServerName::try_from(bare.clone()).map_err(io::Error::other)?;
            Some((connector(authority)?, name))
        } else {
            None
        };
        Ok(Self {
            address: address.to_owned(),
            host: bare,
            port: uri.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            authority: authority_of,
            tls,
        })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The service's answer to a request.
    pub(super) async fn send(&self, head: &Parts, body: Bytes) -> Result<HttpResponse, Failure> {
        timeout(PATIENCE, self.send_patiently(head, body))
            .await
            .map_err(|_| format!("no answer in {} s", PATIENCE.as_secs()))?
    }

    async fn send_patiently(&self, head: &Parts, body: Bytes) -> Result<HttpResponse, Failure> {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = path.parse()?;
        for (name, value) in &head.headers {
            if !is_dropped(name) {
                request.headers_mut().append(name, value.clone());
            }
        }
        // The one part that differs: a signature does not cover it.
        request.headers_mut().insert(HOST, self.authority.clone());
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await?;
        match &self.tls {
            None => exchange(TokioIo::new(tcp), request).await,
            Some((connector, name)) => {
                let tls = connector.connect(name.clone(), tcp).await?;
                exchange(TokioIo::new(tls), request).await
            }
        }
    }
}

fn is_dropped(name: &HeaderName) -> bool {
    DROPPED.contains(&name.as_str())
}

async fn exchange<T>(io: T, request: Request<Full<Bytes>>) -> Result<HttpResponse, Failure>
where
    T: Read + Write + Unpin + 'static,
{
    let (mut sender, connection) = http1::handshake(io).await?;
    spawn_local(async move {
        // How it ends shows in the answer.
        let _ = connection.await;
    });
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = Limited::new(body, MAX_ANSWER).collect().await?.to_bytes();
    Ok(taken(Response::from_parts(head, body)))
}

fn taken(response: Response<Bytes>) -> HttpResponse {
    let (head, body) = response.into_parts();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let content_type = head.headers.get("content-type").map(text);
    let mut taken = HttpResponse::new(
        head.status.as_u16(),
        content_type.unwrap_or_default(),
        body.to_vec(),
    );
    for (name, value) in &head.headers {
        if !is_dropped(name) && name != "content-type" {
            taken.headers.push((name.to_string(), text(value)));
        }
    }
    taken
}

fn connector(authority: Option<&Path>) -> io::Result<TlsConnector> {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    if let Some(file) = authority {
        let named = |error: &dyn std::fmt::Display| {
            io::Error::other(format!("{}: {error}", file.display()))
        };
        for certificate in CertificateDer::pem_file_iter(file).map_err(|e| named(&e))? {
            let certificate = certificate.map_err(|e| named(&e))?;
            roots.add(certificate).map_err(|e| named(&e))?;
        }
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}
