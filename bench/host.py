#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host's side costs and how long things take, on simulated devices, on one real device
and the local pool.  Figures are printed, nothing is asserted; each is [median, least, most] of
the rounds.

usage: host.py ADIT [--rounds N] [--seconds S] [--device opencl:0] [--into FILE] [PART...]

parts (all when none is given; with --into their figures take the place of older ones in FILE):
  supervisor  processor, wake-ups and memory with 1 and with 16 simulated devices, a job every 2 s
  device      `adit bench`: idle of the device between batches, wake-ups, copies
  latency     job read to every worker, to the first batch of it; candidate to submit
  start       from exec to ready and to the first accepted share, with and without cached kernels
  shares      as many shares a second as go through, at a difficulty so low that thousands come
"""
import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

PATIENCE_S = 90


def spread(values, digits=3):
    """[median, least, most], or None."""
    known = [v for v in values if v is not None]
    if not known:
        return None
    return [float(f"{v:.{digits}g}") for v in (statistics.median(known), min(known), max(known))]


class Program:
    """A child whose standard error (or output) is read line by line."""

    def __init__(self, args, env=None, lines="stderr"):
        self.begun = time.monotonic()
        self.seen = []
        self.child = subprocess.Popen(
            args, env=env, stdin=subprocess.DEVNULL, text=True, errors="replace",
            stdout=subprocess.PIPE if lines == "stdout" else subprocess.DEVNULL,
            stderr=subprocess.PIPE if lines == "stderr" else subprocess.DEVNULL)
        self.lines = getattr(self.child, lines)

    def wait_line(self, regex):
        """Its first match in lines still to come, and when that was."""
        for line in self.lines:
            self.seen.append(line)
            match = re.search(regex, line)
            if match:
                return match, time.monotonic() - self.begun
        raise SystemExit(f"no '{regex}' in:\n{''.join(self.seen[-20:])}")

    def end(self, how=signal.SIGINT):
        """Ends it and reads the rest."""
        if self.child.poll() is None:
            self.child.send_signal(how)
        self.seen += self.lines
        self.child.wait(PATIENCE_S)
        return "".join(self.seen)


class Pool(Program):
    def __init__(self, adit, difficulty, interval_ms, algo=("sha256d",), blocks=()):
        self.algo = ["-a", *algo]
        super().__init__([adit, "pool", *self.algo, "--listen", "127.0.0.1:0", "--diff",
                          difficulty, "--job-interval", str(interval_ms), *blocks], lines="stdout")
        self.address = "127.0.0.1:" + self.wait_line(r"^listening on .*:(\d+)")[0].group(1)

    def counts(self):
        """What it says when asked."""
        self.child.send_signal(signal.SIGUSR1)
        return json.loads(self.wait_line(r"^\{.*\}")[0].group(0))


def mine(adit, pool, *args, env=None):
    return Program([adit, "mine", *pool.algo, "-o", pool.address, "-u", "host",
                    "--api-bind", "off", *args], env)


# --- /proc ----------------------------------------------------------------------


def workers_of(pid):
    found = []
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        children = f.read().split()
    for child in children:
        with open(f"/proc/{child}/cmdline", encoding="utf-8") as f:
            if "worker" in f.read().split("\0"):
                found.append(int(child))
    return found


def usage(pid):
    """Seconds of processor, times put to sleep, times interrupted; of all its threads."""
    cpu = sleeps = taken = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        base = f"/proc/{pid}/task/{task}/"
        with open(base + "schedstat", encoding="ascii") as f:
            cpu += int(f.read().split()[0]) / 1e9
        with open(base + "status", encoding="utf-8") as f:
            text = f.read()
        sleeps += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M).group(1))
        taken += int(re.search(r"^nonvoluntary_ctxt_switches:\s+(\d+)", text, re.M).group(1))
    return cpu, sleeps, taken


def rss_kib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return int(re.search(r"^VmRSS:\s+(\d+)", f.read(), re.M).group(1))


def window(pids, seconds):
    """What each process used, a second."""
    before, begun = [usage(p) for p in pids], time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - begun
    return [[(b - a) / took for a, b in zip(old, usage(p))] for p, old in zip(pids, before)]


# --- parts ----------------------------------------------------------------------


def supervisor(adit, o):
    out = {}
    for n in (1, 16):
        pool = Pool(adit, "0.000001", 2000)
        miner = mine(adit, pool, "-d", f"sim:{n}", "--sim", "rate=270")
        miner.wait_line(r" accepted: ")
        time.sleep(5)  # start-up is no part of it
        pids = [miner.child.pid] + workers_of(miner.child.pid)
        rows, memory = [], rss_kib(pids[0])
        for _ in range(o.rounds):
            rows.append(window(pids, o.seconds))
        workers = [w for row in rows for w in row[1:]]
        out[f"sim:{n}"] = {
            "supervisor_cpu_percent": spread([100 * r[0][0] for r in rows]),
            "supervisor_wakeups_per_s": spread([r[0][1] for r in rows]),
            "worker_cpu_percent": spread([100 * w[0] for w in workers]),
            "worker_wakeups_per_s": spread([w[1] for w in workers]),
            "rss_kib": [memory, rss_kib(pids[0])],
        }
        miner.end()
        pool.end(signal.SIGTERM)
    return out


def device(adit, o):
    report = subprocess.run(
        [adit, "bench", "-a", "sha256d,scrypt", "-d", o.device, "--seconds", str(o.seconds / 3),
         "--repeat", "3", "--json"], check=True, stdout=subprocess.PIPE)
    out = {"device": json.loads(report.stdout)["devices"][0]["name"]}
    for r in json.loads(report.stdout)["results"]:
        out[r["algorithm"]] = {"plan": r["plan"], "batch_ms": r["rate"]["batch_ms"],
                               "cpu_percent": r["cpu_percent"], **r["host"]}
    return out


def latency(adit, o):
    names = {"job_to_every_worker_ms": r"job to every device ([\d.]+) ms",
             "job_to_first_batch_ms": r"job to a device's first batch ([\d.]+) ms",
             "candidate_to_submit_ms": r"candidate to submit ([\d.]+) ms",
             "answer_ms": r"answers ([\d.]+) ms"}
    small = ("--set", "light_cache_items=1021", "--set", "dataset_items=16381")
    out = {}
    for difficulty, blocks, *algo in (("0.01", (), "sha256d"),
                                      ("0.001", ("--height", "11640000"), "etchash", *small),
                                      ("0.00005", ("--height", "7000"), "kawpow", *small)):
        rows = {name: [] for name in names}
        for _ in range(o.rounds):
            pool = Pool(adit, difficulty, 500, algo, blocks)
            miner = mine(adit, pool, "-d", o.device)
            miner.wait_line(r" accepted: ")
            time.sleep(o.seconds)
            text = miner.end()
            for name, regex in names.items():
                found = re.findall(regex, text)
                rows[name].append(float(found[-1]) if found else None)
            pool.end(signal.SIGTERM)
        out[algo[0]] = {name: spread(v) for name, v in rows.items()}
    return out


def start(adit, o):
    cold, warm = [], []
    pool = Pool(adit, "0.000001", 60000)
    for _ in range(o.rounds):
        with tempfile.TemporaryDirectory() as where:
            env = dict(os.environ, XDG_CACHE_HOME=where, POCL_CACHE_DIR=where + "/pocl",
                       CUDA_CACHE_PATH=where + "/cuda")
            os.mkdir(where + "/pocl")
            for rows in (cold, warm):
                miner = mine(adit, pool, "-d", o.device, env=env)
                ready = miner.wait_line(r"is ready")[1]
                rows.append((ready, miner.wait_line(r" accepted: ")[1]))
                miner.end()
    pool.end(signal.SIGTERM)
    return {f"{name}_{what}_s": spread([r[i] for r in rows])
            for name, rows in (("cold", cold), ("warm", warm))
            for i, what in enumerate(("ready", "first_share"))}


def shares(adit, o):
    pool = Pool(adit, "0.0000002", 60000)
    miner = mine(adit, pool, "-d", o.device, "--log-level", "error")
    rates, counts = [], pool.counts()
    while not counts["accepted"]:
        time.sleep(1)
        counts = pool.counts()
    for _ in range(o.rounds):
        before, begun = pool.counts()["accepted"], time.monotonic()
        time.sleep(o.seconds)
        rates.append((pool.counts()["accepted"] - before) / (time.monotonic() - begun))
    miner.end()
    text = pool.end(signal.SIGTERM)
    counts = json.loads(re.findall(r"^\{.*\}", text, re.M)[-1])
    return {"shares_per_s": spread(rates, 4),
            **{k: counts[k] for k in ("accepted", "duplicate", "low", "stale")}}


PARTS = {f.__name__: f for f in (supervisor, device, latency, start, shares)}


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("adit")
    p.add_argument("part", nargs="*", choices=[[], *PARTS])
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=float, default=10)
    p.add_argument("--device", default="opencl:0")
    p.add_argument("--into")
    o = p.parse_args()
    root = {}
    if o.into and os.path.exists(o.into):
        with open(o.into, encoding="utf-8") as f:
            root = json.load(f)
    for name in o.part or PARTS:
        root[name] = {"rounds": o.rounds, "seconds": o.seconds, **PARTS[name](o.adit, o)}
        text = json.dumps(root, indent=2)
        if o.into:
            with open(o.into, "w", encoding="utf-8") as f:
                f.write(text + "\n")
    print(text)


if __name__ == "__main__":
    sys.exit(main())
