//! Bodies must keep the documented rules.

use super::*;
use serde_json::json;

fn body(value: &Value) -> Body {
    Body::parse(value.to_string().as_bytes()).unwrap()
}

#[test]
fn only_objects_are_bodies() {
    assert!(Body::parse(b"").is_ok());
    for bytes in [b"[]".as_slice(), b"{", b"\xff", b"null"] {
        assert!(matches!(Body::parse(bytes), Err(Refusal::Body(_))), "{bytes:?}");
    }
}

#[test]
fn wrong_types_name_the_member() {
    let body = body(&json!({"A": 1, "B": "x", "C": [1], "D": null}));
    assert_eq!(body.text("A"), Err(Refusal::invalid("A", "it must be a string")));
    assert!(body.integer("B").is_err() && body.boolean("B").is_err() && body.texts("C").is_err());
    assert_eq!(body.text("D"), Ok(None));
    assert_eq!(body.required("D"), Err(Refusal::Missing("D")));
}

#[test]
fn names_follow_the_documented_rule() {
    for good in ["a", "0_-", "数据集-1", &"x".repeat(127), &"数".repeat(127)] {
        assert_eq!(check_name(good), Ok(()), "{good}");
    }
    for bad in ["", "_a", "-a", "a b", "a.b", "é", &"x".repeat(128)] {
        assert!(check_name(bad).is_err(), "{bad}");
    }
}

#[test]
fn labels_follow_the_documented_rules() {
    let read = |key: &str, value: &str| {
        body(&json!({"Labels": [{"Key": key, "Value": value}]})).labels("Labels", &Knobs::default())
    };
    assert!(read("env", "test").is_ok() && read(&"k".repeat(128), "数").is_ok());
    let long = "数".repeat(43);
    for (key, value) in
        [("", "v"), ("k", ""), ("a=b", "v"), ("k", "a,b"), ("acs:x", "v"), ("https://x", "v"), (&*long, "v")]
    {
        assert!(read(key, value).is_err(), "{key} {value}");
    }
    let characters = Knobs { label_unit: LabelUnit::Characters, ..Knobs::default() };
    let labels = body(&json!({"Labels": [{"Key": long, "Value": "v"}]}));
    assert!(labels.labels("Labels", &characters).is_ok());
    let many: Vec<_> = (0..21).map(|n| json!({"Key": format!("k{n}"), "Value": "v"})).collect();
    assert!(body(&json!({"Labels": many})).labels("Labels", &Knobs::default()).is_err());
    let twice = body(&json!({"Labels": [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]}));
    let twice = twice.labels("Labels", &Knobs::default()).unwrap().unwrap();
    assert_eq!(twice, [Label { key: "k".into(), value: "2".into() }]);
}

#[test]
fn json_text_must_be_an_object_or_empty() {
    let read = |text: &str, knobs: &Knobs| body(&json!({"Options": text})).json_text("Options", 10, knobs);
    let (strict, lenient) = (Knobs::default(), Knobs { malformed_json_text: Rule::Accept, ..Knobs::default() });
    assert!(read("{}", &strict).is_ok() && read("", &strict).is_ok());
    assert!(read("[]", &strict).is_err() && read("{", &strict).is_err());
    assert!(read("{", &lenient).is_ok() && read(&"x".repeat(11), &lenient).is_err());
}

#[test]
fn numbers_of_any_size_and_objects_of_any_depth_are_taken() {
    let nested = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
    for text in ["{\"a\": 1e400}", "{\"a\": 123456789012345678901234567890}", &nested] {
        let sent = body(&json!({"Options": text}));
        assert_eq!(sent.json_text("Options", 0, &Knobs::default()).unwrap().as_deref(), Some(text));
    }
}

#[test]
fn a_service_may_keep_another_form_of_what_it_is_sent() {
    let sent = body(&json!({
        "Description": " d\n", "Options": "{ \"b\": [1.23456789], \"a\": 5 }",
        "Labels": [{"Key": "k", "Value": "v "}],
    }));
    let kept = |knobs: &Knobs| {
        let labels = sent.labels("Labels", knobs).unwrap().unwrap();
        let options = sent.json_text("Options", 0, knobs).unwrap().unwrap();
        (sent.description("Description", knobs).unwrap().unwrap(), options, labels[0].value.clone())
    };
    let as_sent = (" d\n".into(), "{ \"b\": [1.23456789], \"a\": 5 }".into(), "v ".into());
    assert_eq!(kept(&Knobs::default()), as_sent);
    let knobs = Knobs { trim_texts: true, rewrite_json_text: true, ..Knobs::default() };
    assert_eq!(kept(&knobs), ("d".into(), "{\"a\":5.0,\"b\":[1.23457]}".into(), "v".into()));
}
