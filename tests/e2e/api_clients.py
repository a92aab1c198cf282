# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a rig of two simulated devices as the agents of mining systems ask other miners, and takes
the answers apart as they do.  usage: api_clients.py PORT TOKEN   exit 0, or 1 with one line"""
import json
import re
import socket
import sys
import time
import urllib.request

PORT, TOKEN = int(sys.argv[1]), sys.argv[2]
LIMIT = 60
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def check(claim, text, got):
    if not claim:
        print(f"not ok - {text}: {str(got)[:400]}")
        sys.exit(1)


def get(path, accept="*/*"):
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", headers={"Accept": accept})
    with OPENER.open(request, timeout=LIMIT) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def get_json(path):
    kind, text = get(path)
    check(kind == "application/json", f"{path} is JSON", kind)
    return json.loads(text)


def talk(data, until=None):
    """As nc does: all that comes until the end, or until a byte."""
    with socket.create_connection(("127.0.0.1", PORT), LIMIT) as s:
        s.sendall(data)
        out = b""
        while until is None or until not in out:
            more = s.recv(65536)
            if not more:
                break
            out += more
    return out.decode()


def text(verb):
    answer = talk(verb.encode())
    check(answer.endswith("\0"), f"'{verb}' is answered to a NUL", answer)
    return answer[:-1]


def records(answer, mark):
    """ccminer's and cgminer's samples both: sections at '|', fields at the mark."""
    return [dict(f.split("=", 1) for f in part.split(mark) if "=" in f)
            for part in answer.split("|") if part]


def await_rates():
    """Until both have finished something to count."""
    end = time.monotonic() + LIMIT
    while not all(t[0] for t in get_json("/1/summary")["hashrate"]["threads"]):
        check(time.monotonic() < end, "both cards hash", get_json("/1/summary"))
        time.sleep(0.1)


def cgminer():
    for ask in ("summary", "summary\n"):
        fields = records(text(ask), ",")
        check(fields[0]["STATUS"] == "S" and int(fields[1]["Accepted"]) > 0
              and float(fields[1]["KHS av"]) > 0, "cgminer's summary", fields)
    check(len(records(text("devs"), ",")) == 3, "a status and two cards", text("devs"))
    v = json.loads(talk(b'{"command":"summary+devs"}').rstrip("\0"))
    check(v["summary"]["SUMMARY"][0]["KHS 30s"] > 0 and len(v["devs"]["DEVS"]) == 2,
          "joined commands, as TeamRedMiner has them", v)
    check("Code=45," in text("switchpool|0"), "text changes nothing", text("switchpool|0"))
    answer = talk(b'{"auth": "%s"}\n{"command":"switchpool","parameter":"0"}\n' % TOKEN.encode())
    check('"Code":27,' in answer, "with the token it does", answer)


def ccminer():
    for ask in ("summary", "summary\n", "summary|"):
        fields = text(ask).replace("|", ";").split(";")
        last = records(text(ask), ";")[-1]
        check(last["NAME"] == "adit" and float(last["KHS"]) > 0 and int(last["ACC"]) > 0,
              "ccminer's summary is the last record", last)
        first = {k: next(f for f in fields if f.startswith(k + "=")) for k in ("ALGO", "ACC")}
        check(first == {"ALGO": "ALGO=sha256d", "ACC": f"ACC={last['ACC']}"},
              "whoever takes the first field of a name has it as well", first)
    check(re.search(r";UPTIME=\d+;", text("summary")), "uptime", text("summary"))
    check(text("summary|").startswith("NAME=adit;"), "ccminer alone", text("summary|"))
    check([r["GPU"] for r in records(text("threads"), ";")] == ["0", "1"], "two cards",
          text("threads"))
    check(records(text("pool"), ";")[0]["ALGO"] == "sha256d", "pool", text("pool"))
    for verb, key in (("histo", "KHS"), ("hwinfo", "CARD"), ("meminfo", "MEM")):
        check(key in records(text(verb), ";")[0], verb, text(verb))


def claymore():
    for end in ("\n", ""):  # HiveOS by nc, and those that end with nothing
        ask = '{"id":0,"jsonrpc":"2.0","method":"miner_getstat1"}' + end
        v = json.loads(talk(ask.encode(), b"\n"))
        check(v["id"] == 0 and len(v["result"]) == 9 and len(v["result"][3].split(";")) == 2,
              "getstat1", v)
        if not end:
            continue
        v = json.loads(talk(b'{"id":"0", "method":"getstat"}\n', b"\n"))
        check(len(v["result"]) == 2 and sum(c["speed_sps"] for c in v["result"]) > 0,
              "miniZ's getstat", v)


def http():
    kind, page = get("/", "text/html,application/xhtml+xml,*/*;q=0.8")
    check("json" not in kind, "a browser gets no JSON", page[:80])
    for path in ("/", "/summary"):
        v = get_json(path)["Algorithms"][0]
        check(v["Total_Performance"] * v["Performance_Factor"] > 0
              and len(v["Worker_Performance"]) == 2, f"lolMiner's {path}", v)
    v = get_json("/summary")
    check(v["hashrate"] > 0 and [g["gpu_id"] for g in v["gpus"]] == [0, 1], "T-Rex's", v)
    v = get_json("/stat")
    check(sum(d["speed"] for d in v["devices"]) > 0 and v["uptime"] >= 0, "GMiner's", v)
    check(v["hashrate"]["sha256d"] > 0 and v["solution_stat"]["sha256d"]["accepted"] > 0,
          "Rigel's", v)
    v = get_json("/api/v1/status")
    check(v["miner"]["total_hashrate_raw"] > 0 and v["start_time"] <= time.time(), "NBMiner's", v)
    v = get_json("/1/summary")
    check(v["results"]["shares_good"] > 0 and len(v["hashrate"]["threads"]) == 2, "xmrig's", v)
    check(0 <= v["connection"]["uptime"] <= v["uptime"] + 1, "a connection's age", v)
    check([b["type"] for b in get_json("/2/backends")] == ["cpu", "opencl", "cuda"], "backends",
          v)
    v = get_json("/mmpos")
    check(len(v["busid"]) == len(v["hash"]) == 2, "mmpOS's", v)


await_rates()
cgminer()
ccminer()
claymore()
http()
