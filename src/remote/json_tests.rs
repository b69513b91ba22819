//! JSON texts by value: numbers of every form, depth, and agreement with `serde_json` where that is exact.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn same(a: &str, b: &str) -> bool {
    parse(a).unwrap() == parse(b).unwrap()
}

#[test]
fn numbers_are_equal_by_value_at_any_size_and_precision() {
    for (a, b) in [
        ("1", "1.0"),
        ("1", "1e0"),
        ("100", "1E+2"),
        ("0.001", "1e-3"),
        ("-0", "0"),
        ("0.0e5", "0"),
        ("-12.50", "-1250e-2"),
        ("1e400", "10e399"),
        ("1e-400", "0.1e-399"),
        ("123456789012345678901234567890", "1.23456789012345678901234567890e29"),
        ("18446744073709551616", "18446744073709551616.000"),
    ] {
        assert!(same(a, b), "{a} {b}");
        assert!(same(&format!("{{\"a\":[{a}]}}"), &format!(" {{ \"a\" : [ {b} ] }} ")), "{a} {b}");
    }
    for (a, b) in [
        ("1", "-1"),
        ("1", "10"),
        ("1", "\"1\""),
        ("9007199254740993", "9007199254740992"),
        ("0.1", "0.10000000000000001"),
        ("1e400", "1e401"),
        ("1e99999999999999999999", "1e99999999999999999998"),
        ("1", "true"),
    ] {
        assert!(!same(a, b), "{a} {b}");
    }
}

#[test]
fn order_space_and_escapes_do_not_matter() {
    assert!(same(r#"{"a":1,"b":[{},[]]}"#, "{ \"b\" : [ { } , [ ] ] ,\n\"a\" : 1.0 }"));
    assert!(same(r#"{"\u0061\/\"\\":"\n"}"#, "{\"a/\\\"\\\\\":\"\\u000a\"}"));
    assert!(same(r#"{"a":1,"a":2}"#, r#"{"a":2}"#), "the last one of a key counts");
    assert!(!same("[1,2]", "[2,1]"));
    assert!(same(r#"["\ud800"]"#, r#"[ "\ud800" ]"#), "half a surrogate pair is valid JSON");
}

#[test]
fn any_depth_is_survived_and_128_is_enough() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(DEPTH)).is_ok());
    assert!(matches!(parse(&nested(DEPTH + 1)), Err(Fault::TooDeep)));
    assert!(matches!(parse(&nested(200_000)), Err(Fault::TooDeep)));
    assert!(matches!(parse(&"[".repeat(200_000)), Err(Fault::Syntax(_))));
    let objects = format!("{}1{}", "{\"a\":".repeat(DEPTH), "}".repeat(DEPTH));
    assert!(parse(&objects).is_ok());
}

#[test]
fn what_is_no_json_is_said_with_its_place() {
    for text in ["", "{", "{\"a\":}", "[01]", "1.", "{'a':1}", "{\"a\":1}x", "NaN", "[1,]"] {
        assert!(matches!(parse(text), Err(Fault::Syntax(_))), "{text}");
    }
    assert_eq!(parse("{\"a\": /b/}").unwrap_err().to_string(), "expected value at line 1 column 7");
}

/// JSON without floats, which `serde_json` would round.
fn exact() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,4}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_serde_json_where_that_is_exact(a in exact(), b in exact()) {
        let (compact, pretty) = (a.to_string(), serde_json::to_string_pretty(&a).unwrap());
        prop_assert_eq!(parse(&compact).unwrap(), Json::from(&a));
        prop_assert!(same(&compact, &pretty));
        prop_assert_eq!(same(&compact, &b.to_string()), a == b);
    }

    #[test]
    fn a_number_written_otherwise_is_the_same(digits in "[1-9][0-9]{0,40}", zeros in 0..40_usize, at in 0..40_usize) {
        // As a whole number; with a point and an exponent; with zeros behind the point.
        let at = at.min(digits.len() - 1) + 1;
        let (whole, fraction) = digits.split_at(at);
        let trailing = "0".repeat(zeros);
        let scientific = if fraction.is_empty() && zeros == 0 {
            format!("{whole}e{}", 0)
        } else {
            format!("{whole}.{fraction}{trailing}0e{}", fraction.len())
        };
        prop_assert!(same(&digits, &scientific), "{} {}", digits, scientific);
        let with_point = format!("{digits}.0{trailing}");
        let (long, short) = (format!("{digits}{trailing}"), format!("{digits}e{zeros}"));
        let more = format!("{digits}.{trailing}1");
        prop_assert!(same(&digits, &with_point), "{}", with_point);
        prop_assert!(same(&long, &short), "{} {}", long, short);
        prop_assert!(!same(&digits, &more), "{}", more);
    }

    #[test]
    fn nothing_panics(text in ".{0,64}", soup in "[\\[\\]{}\",:0-9eE+\\-. \\\\untrfals]{0,64}") {
        let _ = (parse(&text), parse(&soup));
    }
}
