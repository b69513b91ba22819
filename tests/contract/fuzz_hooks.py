"""What schemathesis cannot read in the OpenAPI documents: who signs, where IMM is, and what exists. Loaded by fuzz.py."""

import atexit
import collections
import datetime
import hashlib
import hmac
import itertools
import json
import os
import pathlib
import urllib.parse
import zlib

import requests
import schemathesis

KEY, SECRET = "testAccessKeyId", "testAccessKeySecret"
WORK = pathlib.Path(os.environ["FUZZ_WORK"])
VERSION = os.environ["FUZZ_VERSION"]
PLANTED = json.loads((WORK / "planted.json").read_text(encoding="utf-8"))
NOT_TAKEN = ("Signature", "IncompleteSignature", "InvalidAccessKeyId", "InvalidTimeStamp", "InvalidSecurityToken")

control = requests.Session()
control.trust_env = False
answers = collections.defaultdict(collections.Counter)


class Signer(requests.auth.AuthBase):
    """Signs a request with ACS3 as it goes out. A path of IMM's document ends here: its fragment is never sent."""

    nonces = itertools.count()

    def __init__(self, action):
        self.action = action

    def __call__(self, request):
        for name in [name for name in request.headers if name.lower().startswith(("x-acs-", "authorization"))]:
            del request.headers[name]
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        path, _, query = request.path_url.partition("?")
        now = datetime.datetime.now(datetime.timezone.utc)
        headers = {
            "host": urllib.parse.urlsplit(request.url).netloc,
            "x-acs-action": self.action,
            "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
            "x-acs-date": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": f"fuzz-{os.getpid()}-{next(self.nonces)}",
            "x-acs-version": VERSION,
        }
        pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
        quoted = sorted([urllib.parse.quote(part, safe="") for part in pair] for pair in pairs)
        lines, names = "".join(f"{name}:{value}\n" for name, value in headers.items()), ";".join(headers)
        query = "&".join("=".join(pair) for pair in quoted)
        canonical = "\n".join([request.method, path, query, lines, names, headers["x-acs-content-sha256"]])
        to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
        signature = hmac.new(SECRET.encode(), to_sign.encode(), "sha256").hexdigest()
        headers["authorization"] = f"ACS3-HMAC-SHA256 Credential={KEY},SignedHeaders={names},Signature={signature}"
        request.headers.update(headers)
        return request


def known(operation, case):
    """Puts what exists in the place of what was generated, for three of four values."""
    places = [values for values in (case.path_parameters, case.query, case.body) if isinstance(values, dict)]
    generated = repr(places)
    for values in places:
        for name, value in PLANTED["known"].items():
            if name in values and zlib.crc32(f"{name} {generated}".encode()) % 4:
                running = operation == "StopDatasetJob" and name == "DatasetJobId"
                values[name] = PLANTED["running"] if running else value


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw["operationId"]
    known(operation, case)
    # Every call finds the same, so that none depends on the calls before it.
    control.put(f"{PLANTED['url']}/_emulator/state", json=PLANTED["state"], timeout=10).raise_for_status()
    kwargs["auth"] = Signer(operation)


@schemathesis.hook
def after_call(context, case, response):
    answers[case.operation.definition.raw["operationId"]][response.status_code] += 1


@schemathesis.check
def signature_is_taken(ctx, response, case):
    """Whatever is in path and query, the emulator reads the same as was signed."""
    try:
        code = response.json().get("Code", "")
    except ValueError:
        return
    if code.startswith(NOT_TAKEN):
        raise AssertionError(f"a signed request was answered with {code}: {response.json()}")


@atexit.register
def write():
    (WORK / "answers.json").write_text(json.dumps(answers), encoding="utf-8")
