//! Hostile answers: too long, too deep, without end, or in a coding that the client did not ask for. Each call ends
//! soon, reads little, and its error says what is wrong.

use super::*;
use crate::cloud::request::ListDatasets;

/// Enough time to read the longest body that the client reads.
const LONG: Duration = Duration::from_secs(10);
const MIB: u64 = 1024 * 1024;
/// Bytes that the kernel accepts from a server although the client does not read them.
const KERNEL: u64 = 16 * MIB;

fn list() -> Request {
    Request::list_datasets(&ListDatasets { page_number: 1, page_size: 100, ..ListDatasets::default() })
}

/// How a call with this answer ends, and how many bytes of the answer left the server.
async fn ends(request: &Request, scene: Scene) -> (CallError, u64) {
    let server = FakeServer::start([scene]).await;
    let settings = Settings::for_endpoint(&server.url(), LONG).unwrap();
    let bench = bench(settings, Environment::new(environment, BearerStyle::Sdk));
    let error = bench.client.send(request).await.unwrap_err();
    let mut sent = server.sent();
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        match server.sent() {
            now if now == sent => return (error, sent),
            now => sent = now,
        }
    }
}

#[tokio::test]
async fn of_a_body_without_end_a_mebibyte_is_read_and_of_a_list_or_a_log_more() {
    for (request, most) in [(get(), 1), (create(), 1), (list(), 8), (Request::get_dataset_job("d-1", "j"), 32)] {
        let (error, sent) = ends(&request, Scene::flood()).await;
        assert_eq!(error.class, ErrorClass::Garbled, "{error}");
        assert!(error.message.contains(&format!("larger than {most} MiB")), "{error}");
        assert!(sent <= most * MIB + KERNEL, "{sent} bytes were sent");
    }
}

#[tokio::test]
async fn a_body_that_is_announced_as_too_long_is_not_read_at_all() {
    let head = format!("HTTP/1.1 200 X\r\nContent-Length: {}\r\n\r\n", 64 * MIB);
    for request in [get(), list()] {
        let (error, sent) = ends(&request, Scene::Endless(head.clone().into(), vec![b' '; 0x10000])).await;
        assert_eq!(error.class, ErrorClass::Garbled, "{error}");
        assert!(sent <= KERNEL, "{sent} bytes were sent");
    }
}

#[tokio::test]
async fn headers_without_end_end_the_call() {
    let line = b"X-Line: value\r\n".repeat(4096);
    let heads = [
        Scene::Endless(b"HTTP/1.1 200 X\r\n".to_vec(), line.clone()),
        Scene::Endless(b"HTTP/1.1 200 X\r\nX-Line: ".to_vec(), vec![b'a'; 0x10000]),
        Scene::Endless(b"HTTP/1.1 200 ".to_vec(), vec![b'a'; 0x10000]),
    ];
    for scene in heads {
        let (error, sent) = ends(&create(), scene.clone()).await;
        assert_eq!((error.class, error.status), (ErrorClass::Ambiguous, None), "{error}");
        assert!(sent <= KERNEL, "{sent} bytes were sent");
        let (error, _) = ends(&get(), scene).await;
        assert_eq!(error.class, ErrorClass::Transient, "{error}");
    }
    // Endless trailers after the body, which the client does not read.
    let head = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n";
    let (error, sent) = ends(&get(), Scene::Endless(head.to_vec(), line)).await;
    assert_eq!(error.class, ErrorClass::Garbled, "{error}");
    assert!(sent <= KERNEL, "{sent} bytes were sent");
}

#[tokio::test]
async fn a_million_headers_are_too_many() {
    let head = [b"HTTP/1.1 200 X\r\n".to_vec(), b"X: 1\r\n".repeat(1_000_000), b"\r\n{}".to_vec()].concat();
    let (error, _) = ends(&get(), Scene::Endless(Vec::new(), head)).await;
    assert_eq!(error.class, ErrorClass::Transient, "{error}");
}

#[tokio::test]
async fn interim_answers_without_end_end_at_the_deadline() {
    let early = b"HTTP/1.1 103 Early Hints\r\n\r\n";
    let begun = Instant::now();
    let (error, _) = met(&create(), Scene::Endless(Vec::new(), early.repeat(1024))).await;
    assert_eq!(error.class, ErrorClass::Ambiguous, "{error}");
    assert!(begun.elapsed() < LONG, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn broken_framing_is_garbled() {
    let chunked = |body: &[u8]| {
        let head = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n";
        Scene::WriteAndClose([head.as_slice(), body].concat())
    };
    for scene in [
        chunked(b"ffffffffffffffff1\r\n{}"),
        chunked(b"-1\r\n{}"),
        chunked(b"2\r\n{}"),
        chunked(&[b"2;".as_slice(), &vec![b'x'; 1 << 20]].concat()),
    ] {
        let (error, _) = ends(&create(), scene).await;
        assert_eq!((error.class, error.status), (ErrorClass::Garbled, Some(200)), "{error}");
    }
}

/// Two readers could see two answers in each; none is believed.
#[tokio::test]
async fn an_answer_of_two_lengths_is_not_believed() {
    let made = r#"{"DatasetId":"d-1"}"#;
    let chunk = format!("{:x}\r\n{made}\r\n0\r\n\r\n", made.len());
    for headers in [
        "Content-Length: 19\r\nContent-Length: 2\r\n",
        "Content-Length: 19, 2\r\n",
        "Content-Length: +19\r\n",
        "Content-Length: 0x13\r\n",
    ] {
        let (error, _) =
            ends(&create(), Scene::WriteAndClose(format!("HTTP/1.1 200 X\r\n{headers}\r\n{made}").into_bytes())).await;
        assert!(!error.never_executed() && error.message.len() < 300, "{headers}: {error}");
    }
    // Chunks go before a length, as the standard says; the connection is not used again.
    let both = format!("HTTP/1.1 200 X\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}");
    let next = Scene::answer(200, "", made);
    let server = FakeServer::start([Scene::Write(both.into_bytes()), next]).await;
    let bench = against(&server.url());
    for _ in 0..2 {
        assert_eq!(bench.client.send(&create()).await.unwrap().id("DatasetId").unwrap(), "d-1");
    }
}

/// As many connections hang as reconciles may run, each in a part of its own, and the next call is answered.
#[tokio::test]
async fn sixty_four_calls_that_hang_end_in_time_and_hold_up_no_other() {
    let hangs: [&[u8]; 4] =
        [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 X\r\nX: ", b"HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\n{"];
    let scenes = (0..64).map(|number| Scene::Hang(hangs[number % 4].to_vec()));
    let server = FakeServer::start(scenes.chain([Scene::answer(200, "", r#"{"DatasetId":"d-1"}"#)])).await;
    // Enough to be sent, on a slow machine too.
    let settings = Settings::for_endpoint(&server.url(), PATIENCE * 5).unwrap();
    let bench = bench(settings, Environment::new(environment, BearerStyle::Sdk));
    let begun = Instant::now();
    let (client, request) = (&bench.client, get());
    let sick = futures::future::join_all((0..64).map(|_| client.send(&request)));
    let all_hang = async {
        while server.requests().len() < 64 {
            assert!(begun.elapsed() < LONG, "they are not sent");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        client.send(&request).await
    };
    let (sick, well) = tokio::join!(sick, all_hang);
    assert!(sick.iter().all(|answer| answer.as_ref().is_err_and(|error| error.class == ErrorClass::Transient)));
    assert_eq!(well.unwrap().id("DatasetId").unwrap(), "d-1");
    assert!(begun.elapsed() < LONG, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn deep_json_is_no_object_and_no_overflow() {
    for (request, length) in [(get(), MIB - 64), (list(), 8 * MIB - 64)] {
        for deep in [b"[".as_slice(), br#"{"a":"#] {
            let count = usize::try_from(length).unwrap() / deep.len();
            let body = String::from_utf8(deep.repeat(count)).unwrap();
            let (error, _) = ends(&request, Scene::answer(200, "", &body)).await;
            assert_eq!(error.class, ErrorClass::Garbled, "{error}");
            assert!(error.message.contains("not a JSON object"), "{error}");
        }
    }
}

#[tokio::test]
async fn no_coding_is_asked_for_and_none_is_undone() {
    let packed: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    let head = format!("HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", packed.len());
    let server = FakeServer::start([Scene::Write([head.as_bytes(), packed].concat())]).await;
    let error = against(&server.url()).client.send(&create()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Garbled, "{error}");
    assert_eq!(header(&server.requests()[0], "accept-encoding"), None);
}

#[tokio::test]
async fn what_is_not_utf_8_is_not_read_and_not_shown() {
    let raw = |status: u16, headers: &[u8], body: &[u8]| {
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
        Scene::Write([head.as_bytes(), headers, b"\r\n", body].concat())
    };
    let (error, _) = met(&create(), raw(200, b"", b"{\"DatasetId\":\"d-\xff\"}")).await;
    assert_eq!(error.class, ErrorClass::Garbled, "{error}");
    let headers = b"x-acs-request-id: R\xff\r\nRetry-After: \xff\r\nx-acs-retry-after: \xff\r\nLocation: \xff\r\n";
    for status in [302, 400, 429, 500] {
        let (error, _) = met(&create(), raw(status, headers, b"busy \xff\xfe\x00 now")).await;
        let shown = format!("{error} {:?} {:?}", error.code, error.request_id);
        assert!(!shown.contains('\u{fffd}') && !shown.contains(char::is_control), "{shown}");
        assert!(status != 429 || error.class == ErrorClass::Throttled { after: None }, "{error}");
    }
}

#[tokio::test]
async fn ids_that_are_none_are_not_taken_from_an_answer() {
    let long = "d".repeat(64 * 1024);
    for id in ["../users", "d-1/versions/v2", "d-1\r\nX: y", "d-1,d-2", "d 1", "d-\u{202e}1", &long] {
        let body = json!({ "DatasetId": id }).to_string();
        let (error, _) = met(&create(), Scene::answer(200, "", &body)).await;
        assert_eq!(error.class, ErrorClass::Garbled, "{error}");
        assert!(!error.to_string().contains(id), "{error}");
    }
}

#[tokio::test]
async fn however_the_wait_is_asked_for_it_is_at_most_thirty_seconds() {
    let seconds = |after: u64| Some(Duration::from_secs(after));
    for (headers, after) in [
        ("Retry-After: 86400", seconds(30)),
        ("Retry-After: 18446744073709551615", seconds(30)),
        ("Retry-After: 99999999999999999999999999", seconds(30)),
        ("Retry-After: 7", seconds(7)),
        ("Retry-After: 0", seconds(0)),
        ("Retry-After: -1", None),
        ("Retry-After: soon", None),
        ("Retry-After: Thu, 01 Jan 1970 00:00:00 GMT", seconds(0)),
        ("Retry-After: Tue, 31 Dec 2999 23:59:59 GMT", seconds(30)),
        ("Retry-After: Fri, 99 Foo 2026 99:99:99 GMT", None),
        ("x-acs-retry-after: 1500", Some(Duration::from_millis(1500))),
        ("x-acs-retry-after: 86400000", seconds(30)),
        ("x-acs-retry-after: 18446744073709551615", seconds(30)),
        ("x-acs-retry-after: 18446744073709551615\r\nRetry-After: -1", seconds(30)),
        ("x-acs-retry-after: Tue, 31 Dec 2999 23:59:59 GMT", None),
    ] {
        let (error, _) = met(&get(), Scene::answer(429, &format!("{headers}\r\n"), "")).await;
        assert_eq!(error.class, ErrorClass::Throttled { after }, "{headers}");
    }
}
