//! The HTTP library, restricted to what the client asks for: no redirects, no repetitions, no proxy except the one of
//! the settings, HTTP/1.1 only, bodies of bounded size. Each outcome is an [`Exchange`].
//!
//! The library may put a request on a new connection if its pooled one turns out to be closed before a byte of the
//! request was written: it has not been sent then.

use std::error::Error as _;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _, TryFutureExt as _};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Body, Client, Method, Proxy, Response, Url, redirect, retry};

use super::classify::retry_after;
use super::credentials::CredentialError;
use super::interpret::{Exchange, Reply};
use super::prepare::Prepared;
use super::request::Request;
use super::settings::{ClientError, Settings};
use super::transport::{Transport, Unanswered};
use crate::fence::{Fence, FencedBody};
use crate::{AGENT, environment};

const MIB: usize = 1024 * 1024;

/// Shorter than the idle time after which load balancers close a connection (15 s and more), so that a
/// write seldom meets a connection that is just being closed.
const POOL_IDLE: Duration = Duration::from_secs(10);

/// The network. A request that was begun while the fence held is not written once it holds no more.
pub(super) struct Network {
    http: Client,
    fence: Fence,
}

impl Network {
    pub(super) fn new(settings: &Settings, fence: Fence) -> Result<Self, ClientError> {
        Ok(Self { http: http_client(settings)?, fence })
    }
}

fn http_client(settings: &Settings) -> Result<Client, ClientError> {
    // Fails only if a provider is installed already; then that one is used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .http1_only()
        .referer(false)
        .connect_timeout(settings.connect_timeout())
        .pool_idle_timeout(POOL_IDLE)
        .tls_certs_merge(settings.authorities.certificates())
        .user_agent(AGENT);
    if let Some(proxy) = &settings.proxy {
        // The error may show the URL and with it a password.
        let proxy = Proxy::all(proxy.url().expose()).map_err(|_| ClientError::Proxy)?;
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|error| ClientError::Http(reason(error)))
}

/// Fails if a credential does not fit into a header.
pub(super) fn http_request(
    endpoint: &Url,
    request: &Request,
    prepared: Prepared,
) -> Result<reqwest::Request, CredentialError> {
    let mut url = endpoint.clone();
    url.set_path(&prepared.path);
    url.set_query((!prepared.query.is_empty()).then_some(prepared.query.as_str()));
    let mut http = reqwest::Request::new(request.method(), url);
    for (name, text) in prepared.headers {
        // All other values are built here, from printable ASCII.
        let unprintable = |_| CredentialError::Unprintable("a credential");
        let mut value = HeaderValue::from_str(&text).map_err(unprintable)?;
        value.set_sensitive(true);
        http.headers_mut().insert(name, value);
    }
    if !prepared.body.is_empty() {
        *http.body_mut() = Some(prepared.body.into());
    }
    Ok(http)
}

/// Sends once, and reads a body of at most `largest` MiB. The caller limits the time.
pub(super) async fn transmit(transport: &dyn Transport, request: reqwest::Request, largest: usize) -> Exchange {
    match transport.execute(request).await {
        Ok(response) => Exchange::Reply(receive(response, largest * MIB).await),
        Err(Unanswered::NoConnection(why)) => Exchange::NoConnection(why),
        Err(Unanswered::Broken(why)) => Exchange::Broken(why),
    }
}

impl Transport for Network {
    fn execute(&self, mut request: reqwest::Request) -> BoxFuture<'_, Result<Response, Unanswered>> {
        // A body that is empty is said to be so: the official SDK does it too, and some proxies demand it.
        if request.method() != Method::GET {
            let body = request.body_mut().take().unwrap_or_default();
            *request.body_mut() = Some(Body::wrap(FencedBody::new(body, &self.fence)));
        }
        let answer = self.http.execute(request).map_err(|error| {
            if error.is_connect() { Unanswered::NoConnection(reason(error)) } else { Unanswered::Broken(reason(error)) }
        });
        answer.boxed()
    }
}

async fn receive(mut response: Response, largest: usize) -> Reply {
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let too_large = || Err(format!("the body is larger than {} MiB", largest / MIB));
    let announced = response.content_length().unwrap_or_default();
    let mut bytes = Vec::new();
    let body = loop {
        if usize::try_from(announced).is_ok_and(|length| length > largest) {
            break too_large();
        }
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() > largest => break too_large(),
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break Ok(bytes),
            Err(error) => break Err(reason(error)),
        }
    };
    Reply {
        status,
        request_id: text(&headers, "x-acs-request-id"),
        retry_after: retry_after(
            text(&headers, "retry-after").as_deref(),
            text(&headers, "x-acs-retry-after").as_deref(),
            environment::now(),
        ),
        location: text(&headers, "location"),
        body,
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// The error and its causes, without the URL.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        reason = format!("{reason}: {cause}");
        source = cause.source();
    }
    reason
}
