//! HTTP/1.1 messages as bytes: they are read whole and not changed.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Much longer than any head that is read here.
const HEAD_MAX: usize = 256 << 10;

/// One request or answer: its bytes, and where its body begins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    pub(crate) bytes: Vec<u8>,
    pub(crate) head: usize,
}

impl Message {
    /// The first line and the headers.
    pub(crate) fn head(&self) -> String {
        String::from_utf8_lossy(self.bytes.get(..self.head).unwrap_or_default()).into_owned()
    }

    /// The body, as it was framed.
    pub(crate) fn body(&self) -> String {
        String::from_utf8_lossy(self.bytes.get(self.head..).unwrap_or_default()).into_owned()
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let head = self.head();
        let line = head.lines().find_map(|line| line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name)));
        line.map(|(_, value)| value.trim().to_owned())
    }

    /// Method and target of a request.
    pub(crate) fn request_line(&self) -> (String, String) {
        let head = self.head();
        let mut words = head.split_whitespace().map(str::to_owned);
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }

    /// The same request, after whose answer the connection is closed.
    pub(crate) fn last(&self) -> Vec<u8> {
        let line = find(&self.bytes, b"\r\n").map_or(0, |end| end + 2);
        let (line, rest) = self.bytes.split_at(line);
        [line, b"Connection: close\r\n", rest].concat()
    }

    /// The status of an answer; 0 if it has none.
    pub(crate) fn status(&self) -> u16 {
        self.head().split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or_default()
    }
}

/// Request or answer: they have different rules for the length of the body if no header states it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Request,
    Answer,
}

/// Reads one message; `rest` holds what came behind the last one. `None`: the other side ended between two messages.
pub(crate) async fn read(
    stream: &mut (impl AsyncRead + Unpin + ?Sized),
    rest: &mut Vec<u8>,
    what: What,
) -> io::Result<Option<Message>> {
    let Some(mut message) = read_head(stream, rest).await? else { return Ok(None) };
    let length = message.header("content-length").and_then(|length| length.parse::<usize>().ok());
    let chunked = message.header("transfer-encoding").is_some_and(|coding| coding.contains("chunked"));
    let bodiless = what == What::Request || matches!(message.status(), 204 | 304);
    if chunked {
        while chunks_end(message.bytes.get(message.head..).unwrap_or_default()).is_none() {
            more(stream, &mut message.bytes).await?;
        }
        let end = message.head + chunks_end(message.bytes.get(message.head..).unwrap_or_default()).unwrap_or_default();
        *rest = message.bytes.split_off(end);
    } else if let Some(length) = length {
        while message.bytes.len() < message.head + length {
            more(stream, &mut message.bytes).await?;
        }
        *rest = message.bytes.split_off(message.head + length);
    } else if bodiless {
        *rest = message.bytes.split_off(message.head);
    } else {
        stream.read_to_end(&mut message.bytes).await?;
    }
    Ok(Some(message))
}

/// Reads up to the end of the headers; what came behind them stays in the message.
pub(crate) async fn read_head(
    stream: &mut (impl AsyncRead + Unpin + ?Sized),
    rest: &mut Vec<u8>,
) -> io::Result<Option<Message>> {
    let mut bytes = std::mem::take(rest);
    loop {
        if let Some(end) = find(&bytes, b"\r\n\r\n") {
            return Ok(Some(Message { bytes, head: end + 4 }));
        }
        if bytes.len() > HEAD_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        match more(stream, &mut bytes).await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && bytes.is_empty() => return Ok(None),
            other => other?,
        }
    }
}

async fn more(stream: &mut (impl AsyncRead + Unpin + ?Sized), bytes: &mut Vec<u8>) -> io::Result<()> {
    bytes.reserve(16 << 10);
    if stream.read_buf(bytes).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// The length of a chunked body, once its last chunk is there.
fn chunks_end(body: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = find(body.get(at..)?, b"\r\n")?;
        let size = std::str::from_utf8(body.get(at..at + line)?).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        at += line + 2;
        if size == 0 {
            // Trailers, if any, and the empty line.
            return body.get(at..)?.starts_with(b"\r\n").then_some(at + 2);
        }
        at += size + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn messages(text: &str, what: What) -> Vec<(String, String)> {
        let (mut stream, mut rest, mut all) = (text.as_bytes(), Vec::new(), Vec::new());
        while let Some(message) = read(&mut stream, &mut rest, what).await.unwrap() {
            all.push((message.head(), message.body()));
        }
        all
    }

    #[tokio::test]
    async fn messages_end_where_their_framing_says() {
        let two = "PUT /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n\r\n";
        let read = messages(two, What::Request).await;
        assert_eq!(read.iter().map(|(_, body)| body.as_str()).collect::<Vec<_>>(), ["abc", ""]);
        let chunked =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nHTTP/1.1 204 No\r\n\r\n";
        let read = messages(chunked, What::Answer).await;
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].1, "3\r\nabc\r\n0\r\n\r\n");
    }

    #[tokio::test]
    async fn half_a_message_is_an_error() {
        let mut stream = &b"PUT /a HTTP/1.1\r\nContent-Length: 3\r\n\r\na"[..];
        assert!(read(&mut stream, &mut Vec::new(), What::Request).await.is_err());
    }
}
