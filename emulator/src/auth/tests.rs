//! The signing vectors (made with the vendor's own signing code) verify, and each kind of error gets its own answer.

mod fuzz;
mod vectors;

use super::*;
use crate::request::tests::request;
use vectors::{DATE, NONCE, NOW, VECTORS, Vector, arriving};

fn holders() -> Vec<Caller> {
    [
        Credential::access_key("testAccessKeyId", "testAccessKeySecret"),
        Credential::sts("testAccessKeyId", "testAccessKeySecret", "testSecurityToken"),
        Credential::bearer("robot", "testBearerToken"),
    ]
    .map(Arc::new)
    .to_vec()
}

fn check_at(request: &Request, knobs: &Knobs, now_ms: i64) -> Result<String, Denial> {
    let caller = authenticate(request, &holders(), knobs, &mut Nonces::default(), now_ms);
    caller.map(|caller| caller.access_key_id.clone()).map_err(|rejected| rejected.denial)
}

fn check(request: &Request) -> Result<String, Denial> {
    check_at(request, &Knobs::default(), NOW)
}

/// The same request with one header changed.
fn with_header(mut request: Request, name: &'static str, value: &str) -> Request {
    request.headers.insert(name, value.parse().unwrap());
    request
}

#[test]
fn the_vectors_verify() {
    for (index, vector) in VECTORS.iter().enumerate() {
        assert_eq!(check(&arriving(vector)).as_deref(), Ok("testAccessKeyId"), "V{}", index + 1);
    }
}

#[test]
fn any_changed_byte_breaks_the_signature() {
    let whole = || arriving(&VECTORS[1]);
    let broken = [
        Request { method: "PUT".to_owned(), ..whole() },
        Request { path: "/api/v1/datasetz".to_owned(), ..whole() },
        Request { query: vec![("a".to_owned(), String::new())], ..whole() },
        with_header(whole(), "x-acs-action", "GetDataset"),
        with_header(whole(), "host", "aiworkspace.cn-shanghai.aliyuncs.com"),
        request("POST", "/api/v1/datasets", &[], "{}"),
    ];
    for (index, request) in broken.into_iter().enumerate() {
        assert!(matches!(check(&request), Err(Denial::SignatureMismatch(_) | Denial::Incomplete(_))), "{index}");
    }
    let other_body = Request { body_hash: arriving(&VECTORS[0]).body_hash, ..whole() };
    assert!(matches!(check(&other_body), Err(Denial::SignatureMismatch(_))));
}

#[test]
fn what_is_acted_upon_must_be_signed() {
    let added = with_header(arriving(&VECTORS[0]), "x-acs-security-token", "testSecurityToken");
    assert!(matches!(check(&added), Err(Denial::Incomplete(why)) if why.contains("x-acs-security-token")));
    let telemetry = with_header(arriving(&VECTORS[0]), "x-acs-credentials-provider", "static_ak");
    assert!(check(&telemetry).is_ok(), "other headers are the client's choice");
}

#[test]
fn the_older_signature_verifies() {
    let target = "/api/v1/datasets?WorkspaceId=478&Name=%E6%95%B0%E6%8D%AE%20%E9%9B%86&PageSize=100";
    let whole = |date: &str| {
        let headers = [
            ("accept", "application/json"),
            ("date", date),
            ("host", "aiworkspace.cn-hangzhou.aliyuncs.com"),
            ("x-acs-action", "ListDatasets"),
            ("x-acs-signature-method", "HMAC-SHA1"),
            ("x-acs-signature-nonce", NONCE),
            ("x-acs-signature-version", "1.0"),
            ("x-acs-version", "2021-02-04"),
            ("authorization", "acs testAccessKeyId:3QAd6Qjp5ZBO0K0HZg3h86S4GAQ="),
        ];
        request("GET", target, &headers, "")
    };
    assert_eq!(check(&whole("Fri, 02 Jan 2026 03:04:05 GMT")).as_deref(), Ok("testAccessKeyId"));
    assert!(matches!(check(&whole("Fri, 02 Jan 2026 03:04:06 GMT")), Err(Denial::SignatureMismatch(_))));
    assert_eq!(check(&whole("yesterday")), Err(Denial::DateFormat));
    assert_eq!(check(&whole("Fri, 02 Jan 2026 03:34:06 GMT")), Err(Denial::DateExpired));
}

#[test]
fn dates_are_held_to_the_skew() {
    let whole = arriving(&VECTORS[0]);
    let knobs = Knobs::default();
    for (offset, taken) in [(-900_000, true), (900_000, true), (-900_001, false), (900_001, false)] {
        assert_eq!(check_at(&whole, &knobs, NOW + offset).is_ok(), taken, "{offset}");
    }
    assert_eq!(check_at(&whole, &Knobs { skew_seconds: 60, ..knobs }, NOW + 61_000), Err(Denial::DateExpired));
    let odd = with_header(arriving(&VECTORS[0]), "x-acs-date", "2026-01-02 03:04:05");
    assert_eq!(check(&odd), Err(Denial::DateFormat));
}

#[test]
fn a_nonce_is_good_for_one_proven_request() {
    let (mut nonces, knobs, holders) = (Nonces::default(), Knobs::default(), holders());
    let mut denial = |request: &Request| authenticate(request, &holders, &knobs, &mut nonces, NOW).err();
    let forged = with_header(arriving(&VECTORS[0]), "x-acs-action", "GetDataset");
    assert!(denial(&forged).is_some());
    assert_eq!(denial(&arriving(&VECTORS[0])), None, "a forged request uses up nothing");
    let replayed = denial(&arriving(&VECTORS[0])).unwrap();
    assert_eq!(replayed, Rejected { access_key_id: "testAccessKeyId".to_owned(), denial: Denial::NonceUsed });
}

#[test]
fn keys_and_tokens_belong_together() {
    let only = |credential: Credential, vector: &Vector| {
        let holders = [Arc::new(credential)];
        let caller = authenticate(&arriving(vector), &holders, &Knobs::default(), &mut Nonces::default(), NOW);
        caller.err().map(|rejected| rejected.denial)
    };
    let (key, sts) = (&VECTORS[2], &VECTORS[4]);
    let (id, secret) = ("testAccessKeyId", "testAccessKeySecret");
    assert_eq!(only(Credential::access_key(id, secret), key), None);
    assert_eq!(only(Credential::access_key("other", secret), key), Some(Denial::AccessKeyUnknown));
    assert!(matches!(only(Credential::access_key(id, "wrong"), key), Some(Denial::SignatureMismatch(_))));
    assert_eq!(only(Credential::access_key(id, secret), sts), Some(Denial::TokenMismatch));
    assert_eq!(only(Credential::sts(id, secret, "another"), sts), Some(Denial::TokenMismatch));
    assert_eq!(only(Credential::sts(id, secret, "testSecurityToken"), key), Some(Denial::AccessKeyUnknown));
    let inactive = Credential { active: false, ..Credential::access_key(id, secret) };
    assert_eq!(only(inactive, key), Some(Denial::AccessKeyInactive));
    let expired = Credential { expired: true, ..Credential::sts(id, secret, "testSecurityToken") };
    assert_eq!(only(expired, sts), Some(Denial::TokenExpired));
}

#[test]
fn both_bearer_forms() {
    let headers = |token: &'static str, kind: &'static str| {
        let headers = [
            ("x-acs-bearer-token", token),
            ("x-acs-signature-type", kind),
            ("x-acs-date", DATE),
            ("x-acs-signature-nonce", NONCE),
        ];
        request("GET", "/api/v1/datasets", &headers, "")
    };
    assert_eq!(check(&headers("testBearerToken", "BEARERTOKEN")).as_deref(), Ok("robot"));
    assert_eq!(check(&headers("other", "BEARERTOKEN")), Err(Denial::BearerUnknown));
    assert!(matches!(check(&headers("testBearerToken", "")), Err(Denial::Incomplete(_))));
    let any = Knobs { any_bearer_token: true, ..Knobs::default() };
    assert_eq!(check_at(&headers("other", "BEARERTOKEN"), &any, NOW).as_deref(), Ok("testAccessKeyId"));

    let scheme = |value: &str| request("GET", "/api/v1/datasets", &[("authorization", value)], "");
    assert_eq!(check(&scheme("Bearer testBearerToken")).as_deref(), Ok("robot"));
    assert_eq!(check(&scheme("Bearer other")), Err(Denial::Unauthorized));
    let off = Knobs { authorization_bearer: false, ..Knobs::default() };
    assert!(matches!(check_at(&scheme("Bearer testBearerToken"), &off, NOW), Err(Denial::Incomplete(_))));
}

#[test]
fn without_checks_the_claim_still_names_the_caller() {
    let off = Knobs { auth: Auth::Off, ..Knobs::default() };
    let bare = request("GET", "/api/v1/datasets", &[], "");
    assert_eq!(check_at(&bare, &off, NOW).as_deref(), Ok("testAccessKeyId"));
    let bearer = request("GET", "/api/v1/datasets", &[("authorization", "Bearer testBearerToken")], "");
    assert_eq!(check_at(&bearer, &off, NOW).as_deref(), Ok("robot"));
    assert!(matches!(check(&bare), Err(Denial::Incomplete(_))));
    let nobody = authenticate(&bare, &[], &off, &mut Nonces::default(), NOW).unwrap();
    assert_eq!(nobody.access_key_id, "anonymous");
}
