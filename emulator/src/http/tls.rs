//! Certificates: made for this server by an authority that lives as long as it does, or
//! stays in a folder; or those of files.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Where the certificate comes from.
#[derive(Clone, Debug)]
pub(crate) enum Certificates {
    /// Made for `localhost`, `127.0.0.1`, `::1` and these names.
    Made {
        names: Vec<String>,
        /// The folder of the authority; it is made where there is none.
        authority: Option<PathBuf>,
    },
    /// A chain and its key, in PEM.
    Files { chain: PathBuf, key: PathBuf },
}

impl Default for Certificates {
    fn default() -> Self {
        Self::Made {
            names: Vec::new(),
            authority: None,
        }
    }
}

/// What the server needs, and what its clients must trust.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    /// None when the certificate is from files.
    pub(crate) ca_pem: Option<String>,
}

impl Tls {
    pub(crate) fn new(certificates: &Certificates) -> io::Result<Self> {
        let (chain, key, ca_pem) = match certificates {
            Certificates::Made { names, authority } => {
                let authority = match authority {
                    None => Authority::new()?,
                    Some(folder) => Authority::in_folder(folder)?,
                };
                let ca_pem = authority.pem.clone();
                let (certificate, key) = authority.sign(names)?;
                (vec![certificate], key, Some(ca_pem))
            }
            Certificates::Files { chain, key } => (
                read_chain(chain)?,
                PrivateKeyDer::from_pem_file(key).map_err(|error| named(key, &error))?,
                None,
            ),
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            ca_pem,
        })
    }
}

fn read_chain(file: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let chain = CertificateDer::pem_file_iter(file).map_err(|error| named(file, &error))?;
    let chain: Vec<_> = chain
        .collect::<Result<_, _>>()
        .map_err(|error| named(file, &error))?;
    if chain.is_empty() {
        return Err(named(file, &"there is no certificate in it"));
    }
    Ok(chain)
}

fn named(file: &Path, error: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("{}: {error}", file.display()))
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> io::Result<Self> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let pem = Self::params()
            .self_signed(&key)
            .map_err(io::Error::other)?
            .pem();
        Ok(Self {
            issuer: Issuer::new(Self::params(), key),
            pem,
        })
    }

    /// The one that `ca.pem` and `ca-key.pem` hold.
    fn in_folder(folder: &Path) -> io::Result<Self> {
        let (pem_file, key_file) = (folder.join("ca.pem"), folder.join("ca-key.pem"));
        let in_file = |file: &Path, error: io::Error| named(file, &error);
        if pem_file.exists() || key_file.exists() {
            let read = |file: &Path| fs::read_to_string(file).map_err(|e| in_file(file, e));
            let (pem, key) = (read(&pem_file)?, read(&key_file)?);
            let key = KeyPair::from_pem(&key).map_err(|error| named(&key_file, &error))?;
            return Ok(Self {
                // The name and the key are those of the certificate, which is all that a
                // signature depends on.
                issuer: Issuer::new(Self::params(), key),
                pem,
            });
        }
        fs::create_dir_all(folder).map_err(|e| in_file(folder, e))?;
        let made = Self::new()?;
        let key = made.issuer.key().serialize_pem();
        write_private(&key_file, key.as_bytes()).map_err(|e| in_file(&key_file, e))?;
        fs::write(&pem_file, &made.pem).map_err(|e| in_file(&pem_file, e))?;
        Ok(made)
    }

    fn params() -> CertificateParams {
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        ca.distinguished_name
            .push(DnType::CommonName, "xgpush-emulator CA");
        ca
    }

    fn sign(
        &self,
        names: &[String],
    ) -> io::Result<(CertificateDer<'static>, PrivateKeyDer<'static>)> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let own = ["localhost", "127.0.0.1", "::1"].map(String::from);
        let names: Vec<String> = own.into_iter().chain(names.iter().cloned()).collect();
        let mut leaf = CertificateParams::new(names).map_err(io::Error::other)?;
        leaf.distinguished_name
            .push(DnType::CommonName, "xgpush-emulator");
        leaf.use_authority_key_identifier_extension = true;
        let leaf = leaf
            .signed_by(&key, &self.issuer)
            .map_err(io::Error::other)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok((leaf.der().clone(), key))
    }
}

/// Only its owner can read it.
fn write_private(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(bytes)
}
