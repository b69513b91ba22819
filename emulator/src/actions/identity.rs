//! The identity of the caller, in the words of the token service.

use super::{Context, Done, Members};
use crate::credentials::Role;

/// `GetCallerIdentity`: the account's root, a user of it, or a session of a role.
pub(super) fn caller(context: &Context) -> Done {
    let caller = context.caller;
    let account = &caller.account_id;
    let (kind, arn, principal) = match &caller.role {
        Some(Role { name, id, session_name }) => {
            let arn = format!("acs:ram::{account}:assumed-role/{name}/{session_name}");
            ("AssumedRoleUser", arn, format!("{id}:{session_name}"))
        }
        None if caller.user_id == *account => ("Account", format!("acs:ram::{account}:root"), account.clone()),
        None => {
            let name = caller.user_name.as_ref().unwrap_or(&caller.user_id);
            ("RAMUser", format!("acs:ram::{account}:user/{name}"), caller.user_id.clone())
        }
    };
    let mut answer = Members::default();
    for (name, text) in
        [("IdentityType", kind), ("AccountId", account), ("PrincipalId", &principal), ("Arn", arn.as_str())]
    {
        answer.put(name, text);
    }
    match &caller.role {
        Some(role) => answer.put("RoleId", &role.id),
        None => answer.put("UserId", &caller.user_id),
    }
    context.read(answer)
}
