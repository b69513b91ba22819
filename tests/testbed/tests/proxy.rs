//! The fault proxy does what its rules say, and nothing without one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use testbed::proxy::{Act, Answer, Body, Certificate, End, Log, Match, Part, Proxy, Rule, Side, Upstream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server that answers each request with its number, and keeps the requests.
struct Server {
    address: std::net::SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<String>>>::default());
        let heard = asked.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let heard = heard.clone();
                tokio::spawn(async move {
                    let mut buffer = vec![0; 4096];
                    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                        // Requests of this test are small: one read is one request, or the half of one.
                        if !text.contains("\r\n\r\n") {
                            continue;
                        }
                        let last = text.contains("Connection: close");
                        let number = {
                            let mut heard = heard.lock().unwrap();
                            heard.push(text);
                            heard.len()
                        };
                        let body = format!("answer {number}");
                        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                        if stream.write_all(answer.as_bytes()).await.is_err() || last {
                            break;
                        }
                    }
                });
            }
        });
        Self { address, asked }
    }

    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

struct Rig {
    server: Server,
    proxy: Proxy,
    log: Log,
    client: reqwest::Client,
    url: String,
}

impl Rig {
    async fn new(tls: bool) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (server, log) = (Server::start().await, Log::default());
        let certificate = tls.then(|| Certificate::new().unwrap());
        let upstream = Upstream::plain(server.address);
        let proxy = Proxy::start(Side::Cloud, upstream, certificate.clone(), log.clone()).await.unwrap();
        let mut client = reqwest::Client::builder().no_proxy().timeout(Duration::from_millis(700));
        if let Some(certificate) = &certificate {
            let trusted = reqwest::Certificate::from_pem(certificate.pem.as_bytes()).unwrap();
            client = client.tls_certs_only([trusted]);
        }
        let url = format!("http{}://{}/a", if tls { "s" } else { "" }, proxy.address());
        Self { server, proxy, log, client: client.build().unwrap(), url }
    }

    fn once(&self, act: Act) {
        self.proxy.add(Rule::once(Match::default(), act));
    }

    async fn ask(&self) -> Result<(u16, String), reqwest::Error> {
        let answer = self.client.post(&self.url).body("what").send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    async fn answer(&self) -> String {
        self.ask().await.unwrap().1
    }
}

#[tokio::test]
async fn without_a_rule_it_is_not_there_with_and_without_tls() {
    for tls in [false, true] {
        let rig = Rig::new(tls).await;
        assert_eq!((rig.answer().await, rig.answer().await), ("answer 1".to_owned(), "answer 2".to_owned()));
        let entries = rig.log.entries();
        assert_eq!((entries.len(), entries[1].method.as_str(), entries[1].body.as_str()), (2, "POST", "what"));
        assert_eq!((entries[1].heard().map(|answer| answer.status), rig.log.strikes()), (Some(200), 0));
    }
}

#[tokio::test]
async fn a_watch_is_the_last_request_of_its_connection_so_that_none_goes_unseen() {
    let rig = Rig::new(true).await;
    let watch = rig.client.get(format!("{}?watch=true", rig.url)).send().await.unwrap();
    assert_eq!(watch.text().await.unwrap(), "answer 1");
    rig.answer().await;
    assert_eq!(rig.log.entries().len(), 2);
}

#[tokio::test]
async fn what_is_lost_was_executed_or_not() {
    for tls in [false, true] {
        let rig = Rig::new(tls).await;
        for end in [End::Silence, End::Close, End::Reset] {
            let before = rig.server.count();
            rig.once(Act::Lose { executed: true, end });
            assert!(rig.ask().await.is_err(), "{end:?}");
            assert_eq!(rig.server.count(), before + 1);
            rig.once(Act::Lose { executed: false, end });
            assert!(rig.ask().await.is_err(), "{end:?}");
            assert_eq!(rig.server.count(), before + 1);
        }
        assert_eq!(rig.log.strikes(), 6);
        rig.answer().await;
    }
}

#[tokio::test]
async fn cuts_fall_into_the_part_they_name() {
    let rig = Rig::new(true).await;
    rig.once(Act::CutAnswer { within: Part::Head, end: End::Close });
    assert!(rig.client.post(&rig.url).body("what").send().await.is_err());
    for end in [End::Close, End::Reset] {
        rig.once(Act::CutAnswer { within: Part::Body, end });
        let answer = rig.client.post(&rig.url).body("what").send().await;
        // A reset may overtake the bytes before it.
        assert!(end == End::Reset || answer.is_ok());
        if let Ok(answer) = answer {
            assert!(answer.text().await.is_err(), "{end:?}");
        }
    }
    rig.once(Act::CutRequest);
    let before = rig.server.count();
    assert!(rig.ask().await.is_err());
    assert_eq!(rig.server.count(), before, "half a request is none");
}

#[tokio::test]
async fn a_shut_door_ends_handshakes() {
    let rig = Rig::new(true).await;
    rig.answer().await;
    rig.once(Act::Shut { connections: 2 });
    for _ in 0..3 {
        assert!(rig.ask().await.is_err());
    }
    assert_eq!(rig.answer().await, "answer 2");
    assert_eq!(rig.log.entries().len(), 3, "two never came to a request");
}

#[tokio::test]
async fn late_and_twice_are_delivered_when_they_say() {
    let rig = Rig::new(false).await;
    let after = Duration::from_millis(300);
    rig.once(Act::Late { after, end: End::Close });
    assert!(rig.ask().await.is_err());
    assert_eq!(rig.server.count(), 0);
    tokio::time::sleep(after * 2).await;
    assert_eq!(rig.server.count(), 1);
    rig.once(Act::Twice { after, second: false });
    assert_eq!(rig.answer().await, "answer 2");
    tokio::time::sleep(after * 2).await;
    assert_eq!(rig.server.count(), 3);
    rig.once(Act::Twice { after, second: true });
    assert_eq!(rig.answer().await, "answer 5");
}

#[tokio::test]
async fn answers_are_replaced() {
    let rig = Rig::new(false).await;
    let answer = Answer::error(429, "Throttling.User").header("retry-after", "2");
    rig.once(Act::Answer { executed: false, answer });
    let (status, body) = rig.ask().await.unwrap();
    assert!(status == 429 && body.contains("Throttling.User"), "{status} {body}");
    assert_eq!(rig.server.count(), 0);
    rig.once(Act::Answer { executed: true, answer: Answer::new(500, "no") });
    assert_eq!(rig.ask().await.unwrap(), (500, "no".to_owned()));
    assert_eq!(rig.server.count(), 1);
    let with = |body| Act::Answer { executed: true, answer: Answer { status: 200, headers: Vec::new(), body } };
    rig.once(with(Body::HalfOfTrue));
    assert_eq!(rig.answer().await, "answ");
    rig.once(with(Body::Blank(3 << 20)));
    assert_eq!(rig.answer().await.len(), (3 << 20) + 2);
}

#[tokio::test]
async fn raw_bytes_come_as_they_are_and_may_never_end() {
    let rig = Rig::new(false).await;
    let raw = |bytes: &[u8], endless: &[u8]| Act::Raw {
        executed: false,
        bytes: Arc::new(bytes.to_vec()),
        endless: Arc::new(endless.to_vec()),
    };
    rig.once(raw(b"HTTP/1.1 203 Well\r\nContent-Length: 2\r\n\r\nok", b""));
    assert_eq!(rig.ask().await.unwrap(), (203, "ok".to_owned()));
    rig.once(raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"2\r\nab\r\n"));
    assert!(rig.ask().await.is_err(), "the client gives up");
    assert_eq!((rig.server.count(), rig.answer().await), (0, "answer 1".to_owned()));
}

#[tokio::test]
async fn what_drips_takes_its_time() {
    let rig = Rig::new(true).await;
    let gap = Duration::from_millis(5);
    for part in [Part::Head, Part::Body] {
        rig.once(Act::Drip { part, gap });
        let begun = Instant::now();
        rig.answer().await;
        assert!(begun.elapsed() >= gap * 7, "{part:?}");
    }
    rig.once(Act::Drip { part: Part::Head, gap: Duration::from_millis(100) });
    assert!(rig.ask().await.is_err(), "the client gives up");
}

#[tokio::test]
async fn a_rule_strikes_what_it_names() {
    let rig = Rig::new(false).await;
    rig.proxy.add(Rule::once(Match::path("GET", "/a"), Act::CutRequest));
    rig.proxy.add(Rule { of: Match::path("POST", "/a").with("what"), skip: 1, times: 1, act: Act::CutRequest });
    rig.answer().await;
    assert!(rig.ask().await.is_err());
    rig.answer().await;
    rig.proxy.add(Rule::once(Match::default(), Act::CutRequest));
    rig.proxy.clear();
    rig.answer().await;
}
