# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever wants the API, or the rig, to stop: slow, silent, loud, huge and guessing clients.
usage: api_hostile.py PORT PID TOKEN SANITIZED   exit 0, or 1 with one line"""
import json
import os
import random
import re
import socket
import struct
import sys
import time

PORT, PID, TOKEN, SANITIZED = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4] == "yes"
LIMIT = 60
SLOW = 200
RSS_ROOM_KB = 64 * 1024  # 512 connections that each hold all they may


def fail(text):
    print(f"not ok - {text}")
    sys.exit(1)


def connect():
    s = socket.create_connection(("127.0.0.1", PORT), LIMIT)
    s.settimeout(LIMIT)
    return s


def send(s, data):
    """Whether it was taken: the listener may have hung up."""
    try:
        s.sendall(data)
        return True
    except OSError:
        return False


def rest(s):
    """All that still comes, until the end."""
    out = b""
    try:
        while True:
            data = s.recv(65536)
            if not data:
                return out
            out += data
    except ConnectionError:
        return out


def ask(data):
    with connect() as s:
        send(s, data)
        return rest(s)


def post(body, *headers, length=None):
    lines = ["POST /rpc HTTP/1.1", "Host: 127.0.0.1", "Connection: close",
             "Content-Type: application/json", f"Content-Length: {length or len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def rpc(method, *headers):
    body = json.dumps({"jsonrpc": "2.0", "method": method, "id": 1}).encode()
    answer = ask(post(body, *headers))
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.split(b" ")[1].decode(), json.loads(body) if body.startswith(b"{") else None


def summary(when):
    status, body = rpc("miner.summary")
    if status != "200" or "result" not in body:
        fail(f"{when}: the API answers, got {status} {body}")
    return body["result"]


def memory(key):
    with open(f"/proc/{PID}/status", encoding="ascii") as f:
        return int(re.search(rf"{key}:\s+(\d+)", f.read()).group(1))


def files():
    return len(os.listdir(f"/proc/{PID}/fd"))


def is_open(s):
    s.setblocking(False)
    try:
        return s.recv(4096) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


# ---- who is slow: a request that never ends, and nothing at all ----

def begin_slow():
    starts = [b"GET /metrics HTTP/1.1\r\nHost: 127.0", b'{"jsonrpc": "2.0", "method": "mi',
              b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000\r\n"
              b"Content-Type: application/json\r\n\r\n[", b""]
    slow = [connect() for _ in range(SLOW)]
    for i, s in enumerate(slow):
        send(s, starts[i % len(starts)])
    return slow


def await_slow(slow):
    """A byte now and then does not keep them: all are gone in a bounded time."""
    end = time.monotonic() + LIMIT
    while slow:
        if time.monotonic() > end:
            fail(f"{len(slow)} of {SLOW} slow clients are still there after {LIMIT} s")
        for i, s in enumerate(slow):
            if i % 4:
                send(s, b" ")
        left = []
        for s in slow:
            if is_open(s):
                left.append(s)
            else:
                s.close()
        slow = left
        time.sleep(0.25)


# ---- who is loud ----

def garbage():
    rng = random.Random(4028)
    for i in range(150):
        first = [b"G", b"{", b"[", b"\0", b"\x16\x03\x01", b"summary", b"\xff"][i % 7]
        with connect() as s:
            send(s, first + rng.randbytes(rng.choice([1, 100, 5000, 100000])))
            s.shutdown(socket.SHUT_WR) if i % 2 else None
            if i % 3 == 0:
                continue  # away without reading
            if i % 2:
                rest(s)


def half_open():
    for i in range(150):
        s = connect()
        if i % 3 == 0:  # a reset instead of an end
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if i % 3 == 1:
            send(s, b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        if i % 3 == 2:
            s.shutdown(socket.SHUT_WR)
        s.close()


def never_reads():
    """Asks and asks, and takes no answer: what is unsent has a bound."""
    deaf = []
    for _ in range(8):
        s = connect()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(0.2)
        send(s, b'{"jsonrpc":"2.0","method":"miner.events","id":1}\n' * 4000)
        deaf.append(s)
    return deaf


# ---- who is huge ----

def must_be(data, statuses, what):
    answer = ask(data)
    if not any(answer.startswith(b"HTTP/1.1 " + s) for s in statuses):
        fail(f"{what} is refused with {statuses}, got {answer[:60]!r}")


def huge():
    must_be(post(b"", length=1000000000), [b"413"], "a body of 1 GB")
    must_be(post(b"", length=65537), [b"413"], "a body over the limit")
    must_be(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 20000 + b"\r\n\r\n", [b"431"],
            "a head of 20 kB")
    must_be(b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", [b"414"],
            "a path of 5 kB")
    must_be(post(b"[" * 60000), [b"200"], "what is nested too deep")  # by JSON-RPC's own error
    answer = ask(b'{"x": "' + b"y" * 200000)
    if b"-32700" not in answer:
        fail(f"a line of 200 kB is refused, got {answer[:60]!r}")


# ---- who guesses ----

def guesses():
    seen = set()
    for i in range(40):
        status, body = rpc("miner.pause", f"Authorization: Bearer {i:032d}")
        if status == "200" or (body and body.get("result") is True):
            fail(f"guess {i} paused the rig")
        seen.add(status)
    if not {"401", "429"} <= seen:
        fail(f"guesses are refused, then not looked at: {seen}")
    with connect() as s:
        for i in range(20):
            if not send(s, b'{"auth": "%032d"}\n' % i):
                break
        if b'"write"' in rest(s):
            fail("a guess on a line got the right to write")
    status, _ = rpc("miner.version", f"Authorization: Bearer {TOKEN}")
    if status not in ("200", "429"):
        fail(f"the right token is good, or must wait as well, got {status}")


def await_files(want):
    end = time.monotonic() + LIMIT
    while files() > want:
        if time.monotonic() > end:
            fail(f"{files()} descriptors {LIMIT} s after, {want} before")
        time.sleep(0.1)


def main():
    n_files, before = files(), summary("before")
    rss = memory("VmRSS")
    slow = begin_slow()
    summary(f"with {SLOW} slow clients")
    garbage()
    half_open()
    deaf = never_reads()
    summary("after garbage")
    huge()
    guesses()
    if summary("after guesses")["paused"]:
        fail("somebody paused the rig")
    await_slow(slow)
    for s in deaf:
        s.close()
    await_files(n_files)
    if not SANITIZED and memory("VmHWM") > rss + RSS_ROOM_KB:
        fail(f"it held {memory('VmHWM')} kB, {rss} before")
    end = time.monotonic() + LIMIT
    while summary("after all")["shares"]["accepted"] <= before["shares"]["accepted"]:
        if time.monotonic() > end:
            fail("shares are accepted meanwhile")
        time.sleep(0.2)
    print(f"# memory {rss} kB, {memory('VmHWM')} kB at most; {n_files} descriptors")


main()
