#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every reply of a running rig against the document that it gives of itself.

usage: api_schema.py HOST:PORT STATE WRITE_TOKEN_FILE [READ_TOKEN_FILE]
STATE is what the rig is in: mining, paused or nopool.
"""
import http.client
import json
import socket
import sys

TIMEOUT = 60
MODEL = {  # what OpenRPC lets an object have; a star: it must
    "document": "openrpc* info* methods* servers components externalDocs",
    "info": "title* version* description termsOfService contact license",
    "method": "name* params* summary description tags paramStructure result errors links "
              "examples deprecated externalDocs servers",
    "descriptor": "name* schema* summary description required deprecated",
    "error": "code* message* data",
    "tag": "name* summary description externalDocs",
    "components": "schemas errors contentDescriptors tags examples examplePairings links",
}


class Rig:
    """A rig as a client sees it."""

    def __init__(self, where, write=None, read=None):
        host, port = where.rsplit(":", 1)
        self.host, self.port = host, int(port)
        self.write, self.read = write, read

    def http(self, method, path, body=None, token=None, kind="application/json"):
        """Status and body."""
        c = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)
        headers = {}
        if body is not None:
            headers["Content-Type"] = kind
        if token:
            headers["Authorization"] = "Bearer " + token
        c.request(method, path, body, headers)
        r = c.getresponse()
        text = r.read()
        c.close()
        return r.status, text

    def post(self, request, token=None):
        """The reply to a value or a text; None: nothing was said."""
        text = request if isinstance(request, str) else json.dumps(request)
        status, body = self.http("POST", "/rpc", text, token)
        if status == 204:
            expect(body == b"", "204 has no body")
            return None
        expect(status == 200, f"POST /rpc: {status} {body!r} to {text[:200]}")
        return json.loads(body)

    def text(self, request):
        """What comes back on one connection until it is closed."""
        with socket.create_connection((self.host, self.port), TIMEOUT) as s:
            s.sendall(request.encode())
            s.shutdown(socket.SHUT_WR)
            text = b""
            while True:
                part = s.recv(65536)
                if not part:
                    break
                text += part
        return text.decode()

    def lines(self, *requests):
        """The same of JSON lines, as values."""
        lines = [r if isinstance(r, str) else json.dumps(r) for r in requests]
        return [json.loads(x) for x in self.text("\n".join(lines) + "\n").splitlines()]

    def events(self, path, token=None):
        """A generator of (id, name, data) of GET /events."""
        c = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)
        c.request("GET", path, headers={"Authorization": "Bearer " + token} if token else {})
        r = c.getresponse()
        expect(r.status == 200, f"GET {path}: {r.status}")
        kind = r.getheader("Content-Type", "")
        expect(kind.startswith("text/event-stream"), f"GET {path}: {kind}")
        fields = {}
        for raw in r:
            line = raw.decode().rstrip("\r\n")
            if not line:
                if "data" in fields:
                    yield fields.get("id"), fields.get("event"), json.loads(fields["data"])
                fields = {}
            elif not line.startswith(":"):
                key, _, value = line.partition(":")
                fields[key] = value.lstrip(" ")


def expect(held, text):
    if not held:
        print("not ok -", text[:2000])
        sys.exit(1)


def call(method, params=None, **more):
    request = {"jsonrpc": "2.0", "method": method, "id": 1}
    if params is not None:
        request["params"] = params
    request.update(more)
    return request


class Judge:
    """The document, and whether things fit it."""

    def __init__(self, doc, validator):
        self.doc, self.validator = doc, validator
        self.methods = {m["name"]: m for m in doc["methods"]}
        self.seen = set()

    def fits(self, schema, value, what):
        whole = {"allOf": [schema], "components": self.doc["components"]}
        errors = sorted(self.validator(whole).iter_errors(value), key=lambda e: list(e.path))
        expect(not errors, f"{what}: {[(list(e.path), e.message) for e in errors][:3]}")

    def codes(self, method):
        names = [e["$ref"].split("/")[-1] for e in method["errors"]]
        return [self.doc["components"]["errors"][n]["code"] for n in names]

    def component(self, name, value, what):
        self.fits({"$ref": "#/components/schemas/" + name}, value, what)

    def reply(self, request, reply, want=None):
        """want: True, an error code, or None for either.  Gives the result."""
        what = json.dumps(request)[:300]
        expect(isinstance(reply, dict), f"{what}: one reply, got {reply!r}")
        if "error" in reply:
            self.component("ErrorReply", reply, what)
            code = reply["error"]["code"]
            expect(want in (None, code), f"{what}: wants {want}, got {reply['error']}")
            method = isinstance(request, dict) and self.methods.get(request.get("method"))
            expect(not method or code in self.codes(method), f"{what}: {code} is not one of its errors")
        else:
            self.component("Reply", reply, what)
            expect(want in (None, True), f"{what}: wants {want}, got {json.dumps(reply)[:300]}")
            method = self.methods[request["method"]]
            self.fits(method["result"]["schema"], reply["result"], what)
            self.seen.add(request["method"])
        if isinstance(request, dict) and "id" in request:
            expect(reply["id"] == request["id"], f"{what}: the id comes back, got {reply['id']!r}")
        return reply.get("result")


# ---- the document itself ----

def has_form(value, form, where):
    words = MODEL[form].split()
    for w in words:
        expect(not w.endswith("*") or w[:-1] in value, f"{where}: OpenRPC wants {w}")
    for key in value:
        expect(key.startswith("x-") or key in (w.rstrip("*") for w in words),
               f"{where}: OpenRPC has no {key}")


def document(judge):
    """OpenRPC's own rules, and that every schema is one."""
    doc = judge.doc
    has_form(doc, "document", "document")
    has_form(doc["info"], "info", "info")
    has_form(doc["components"], "components", "components")
    for name, s in doc["components"]["schemas"].items():
        judge.validator.check_schema(s)
    for name, e in doc["components"]["errors"].items():
        has_form(e, "error", name)
    for name, d in doc["components"]["contentDescriptors"].items():
        has_form(d, "descriptor", name)
    for name, t in doc["components"]["tags"].items():
        has_form(t, "tag", name)
    expect(len(judge.methods) == len(doc["methods"]), "a method is there once")
    for m in doc["methods"]:
        has_form(m, "method", m.get("name"))
        optional = False
        for d in m["params"] + [m["result"]]:
            has_form(d, "descriptor", m["name"])
            judge.validator.check_schema(d["schema"])
        for d in m["params"]:
            expect(d["required"] is not optional or not optional,
                   f"{m['name']}: what must be there comes first")
            optional = optional or not d["required"]
        for ref in m["errors"] + m["tags"]:
            kind, name = ref["$ref"].split("/")[-2:]
            expect(name in doc["components"][kind], f"{m['name']}: {ref}")


# ---- requests ----

def good_calls():
    """Method to what to call it with, and what comes of it: True, a code or None for either."""
    return {
        "miner.summary": [(None, True), ({}, True), ([], True)],
        "miner.devices": [(None, True)],
        "miner.pools": [(None, True)],
        "miner.shares": [(None, True)],
        "miner.events": [(None, True), ({"since": 0}, True), ([2 ** 53], True),
                         ({"since": -1}, -32602), ({"since": "1"}, -32602)],
        "miner.config": [(None, True)],
        "miner.algorithms": [(None, True)],
        "miner.version": [(None, True)],
        "rpc.discover": [(None, True)],
        "miner.pause": [(None, True)],
        "miner.resume": [(None, True)],
        "miner.reload": [(None, True)],
        "miner.quit": [],  # the last thing a test does
        "device.pause": [({"device": 0}, True), (["sim:1"], True), ({"device": 99}, -32602),
                         ({"device": "cuda:0"}, -32602), ({"device": None}, -32602)],
        "device.resume": [({"device": "sim:0"}, True), ([1], True)],
        "device.restart": [({"device": 2}, True)],
        "device.set_intensity": [({"device": 0, "log2": 16}, True), ([0, 0], True),
                                 ({"device": 0, "log2": 41}, -32602),
                                 ({"device": 0, "log2": 1.5}, -32602)],
        # This rig has neither --allow-power nor sensors.
        "device.set_power_limit": [({"device": 0, "watts": 100}, -32000), ([0, 0], -32000),
                                   ({"device": 0, "watts": -1}, -32602)],
        "device.set_temp_target": [({"device": 0, "celsius": 60}, -32000), ([0, 0], True),
                                   ({"device": 0, "celsius": 131}, -32602),
                                   ({"device": 0, "celsius": 29}, -32602)],
        "pool.switch": [({"pool": 1}, True), ([0], True), ({"pool": 9}, -32602),
                        ({"pool": "0"}, -32602)],
        "pool.disable": [({"pool": 1}, True), ({"pool": 0}, -32000)],
        "pool.enable": [({"pool": 1}, True)],
        "pool.add": [({"url": "127.0.0.1:1", "user": "another"}, True),
                     ({"url": "nonsense://", "user": "another"}, -32602),
                     ({"url": "127.0.0.1:1", "user": 1}, -32602), ({"url": "x", "pass": "y"}, -32602)],
        "pool.priority": [({"pool": 2, "place": 1}, True), ([1, 2], True), ([0, 9], -32602)],
        "pool.remove": [({"pool": 2}, True), ({"pool": -1}, -32602)],
    }


def reads(judge):
    return [m for m in judge.methods if "read" in str(judge.methods[m]["tags"])]


def right_calls(judge, rig):
    """Every method as it is meant, and with what it is not meant to take."""
    table = good_calls()
    for name in judge.methods:
        expect(name in table, f"{name}: tests/e2e/api_schema.py does not call it yet")
    for name, cases in table.items():
        for params, want in cases:
            request = call(name, params)
            judge.reply(request, rig.post(request, rig.write), want)


def wrong_calls(judge, rig):
    for name, m in judge.methods.items():
        needed = [p for p in m["params"] if p["required"]]
        wrong = [{"nonsense": 1}, [1] * (len(m["params"]) + 1)]
        wrong += [{}, []] if needed else []
        for params in wrong:
            request = call(name, params)
            judge.reply(request, rig.post(request, rig.write), -32602)
        for params in (1, "x", True, None):
            request = call(name)
            request["params"] = params
            judge.reply(request, rig.post(request, rig.write), -32600)


def rights(judge, rig):
    """What a call may, by its token; one wrong token only: they are counted."""
    for name, m in judge.methods.items():
        request = call(name)
        if name not in reads(judge):
            judge.reply(request, rig.post(request, rig.read), -32001)
            judge.reply(request, rig.lines(request)[0], -32001)
        elif rig.read:
            judge.reply(request, rig.post(request, rig.read), True)
            judge.reply(request, rig.lines({"auth": rig.read}, request)[1], True)
            judge.reply(request, rig.lines(request)[0], -32001)
        else:
            judge.reply(request, rig.post(request), True)
            judge.reply(request, rig.lines(request)[0], True)
        if m["params"] == []:
            request = call(name, {"token": rig.read or rig.write})
            reply = rig.lines(request)[0] if name in reads(judge) else None
            if reply:
                judge.reply(request, reply, True)
    if rig.read:
        status, _ = rig.http("POST", "/rpc", json.dumps(call("miner.version")))
        expect(status == 401, f"without a token: 401, got {status}")
        status, _ = rig.http("GET", "/schema")
        expect(status == 401, f"the schema is not for everybody: 401, got {status}")
    auth = rig.lines({"auth": rig.write}, call("miner.version"))
    judge.component("AuthReply", auth[0], "auth")
    expect(auth[0] == {"auth": "write"}, f"auth: {auth[0]}")
    judge.reply(call("miner.version"), auth[1], True)


def secrets(judge, rig):
    """No password anywhere; accounts are masked for who may not write."""
    for name in reads(judge):
        for token in (rig.read, rig.write):
            text = json.dumps(rig.post(call(name), token))
            expect("secret-pass" not in text, f"{name} shows a password")
            expect(rig.write not in text, f"{name} shows the token")
            if token is rig.read:
                expect("secret-wallet" not in text, f"{name} shows a wallet")


def envelopes(judge, rig):
    """JSON-RPC's own rules."""
    version = call("miner.version")
    read = rig.read or rig.write
    for odd in ("7", 7, -1.5, None, 2 ** 53, ""):
        request = dict(version, id=odd)
        judge.reply(request, rig.post(request, read), True)
    for text, code in (("{", -32700), ("nonsense", -32700), ("", -32700),
                       ('{"jsonrpc":"2.0","jsonrpc":"2.0","method":"miner.version","id":1}', -32700),
                       ("[" * 17 + "]" * 17, -32700), ("1", -32600), ('"x"', -32600),
                       ("[]", -32600), ("{}", -32600)):
        reply = rig.post(text, read)
        judge.component("ErrorReply", reply, text)
        expect(reply["error"]["code"] == code and reply["id"] is None, f"{text}: {reply}")
    for change in ({"jsonrpc": "1.0"}, {"jsonrpc": 2.0}, {"method": 1}, {"id": []}, {"id": {}},
                   {"id": True}):
        reply = rig.post(dict(version, **change), read)
        judge.component("ErrorReply", reply, str(change))
        expect(reply["error"]["code"] == -32600, f"{change}: {reply}")
    request = call("miner.nonsense")
    judge.reply(request, rig.post(request, read), -32601)
    told = {"jsonrpc": "2.0", "method": "miner.version"}
    for silent in (told, dict(told, method="miner.nonsense"), [told, told]):
        expect(rig.post(silent, read) is None, f"{silent}: nothing is said")
    batches(judge, rig, read, version, told)


def batches(judge, rig, read, version, told):
    replies = rig.post([version, told, 1, dict(version, id=2, method="miner.pools"),
                        dict(version, id="x", method="no")], read)
    expect(isinstance(replies, list) and len(replies) == 4, f"a batch: {replies}")
    judge.reply(version, replies[0], True)
    judge.component("ErrorReply", replies[1], "1 in a batch")
    judge.reply(dict(version, id=2, method="miner.pools"), replies[2], True)
    judge.reply(dict(version, id="x", method="no"), replies[3], -32601)
    expect(len(rig.post([version] * 32, read)) == 32, "32 are a batch")
    reply = rig.post([version] * 33, read)
    judge.component("ErrorReply", reply, "33 in a batch")
    lines = rig.lines({"auth": read}, told, version, [version, told], dict(version, id=9), "{", version)
    expect([x.get("id") if isinstance(x, dict) else len(x) for x in lines[1:]] == [1, 1, 9, None],
           f"lines: a notification is silent, what is malformed ends it: {lines}")
    judge.component("ErrorReply", lines[-1], "a malformed line")


def events(judge, rig):
    """GET /events tells what miner.events does."""
    read = rig.read or rig.write
    known = rig.post(call("miner.events"), read)["result"]
    expect(known, "there are events")
    ids = [e["id"] for e in known]
    expect(ids == sorted(set(ids)), f"ids grow: {ids}")
    after = rig.post(call("miner.events", {"since": ids[0]}), read)["result"]
    expect(after[0]["id"] == ids[0] + 1, "since leaves out what is known")
    # An id of the future is one of another run: that is said, and all there are follow.
    for path in ("/events?since=0", "/events?since=9007199254740992"):
        told, lost = [], 0
        for number, name, data in rig.events(path, read):
            if name == "lost":
                judge.component("Lost", data, "lost")
                lost += 1
                continue
            judge.component("Event", data, "an event")
            expect(int(number) == data["id"] and name == data["name"], f"{number} {name} {data}")
            told.append(data)
            if len(told) == len(known):
                break
        expect(told == known, f"GET {path} and miner.events agree: {told} {known}")
        expect(lost == (path != "/events?since=0"), f"{path}: {lost} times lost")


def too_many_wrong_tokens(judge, rig):
    """Ends with everybody of this address waiting."""
    request = call("miner.version", {"token": "wrong-" * 4})
    codes = set()
    for _ in range(200):
        reply = rig.lines(request)[0]
        judge.component("ErrorReply", reply, "a wrong token")
        codes.add(reply["error"]["code"])
        if -32002 in codes:
            break
    expect(codes == {-32001, -32002}, f"wrong tokens: {codes}")


def state_is(rig, state):
    read = rig.read or rig.write
    summary = rig.post(call("miner.summary"), read)["result"]
    devices = rig.post(call("miner.devices"), read)["result"]
    expect(summary["paused"] is (state == "paused"), f"{state}: {summary}")
    expect((summary["pool"] is None) is (state == "nopool"), f"{state}: {summary}")
    expect(len(devices) == summary["devices"], f"{state}: as many devices as it says")
    expect("parked" in [d["state"] for d in devices] or state == "nopool", f"{state}: {devices}")
    print("#", state, [d["state"] for d in devices])


def main():
    where, state, *files = sys.argv[1:]
    try:
        from jsonschema import Draft7Validator
    except ImportError:
        print("skipped: no python3-jsonschema")
        sys.exit(77)
    tokens = [open(f, encoding="ascii").readline().strip() for f in files]
    rig = Rig(where, *tokens)
    status, text = rig.http("GET", "/schema", token=rig.read)
    expect(status == 200, f"GET /schema: {status}")
    judge = Judge(json.loads(text), Draft7Validator)
    expect(rig.post(call("rpc.discover"), rig.read)["result"] == judge.doc,
           "rpc.discover gives the same")
    document(judge)
    if state == "paused":
        judge.reply(call("miner.pause"), rig.post(call("miner.pause"), rig.write), True)
    state_is(rig, state)
    rights(judge, rig)
    secrets(judge, rig)
    envelopes(judge, rig)
    wrong_calls(judge, rig)
    if state == "nopool":
        too_many_wrong_tokens(judge, rig)
    else:
        right_calls(judge, rig)
        events(judge, rig)
        missing = set(judge.methods) - judge.seen - {"miner.quit", "device.set_power_limit"}
        expect(not missing, f"{state}: no result of {missing}")
    if state == "paused":
        judge.reply(call("miner.quit"), rig.post(call("miner.quit"), rig.write), True)
    print(f"# {state}: fits")


if __name__ == "__main__":
    main()
