//! Which source the variables of a process name.

use std::time::Duration;

use super::*;
use crate::cloud::network;

/// The error of a process with these variables, if there is one.
fn error_of(set: &'static [&str], settings: &Settings) -> Option<String> {
    let variable = |name: &str| set.contains(&name).then(|| "x".to_owned());
    let environment = Environment::new(variable, BearerStyle::Sdk);
    of(environment, &network(settings).unwrap(), settings).err().map(|error| error.to_string())
}

#[test]
fn a_role_needs_all_three_variables_and_the_token_service() {
    let settings = Settings::for_region("cn-hangzhou", Duration::from_secs(5)).unwrap();
    let error = |set: &'static [&str]| error_of(set, &settings);
    assert_eq!(error(&[ROLE, PROVIDER, TOKEN_FILE]), None);
    for (set, present, missing) in [
        (&[ROLE, TOKEN_FILE][..], ROLE, PROVIDER),
        (&[ROLE, PROVIDER], ROLE, TOKEN_FILE),
        (&[PROVIDER, TOKEN_FILE], PROVIDER, ROLE),
        (&[TOKEN_FILE], TOKEN_FILE, ROLE),
    ] {
        assert_eq!(error(set), Some(format!("{present} is set but {missing} is not")));
    }
    let nowhere = Settings::for_endpoint("http://127.0.0.1:1", Duration::from_secs(5)).unwrap();
    let told = error_of(&[ROLE, PROVIDER, TOKEN_FILE], &nowhere).unwrap();
    assert!(told.contains("--sts-endpoint"), "{told}");
}
