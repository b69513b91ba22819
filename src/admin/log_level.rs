//! `/log-level`: the log filter, for whoever is in the Pod. `GET` shows it, and `PUT` with the name of a level changes it until
//! the process ends. Others get 403, as the port is open to the cluster.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::{Method, StatusCode};
use axum::routing::{MethodRouter, get};
use clap::ValueEnum;

use crate::settings::LogLevel;
use crate::telemetry;

/// A process that does not answer in this time is none of ours.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The route.
pub(super) fn route<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
    get(answer).put(answer)
}

async fn answer(ConnectInfo(from): ConnectInfo<SocketAddr>, method: Method, body: String) -> (StatusCode, String) {
    if !from.ip().to_canonical().is_loopback() {
        let how =
            "only from within the Pod: kubectl exec <pod> -- /dataset-operator log-level, or kubectl port-forward";
        return (StatusCode::FORBIDDEN, format!("{how}\n"));
    }
    if method == Method::PUT {
        let Ok(level) = LogLevel::from_str(body.trim(), true) else {
            return (StatusCode::BAD_REQUEST, "say error, warn, info, debug or trace\n".to_owned());
        };
        if telemetry::set_level(level) {
            tracing::info!(?level, "somebody in the Pod changed the log level");
        }
    }
    telemetry::filter()
        .map_or_else(|| (StatusCode::NOT_FOUND, "there is no log\n".to_owned()), |now| (StatusCode::OK, now + "\n"))
}

/// Asks the operator whose health is served at `address` of this machine for its log filter, after a change if there is a
/// `level`. Returns a line of text.
///
/// # Errors
/// If no operator answers there, or if it refuses.
pub fn log_level(address: SocketAddr, level: Option<LogLevel>) -> Result<String, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = reqwest::Client::builder().no_proxy().timeout(ANSWER_WITHIN).build()?;
    let url = format!("http://{}/log-level", here(address));
    let request = match level.and_then(|level| level.to_possible_value()) {
        Some(level) => client.put(url).body(level.get_name().to_owned()),
        None => client.get(url),
    };
    runtime.block_on(async {
        let answer = request.send().await.map_err(|error| {
            format!("no operator answers at {address}: {}; name its --health-addr", crate::words::error(&error))
        })?;
        let status = answer.status();
        let text = answer.text().await?;
        if status == StatusCode::OK { Ok(text) } else { Err(format!("{status}: {}", text.trim_end()).into()) }
    })
}

/// Where a process on this machine reaches what listens at `address`.
fn here(mut address: SocketAddr) -> SocketAddr {
    // "All addresses" are those of IPv4 too, and alone if the kernel has no IPv6.
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_who_is_in_the_pod_is_answered() {
        let ask = async |from: &str, method: Method, body: &str| {
            let from = SocketAddr::new(from.parse().unwrap(), 1234);
            answer(ConnectInfo(from), method, body.to_owned()).await
        };
        for from in ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1"] {
            for method in [Method::GET, Method::PUT] {
                let (status, text) = ask(from, method, "debug").await;
                assert_eq!(status, StatusCode::FORBIDDEN, "{from}");
                assert!(text.contains("kubectl exec"), "{text}");
            }
        }
        for from in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            let (status, text) = ask(from, Method::PUT, "loud").await;
            assert_eq!((status, text.contains("debug or trace")), (StatusCode::BAD_REQUEST, true), "{from}");
            assert_eq!(
                ask(from, Method::GET, "").await.0,
                StatusCode::NOT_FOUND,
                "tests do not log by telemetry::start"
            );
        }
    }

    #[test]
    fn all_addresses_are_reached_by_loopback_and_one_by_itself() {
        for (address, reached) in [
            ("[::]:8081", "127.0.0.1:8081"),
            ("0.0.0.0:1", "127.0.0.1:1"),
            ("[::1]:2", "[::1]:2"),
            ("10.0.0.1:3", "10.0.0.1:3"),
        ] {
            assert_eq!(here(address.parse().unwrap()), reached.parse().unwrap());
        }
    }
}
