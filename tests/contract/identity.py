"""GetCallerIdentity of the token service, asked with its own official SDK: who calls, and who does not pass.

It is no operation of the OpenAPI document, and so it has no row of its own in the table: its checks count in the last line.
"""

from alibabacloud_sts20150401.client import Client
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
        before = self.run.control("GET", "/state")["credentials"]
        try:
            self.others(before[0])
        finally:
            self.run.control("PUT", "/state", {"credentials": before})

    def others(self, key):
        """The same key as a RAM user's, and switched off."""
        user = dict(key, userId="7", userName="admin")
        self.run.control("PUT", "/state", {"credentials": [user]})
        arn = f"acs:ram::{ACCOUNT}:user/admin"
        expected = dict(ROOT, Arn=arn, IdentityType="RAMUser", PrincipalId="7", UserId="7")
        self.expect("AK", expected, **KEY)
        self.run.control("PUT", "/state", {"credentials": [dict(key, active=False)]})
        self.expect("errors", "InvalidAccessKeyId.Inactive", **KEY)
