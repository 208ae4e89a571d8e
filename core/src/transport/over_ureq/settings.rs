//! Our options as `ureq`'s.

use std::sync::Arc;
use std::time::Duration;

use ureq::http::{HeaderValue, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};

use super::failure::Parties;
use crate::config::Config;
use crate::error::{Error, Result};

pub(super) fn agent(config: &Config) -> Result<ureq::config::Config> {
    // 20 items make 2 to 4 KiB; what is longer goes through in pieces.
    const BUFFER: usize = 16 * 1024;
    if HeaderValue::from_str(&config.user_agent).is_err() {
        return Err(Error::option(
            "option user_agent has a character that no header carries, such as a line break",
        ));
    }
    Ok(ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(proxy(config)?)
        .user_agent(&config.user_agent)
        .accept("application/json")
        .input_buffer_size(BUFFER)
        .output_buffer_size(BUFFER)
        // A lane keeps one connection, and knows when it is too old.
        .max_idle_connections(1)
        .max_idle_connections_per_host(1)
        .max_idle_age(Duration::MAX)
        .tls_config(TlsConfig::builder().root_certs(roots(config)?).build())
        .build())
}

/// Who takes part, for messages.
pub(super) fn parties(config: &Config) -> Result<Parties> {
    let service = config.base()?.join("");
    let service = service.parse::<Uri>().ok();
    let authority = service.as_ref().and_then(Uri::authority);
    Ok(Parties {
        service: authority
            .map_or("", |authority| authority.as_str())
            .to_owned(),
        proxy: proxy(config)?.map(|proxy| {
            let place = format!("{}:{}", proxy.host(), proxy.port());
            (place, "the option proxy".to_owned())
        }),
        connect_timeout: config.connect_timeout,
    })
}

fn proxy(config: &Config) -> Result<Option<ureq::Proxy>> {
    if config.proxy.is_empty() {
        return Ok(if config.proxy_from_env {
            ureq::Proxy::try_from_env()
        } else {
            None
        });
    }
    // The text may hold a password: it is not repeated.
    let refuse = |why: &str| {
        Error::option(format!(
            "option proxy {why}; expected is http://[user:password@]host:port"
        ))
    };
    if !config.proxy.starts_with("http://") {
        return Err(refuse("does not begin with http://"));
    }
    let uri = config.proxy.parse::<Uri>();
    if !uri.is_ok_and(|uri| crate::access_point::has_good_port(&uri)) {
        return Err(refuse("has a port that is no number from 1 to 65535"));
    }
    ureq::Proxy::new(&config.proxy)
        .map(Some)
        .map_err(|_| refuse("is no proxy URL"))
}

fn roots(config: &Config) -> Result<RootCerts> {
    if config.ca_file.is_empty() {
        return Ok(RootCerts::WebPki);
    }
    let refuse = |why: &str| Error::option(format!("option ca_file {:?}: {why}", config.ca_file));
    let pem = std::fs::read(&config.ca_file).map_err(|e| refuse(&e.to_string()))?;
    let mut certificates = Vec::new();
    for item in ureq::tls::parse_pem(&pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(refuse(&format!("is no PEM file: {error}"))),
        }
    }
    if certificates.is_empty() {
        return Err(refuse("has no certificate in it"));
    }
    let built_in = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    certificates.extend(built_in.map(|der| Certificate::from_der(der.as_ref())));
    Ok(RootCerts::Specific(Arc::new(certificates)))
}
