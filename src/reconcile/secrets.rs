//! The Secret that a remote takes a text from. Its metadata is watched ([`super::named`]); its content is read when it has
//! changed, and before a request or an answer needs it, and is dropped with the reconcile.
//!
//! Promises: nothing of the content, and nothing that is derived from it, leaves this module except as a [`Hidden`] text.
//! A deletion needs no Secret.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::Secret;
use kube::Resource as _;
use kube::api::GetParams;
use kube::core::request::Request as KubeRequest;
use kube::runtime::controller::Action;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::condition::Reason;
use crate::cloud::Hidden;
use crate::cloud::codec::JobConfigs;
use crate::plan::report::Blocked;
use crate::plan::secret::SecretVersion;
use crate::reconcile::kind::{Kind, SecretKey};
use crate::reconcile::named::{Known, Version};
use crate::reconcile::pass::{Flow, Pass};
use crate::reconcile::write_errors::KubeError;
use crate::words;

/// The longest wait for the first answer of a watch; after it the Secret is read all the same.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a reconcile knows of the Secret.
#[derive(Default)]
pub(super) struct SecretInHand {
    /// Its version, or why it cannot be used. `None`: not asked yet, or none is wanted.
    pub(super) version: Option<Result<SecretVersion, Blocked>>,
    /// The text, once it was read, and the version that it is from.
    pub(super) text: Option<(Hidden, Value)>,
}

impl SecretInHand {
    /// The codec that compares answers with the text, if that was read.
    pub(super) fn knowing(&self) -> Option<JobConfigs<'_>> {
        self.text.as_ref().map(|(text, version)| JobConfigs::knowing(text, version))
    }
}

impl From<Version> for SecretVersion {
    fn from(Version { uid, resource_version }: Version) -> Self {
        Self { uid, resource_version }
    }
}

/// A Secret as it is read, without what is not needed. It has no `Debug`.
#[derive(Deserialize)]
struct Content {
    metadata: Metadata,
    #[serde(default)]
    data: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    uid: String,
    resource_version: String,
}

impl<K: Kind> Pass<'_, K> {
    /// Finds out, before anything is decided, in which version the Secret is, and reads it if the remote was not given that
    /// version. `Some` ends the reconcile, because that is not known.
    pub(super) async fn look_at_secret(&mut self) -> Option<Action> {
        let wanted = K::secret(&self.object)?;
        let named = &self.ctx.lookups.named;
        let known =
            if self.facts.deleting { named.get(&wanted.object) } else { named.wait(&wanted.object, PATIENCE).await };
        // What came during the wait is no news to the next reconcile: it does not repeat at once what is refused now.
        self.ctx.states.with(&self.facts.uid, |state| state.meets_secret(known.clone()));
        let given = self.recorded.id.as_ref().and_then(|_| self.recorded.secret());
        let version = match known {
            Known::Absent => Err(absent(&wanted)),
            Known::Forbidden => Err(forbidden(&wanted)),
            Known::Present(version) if self.facts.deleting || self.facts.paused => Ok(version.into()),
            Known::Present(version) => match SecretVersion::from(version) {
                version if given.as_ref() == Some(&version) => Ok(version),
                _ => return self.read_secret(&wanted).await,
            },
            Known::Nothing if self.facts.deleting || self.facts.paused => Err(absent(&wanted)),
            Known::Nothing => return self.read_secret(&wanted).await,
        };
        self.secret.version = Some(version);
        None
    }

    /// Has the text in hand before it is needed. `Some`: it was read only now, so `plan` is asked again, or the reconcile
    /// ends.
    pub(super) async fn need_secret(&mut self) -> Option<Flow> {
        let wanted = K::secret(&self.object).filter(|_| !self.facts.deleting && self.secret.text.is_none())?;
        let ended = self.read_secret(&wanted).await;
        self.wanted = None;
        Some(ended.map_or(Flow::Again, Flow::End))
    }

    async fn read_secret(&mut self, wanted: &SecretKey) -> Option<Action> {
        let (namespace, name) = wanted.object.place();
        let request = KubeRequest::new(Secret::url_path(&(), Some(namespace))).get(name, &GetParams::default());
        let Ok(request) = request else {
            self.secret.version = Some(Err(absent(wanted)));
            return None;
        };
        // As a text: if the client parsed it, it would log what does not parse.
        let read = self.kube(self.ctx.kube.request_text(request)).await;
        let content = match read {
            Ok(text) => serde_json::from_str::<Content>(&text).ok(),
            Err(KubeError::Api(kube::Error::Api(status))) if status.code == 404 => {
                self.secret.version = Some(Err(absent(wanted)));
                return None;
            }
            Err(KubeError::Api(kube::Error::Api(status))) if status.code == 403 => {
                self.secret.version = Some(Err(forbidden(wanted)));
                return None;
            }
            Err(error) => {
                let Flow::End(action) = self.kube_failed(&error, "reading the Secret") else { return None };
                return Some(action);
            }
        };
        self.secret.version = Some(match content.map(|content| take(wanted, content)) {
            Some(Ok((version, text))) => {
                self.secret.text = Some((text, json!(version)));
                Ok(version)
            }
            Some(Err(blocked)) => Err(blocked),
            None => Err(waits(format!("Secret {name} cannot be read: it is not a Secret"))),
        });
        None
    }
}

/// The text of the entry, with the version of the Secret.
fn take(wanted: &SecretKey, content: Content) -> Result<(SecretVersion, Hidden), Blocked> {
    let (name, key) = (wanted.object.place().1, &wanted.key);
    let Content { metadata: Metadata { uid, resource_version }, mut data } = content;
    let Some(encoded) = data.remove(key) else {
        return Err(waits(format!("Secret {name} has no key {key}; add it, or correct apiKeySecretRef.key")));
    };
    let bytes = STANDARD.decode(encoded).unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(waits(format!(
            "key {key} of Secret {name} is not an API key: it is empty, is no text, or has a blank or a line break in it, \
             perhaps at its end"
        )));
    }
    Ok((SecretVersion { uid, resource_version }, Hidden::new(text)))
}

fn waits(message: String) -> Blocked {
    Blocked::waiting(Reason::DependencyNotReady, message)
}

fn absent(wanted: &SecretKey) -> Blocked {
    let (name, key) = (wanted.object.place().1, &wanted.key);
    waits(format!("Secret {name}, whose key {key} is wanted, does not exist in this namespace"))
}

fn forbidden(wanted: &SecretKey) -> Blocked {
    let (namespace, name) = wanted.object.place();
    let role = words::role_to_bind(namespace, "secrets", name, "get, list, watch");
    waits(format!("the operator may not read Secret {name}: {role}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> SecretKey {
        SecretKey::new("ns", "model", "api-key")
    }

    fn content(data: &Value) -> Content {
        let secret = json!({"metadata": {"uid": "u", "resourceVersion": "7"}, "data": data, "type": "Opaque"});
        serde_json::from_value(secret).unwrap()
    }

    #[test]
    fn a_key_is_taken_with_the_version_of_its_secret() {
        let version = SecretVersion { uid: "u".into(), resource_version: "7".into() };
        let (of, text) = take(&wanted(), content(&json!({"api-key": STANDARD.encode("sk-1"), "b": "!"}))).ok().unwrap();
        assert_eq!((of, text.equals(Some(&json!("sk-1")))), (version, Some(true)));
    }

    #[test]
    fn what_is_no_key_is_told_without_a_word_of_it() {
        for data in [json!({}), json!({"Api-Key": "eA=="})] {
            let blocked = take(&wanted(), content(&data)).err().unwrap();
            assert!(!blocked.stuck);
            assert_eq!(blocked.message, "Secret model has no key api-key; add it, or correct apiKeySecretRef.key");
        }
        for bytes in ["", "sk-1\n", "sk 1", "\u{0}"].map(str::as_bytes).into_iter().chain([&[0xff, 0xfe][..]]) {
            let blocked = take(&wanted(), content(&json!({"api-key": STANDARD.encode(bytes)}))).err().unwrap();
            assert_eq!(blocked.reason, Reason::DependencyNotReady);
            assert!(
                blocked.message.starts_with("key api-key of Secret model is not an API key"),
                "{}",
                blocked.message
            );
            assert!(!blocked.message.contains("sk"), "{}", blocked.message);
        }
        assert!(take(&wanted(), content(&json!({"api-key": "not base64 sk-1"}))).is_err());
    }

    #[test]
    fn a_missing_right_is_told_with_the_rule_to_add() {
        let message = forbidden(&wanted()).message;
        assert!(message.contains("resourceNames: [model], verbs: [get, list, watch]"), "{message}");
    }
}
