//! The names of accounts in intents: `default` is that of the flags, for ever; the others are the names of configs.

use crate::api::{ProviderConfigKind, ProviderConfigRef, UsedProviderConfig};

/// The name of the flags' account. It must never change, as stored intents contain it.
pub const DEFAULT: &str = "default";

/// The name of the config in intents: `ProviderConfig/<namespace>/<name>` or `ClusterProviderConfig/<name>`.
#[must_use]
pub fn alias(config: &UsedProviderConfig) -> String {
    let UsedProviderConfig { kind, namespace, name, .. } = config;
    match namespace {
        Some(namespace) => format!("{kind}/{namespace}/{name}"),
        None => format!("{kind}/{name}"),
    }
}

/// The config that this alias names; `None` if it names none.
#[must_use]
pub fn config(alias: &str) -> Option<UsedProviderConfig> {
    let parts: Vec<&str> = alias.split('/').collect();
    match parts[..] {
        ["ProviderConfig", namespace, name] => Some(namespaced(namespace, name)),
        ["ClusterProviderConfig", name] => Some(of_cluster(name)),
        _ => None,
    }
}

/// The config that an object of this namespace names.
#[must_use]
pub fn named(namespace: &str, by: &ProviderConfigRef) -> UsedProviderConfig {
    let name = by.name.as_deref().unwrap_or_default();
    match by.kind {
        Some(ProviderConfigKind::ClusterProviderConfig) => of_cluster(name),
        Some(ProviderConfigKind::ProviderConfig) | None => namespaced(namespace, name),
    }
}

/// A config of a namespace.
#[must_use]
pub fn namespaced(namespace: &str, name: &str) -> UsedProviderConfig {
    let (kind, namespace) = (ProviderConfigKind::ProviderConfig, Some(namespace.to_owned()));
    UsedProviderConfig { kind, namespace, name: name.to_owned(), account_id: None }
}

/// A config of the cluster.
#[must_use]
pub fn of_cluster(name: &str) -> UsedProviderConfig {
    let kind = ProviderConfigKind::ClusterProviderConfig;
    UsedProviderConfig { kind, namespace: None, name: name.to_owned(), account_id: None }
}

/// The config as people call it: `ProviderConfig default`.
#[must_use]
pub fn words(config: &UsedProviderConfig) -> String {
    format!("{} {}", config.kind, config.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_read_as_they_are_written() {
        for one in [namespaced("team-a", "default"), of_cluster("shared")] {
            assert_eq!(config(&alias(&one)), Some(one));
        }
        for none in ["default", "", "ProviderConfig/a", "ClusterProviderConfig/a/b", "Secret/a/b"] {
            assert_eq!(config(none), None, "{none}");
        }
        let by = ProviderConfigRef { name: Some("x".into()), kind: None };
        assert_eq!(alias(&named("ns", &by)), "ProviderConfig/ns/x");
        let by = ProviderConfigRef { kind: Some(ProviderConfigKind::ClusterProviderConfig), ..by };
        assert_eq!(alias(&named("ns", &by)), "ClusterProviderConfig/x");
    }
}
