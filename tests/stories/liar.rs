//! A service that lies: it stands before the emulator, hands requests on as they come, and answers some of them itself.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// An answer that is not the emulator's.
#[derive(Clone)]
pub(crate) struct Lie {
    /// How the request line begins: `GET /api/v1/datasets/d-1 `.
    pub(crate) to: String,
    /// The request is carried out all the same.
    pub(crate) executed: bool,
    /// The bytes of the answer; the connection is closed after them.
    pub(crate) answer: Arc<Vec<u8>>,
    /// What follows them for ever, if anything.
    pub(crate) endless: Vec<u8>,
    /// How often it is told.
    pub(crate) times: usize,
}

impl Lie {
    /// These bytes instead, once, and nothing is carried out.
    pub(crate) fn instead(to: &str, answer: Vec<u8>) -> Self {
        Self { to: to.to_owned(), executed: false, answer: Arc::new(answer), endless: Vec::new(), times: 1 }
    }
}

/// A 200 with this body.
pub(crate) fn ok(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Listens on the loopback until it is dropped.
pub(crate) struct Liar {
    address: SocketAddr,
    lies: Arc<Mutex<Vec<Lie>>>,
    task: JoinHandle<()>,
}

impl Liar {
    /// Stands before the service at this address.
    pub(crate) async fn before(service: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let lies = Arc::new(Mutex::new(Vec::new()));
        let told = lies.clone();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let lies = told.clone();
                connections.spawn(async move {
                    // Whoever hangs up has had enough.
                    let _ = serve(client, service, &lies).await;
                });
            }
        });
        Self { address, lies, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn tell(&self, lies: impl IntoIterator<Item = Lie>) {
        self.lies.lock().unwrap().extend(lies);
    }

    /// From now on it is honest.
    pub(crate) fn repent(&self) {
        self.lies.lock().unwrap().clear();
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut client: TcpStream, service: SocketAddr, lies: &Mutex<Vec<Lie>>) -> std::io::Result<()> {
    while let Some(request) = read_message(&mut client).await? {
        let lie = choose(&request, lies);
        if lie.as_ref().is_none_or(|lie| lie.executed) {
            let mut server = TcpStream::connect(service).await?;
            server.write_all(&request).await?;
            let answer = read_message(&mut server).await?.unwrap_or_default();
            if lie.is_none() {
                client.write_all(&answer).await?;
                continue;
            }
        }
        if let Some(lie) = lie {
            client.write_all(&lie.answer).await?;
            while !lie.endless.is_empty() {
                client.write_all(&lie.endless).await?;
            }
            return client.shutdown().await;
        }
    }
    Ok(())
}

fn choose(request: &[u8], lies: &Mutex<Vec<Lie>>) -> Option<Lie> {
    let mut lies = lies.lock().unwrap();
    let lie = lies.iter_mut().find(|lie| lie.times > 0 && request.starts_with(lie.to.as_bytes()))?;
    lie.times -= 1;
    Some(lie.clone())
}

/// A request or an answer, head and body, as it came. Bodies have a length here.
async fn read_message(stream: &mut TcpStream) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
            if bytes.len() >= end + 4 + length.unwrap_or(0_usize) {
                return Ok(Some(bytes));
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}
