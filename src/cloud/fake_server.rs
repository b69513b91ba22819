//! A server for tests that speaks just enough HTTP to also speak it wrongly: it reads a request, remembers it and plays
//! the next scene.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What happens after a request was read.
#[derive(Debug, Clone)]
pub(super) enum Scene {
    /// Writes these bytes and reads on.
    Write(Vec<u8>),
    /// Writes these bytes and closes the connection.
    WriteAndClose(Vec<u8>),
    /// Resets the connection (RST).
    Reset,
    /// Writes these bytes and then nothing, with the connection open.
    Hang(Vec<u8>),
    /// Writes the first bytes once, then the second ones without end.
    Endless(Vec<u8>, Vec<u8>),
}

impl Scene {
    /// A well-formed answer.
    pub(super) fn answer(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        let head = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\r\n");
        Self::Write((head + body).into_bytes())
    }

    /// A body without end.
    pub(super) fn flood() -> Self {
        let head = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n";
        Self::Endless(head.to_vec(), [b"10000\r\n".as_slice(), &vec![b' '; 0x10000], b"\r\n"].concat())
    }
}

/// Listens on a free port of the loopback until it is dropped.
pub(super) struct FakeServer {
    pub(super) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    sent: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl FakeServer {
    /// Plays the scenes one per request, over however many connections, and hangs after the last.
    pub(super) async fn start(scenes: impl IntoIterator<Item = Scene>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let scenes = Arc::new(Mutex::new(scenes.into_iter().collect::<VecDeque<_>>()));
        let (seen, sent) = (Arc::clone(&requests), Arc::new(AtomicU64::new(0)));
        let counted = Arc::clone(&sent);
        let task = tokio::spawn(async move {
            // The connections end when this task is dropped.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&scenes), Arc::clone(&seen), Arc::clone(&counted)));
            }
        });
        Self { address, requests, sent, task }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Bytes of endless answers that the network took so far.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// The requests so far, head and body as received.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A server over TLS that answers every request with one dataset, until the process ends.
pub(super) struct TlsServer(SocketAddr);

impl TlsServer {
    pub(super) fn start(key: &rcgen::CertifiedKey<rcgen::KeyPair>) -> Self {
        use rustls::pki_types::PrivateKeyDer;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let private = PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder().with_no_client_auth();
        let config = Arc::new(config.with_single_cert(vec![key.cert.der().clone()], private).unwrap());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let mut connection = rustls::ServerConnection::new(config.clone()).unwrap();
                let mut tls = rustls::Stream::new(&mut connection, &mut stream);
                // A client that does not trust the certificate closes the connection.
                let _ = answer_once(&mut tls);
            }
        });
        Self(address)
    }

    pub(super) fn url(&self) -> String {
        format!("https://localhost:{}", self.0.port())
    }
}

fn answer_once(stream: &mut (impl std::io::Read + std::io::Write)) -> std::io::Result<()> {
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        request.extend(byte);
    }
    stream.write_all(b"HTTP/1.1 200 X\r\nConnection: close\r\nContent-Length: 19\r\n\r\n{\"DatasetId\":\"d-1\"}")?;
    stream.flush()
}

async fn serve(
    mut stream: TcpStream,
    scenes: Arc<Mutex<VecDeque<Scene>>>,
    seen: Arc<Mutex<Vec<String>>>,
    sent: Arc<AtomicU64>,
) {
    while let Some(request) = read_request(&mut stream).await {
        seen.lock().unwrap().push(request);
        let scene = scenes.lock().unwrap().pop_front();
        match scene.unwrap_or(Scene::Hang(Vec::new())) {
            Scene::Write(bytes) => stream.write_all(&bytes).await.unwrap(),
            Scene::WriteAndClose(bytes) => return stream.write_all(&bytes).await.unwrap(),
            Scene::Reset => return stream.set_zero_linger().unwrap(),
            Scene::Hang(bytes) => {
                stream.write_all(&bytes).await.unwrap();
                std::future::pending::<()>().await;
            }
            Scene::Endless(first, again) => {
                stream.write_all(&first).await.unwrap();
                while stream.write_all(&again).await.is_ok() {
                    sent.fetch_add(again.len() as u64, Ordering::Relaxed);
                }
                return;
            }
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = header(head, "content-length").map_or(0, |text| text.parse().unwrap());
            if body.len() >= length {
                return Some(text);
            }
        }
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

/// The value of a header in a request as received.
pub(super) fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let lines = request.lines().take_while(|line| !line.is_empty());
    let mut pairs = lines.filter_map(|line| line.split_once(": "));
    let (_, value) = pairs.find(|(header, _)| header.eq_ignore_ascii_case(name))?;
    Some(value)
}
