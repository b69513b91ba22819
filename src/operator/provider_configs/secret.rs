//! Credentials in a Secret: under their own keys, under the variables of the official SDKs, or under keys that the config names.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::ByteString;

use crate::api::{CredentialsSecretRef, CredentialsSource};
use crate::cloud::{BearerStyle, Credentials, Secret, Source};

/// Each entry, with the variable that the official SDKs have for it.
const ID: (&str, &str) = ("accessKeyId", "ALIBABA_CLOUD_ACCESS_KEY_ID");
const SECRET: (&str, &str) = ("accessKeySecret", "ALIBABA_CLOUD_ACCESS_KEY_SECRET");
const TOKEN: (&str, &str) = ("securityToken", "ALIBABA_CLOUD_SECURITY_TOKEN");
const BEARER: (&str, &str) = ("bearerToken", "ALIBABA_CLOUD_BEARER_TOKEN");
const URI: (&str, &str) = ("credentialsUri", "ALIBABA_CLOUD_CREDENTIALS_URI");

/// The data of a Secret, as a config reads it.
struct Entries<'a> {
    data: &'a BTreeMap<String, ByteString>,
    of: &'a CredentialsSecretRef,
}

/// The source that the data of a Secret holds: credentials, or the URI that has them; or what is wrong with it, without a word of
/// its content.
pub(super) fn source(
    kind: CredentialsSource,
    of: &CredentialsSecretRef,
    data: &BTreeMap<String, ByteString>,
    style: BearerStyle,
) -> Result<Source, String> {
    if kind == CredentialsSource::Uri {
        return Ok(Source::Uri(Secret::new(Entries { data, of }.needed(URI)?)));
    }
    Ok(Source::Open(Arc::new(credentials(kind, of, data, style)?)))
}

/// The credentials in the data of a Secret, or what is wrong with it, without a word of its content.
fn credentials(
    source: CredentialsSource,
    of: &CredentialsSecretRef,
    data: &BTreeMap<String, ByteString>,
    style: BearerStyle,
) -> Result<Credentials, String> {
    let entries = Entries { data, of };
    if source == CredentialsSource::Bearer {
        return Ok(Credentials::Bearer { token: Secret::new(entries.needed(BEARER)?), style });
    }
    Ok(Credentials::AccessKey {
        id: entries.needed(ID)?,
        secret: Secret::new(entries.needed(SECRET)?),
        security_token: entries.get(TOKEN)?.map(|(_, token)| Secret::new(token)),
    })
}

impl Entries<'_> {
    fn needed(&self, entry: (&str, &str)) -> Result<String, String> {
        let name = self.of.name.as_deref().unwrap_or_default();
        let (own, variable) = entry;
        match self.get(entry)? {
            Some((_, value)) => Ok(value),
            None => match self.named(own) {
                Some(key) => {
                    Err(format!("Secret {name} has no key {key}, or it is empty; credentials.secretRef.keys names it"))
                }
                None => Err(format!("Secret {name} has no key {own} (or {variable}), or it is empty")),
            },
        }
    }

    fn named(&self, own: &str) -> Option<&str> {
        let keys = self.of.keys.as_ref()?;
        let named = match own {
            "accessKeyId" => &keys.access_key_id,
            "accessKeySecret" => &keys.access_key_secret,
            "securityToken" => &keys.security_token,
            "credentialsUri" => &keys.credentials_uri,
            _ => &keys.bearer_token,
        };
        named.as_deref()
    }

    /// Its key and value, if it is there and not empty. White space around it, such as a line end, is removed.
    fn get(&self, (own, variable): (&str, &str)) -> Result<Option<(String, String)>, String> {
        let keys = match self.named(own) {
            Some(key) => vec![key],
            None => vec![own, variable],
        };
        for key in keys {
            let Some(ByteString(bytes)) = self.data.get(key) else { continue };
            let text = std::str::from_utf8(bytes).map(str::trim).ok();
            let Some(text) = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic())) else {
                let name = self.of.name.as_deref().unwrap_or_default();
                return Err(format!("key {key} of Secret {name} contains characters other than printable ASCII"));
            };
            if !text.is_empty() {
                return Ok(Some((key.to_owned(), text.to_owned())));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: CredentialsSource, keys: &[(&str, &str)], data: &[(&str, &str)]) -> Result<Credentials, String> {
        let texts =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
        let keys = (!keys.is_empty()).then(|| {
            serde_json::from_value(serde_json::json!(texts(keys).into_iter().collect::<BTreeMap<_, _>>())).unwrap()
        });
        let of = CredentialsSecretRef { name: Some("pai".into()), keys };
        let data = texts(data).into_iter().map(|(key, value)| (key, ByteString(value.into_bytes()))).collect();
        credentials(source, &of, &data, BearerStyle::Sdk)
    }

    fn key(id: &str, secret: &str, token: Option<&str>) -> Credentials {
        let security_token = token.map(Secret::new);
        Credentials::AccessKey { id: id.into(), secret: Secret::new(secret), security_token }
    }

    #[test]
    fn keys_are_found_under_each_of_their_names() {
        use CredentialsSource::{Bearer, Secret as Key};
        let own = [("accessKeyId", "AK\n"), ("accessKeySecret", " s "), ("securityToken", "t")];
        assert_eq!(read(Key, &[], &own), Ok(key("AK", "s", Some("t"))));
        let variables = [("ALIBABA_CLOUD_ACCESS_KEY_ID", "AK"), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s")];
        assert_eq!(read(Key, &[], &variables), Ok(key("AK", "s", None)));
        let other = [("id", "AK"), ("accessKeySecret", "s"), ("accessKeyId", "not this one")];
        assert_eq!(read(Key, &[("accessKeyId", "id")], &other), Ok(key("AK", "s", None)));
        let bearer = Ok(Credentials::Bearer { token: Secret::new("b"), style: BearerStyle::Sdk });
        assert_eq!(read(Bearer, &[], &[("bearerToken", "b")]), bearer);
    }

    /// It would end a header, or begin another one; white space around it is no part of it.
    #[test]
    fn what_fits_into_no_header_is_refused_without_a_byte_of_it() {
        let of = CredentialsSecretRef { name: Some("pai".into()), keys: None };
        let data = |bytes: Vec<u8>| {
            let text = |text: &str| ByteString(text.as_bytes().to_vec());
            let own =
                [("accessKeyId", text("AK")), ("securityToken", ByteString(bytes)), ("accessKeySecret", text("s"))];
            own.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<BTreeMap<_, _>>()
        };
        let long = [b"canary".repeat(1 << 17), b"\r\nX: canary".to_vec()].concat();
        for bytes in [
            &b"canary\r\nX-Acs-Action: DeleteDataset"[..],
            b"canary\ncanary",
            b"canary\0",
            b"\0canary",
            b"canary canary",
            b"canary\tcanary",
            b"canary\x7f",
            b"canary\xff\xfe",
            "\u{feff}canary".as_bytes(),
            "canary\u{202e}".as_bytes(),
            long.as_slice(),
        ] {
            let told =
                credentials(CredentialsSource::Secret, &of, &data(bytes.to_vec()), BearerStyle::Sdk).unwrap_err();
            assert_eq!(told, "key securityToken of Secret pai contains characters other than printable ASCII");
        }
        for bytes in ["t\n", "t\r\n", " \tt "].map(str::as_bytes) {
            let read = credentials(CredentialsSource::Secret, &of, &data(bytes.to_vec()), BearerStyle::Sdk);
            assert_eq!(read, Ok(key("AK", "s", Some("t"))));
        }
    }

    #[test]
    fn what_is_wrong_is_told_by_key_and_without_the_content() {
        use CredentialsSource::{Bearer, Secret as Key};
        for (source, keys, data, expected) in [
            (
                Key,
                &[][..],
                &[("accessKeySecret", "canary")][..],
                "Secret pai has no key accessKeyId (or ALIBABA_CLOUD_ACCESS_KEY_ID)",
            ),
            (Key, &[], &[("accessKeyId", "AK"), ("accessKeySecret", "\n")], "Secret pai has no key accessKeySecret"),
            (Key, &[("accessKeyId", "id")], &[("accessKeyId", "canary")], "Secret pai has no key id, or it is empty"),
            (
                Key,
                &[],
                &[("accessKeyId", "AK"), ("accessKeySecret", "canary \u{e9}")],
                "key accessKeySecret of Secret pai contains",
            ),
            (Bearer, &[], &[("accessKeyId", "canary")], "Secret pai has no key bearerToken"),
        ] {
            let error = read(source, keys, data).unwrap_err();
            assert!(error.starts_with(expected) && !error.contains("canary"), "{error}");
        }
    }
}
