//! The options that become settings of `ureq`. Those for sockets, names and idle
//! connections go to `tcp`, `resolver` and `connections`.

use std::sync::Arc;
use std::time::Duration;

use ureq::http::{HeaderValue, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::ca_file;
use super::failure::Parties;
use crate::model::error::{Error, Result};
use crate::options::Config;

pub(super) fn agent(config: &Config) -> Result<ureq::config::Config> {
    // 20 items make 2 to 4 KiB; what is longer goes through in pieces.
    const BUFFER: usize = 16 * 1024;
    if HeaderValue::from_str(&config.settings.user_agent).is_err() {
        return Err(Error::option(
            "option user_agent has a character that no header carries, such as a line break",
        ));
    }
    Ok(ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(chosen(config)?.map(|(proxy, _)| proxy))
        .user_agent(&config.settings.user_agent)
        .accept("application/json")
        .input_buffer_size(BUFFER)
        .output_buffer_size(BUFFER)
        // A connection keeps one connection, and knows when it is too old.
        .max_idle_connections(1)
        .max_idle_connections_per_host(1)
        .max_idle_age(Duration::MAX)
        .tls_config(TlsConfig::builder().root_certs(roots(config)?).build())
        .build())
}

/// Who takes part, for messages.
pub(super) fn parties(config: &Config) -> Result<Parties> {
    let base = base(config)?;
    Ok(Parties {
        service: base.authority().map_or("", |a| a.as_str()).to_owned(),
        proxy: chosen(config)?.map(|(proxy, source)| {
            let place = format!("{}:{}", proxy.host(), proxy.port());
            (place, source)
        }),
        connect_timeout: config.settings.connect_timeout,
    })
}

fn base(config: &Config) -> Result<Uri> {
    let base = config.settings.base()?;
    let refuse = |error| Error::option(format!("option base_url: {error}"));
    base.as_str()
        .parse()
        .map_err(|error: http::uri::InvalidUri| refuse(error.to_string()))
}

/// The proxy, and where it was set.
fn chosen(config: &Config) -> Result<Option<(ureq::Proxy, String)>> {
    let variable = |name: &str| Some(std::env::var_os(name)?.to_string_lossy().into_owned());
    let Some(chosen) = crate::transport::proxy::choose(config, &base(config)?, variable)? else {
        return Ok(None);
    };
    match ureq::Proxy::new(&chosen.url) {
        Ok(proxy) => Ok(Some((proxy, chosen.source))),
        Err(_) => Err(Error::option(format!(
            "{} is no proxy URL; expected is http://[user:password@]host:port",
            chosen.source
        ))),
    }
}

fn roots(config: &Config) -> Result<RootCerts> {
    let mut certificates = of_ca_file(config)?;
    if certificates.is_empty() {
        return Ok(RootCerts::WebPki);
    }
    let built_in = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    certificates.extend(built_in.map(|der| Certificate::from_der(der.as_ref())));
    Ok(RootCerts::Specific(Arc::new(certificates)))
}

/// Whom TLS trusts: Mozilla's roots, and those of `ca_file`.
#[cfg(feature = "outbox-redis")]
pub(crate) fn trusted_certificates(config: &Config) -> Result<rustls::RootCertStore> {
    let mut store = rustls::RootCertStore::empty();
    for certificate in of_ca_file(config)? {
        // Each was tried when the file was read.
        let _ = store.add(certificate.der().to_vec().into());
    }
    store.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    Ok(store)
}

/// None, if no file is named.
fn of_ca_file(config: &Config) -> Result<Vec<Certificate<'static>>> {
    if config.settings.ca_file.is_empty() {
        return Ok(Vec::new());
    }
    let refuse = |why: String| {
        Error::option(format!(
            "option ca_file {:?}: {why}",
            config.settings.ca_file
        ))
    };
    let bytes = std::fs::read(&config.settings.ca_file)
        .map_err(|e| refuse(crate::sys::error_text::io_error(&e)).with_source(e))?;
    ca_file::read(&bytes).map_err(refuse)
}
