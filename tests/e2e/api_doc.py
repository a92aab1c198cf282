#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""doc/api.md against a running rig: every example is replayed, every method and code is there.

usage: api_doc.py FILE HOST:PORT TOKEN_FILE [SAID=REAL...] [write]
The rig is that of tests/e2e/api_doc.sh.  Blocks of FILE are told apart by what stands behind
```: `json request` is sent, and the next `json reply` has the shape of what comes back (keys and
types) and its values, but for those that differ from run to run; `json line` and `json said` are
the same on one connection of JSON lines, one a line; `sh` and `python` are run, and the `json
output` or `text output` behind is what they print; `text` is only text.  A table below
<!-- fields: NAME --> is what the schema says of NAME.  What FILE says as SAID is REAL here.  With `write`, tables and replies that do
not fit are put right in FILE instead.
"""
import json
import os
import re
import subprocess
import sys
import time

from api_schema import Rig, call, expect

PLACE = "127.0.0.1:4028"           # in the document
TOKEN_FILE = "/etc/adit/api-token"
KINDS = ("json request", "json reply", "json line", "json said", "json event", "sh", "python",
         "json output", "text output", "text")
# Of miner.config.
SHOWN = ("algo", "devices", "time-limit", "temp-limit", "power-limit", "allow-power", "schedule",
         "on-event", "api-bind", "api-token-file", "pools")
# What is not the same in every run.
LOOSE = set("""started_ms now_ms uptime_s at_ms jobs height difficulty best_difficulty 10s 60s 15m
    accepted accepted_difficulty stale lost hashes latency_ms turnaround_ms submit_ms
    share_rate connects drops blocks label last_error energy_j where rate low high
    duty left_s progress state reason intensity""".split())


class Doc:
    """The document, what runs it, and what is wrong with it."""

    def __init__(self, path, rig, write):
        self.path, self.rig, self.write = path, rig, write
        with open(path, encoding="utf-8") as f:
            self.text = f.read()
        self.schema = rig.post(call("rpc.discover"))["result"]
        self.names = {}
        self.faults = []

    def fault(self, line, text):
        self.faults.append(f"{self.path}:{line}: {text}")

    def here(self, text):
        """What the document says, as it is on this machine."""
        for said, real in self.names.items():
            text = text.replace(said, real)
        return text

    def there(self, text):
        for said, real in self.names.items():
            text = text.replace(real, said)
        text = text.replace('"127.0.0.1:0"', f'"{PLACE}"')
        version = self.schema["info"]["version"]
        return text.replace('"' + version + '"', '"0.1.0"')


def blocks(text):
    """(line, kind, body, start, end) of every fenced block."""
    for m in re.finditer(r"^```([^\n`]*)\n(.*?)^```$", text, re.M | re.S):
        yield text.count("\n", 0, m.start()) + 1, m.group(1).strip(), m.group(2), m.start(2), m.end(2)


def kind_of(value):
    return ("null" if value is None else "boolean" if isinstance(value, bool) else
            "number" if isinstance(value, (int, float)) else type(value).__name__)


def is_list_of(value, member):
    return isinstance(value, list) and value and isinstance(value[0], dict) and member in value[0]


def differs(want, got, key="", path="reply"):
    """Why what the document shows is not what came, or None."""
    loose = key in LOOSE or key.startswith("event ")
    if isinstance(want, dict) and isinstance(got, dict):
        if "api-bind" in want:
            got = {k: v for k, v in got.items() if k in want}
        if set(want) != set(got):
            return f"{path}: {sorted(set(want) ^ set(got))}"
        for k in want:
            name = "event " + k if "severity" in want else k
            why = differs(want[k], got[k], name, f"{path}.{k}")
            if why:
                return why
        return None
    if isinstance(want, list) and isinstance(got, list):
        if is_list_of(want, "severity") and is_list_of(got, "severity"):
            want = [want[0]] * len(got)  # they come as they come
        if is_list_of(want, "aliases"):
            got = [g for g in got if g["name"] in [w["name"] for w in want]]
        if len(want) != len(got):
            return f"{path}: {len(want)} there, {len(got)} here"
        for i, (w, g) in enumerate(zip(want, got)):
            why = differs(w, g, key, f"{path}[{i}]")
            if why:
                return why
        return None
    if loose and (want is None or got is None or isinstance(want, dict) or isinstance(got, dict)):
        return None
    if kind_of(want) != kind_of(got):
        return f"{path}: {kind_of(want)} there, {kind_of(got)} here"
    if not loose and want != got:
        return f"{path}: {want!r} there, {got!r} here"
    return None


def shown(value):
    """What of a long reply the document shows."""
    if is_list_of(value, "severity"):
        return value[:2]
    if is_list_of(value, "aliases"):
        return [v for v in value if v["name"] in ("scrypt", "sha256d")]
    if isinstance(value, dict) and "api-bind" in value:
        return {k: value[k] for k in SHOWN if k in value}
    return value


def pretty(value, indent=0):
    """JSON as the document has it: what fits a line is on one."""
    value = shown(value)
    one = json.dumps(value)
    if not isinstance(value, (dict, list)) or len(one) + 2 * indent <= 96 or not value:
        return one
    pad = "  " * (indent + 1)
    if isinstance(value, dict):
        inner = [f"{json.dumps(k)}: {pretty(v, indent + 1)}" for k, v in value.items()]
        ends = "{}"
    else:
        inner = [pretty(v, indent + 1) for v in value]
        ends = "[]"
    return (ends[0] + "\n" + ",\n".join(pad + x for x in inner) + "\n" + "  " * indent + ends[1])


# ---- tables ----

def type_words(schema, doc):
    if "$ref" in schema:
        name = schema["$ref"].split("/")[-1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(type_words(s, doc) for s in schema["anyOf"])
    if "const" in schema:
        return "`" + json.dumps(schema["const"]) + "`"
    if schema.get("type") == "array":
        return "array of " + type_words(schema["items"], doc)
    if "enum" in schema:
        return "one of " + ", ".join("`" + json.dumps(v) + "`" for v in schema["enum"])
    kind = schema.get("type", "any")
    return " or ".join([kind] if isinstance(kind, str) else kind)


def table(name, doc):
    """Members of an object, or the codes of all errors."""
    if name == "errors":
        rows = ["| code | when |", "| --- | --- |"]
        rows += [f"| {e['code']} | {e['message']} |" for e in doc["components"]["errors"].values()]
        return "\n".join(rows) + "\n"
    rows = ["| member | type | what it is |", "| --- | --- | --- |"]
    schema = doc["components"]["schemas"][name]
    for key, s in schema["properties"].items():
        said = s.get("description")
        if "$ref" in s:
            said = doc["components"]["schemas"][s["$ref"].split("/")[-1]].get("description")
        extra = "" if key in schema["required"] else " (may be missing)"
        rows.append(f"| `{key}` | {type_words(s, doc)}{extra} | {(said or '').replace('|', chr(92) + '|')} |")
    return "\n".join(rows) + "\n"


def tables(doc):
    marks = re.compile(r"<!-- fields: (\w+) -->\n((?:\|[^\n]*\n)*)")
    seen = set()

    def put_right(m):
        name, text = m.groups()
        seen.add(name)
        want = table(name, doc.schema)
        if text != want and not doc.write:
            line = doc.text.count("\n", 0, m.start()) + 1
            doc.fault(line, f"the table of {name} is not what the schema says "
                            f"(tests/e2e/api_doc.py ... write puts it right)")
        return f"<!-- fields: {name} -->\n{want}" if doc.write else m.group(0)
    doc.text = marks.sub(put_right, doc.text)
    hidden = {"Error", "ErrorReply", "Reply", "AuthReply", "Lost", "Config", "PoolAdded", "Version"}
    for name, s in doc.schema["components"]["schemas"].items():
        if "properties" in s and name not in seen | hidden:
            doc.fault(1, f"no table of {name}")
    if "errors" not in seen:
        doc.fault(1, "no table of errors")


# ---- replay ----

def run_script(doc, kind, body):
    """What a block of shell or Python prints."""
    argv = ["bash", "-eu", "-c"] if kind == "sh" else [sys.executable, "-c"]
    done = subprocess.run(argv + [doc.here(body)], capture_output=True, text=True, timeout=60,
                          check=False)
    if done.returncode:
        return None, f"ends with {done.returncode}: {done.stderr[-300:]}"
    return done.stdout, None


def compare_text(want, got):
    """Words as they are, numbers as numbers."""
    def shape(text):
        return re.sub(r"\d+(\.\d+)?", "0", text).split("\n")
    return None if shape(want) == shape(got) else f"prints {got!r}"


def replay(doc):
    """Every block in turn.  Gives the blocks to be replaced."""
    fixes, waiting, said = [], None, {}
    for line, kind, body, start, end in blocks(doc.text):
        if kind not in KINDS:
            doc.fault(line, f"``` {kind}: no kind of block that is known")
            continue
        if kind in ("json request", "json line", "sh", "python"):
            waiting = (kind, body, line)
            if kind == "json request":
                request = json.loads(body)
                reply = doc.rig.post(doc.here(body), doc.rig.write)
                for r in request if isinstance(request, list) else [request]:
                    if isinstance(r, dict):
                        said.setdefault(r.get("method"), line)
            elif kind == "json line":
                reply = doc.rig.lines(*doc.here(body).splitlines())
            else:
                reply, why = run_script(doc, kind, body)
                if why:
                    doc.fault(line, why)
        elif kind in ("json reply", "json output", "json said", "text output"):
            if not waiting:
                doc.fault(line, "an answer to nothing")
                continue
            why, new = judge_answer(doc, kind, body, reply)
            if why and doc.write:
                fixes.append((start, end, new))
            elif why:
                doc.fault(line, why)
            waiting = None
        elif kind == "json event":
            doc.rig_event = json.loads(body)
    return fixes, said


def judge_answer(doc, kind, body, reply):
    """Why the block is wrong, or None; and what would be right."""
    if kind == "text output":
        shown = doc.there(reply or "")
        return compare_text(body, shown), shown
    if kind == "json output":
        reply = json.loads(reply) if reply else None
    if kind == "json said":
        shown = "".join(doc.there(json.dumps(r)) + "\n" for r in reply)
        want = [json.loads(x) for x in body.splitlines()]
        return differs(want, json.loads(doc.there(json.dumps(reply)))), shown
    got = json.loads(doc.there(json.dumps(reply)))
    if not body.strip():
        return ("the block is empty" if reply is not None else None), pretty(got) + "\n"
    try:
        want = json.loads(body)
    except ValueError as e:
        return str(e), pretty(got) + "\n"
    return differs(want, got), pretty(got) + "\n"


def coverage(doc, said):
    """Every method has a heading and an example, every event a word."""
    for m in doc.schema["methods"]:
        section = re.search(rf"\n### {re.escape(m['name'])}\n(.*?)(?=\n##|\Z)", doc.text, re.S)
        if not section:
            doc.fault(1, f"no section of {m['name']}")
        for p in m["params"]:
            if section and f'"{p["name"]}"' not in section.group(1):
                doc.fault(1, f"{m['name']}: nothing of its parameter {p['name']}")
        if m["name"] not in said:
            doc.fault(1, f"no example of {m['name']}")
    for name in re.findall(r"\n### ((?:miner|device|pool|rpc)\.\w+)\n", doc.text):
        if name not in [m["name"] for m in doc.schema["methods"]]:
            doc.fault(1, f"{name} is no method")
    event = doc.schema["components"]["schemas"]["Event"]["properties"]["name"]["enum"]
    for name in event:
        if f"`{name}`" not in doc.text:
            doc.fault(1, f"the event {name} is not explained")


# ---- other miners' dialects ----

def sources(doc):
    """Words and paths that the sources have tables of: the document has them too."""
    root = os.path.join(os.path.dirname(doc.path), "..", "src", "api")
    words = set()
    for name in sorted(os.listdir(root)):
        if name.startswith("tool_") and name.endswith(".c"):
            with open(os.path.join(root, name), encoding="utf-8") as f:
                rows = re.findall(r'\{"([/a-z][a-z0-9_./-]*)",\s*(\w+)', f.read())
            words |= {w for w, what in rows if what != "not_here"}
    expect(len(words) > 30, f"tables of words in {root}: {sorted(words)}")
    for w in sorted(words):
        if f"`{w}`" not in doc.text and f"`GET {w}`" not in doc.text:
            doc.fault(1, f"no word of {w}, which tools ask for")


def dialects(doc):
    """What the document says is asked is answered."""
    for path in re.findall(r"`GET (/[^` ]*)`", doc.text):
        if path == "/events":
            continue
        status, body = doc.rig.http("GET", path)
        if status != 200 or not body:
            doc.fault(1, f"GET {path}: {status}")
    for word in set(re.findall(r"`(miner_\w+|getstat)`", doc.text)):
        reply = doc.rig.lines({"id": 0, "jsonrpc": "2.0", "method": word})
        if not reply or "no such method" in str(reply[0].get("error")):
            doc.fault(1, f"{word} is no word of theirs: {reply}")
    rows = re.findall(r"^\| (?:cgminer|ccminer)[^|]*\|(?:[^|\\]|\\.)*\|([^|]*)\|$", doc.text, re.M)
    expect(len(rows) == 2, f"rows of cgminer and ccminer: {rows}")
    for word in re.findall(r"`(\w+)`", rows[0]):
        reply = doc.rig.text("check|" + word)
        if "Exists=Y" not in reply:
            doc.fault(1, f"{word} is no word of cgminer's: {reply}")
    for word in re.findall(r"`(\w+)`", rows[1]):
        reply = doc.rig.text(word)
        if not reply or "Invalid command" in reply:
            doc.fault(1, f"{word} is no word of ccminer's: {reply}")


def await_sensors(doc):
    """They are read now and then; nothing tells when."""
    for _ in range(600):
        devices = doc.rig.post(call("miner.devices"))["result"]
        if all(d["sensors"]["energy_j"] is not None for d in devices):
            return
        time.sleep(0.1)
    expect(False, f"sensors are read: {devices}")


def main():
    path, where, token_file, *more = sys.argv[1:]
    with open(token_file, encoding="ascii") as f:
        token = f.readline().strip()
    doc = Doc(path, Rig(where, token), "write" in more)
    doc.names = dict(m.split("=", 1) for m in more if "=" in m)
    doc.names.update({PLACE: where, PLACE.replace(":", " "): where.replace(":", " "),
                      TOKEN_FILE: token_file})
    await_sensors(doc)
    tables(doc)
    sources(doc)
    dialects(doc)
    fixes, said = replay(doc)
    for start, end, new in reversed(fixes):
        doc.text = doc.text[:start] + new + doc.text[end:]
    coverage(doc, said)
    if doc.write:
        open(path, "w", encoding="utf-8").write(doc.text)
        print(f"# {len(fixes)} blocks put right")
    expect(not doc.faults, "\n".join(doc.faults))
    print(f"# {len(list(blocks(doc.text)))} blocks, {len(said)} methods")


if __name__ == "__main__":
    main()
