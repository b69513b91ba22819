//! One connection through a proxy: each request is read whole, its rule is looked up, and the rule is carried out.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::time::{Instant, sleep};

use super::Shared;
use super::answer::{Answer, Body};
use super::log::Entry;
use super::message::{Message, What, read, read_head};
use super::rule::{Act, End, Part};
use super::stream::Stream;

/// A piece of a long body of blanks.
const PIECE: usize = 1 << 20;

/// Whether the connection goes on.
enum Next {
    Again,
    Over,
}

/// Serves one connection until either side ends it.
pub(crate) async fn converse(mut front: Box<dyn Stream>, shared: Shared) -> io::Result<()> {
    let (mut back, mut rest) = (None, Vec::new());
    while let Some(request) = read(&mut *front, &mut rest, What::Request).await? {
        let (method, target) = request.request_line();
        let operation = request.header("x-acs-action").unwrap_or_default();
        let body = request.body();
        let act = shared.act(&method, &target, &operation, &body);
        let struck = act.is_some();
        let watching = target.contains("watch=true") || target.contains("watch=1");
        let entry = Entry {
            at: Instant::now(),
            side: shared.side,
            method,
            target,
            operation,
            body,
            answers: Vec::new(),
            heard: None,
            struck,
        };
        let number = shared.log.add(entry);
        let (front, back, shared) = (&mut front, &mut back, &shared);
        let mut exchange = Exchange { front, back, shared, request, number, latest: 0, watching };
        let next = match act {
            None => exchange.pass().await?,
            Some(act) => exchange.carry_out(act).await?,
        };
        if matches!(next, Next::Over) {
            return Ok(());
        }
    }
    Ok(())
}

struct Exchange<'a> {
    front: &'a mut Box<dyn Stream>,
    back: &'a mut Option<Box<dyn Stream>>,
    shared: &'a Shared,
    request: Message,
    number: usize,
    /// The newest answer in the log.
    latest: usize,
    watching: bool,
}

impl Exchange<'_> {
    async fn pass(&mut self) -> io::Result<Next> {
        if self.watching {
            return self.stream().await;
        }
        let answer = self.ask().await?;
        self.front.write_all(&answer.bytes).await?;
        self.front.flush().await?;
        self.shared.log.handed_on(self.number, self.latest);
        Ok(Next::Again)
    }

    async fn carry_out(&mut self, act: Act) -> io::Result<Next> {
        match act {
            Act::Answer { executed, answer } => {
                let truth = if executed { self.execute().await? } else { None };
                self.answer(&answer, truth.as_ref()).await
            }
            Act::Raw { executed, bytes, endless } => {
                if executed {
                    self.execute().await?;
                }
                self.front.write_all(&bytes).await?;
                while !endless.is_empty() {
                    self.front.write_all(&endless).await?;
                }
                self.front.flush().await?;
                self.end(End::Close).await
            }
            Act::Lose { executed, end } => {
                if executed {
                    self.execute().await?;
                }
                self.end(end).await
            }
            Act::CutAnswer { within, end } => {
                let answer = self.first_of_answer().await?;
                let body = answer.bytes.len() - answer.head;
                let keep = if within == Part::Head { answer.head / 2 } else { answer.head + body / 2 };
                self.front.write_all(answer.bytes.get(..keep).unwrap_or_default()).await?;
                self.front.flush().await?;
                self.end(end).await
            }
            Act::CutRequest => {
                let mut back = self.shared.upstream.connect().await?;
                let half = self.request.bytes.len() / 2;
                back.write_all(self.request.bytes.get(..half).unwrap_or_default()).await?;
                back.flush().await?;
                drop(back);
                self.end(End::Reset).await
            }
            Act::Late { after, end } => {
                self.again(after);
                self.end(end).await
            }
            Act::Twice { after, second } => {
                if second {
                    self.ask().await?;
                    sleep(after).await;
                } else {
                    self.again(after);
                }
                self.pass().await
            }
            Act::Drip { part, gap } => {
                let answer = self.first_of_answer().await?;
                let slow = if part == Part::Head { 0 } else { answer.head };
                self.front.write_all(answer.bytes.get(..slow).unwrap_or_default()).await?;
                for byte in answer.bytes.get(slow..).unwrap_or_default() {
                    self.front.write_all(&[*byte]).await?;
                    self.front.flush().await?;
                    sleep(gap).await;
                }
                if self.watching {
                    return Ok(Next::Over);
                }
                self.shared.log.handed_on(self.number, self.latest);
                Ok(Next::Again)
            }
            Act::Delay(time) => {
                sleep(time).await;
                self.pass().await
            }
            Act::Shut { connections } => {
                self.shared.shut(connections);
                self.end(End::Reset).await
            }
        }
    }

    /// The true answer, if it ends.
    async fn execute(&mut self) -> io::Result<Option<Message>> {
        if self.watching { Ok(None) } else { self.ask().await.map(Some) }
    }

    /// The true answer. Only a read goes over a connection that was used before, and is repeated if the server has closed
    /// it meanwhile: the proxy must add no fault of its own.
    async fn ask(&mut self) -> io::Result<Message> {
        let reads = self.request.request_line().0 == "GET";
        if !reads {
            *self.back = None;
        }
        let kept = self.back.is_some();
        let mut answer = self.try_ask().await;
        if answer.is_err() && kept {
            *self.back = None;
            answer = self.try_ask().await;
        }
        if answer.is_err() || !reads {
            *self.back = None;
        }
        let answer = answer?;
        self.latest = self.shared.log.answered(self.number, answer.status(), &answer.body());
        Ok(answer)
    }

    async fn try_ask(&mut self) -> io::Result<Message> {
        if self.back.is_none() {
            *self.back = Some(self.shared.upstream.connect().await?);
        }
        let Some(back) = self.back.as_mut() else { return Err(io::ErrorKind::NotConnected.into()) };
        send(back.as_mut(), &self.request).await
    }

    /// The answer, or, of a watch, what of it comes first.
    async fn first_of_answer(&mut self) -> io::Result<Message> {
        if !self.watching {
            return self.ask().await;
        }
        let mut back = self.shared.upstream.connect().await?;
        back.write_all(&self.request.last()).await?;
        back.flush().await?;
        let head = read_head(&mut *back, &mut Vec::new()).await?;
        head.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Lets both sides talk until one ends: the server, once the watch is over. Otherwise the next requests would come
    /// through unseen.
    async fn stream(&mut self) -> io::Result<Next> {
        let mut back = self.shared.upstream.connect().await?;
        back.write_all(&self.request.last()).await?;
        back.flush().await?;
        self.latest = self.shared.log.answered(self.number, 200, "");
        copy_bidirectional(self.front, &mut back).await?;
        Ok(Next::Over)
    }

    /// Sends the request once more on a new connection, independently of this one.
    fn again(&self, after: Duration) {
        let (shared, request, number) = (self.shared.clone(), self.request.clone(), self.number);
        tokio::spawn(async move {
            sleep(after).await;
            if let Ok(mut back) = shared.upstream.connect().await
                && let Ok(answer) = send(back.as_mut(), &request).await
            {
                shared.log.answered(number, answer.status(), &answer.body());
            }
        });
    }

    async fn answer(&mut self, answer: &Answer, truth: Option<&Message>) -> io::Result<Next> {
        match &answer.body {
            Body::Bytes(body) => {
                self.front.write_all(&answer.head(body.len())).await?;
                self.front.write_all(body).await?;
            }
            Body::HalfOfTrue => {
                let body = truth.map(Message::body).unwrap_or_default();
                let half = body.as_bytes().get(..body.len() / 2).unwrap_or_default();
                self.front.write_all(&answer.head(half.len())).await?;
                self.front.write_all(half).await?;
            }
            Body::Blank(length) => {
                self.front.write_all(&answer.head(length + 2)).await?;
                self.front.write_all(b"{").await?;
                let piece = vec![b' '; PIECE];
                let mut left = *length;
                while left > 0 {
                    let now = left.min(PIECE);
                    self.front.write_all(piece.get(..now).unwrap_or_default()).await?;
                    left -= now;
                }
                self.front.write_all(b"}").await?;
            }
        }
        self.front.flush().await?;
        Ok(Next::Again)
    }

    async fn end(&mut self, end: End) -> io::Result<Next> {
        match end {
            End::Silence => {
                // Until the client gives up.
                let mut nothing = [0];
                while self.front.read(&mut nothing).await? > 0 {}
            }
            End::Close => self.front.shutdown().await?,
            End::Reset => self.front.tcp().set_zero_linger()?,
        }
        Ok(Next::Over)
    }
}

async fn send(back: &mut dyn Stream, request: &Message) -> io::Result<Message> {
    back.write_all(&request.bytes).await?;
    back.flush().await?;
    let answer = read(back, &mut Vec::new(), What::Answer).await?;
    answer.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}
