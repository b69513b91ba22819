"""The token service, asked with its own official SDK: who calls, who may assume a role, and who does not pass. And a
credentials URI, asked with the official credentials package.

They are no operations of the OpenAPI document, and so they have no rows of their own in the table: their checks count in the
last line.
"""

from alibabacloud_credentials.provider import URLCredentialsProvider
from alibabacloud_sts20150401.client import Client
from alibabacloud_sts20150401.models import AssumeRoleRequest
from alibabacloud_tea_openapi.models import Config

ACCOUNT = "1000000000000001"
KEY = {"access_key_id": "testAccessKeyId", "access_key_secret": "testAccessKeySecret"}
TRIPLE = {
    "access_key_id": "STS.testAccessKeyId",
    "access_key_secret": "testStsAccessKeySecret",
    "security_token": "testSecurityToken",
}
ROOT = {
    "AccountId": ACCOUNT, "Arn": f"acs:ram::{ACCOUNT}:root", "IdentityType": "Account", "PrincipalId": ACCOUNT,
    "UserId": ACCOUNT,
}
SESSION = {
    "AccountId": ACCOUNT, "Arn": f"acs:ram::{ACCOUNT}:assumed-role/testrole/testsession",
    "IdentityType": "AssumedRoleUser", "PrincipalId": "300000000000000001:testsession",
    "RoleId": "300000000000000001",
}


class Identity:
    """Part of a conformance run; `run` has the target, the control API and the report."""

    def __init__(self, run):
        self.run = run

    def ask(self, **config):
        """The SDK's answer without its RequestId, or the code of its exception."""
        client = Client(Config(endpoint=self.run.target, protocol="http", **config))
        try:
            answer = client.get_caller_identity().body.to_map()
        except Exception as error:  # pylint: disable=broad-except
            return getattr(error, "code", repr(error))
        return answer if answer.pop("RequestId", None) else "no RequestId"

    def expect(self, column, expected, **config):
        got = self.ask(**config)
        self.run.report.check("GetCallerIdentity", column, got == expected, f"{got!r} instead of {expected!r}")

    def all(self):
        self.expect("AK", ROOT, **KEY)
        self.expect("STS", SESSION, **TRIPLE)
        self.expect("errors", "SignatureDoesNotMatch", **dict(KEY, access_key_secret="wrong"))
        self.expect("errors", "InvalidAccessKeyId.NotFound", **dict(KEY, access_key_id="nobody"))
        self.expect("errors", "InvalidSecurityToken.MismatchWithAccessKey", **dict(TRIPLE, security_token="stale"))
        self.roles()
        self.uri()
        before = self.run.control("GET", "/state")["credentials"]
        try:
            self.others(before[0])
        finally:
            self.run.control("PUT", "/state", {"credentials": before})

    def assume(self, external_id, **config):
        """The session that the SDK got, or the code of its exception."""
        client = Client(Config(endpoint=self.run.target, protocol="http", **config))
        role = f"acs:ram::{ACCOUNT}:role/reader"
        request = AssumeRoleRequest(
            role_arn=role, role_session_name="contract", duration_seconds=900, external_id=external_id
        )
        try:
            return client.assume_role(request).body.credentials
        except Exception as error:  # pylint: disable=broad-except
            return getattr(error, "code", repr(error))

    def roles(self):
        """A session assumes a role; the account itself, and who does not know the external id, do not."""
        self.run.control("PUT", "/knobs", {"roles": "reader=shared"})
        given = self.assume("shared", **TRIPLE)
        session = dict(SESSION, Arn=f"acs:ram::{ACCOUNT}:assumed-role/reader/contract")
        session.update(PrincipalId=f"3{ACCOUNT}:contract", RoleId=f"3{ACCOUNT}")
        self.expect("STS", session, **{name: getattr(given, name, given) for name in TRIPLE})
        for external_id, config in [("other", TRIPLE), (None, TRIPLE), ("shared", KEY)]:
            got = self.assume(external_id, **config)
            self.run.report.check("AssumeRole", "errors", got == "NoPermission", f"{got!r} instead of NoPermission")
        self.run.control("PUT", "/knobs", {"roles": ""})

    def uri(self):
        """What the official package reads from a credentials URI is taken by the service."""
        self.run.control("PUT", "/knobs", {"ecsRole": "node"})
        uri = f"http://{self.run.target}/latest/meta-data/ram/security-credentials/node"
        given = URLCredentialsProvider(uri=uri).get_credentials()
        session = dict(SESSION, Arn=f"acs:ram::{ACCOUNT}:assumed-role/node/i-emulator")
        session.update(PrincipalId=f"3{ACCOUNT}:i-emulator", RoleId=f"3{ACCOUNT}")
        self.expect("STS", session, **{name: getattr(given, f"get_{name}")() for name in TRIPLE})
        self.run.control("PUT", "/knobs", {"ecsRole": ""})

    def others(self, key):
        """The same key as a RAM user's, and switched off."""
        user = dict(key, userId="7", userName="admin")
        self.run.control("PUT", "/state", {"credentials": [user]})
        arn = f"acs:ram::{ACCOUNT}:user/admin"
        expected = dict(ROOT, Arn=arn, IdentityType="RAMUser", PrincipalId="7", UserId="7")
        self.expect("AK", expected, **KEY)
        self.run.control("PUT", "/state", {"credentials": [dict(key, active=False)]})
        self.expect("errors", "InvalidAccessKeyId.Inactive", **KEY)
