//! Sessions of roles: temporary credentials that the emulator gives away and takes from then on, by whichever way they were
//! asked for.

use serde_json::{Map, Value};

use crate::auth::Caller;
use crate::clock;
use crate::credentials::{Credential, Role};
use crate::ids::Ids;
use crate::knobs::Knobs;

/// Where sessions come from and are kept.
pub(crate) struct Sessions<'a> {
    pub(crate) credentials: &'a mut Vec<Caller>,
    pub(crate) ids: &'a mut Ids,
    pub(crate) knobs: &'a Knobs,
    pub(crate) now_ms: i64,
}

impl Sessions<'_> {
    /// A new session of a role of this account for so many seconds: the members that tell it.
    pub(crate) fn open(&mut self, account: &str, name: &str, session: &str, seconds: i64) -> Map<String, Value> {
        let life_ms = match self.knobs.sts_session_ms {
            0 => seconds.saturating_mul(1000),
            life_ms => life_ms.into(),
        };
        let expires_ms = self.now_ms.saturating_add(life_ms);
        let made = self.ids.request().to_string().replace('-', "");
        let role = Role { name: name.to_owned(), id: role_id(account), session_name: session.to_owned() };
        let credential = Credential {
            account_id: account.to_owned(),
            role: Some(role),
            expires_ms: Some(expires_ms),
            security_token: Some(format!("token{made}")),
            ..Credential::access_key(&format!("STS.{made}"), &format!("secret{made}"))
        };
        let texts = [
            ("AccessKeyId", credential.access_key_id.clone()),
            ("AccessKeySecret", credential.access_key_secret.clone()),
            ("SecurityToken", credential.security_token.clone().unwrap_or_default()),
            ("Expiration", clock::seconds(expires_ms).to_string()),
        ];
        let now_ms = self.now_ms;
        self.credentials.retain(|known| known.expires_ms.is_none_or(|expires_ms| expires_ms > now_ms));
        self.credentials.push(credential.into());
        texts.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect()
    }
}

/// The id of the roles of an account.
pub(crate) fn role_id(account: &str) -> String {
    format!("3{account}")
}
