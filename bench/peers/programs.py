#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other programs, given as commands, beside `adit bench` on one device: README.md here.

They take turns; printed are each one's median rate and the median and quartiles of Adit's rate
over it, round by round.  What a program computes is not checked: only Adit's finds are.
"""
import argparse
import json
import re
import shlex
import statistics
import subprocess
import sys

PREFIXES = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}


class Peer(argparse.Action):
    """--peer begins one; --command, --rate and --factor belong to the latest."""

    def __call__(self, parser, args, value, option=None):
        if option == "--peer":
            args.peers.append({"name": value, "factor": 1.0, "rates": [],
                               "rate": r"([0-9.]+) ?([kMGT]?)H/s"})
            return
        if not args.peers:
            parser.error(f"{option} comes after the --peer it belongs to")
        args.peers[-1][self.dest] = float(value) if self.dest == "factor" else value


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.set_defaults(peers=[])
    parser.add_argument("--adit", default="./adit", help="the program [./adit]")
    parser.add_argument("-a", "--algo", required=True)
    parser.add_argument("-d", "--device", default="opencl:0")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="a measurement of Adit's [5]")
    parser.add_argument("--limit", type=float, default=600, help="seconds for a peer's run [600]")
    parser.add_argument("--json", action="store_true", help="print JSON")
    for name in ("--peer", "--command", "--rate", "--factor"):
        parser.add_argument(name, action=Peer, default=argparse.SUPPRESS)
    args = parser.parse_args()
    for peer in args.peers:
        if "command" not in peer:
            parser.error(f"--peer {peer['name']} has no --command")
        if re.compile(peer["rate"]).groups not in (1, 2):
            parser.error("--rate has one group, the number, or two, then its prefix")
    if not args.peers or args.rounds < 1:
        parser.error("at least one --peer and one round are needed")
    return args


def run(command, limit):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=limit, check=False)
    except (OSError, subprocess.TimeoutExpired) as e:
        sys.exit(f"{command[0]}: {e}")
    return done.returncode, done.stdout.decode(errors="replace")


def rate_of_adit(args):
    command = [args.adit, "bench", "-a", args.algo, "-d", args.device, "--json", "-q",
               "--seconds", str(args.seconds), "--repeat", "1"]
    status, text = run(command, args.limit)
    if status:
        sys.exit(f"adit bench ended with {status}: {text[-300:]}")
    return json.loads(text)["results"][0]["rate"]["median"]


def rate_of_peer(args, peer):
    _, text = run(shlex.split(peer["command"]), args.limit)
    found = re.findall(peer["rate"], text)
    if not found:
        sys.exit(f"{peer['name']}: no rate in what it printed: {text[-300:]}")
    last = found[-1] if isinstance(found[-1], tuple) else (found[-1], "")
    return float(last[0]) * PREFIXES[last[1]] * peer["factor"]


def quartiles(values):
    if len(values) < 2:
        return values * 3
    return statistics.quantiles(values, n=4, method="inclusive")


def main():
    args = arguments()
    ours = []
    for number in range(args.rounds):
        turns = [None] + args.peers
        for peer in turns if number % 2 == 0 else reversed(turns):
            if peer is None:
                ours.append(rate_of_adit(args))
            else:
                peer["rates"].append(rate_of_peer(args, peer))
    rows = [{"name": "adit", "rate": statistics.median(ours), "ratio": [1, 1, 1]}]
    for peer in args.peers:
        ratio = quartiles([a / b for a, b in zip(ours, peer["rates"])])
        rows.append({"name": peer["name"], "rate": statistics.median(peer["rates"]),
                     "ratio": ratio})
    if args.json:
        print(json.dumps({"algo": args.algo, "device": args.device, "rounds": args.rounds,
                          "results": rows}, indent=1))
        return
    for row in rows:
        low, middle, high = row["ratio"]
        print(f"{row['name']:32} {row['rate']:18.0f} H/s   ours over it: {middle:.2f} "
              f"[{low:.2f}..{high:.2f}]")


main()
