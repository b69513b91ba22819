//! Creates from the settings the clients that the operator works with: the one of the API server, and the limiter of
//! the account.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, Method, Request, Response, StatusCode, header};
use kube::client::{Body, ClientBuilder, DynBody};
use tokio::sync::Notify;
use tower::BoxError;
use tower::filter::FilterLayer;
use tower::timeout::TimeoutLayer;
use tower::util::MapResponseLayer;

use super::RunError;
use crate::accounts::switch::Switch;
use crate::api::{AssumedRole, ClusterProviderConfigSpec};
use crate::cloud::{
    self, BearerStyle, CredentialError, CredentialSource, EndpointForm, Limiter, Limits, Operation, Product, Proxy,
    Source, Transport,
};
use crate::fence::{self, Fence};
use crate::metrics::Metrics;
use crate::settings::{Flags, Outbound, Settings};
use crate::{AGENT, environment};

/// The limits that the flags state.
pub(super) fn limits(flags: &Flags) -> Result<Limits, cloud::QpsError> {
    let mut stated = flags.operation_limits();
    stated.try_fold(Limits::new(flags.qps)?, |limits, (operation, qps)| limits.with_operation(operation, qps))
}

/// A limiter with these limits, and with the daily budget of the flags.
pub(super) fn limiter(flags: &Flags, limits: &Limits) -> Arc<Limiter> {
    let limiter = Limiter::of(limits);
    Arc::new(match flags.daily_budget {
        Some(calls) => limiter.with_daily_budget(calls, environment::now()),
        None => limiter,
    })
}

/// Makes the clients of configs, and the sources of their credentials.
pub(super) struct OfConfigs {
    pub(super) settings: Settings,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) fence: Fence,
    pub(super) metrics: Arc<Metrics>,
}

impl OfConfigs {
    /// A client and its limits. The endpoints of the flags count for a config of the same region that names none.
    pub(super) fn client(
        &self,
        spec: &ClusterProviderConfigSpec,
        region: &str,
        credentials: Arc<dyn CredentialSource>,
    ) -> Result<(cloud::Client, Limits), String> {
        let cloud = endpoints(&self.settings, spec, region).map_err(|error| error.to_string())?;
        let limits = self.limits(spec)?;
        let limiter = limiter(&self.settings.flags, &limits);
        let (transport, fence, metrics) = (self.transport.clone(), self.fence.clone(), self.metrics.clone());
        Ok((cloud::Client::over(transport, fence, cloud, credentials, limiter, metrics), limits))
    }

    /// The limits of a config: what it states, and otherwise the flags.
    pub(super) fn limits(&self, spec: &ClusterProviderConfigSpec) -> Result<Limits, String> {
        let mut flags = self.settings.flags.clone();
        let stated = spec.account.limits.clone().unwrap_or_default();
        if let Some(qps) = stated.qps {
            flags.qps = f64::from(qps);
        }
        let limits = limits(&flags).map_err(|error| error.to_string())?;
        stated.operation_qps.into_iter().flatten().try_fold(limits, |limits, (name, qps)| {
            let operation = name.parse::<Operation>().map_err(|error| format!("limits.operationQps: {error}"))?;
            let with_it = limits.with_operation(operation, f64::from(qps));
            with_it.map_err(|error| format!("limits.operationQps of {operation}: {error}"))
        })
    }

    /// Opens a source, and assumes these roles with it, one after the other.
    pub(super) fn source(
        &self,
        spec: &ClusterProviderConfigSpec,
        region: &str,
        (source, roles): (Source, Vec<AssumedRole>),
    ) -> Result<Arc<dyn CredentialSource>, String> {
        let cloud = endpoints(&self.settings, spec, region).map_err(|error| error.to_string())?;
        let assumed = roles.into_iter().fold(source, |source, role| {
            let (behind, role_arn) = (Box::new(source), role.role_arn.unwrap_or_default());
            Source::Assumed { behind, role_arn, external_id: role.external_id, session_name: None }
        });
        assumed.open(&self.transport, &cloud).map_err(|error| error.to_string())
    }
}

fn endpoints(
    settings: &Settings,
    spec: &ClusterProviderConfigSpec,
    region: &str,
) -> Result<cloud::Settings, cloud::ClientError> {
    let (flags, own) = (&settings.flags, &settings.cloud);
    let base = match &spec.endpoint {
        Some(endpoint) => cloud::Settings::for_endpoint(endpoint, flags.request_timeout)?,
        None if region == flags.region.as_deref().unwrap_or_default() => own.clone(),
        None => cloud::Settings::for_region(region, flags.request_timeout)?,
    };
    let others = [(Product::Sts, &spec.sts_endpoint), (Product::Imm, &spec.imm_endpoint)];
    let named = others.into_iter().filter_map(|(product, endpoint)| Some((product, endpoint.as_ref()?)));
    let mut all = named.into_iter().try_fold(base, |all, (product, endpoint)| all.with_endpoint(product, endpoint))?;
    (all.proxy, all.authorities, all.form) = (own.proxy.clone(), own.authorities.clone(), own.form);
    Ok(all)
}

/// What takes the place of the credentials of a process that has none at all, which works for ProviderConfigs alone.
pub(super) async fn lacking(credentials: &Arc<dyn CredentialSource>) -> Option<Arc<Switch>> {
    let Err(missing @ CredentialError::Missing) = credentials.credentials().await else { return None };
    tracing::warn!("{missing}; until then, only objects with a ProviderConfig or ClusterProviderConfig are worked on");
    let why = "the operator has no credentials of its own: create a ProviderConfig named default in this namespace, or name one \
               in spec.providerConfigRef";
    Some(Arc::new(Switch::failed(why.to_owned())))
}

/// The headers of a bearer token: the vendor's page about the gateway form shows `Authorization`.
pub(super) const fn bearer_style(form: EndpointForm) -> BearerStyle {
    match form {
        EndpointForm::Roa => BearerStyle::Sdk,
        EndpointForm::Gateway => BearerStyle::Authorization,
    }
}

/// A client without hidden retries, as the operator decides itself what to repeat and when. `refused` is notified of
/// each answer 403. While `fence` does not hold, the client sends nothing that changes something.
pub(super) async fn kube_client(
    settings: &Settings,
    metrics: &Metrics,
    refused: &Arc<Notify>,
    fence: Fence,
) -> Result<kube::Client, RunError> {
    let mut config = kube::Config::infer().await?;
    config.default_retry = false;
    config.headers.push((header::USER_AGENT, HeaderValue::from_static(AGENT)));
    let api_server = proxy(&mut config, &settings.outbound)?;
    let service = settings.outbound.way_to_service();
    tracing::info!(service, api_server, "proxies of the calls to the dataset API and to the Kubernetes API server");
    let layer = metrics.kube_layer(config.cluster_url.authority().map_or("", |host| host.as_str()));
    let refused = refused.clone();
    let refusals = MapResponseLayer::new(move |response: Response<Box<DynBody>>| {
        if response.status() == StatusCode::FORBIDDEN {
            refused.notify_one();
        }
        response
    });
    let builder = ClientBuilder::try_from(config)?;
    Ok(builder.with_layer(&fenced(fence)).with_layer(&refusals).with_layer(&patience()).with_layer(&layer).build())
}

/// Refuses requests that change something while the fence does not hold. Reviews of rights are questions.
fn fenced(fence: Fence) -> FilterLayer<impl FnMut(Request<Body>) -> Result<Request<Body>, BoxError> + Clone> {
    FilterLayer::new(move |request: Request<Body>| {
        let asks = request.method() == Method::GET || request.uri().path().starts_with("/apis/authorization.k8s.io/");
        if asks || fence.holds() { Ok(request) } else { Err(BoxError::from(fence::CLOSED)) }
    })
}

/// An API server that answers at all begins to answer within this time, also for a watch. Without this limit a client
/// would wait forever for a server that took the request and went away.
pub const fn patience() -> TimeoutLayer {
    TimeoutLayer::new(Duration::from_secs(30))
}

/// Decides through which proxy the API server is called, and describes it in words. The proxy of the kubeconfig goes
/// first. The library compares `NO_PROXY` with the proxy instead of the server, so that is done here, as kubectl does
/// it.
fn proxy(config: &mut kube::Config, outbound: &Outbound) -> Result<String, RunError> {
    let Some(uri) = config.proxy_url.take() else { return Ok("direct".to_owned()) };
    let proxy = Proxy::parse(&uri.to_string()).map_err(RunError::Proxy)?;
    let (host, port) = (config.cluster_url.host().unwrap_or_default(), config.cluster_url.port_u16().unwrap_or(443));
    let usual = outbound.is_usual(&proxy);
    if usual && outbound.usual_proxy(host, port).is_none() {
        return Ok("direct".to_owned());
    }
    config.proxy_url = Some(proxy.url().expose().parse().map_err(|_| RunError::Proxy(cloud::ProxyError))?);
    Ok(format!("{} ({})", proxy.shown(), if usual { "HTTPS_PROXY" } else { "proxy-url of the kubeconfig" }))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tower::{Layer as _, Service as _, ServiceExt as _};

    use super::*;

    fn way(kubeconfig: Option<&str>, environment: &[(&str, &str)], server: &str) -> Result<String, String> {
        let mut config = kube::Config::new(server.parse().unwrap());
        let usual = environment.iter().find(|(name, _)| *name == "HTTPS_PROXY").map(|(_, value)| *value);
        // As the library does.
        config.proxy_url = kubeconfig.or(usual).map(|proxy| proxy.parse().unwrap());
        let way = proxy(&mut config, &Outbound::of_environment(environment)).map_err(|error| error.to_string())?;
        assert_eq!(config.proxy_url.is_some(), way != "direct", "{way}");
        Ok(way)
    }

    #[tokio::test]
    async fn without_the_lease_the_api_server_is_only_asked() {
        let fence = Fence::closed();
        let server = tower::service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Body::empty())));
        let mut client = fenced(fence.clone()).layer(server);
        let mut passes = async |method: Method, path: &str| {
            let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
            client.ready().await.unwrap().call(request).await.map(drop).map_err(|error| error.to_string())
        };
        let reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let asked = [(Method::GET, "/api/v1/namespaces"), (Method::POST, reviews)];
        let changing = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        for (method, path) in asked {
            assert_eq!(passes(method, path).await, Ok(()));
        }
        for method in changing.clone() {
            assert_eq!(passes(method, "/api/v1/namespaces/a/configmaps/b").await, Err(fence::CLOSED.to_owned()));
        }
        fence.set(Duration::MAX);
        for method in changing {
            assert_eq!(passes(method, "/api/v1/namespaces/a/configmaps/b").await, Ok(()));
        }
    }

    #[test]
    fn the_api_server_is_called_as_kubectl_calls_it_and_no_password_is_told() {
        let usual = [("HTTPS_PROXY", "http://u:canary@p:1"), ("NO_PROXY", ".corp")];
        let server = "https://api.example.com:6443";
        assert_eq!(way(None, &[], server).unwrap(), "direct");
        assert_eq!(way(None, &usual, server).unwrap(), "http://***@p:1 (HTTPS_PROXY)");
        assert_eq!(way(None, &[("HTTPS_PROXY", "p:1")], server).unwrap(), "http://p:1 (HTTPS_PROXY)");
        assert_eq!(way(None, &usual, "https://127.0.0.1:6443").unwrap(), "direct");
        assert_eq!(way(None, &usual, "https://api.corp").unwrap(), "direct");
        let own = Some("http://v:canary@q:2");
        assert_eq!(way(own, &usual, server).unwrap(), "http://***@q:2 (proxy-url of the kubeconfig)");
        let error = way(Some("socks5://v:canary@q:2"), &[], server).unwrap_err();
        assert!(
            error.contains("proxy-url") && error.contains("such as http://") && !error.contains("canary"),
            "{error}"
        );
    }
}
