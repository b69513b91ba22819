//! The vendor's examples. The digits that its pages hide are made up.

use serde_json::json;

use super::*;

fn read(body: Value) -> Reading<CallerIdentity> {
    CallerIdentity::read(&serde_json::from_value(body).unwrap())
}

#[test]
fn the_documented_example_is_a_user() {
    let user = read(json!({
        "IdentityType": "RAMUser", "AccountId": "1968132000121234", "PrincipalId": "288774244375211234",
        "RequestId": "3C87BF47-3724-5443-ADC1-5AEAD9A03EB1", "UserId": "2169593390001234",
        "Arn": "acs:ram::1968132000121234:user/admin", "RoleId": "335376200829921234",
    }))
    .unwrap();
    assert_eq!((&user.account_id[..], &user.arn[..]), ("1968132000121234", "acs:ram::1968132000121234:user/admin"));
    assert_eq!(user.identity_type.as_deref(), Some("RAMUser"));
    assert_eq!(user.principal_id.as_deref(), Some("288774244375211234"));
    assert_eq!(user.user_id.as_deref(), Some("2169593390001234"));
    assert_eq!(user.role_id.as_deref(), Some("335376200829921234"));
    assert_eq!(user.principal(), user.arn);
}

#[test]
fn the_principal_is_the_same_in_every_session() {
    for (arn, principal) in [
        ("acs:ram::1:root", "acs:ram::1:root"),
        ("acs:ram::1:user/admin", "acs:ram::1:user/admin"),
        ("acs:ram::1:user/a:b/c", "acs:ram::1:user/a:b/c"),
        ("acs:ram::1:assumed-role/r/session", "acs:ram::1:role/r"),
        ("acs:ram::1:assumed-role/r/other@host", "acs:ram::1:role/r"),
        ("acs:sts::1:assumed-role/r/session", "acs:ram::1:role/r"),
        ("acs:ram::1:assumed-role/r", "acs:ram::1:role/r"),
        ("acs:ram::1:role/r/session", "acs:ram::1:role/r"),
        ("acs:ram::1:role/r", "acs:ram::1:role/r"),
    ] {
        assert_eq!(read(json!({ "AccountId": "1", "Arn": arn })).unwrap().principal(), principal, "{arn}");
    }
}

#[test]
fn what_could_pass_for_another_is_not_believed() {
    for body in [
        json!({}),
        json!({ "AccountId": "1" }),
        json!({ "Arn": "acs:ram::1:root" }),
        json!({ "AccountId": 1, "Arn": "acs:ram::1:root" }),
        json!({ "AccountId": "1x", "Arn": "acs:ram::1x:root" }),
        json!({ "AccountId": "1", "Arn": "acs:ram::12:root" }),
        json!({ "AccountId": "1", "Arn": "acs:ram::1:" }),
        json!({ "AccountId": "1", "Arn": "acs:ram::1" }),
        json!({ "AccountId": "1", "Arn": "acs:oss::1:root" }),
        json!({ "AccountId": "1", "Arn": "acs:ram::1:user/a\nb" }),
        json!({ "AccountId": "1", "Arn": "acs:ram::1:assumed-role//session" }),
        json!({ "AccountId": "1", "Arn": format!("acs:ram::1:user/{}", "a".repeat(256)) }),
    ] {
        assert!(read(body.clone()).is_err(), "{body}");
    }
}
