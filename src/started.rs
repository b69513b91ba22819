//! The first line of the log: the program and its settings, without secrets.

use clap::{ArgMatches, Command};

/// Each flag that has a value, given or by default, as `--flag=value`. The value of a flag whose environment is hidden
/// from `--help` is a secret, and so is the part of a URL before the `@`.
pub fn settings(command: &Command, matches: &ArgMatches) -> String {
    let mut told = Vec::new();
    for argument in command.get_arguments() {
        let Some(flag) = argument.get_long() else { continue };
        let Ok(Some(values)) = matches.try_get_raw(argument.get_id().as_str()) else { continue };
        let value = if argument.is_hide_env_values_set() {
            "(secret)".to_owned()
        } else {
            values.map(|value| without_userinfo(&value.to_string_lossy())).collect::<Vec<_>>().join(",")
        };
        told.push(format!("--{flag}={value}"));
    }
    told.join(" ")
}

/// `http://user:password@proxy:3128` → `http://…@proxy:3128`
fn without_userinfo(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return value.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://…{}", &rest[at..]),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use clap::Parser;

    use super::*;
    use crate::settings::Flags;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        flags: Flags,
    }

    #[test]
    fn every_setting_is_told_and_no_secret() {
        let arguments =
            ["x", "--region", "cn-hangzhou", "--owner-key", "hush,old", "--endpoint", "https://me:pw@here/x"];
        let command = Program::command();
        let told = settings(&command, &command.clone().get_matches_from(arguments));
        for part in
            ["--region=cn-hangzhou", "--qps=100", "--resync=10m", "--owner-key=(secret)", "--endpoint=https://…@here/x"]
        {
            assert!(told.split(' ').any(|word| word == part), "{part} in {told}");
        }
        assert!(!told.contains("hush") && !told.contains("pw"), "{told}");
        assert!(!told.contains("--daily-budget"), "what is not set is not told: {told}");
    }

    #[test]
    fn urls_lose_who_calls_and_nothing_else() {
        for (given, told) in [
            ("http://proxy:3128", "http://proxy:3128"),
            ("http://u:p@proxy:3128/", "http://…@proxy:3128/"),
            ("http://u:p@ss@proxy", "http://…@proxy"),
            ("http://host/a@b", "http://host/a@b"),
            ("a@b", "a@b"),
        ] {
            assert_eq!(without_userinfo(given), told);
        }
    }
}
