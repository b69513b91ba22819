//! Connections, with and without TLS, and the way to the server behind a proxy.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::error::{Context, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

/// A connection of either kind.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {
    /// The TCP connection under it.
    fn tcp(&self) -> &TcpStream;
}

impl Stream for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Stream for server::TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

impl Stream for client::TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// The server behind a proxy.
#[derive(Clone)]
pub struct Upstream {
    address: SocketAddr,
    tls: Option<TlsConnector>,
}

impl Upstream {
    /// Plain HTTP.
    pub fn plain(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }

    /// TLS, with a certificate of the authority in this PEM text.
    pub fn tls(address: SocketAddr, authority: &[u8]) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authority) {
            roots.add(certificate.context("reading the authority")?).context("trusting the authority")?;
        }
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Self { address, tls: Some(TlsConnector::from(Arc::new(config))) })
    }

    pub(crate) async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let tcp = TcpStream::connect(self.address).await?;
        tcp.set_nodelay(true)?;
        match &self.tls {
            None => Ok(Box::new(tcp)),
            Some(connector) => {
                let stream = connector.connect(ServerName::from(self.address.ip()), tcp).await?;
                Ok(Box::new(stream))
            }
        }
    }
}

/// A certificate for loopback, and what serves with it.
#[derive(Clone)]
pub struct Certificate {
    /// PEM; a client that trusts this certificate trusts the proxy.
    pub pem: String,
    pub(crate) acceptor: TlsAcceptor,
}

impl Certificate {
    /// A new, self-signed certificate.
    pub fn new() -> Result<Self> {
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).context("making a certificate")?;
        let key =
            PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes()).context("reading a key")?;
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![made.cert.der().clone()], key).context("using a certificate")?;
        Ok(Self { pem: made.cert.pem(), acceptor: TlsAcceptor::from(Arc::new(config)) })
    }
}
