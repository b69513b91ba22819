//! The caller of an account, against the emulator, which names the principals of its credentials.

use std::sync::Mutex;

use pai_emulator::{Credential, Emulator, Options, Role};

use super::*;
use crate::accounts::DEFAULT;
use crate::cloud::{BearerStyle, Client, Environment, Limiter, Limiters, Limits, Quota, Settings, Statement};
use crate::inventory::{self, Inventory};

const PRINCIPAL: &str = "acs:ram::1000000000000001:role/r";

/// Credentials of a session of a role.
fn session(key: &str, role: &str) -> Credential {
    let role = Role { name: role.to_owned(), id: "300".to_owned(), session_name: key.to_owned() };
    let token = Some("token".to_owned());
    Credential { security_token: token, role: Some(role), ..Credential::access_key(key, "secret") }
}

struct Stage {
    emulator: Emulator,
    key: Arc<Mutex<&'static str>>,
    limiters: Arc<Limiters>,
    account: Arc<Account>,
}

/// An account whose key is K1 at first. `sts` is the endpoint of the token service, by default the emulator; `none` for
/// none.
async fn stage(credentials: Vec<Credential>, sts: Option<&str>) -> Stage {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let emulator = Emulator::start(Options::default()).await.unwrap();
    emulator.set_credentials(credentials);
    let key = Arc::new(Mutex::new("K1"));
    let used = key.clone();
    let lookup = move |name: &str| match name {
        "ALIBABA_CLOUD_ACCESS_KEY_ID" => Some((*used.lock().unwrap()).to_owned()),
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET" => Some("secret".to_owned()),
        "ALIBABA_CLOUD_SECURITY_TOKEN" => Some("token".to_owned()),
        _ => None,
    };
    let second = Duration::from_secs(1);
    let settings = Settings::for_endpoint(&emulator.url(), second).unwrap();
    let settings = match sts {
        Some("none") => settings,
        sts => settings.with_endpoint(Product::Sts, sts.unwrap_or(&emulator.url())).unwrap(),
    };
    let source = Arc::new(Environment::new(lookup, BearerStyle::Sdk));
    let limits = Limits::new(100.0).unwrap();
    let limiter = Arc::new(Limiter::of(&limits));
    let client = Client::new(settings, source, limiter, Arc::new(())).unwrap();
    let (inventory, _) = Inventory::new(inventory::Settings { domains: Vec::new(), resync: second, list_lag: second });
    let limiters = Arc::new(Limiters::default());
    let account =
        Account::open((DEFAULT, "r"), (client, limits), inventory, limiters.clone(), second, None).await.unwrap();
    Stage { emulator, key, limiters, account }
}

impl Stage {
    /// Changes the credentials in use.
    fn rotate(&self, key: &'static str) {
        *self.key.lock().unwrap() = key;
    }

    fn asked(&self) -> u64 {
        self.emulator.stats().calls.get("GetCallerIdentity").map_or(0, |calls| calls.ok + calls.failed)
    }

    /// Whether the client uses the limiter of this account.
    fn is_limited_by(&self, account: &str) -> bool {
        let quota = Quota { account: account.to_owned(), region: "r".to_owned() };
        let statement = Statement { of_administrator: false, limits: Limits::new(100.0).unwrap() };
        let other = Arc::new(Limiter::new(1.0).unwrap());
        Arc::ptr_eq(&self.limiters.share(quota, "another", statement, other), &self.account.client.limiter())
    }
}

#[tokio::test]
async fn the_caller_stays_the_same_through_sessions_of_its_role() {
    let all = vec![session("K1", "r"), session("K2", "r"), session("K3", "other")];
    let stage = stage(all, None).await;
    assert_eq!(
        *stage.account.last_view(),
        AccountView { alias: DEFAULT.to_owned(), region: "r".to_owned(), caller: Caller::by_key("K1") }
    );
    assert_eq!(stage.account.ask().await, None);
    let task = tokio::spawn(stage.account.clone().identify());
    for _ in 0..3 {
        assert_eq!(stage.account.view().await.caller.principal, PRINCIPAL);
    }
    assert_eq!(stage.asked(), 1, "once per key");
    assert!(stage.is_limited_by("1000000000000001"));
    stage.account.inventory.lists_private("former");
    stage.rotate("K2");
    let caller = stage.account.view().await.caller.clone();
    assert_eq!((caller.principal.as_str(), caller.keys), (PRINCIPAL, vec!["K2".to_owned(), "K1".to_owned()]));
    assert!(stage.account.inventory.can_see("former"), "it is the same caller");
    stage.rotate("K3");
    let caller = stage.account.view().await.caller.clone();
    assert_eq!(caller.keys, ["K3"], "the other keys are another role's");
    assert!(!stage.account.inventory.can_see("former"));
    assert_eq!(stage.asked(), 3);
    task.abort();
}

#[tokio::test]
async fn a_caller_that_cannot_be_asked_counts_by_its_key_until_it_can() {
    let denied = Credential { denied: vec!["GetCallerIdentity".to_owned()], ..session("K1", "r") };
    let stage = stage(vec![denied], None).await;
    let wait = stage.account.ask().await.unwrap();
    assert!(wait <= Duration::from_secs(2), "{wait:?}");
    assert!(stage.account.ask().await.unwrap() >= Duration::from_secs(2), "more and more seldom");
    let caller = stage.account.view().await.caller.clone();
    assert_eq!(caller, Caller { unconfirmed: true, ..Caller::by_key("K1") });
    assert!(stage.is_limited_by("K1"));
    stage.emulator.set_credentials(vec![session("K1", "r")]);
    assert_eq!(stage.account.ask().await, None);
    let caller = stage.account.view().await.caller.clone();
    assert!(caller.is(PRINCIPAL) && caller.is("K1") && !caller.unconfirmed, "{caller:?}");
    assert!(stage.is_limited_by("1000000000000001"));
}

#[tokio::test]
async fn without_a_token_service_the_key_is_the_caller() {
    let stage = stage(vec![session("K1", "r")], Some("none")).await;
    assert_eq!(stage.account.ask().await, None);
    assert_eq!(stage.account.view().await.caller, Caller::by_key("K1"));
    let task = tokio::spawn(stage.account.clone().identify());
    stage.rotate("K2");
    assert_eq!(stage.account.view().await.caller, Caller::by_key("K2"), "another caller");
    assert_eq!(stage.asked(), 0);
    task.abort();
}

#[tokio::test]
async fn a_token_service_that_is_not_there_stops_nothing() {
    let stage = stage(vec![session("K1", "r")], Some("http://127.0.0.1:9")).await;
    assert!(stage.account.ask().await.is_some());
    assert_eq!(stage.account.view().await.caller.principal, "K1");
}
