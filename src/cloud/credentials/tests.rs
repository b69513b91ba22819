//! The environment source over a made-up environment.

use futures::FutureExt as _;

use super::*;

type Variables = &'static [(&'static str, &'static str)];

fn read(variables: Variables) -> Result<Credentials, CredentialError> {
    read_as(BearerStyle::Authorization, variables)
}

fn read_as(style: BearerStyle, variables: Variables) -> Result<Credentials, CredentialError> {
    let lookup = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let source = Environment::new(lookup, style);
    source.credentials().now_or_never().unwrap()
}

#[test]
fn an_access_key_is_temporary_if_there_is_a_security_token() {
    let pair = read(&[(KEY_ID, "id"), (KEY_SECRET, "secret\n"), (SECURITY_TOKEN, "")]);
    let expected =
        |security_token| Credentials::AccessKey { id: "id".to_owned(), secret: Secret::new("secret"), security_token };
    assert_eq!(pair, Ok(expected(None)));
    let temporary =
        read(&[(KEY_ID, "id"), (KEY_SECRET, "secret"), (SECURITY_TOKEN, "token"), (BEARER_TOKEN, "not used")]);
    assert_eq!(temporary, Ok(expected(Some(Secret::new("token")))));
}

#[test]
fn a_bearer_token_serves_without_an_access_key() {
    let token = Secret::new("token");
    let style = BearerStyle::Authorization;
    assert_eq!(read(&[(BEARER_TOKEN, "token")]), Ok(Credentials::Bearer { token, style }));
}

#[test]
fn an_api_key_serves_where_the_overview_page_has_it_and_after_the_variables_of_the_sdks() {
    let (key, style) = (Secret::new("sk-1"), BearerStyle::Authorization);
    assert_eq!(read(&[(API_KEY, "sk-1")]), Ok(Credentials::Bearer { token: key, style }));
    assert_eq!(read_as(BearerStyle::Sdk, &[(API_KEY, "sk-1")]), Err(CredentialError::Missing));
    assert_eq!(read(&[(API_KEY, "sk-1"), (BEARER_TOKEN, "token")]), read(&[(BEARER_TOKEN, "token")]));
    assert_eq!(read(&[(API_KEY, "sk-1"), (KEY_ID, "id"), (KEY_SECRET, "s")]).unwrap().key(), "id");
}

#[test]
fn what_is_missing_is_named() {
    let message = |variables| read(variables).unwrap_err().to_string();
    let nothing = message(&[(KEY_ID, "  ")]);
    for name in [KEY_ID, KEY_SECRET, BEARER_TOKEN] {
        assert!(nothing.contains(name), "{nothing}");
    }
    assert_eq!(
        message(&[(KEY_ID, "id"), (BEARER_TOKEN, "token")]),
        "ALIBABA_CLOUD_ACCESS_KEY_ID is set but ALIBABA_CLOUD_ACCESS_KEY_SECRET is not"
    );
    assert_eq!(
        message(&[(KEY_SECRET, "secret")]),
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET is set but ALIBABA_CLOUD_ACCESS_KEY_ID is not"
    );
}

#[test]
fn what_does_not_fit_into_a_header_is_named_but_not_shown() {
    let error = read(&[(KEY_ID, "id"), (KEY_SECRET, "canary\nX: y")]).unwrap_err();
    assert_eq!(error, CredentialError::Unprintable(KEY_SECRET));
    assert!(!format!("{error} {error:?}").contains("canary"));
}

#[test]
fn no_secret_shows_in_debug_output_or_in_the_name() {
    let temporary = read(&[(KEY_ID, "id"), (KEY_SECRET, "canary-1"), (SECURITY_TOKEN, "canary-2")]).unwrap();
    let bearer = read(&[(BEARER_TOKEN, "canary-3")]).unwrap();
    assert_eq!(temporary.key(), "id");
    let key = bearer.key();
    assert!(key.starts_with("bearer:") && key.len() == "bearer:".len() + 12);
    assert_ne!(key, read(&[(BEARER_TOKEN, "other")]).unwrap().key());
    let shown = format!("{temporary:?} {bearer:?} {key} {:?}", Secret::new("canary-4"));
    assert!(!shown.contains("canary"), "{shown}");
}
