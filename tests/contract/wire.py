"""Looks at what an SDK and the emulator say to each other, and holds it to the OpenAPI document.

A recording proxy stands between the two and passes bytes on unchanged (signatures cover the host header, which stays
the proxy's). Neither side can tell, and neither side's own view of the exchange is trusted.
"""

import dataclasses
import http.client
import http.server
import json
import re
import threading
import urllib.parse

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DOCUMENT = "urn:pai"
METHODS = ("get", "put", "post", "delete")
# Operations whose answers call it otherwise, or do not have it.
REQUEST_IDS = {"GetDatasetFileMetasStatistics": "requestId", "ListDatasetFileMetas": None}


@dataclasses.dataclass
class Exchange:
    """One request with its answer."""

    method: str
    path: str
    query: str
    headers: dict
    body: bytes
    status: int
    answer: bytes


class Recorder:
    """A proxy on a free loopback port in front of `target` (`host:port`)."""

    def __init__(self, target):
        self.exchanges = []
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body in one packet at once: else every call waits for a delayed acknowledgement.
            disable_nagle_algorithm, wbufsize = True, -1

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                upstream = http.client.HTTPConnection(target, timeout=30)
                upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    upstream.putheader(name, value)
                upstream.endheaders(body)
                response = upstream.getresponse()
                answer = response.read()
                path, _, query = self.path.partition("?")
                headers = {name.lower(): value for name, value in self.headers.items()}
                recorder.exchanges.append(
                    Exchange(self.command, path, query, headers, body, response.status, answer)
                )
                self.send_response_only(response.status)
                for name, value in response.getheaders():
                    if name.lower() not in ("transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)
                self.wfile.flush()
                upstream.close()

            do_GET = do_PUT = do_POST = do_DELETE = pass_on

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self):
        """The exchanges since the last call."""
        taken, self.exchanges = self.exchanges, []
        return taken

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Contract:
    """The OpenAPI document, with every object closed: a member that it does not declare is an error."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            document = yaml.safe_load(file)
        self.document = closed(document, DOCUMENT)
        resource = Resource.from_contents(self.document, default_specification=DRAFT202012)
        self.registry = Registry().with_resource(DOCUMENT, resource)
        self.operations = {}
        for template, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    operation = dict(item[method], method=method.upper())
                    operation["pattern"] = re.compile(re.sub(r"\{\w+\}", "[^/]+", template) + "$")
                    shared = item.get("parameters", [])
                    operation["parameters"] = [self._resolve(p) for p in shared + operation.get("parameters", [])]
                    self.operations[operation["operationId"]] = operation

    def _resolve(self, node):
        if "$ref" in node:
            node_path = node["$ref"].split("#/")[1].split("/")
            node = self.document
            for part in node_path:
                node = node[part]
        return node

    def _errors(self, schema, value, where):
        validator = Draft202012Validator(schema, registry=self.registry)
        return [f"{where}{error.json_path[1:]}: {error.message}" for error in validator.iter_errors(value)]

    def operation_of(self, exchange):
        """The operation of a request, by method and path alone."""
        for name, operation in self.operations.items():
            if operation["method"] == exchange.method and operation["pattern"].match(exchange.path):
                return name
        return None

    def request_errors(self, exchange):
        """How a request breaks the document."""
        name = self.operation_of(exchange)
        if name is None:
            return [f"{exchange.method} {exchange.path} is no operation"]
        operation = self.operations[name]
        errors = []
        if exchange.headers.get("x-acs-action", name) != name:
            errors.append(f"x-acs-action is {exchange.headers['x-acs-action']}, the path is that of {name}")
        errors += self._parameter_errors(operation, "header", exchange.headers)
        query = dict(urllib.parse.parse_qsl(exchange.query, keep_blank_values=True))
        known = {p["name"] for p in operation["parameters"] if p["in"] == "query"}
        errors += [f"query {unknown} is not in the document" for unknown in query.keys() - known]
        errors += self._parameter_errors(operation, "query", query)
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]["application/json"]
            errors += self._errors(content["schema"], json.loads(exchange.body or b"{}"), "body")
        elif exchange.body:
            errors.append("there is a body, the operation has none")
        return errors

    def _parameter_errors(self, operation, place, values):
        errors = []
        for parameter in operation["parameters"]:
            if parameter["in"] != place:
                continue
            text = values.get(parameter["name"])
            if text is None:
                if parameter.get("required"):
                    errors.append(f"{place} {parameter['name']} is missing")
                continue
            if "content" in parameter:
                schema = parameter["content"]["application/json"]["schema"]
                errors += self._errors(schema, json.loads(text), f"{place} {parameter['name']}")
                continue
            schema = parameter["schema"]
            kind = schema.get("type")
            if kind == "array":
                value = text.split(",")
            elif kind == "integer":
                value = int(text) if re.fullmatch(r"-?\d+", text) else text
            elif kind == "number":
                value = float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else text
            elif kind == "boolean":
                # The Python SDK writes them with a capital.
                value = {"true": True, "false": False}.get(text.lower(), text)
            else:
                value = text
            errors += self._errors(schema, value, f"{place} {parameter['name']}")
        return errors

    def answer_errors(self, exchange):
        """How an answer breaks the document."""
        operation = self.operations[self.operation_of(exchange)]
        declared = operation["responses"].get(str(exchange.status))
        # Bearer tokens that nobody knows are 401, which the document does not have.
        if declared is None:
            return [] if exchange.status == 401 else [f"status {exchange.status} is not in the document"]
        schema = self._resolve(declared)["content"]["application/json"]["schema"]
        answer = json.loads(exchange.answer)
        errors = self._errors(schema, answer, "answer")
        member = REQUEST_IDS.get(operation["operationId"], "RequestId") if exchange.status == 200 else "RequestId"
        if member is not None and not answer.get(member):
            errors.append(f"answer has no {member}")
        return errors


class RpcContract(Contract):
    """A document of operations that have one path in common and a name in a header."""

    def operation_of(self, exchange):
        name = exchange.headers.get("x-acs-action")
        return name if name in self.operations else None

    def request_errors(self, exchange):
        # The kind of the credential is no parameter of an operation.
        pairs = urllib.parse.parse_qsl(exchange.query, keep_blank_values=True)
        own = [(name, value) for name, value in pairs if name != "SignatureType"]
        return super().request_errors(dataclasses.replace(exchange, query=urllib.parse.urlencode(own)))


def closed(node, base=""):
    """A copy in which objects with declared members admit no others; references begin with `base`."""
    if isinstance(node, list):
        return [closed(item, base) for item in node]
    if not isinstance(node, dict):
        return node
    copy = {key: closed(value, base) for key, value in node.items()}
    if isinstance(copy.get("$ref"), str) and copy["$ref"].startswith("#"):
        copy["$ref"] = base + copy["$ref"]
    if copy.get("type") == "object" and isinstance(copy.get("properties"), dict):
        copy.setdefault("additionalProperties", False)
    return copy
