#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What many monitoring tools cost a rig: 32 simulated devices mine on the local pool while
bench/api_load polls.  Windows take turns: nobody asks; the clients ask this rig; the clients ask
another rig on the same machine, which takes as much of its processor but nothing of our
supervisor.  What is lost in the second and not in the third is the API's doing.
usage: api_load.py ADIT API_LOAD [ROUNDS [SECONDS [CLIENTS [HZ [READERS]]]]]  (prints JSON)
"""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

DEVICES = 32
TICK = os.sysconf("SC_CLK_TCK")


def wait_line(path, regex):
    """The first match in a growing file."""
    for _ in range(600):
        with open(path, encoding="utf-8", errors="replace") as f:
            match = re.search(regex, f.read())
        if match:
            return match
        time.sleep(0.1)
    raise SystemExit(f"{path}: no '{regex}' in a minute")


class Rig:
    """A pool and a miner on it.  Batches of 200 ms: two are in flight, so that a device idles
    only where its worker gets no processor, or the supervisor no turn, for as long as that."""

    def __init__(self, adit, where, name):
        pool_out = open(f"{where}/{name}-pool.out", "w+", encoding="utf-8")
        self.pool = subprocess.Popen(
            [adit, "pool", "-a", "sha256d", "--listen", "127.0.0.1:0", "--diff", "0.000005"],
            stdout=pool_out, stderr=subprocess.DEVNULL)
        pool = wait_line(pool_out.name, r"listening on .*:(\d+)").group(1)
        log = open(f"{where}/{name}.log", "w+", encoding="utf-8")
        self.miner = subprocess.Popen(
            [adit, "mine", "-a", "sha256d", "-o", f"127.0.0.1:{pool}", "-u", "rig", "-d",
             f"sim:{DEVICES}", "--sim", "rate=2k", "--batch-ms", "200", "--api-bind", "127.0.0.1:0"],
            stdout=subprocess.DEVNULL, stderr=log)
        self.port = int(wait_line(log.name, r"API at 127\.0\.0\.1:(\d+)").group(1))
        self.log = log.name

    def ask(self, method):
        body = json.dumps({"jsonrpc": "2.0", "method": method, "id": 1}).encode()
        with socket.create_connection(("127.0.0.1", self.port), 30) as s:
            s.sendall(body + b"\n")
            with s.makefile("rb") as f:
                return json.loads(f.readline())["result"]

    def hashes(self):
        return sum(d["hashes"] for d in self.ask("miner.devices"))

    def cpu_s(self):
        with open(f"/proc/{self.miner.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def status(self, key):
        with open(f"/proc/{self.miner.pid}/status", encoding="ascii") as f:
            return int(re.search(rf"{key}:\s+(\d+)", f.read()).group(1))

    def files(self):
        return len(os.listdir(f"/proc/{self.miner.pid}/fd"))

    def end(self):
        for p in (self.miner, self.pool):
            p.terminate()
            p.wait()


def busy_s():
    """Processor time the whole machine has used."""
    with open("/proc/stat", encoding="ascii") as f:
        v = [int(x) for x in f.readline().split()[1:]]
    return (sum(v) - v[3] - v[4]) / TICK


def window(rig, tool, target, seconds, clients, hz, readers):
    """One window; target: the rig that is asked, or None."""
    start = time.monotonic()
    hashes, cpu, busy = rig.hashes(), rig.cpu_s(), busy_s()
    load = None
    if target:
        load = json.loads(subprocess.run(
            [tool, str(target.port), str(seconds), str(clients), str(hz), str(readers)],
            check=True, stdout=subprocess.PIPE).stdout)
    else:
        time.sleep(seconds)
    time.sleep(0.3)  # while many ask, what they are told is up to 0.1 s old
    hashes, took = rig.hashes() - hashes, time.monotonic() - start
    return {"rate": hashes / took, "cpu": (rig.cpu_s() - cpu) / took,
            "machine": (busy_s() - busy) / took, "rss_kb": rig.status("VmRSS"),
            "files": rig.files(), "load": load}


def mean(rows, key):
    return sum(r[key] for r in rows) / len(rows)


def main():
    adit, tool = sys.argv[1:3]
    numbers = [int(x) for x in sys.argv[3:]]
    rounds, seconds, clients, hz, readers = numbers + [3, 60, 200, 10, 10][len(numbers):]
    with tempfile.TemporaryDirectory() as where:
        rigs = [Rig(adit, where, "rig"), Rig(adit, where, "other")]
        try:
            for r in rigs:
                wait_line(r.log, r"accepted")
            while any(d["state"] != "mining" for d in rigs[0].ask("miner.devices")):
                time.sleep(1)
            targets = {"idle": None, "asked": rigs[0], "elsewhere": rigs[1]}
            rows = {name: [] for name in targets}
            rss = rigs[0].status("VmRSS"), rigs[0].files()
            for _ in range(rounds):
                for name, target in targets.items():
                    rows[name].append(
                        window(rigs[0], tool, target, seconds, clients, hz, readers))
                    print(name, json.dumps(rows[name][-1]), file=sys.stderr)
            time.sleep(3)  # until the last connections have lingered
            after = rigs[0].status("VmRSS"), rigs[0].files()
            summary = rigs[0].ask("miner.summary")
        finally:
            for r in rigs:
                r.end()
    idle, asked, other = (mean(rows[k], "rate") for k in ("idle", "asked", "elsewhere"))
    result = {
        "commit": subprocess.run(["git", "-C", os.path.dirname(os.path.abspath(__file__)),
                                  "rev-parse", "--short", "HEAD"], check=False,
                                 stdout=subprocess.PIPE, text=True).stdout.strip(),
        "devices": DEVICES, "clients": clients, "hz": hz, "readers": readers,
        "seconds": seconds, "rounds": rounds, "cores": os.cpu_count(),
        "rate_idle": idle, "rate_asked": asked, "rate_elsewhere": other,
        "lost_percent_asked": 100 * (1 - asked / idle),
        "lost_percent_elsewhere": 100 * (1 - other / idle),
        "supervisor_cores": {k: mean(v, "cpu") for k, v in rows.items()},
        "machine_cores": {k: mean(v, "machine") for k, v in rows.items()},
        "rss_kb": {"before": rss[0], "after": after[0]},
        "files": {"before": rss[1], "after": after[1]},
        "shares": summary["shares"],
        "windows": rows,
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
