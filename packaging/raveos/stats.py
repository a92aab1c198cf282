#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run by RaveOS: asks Adit over JSON-RPC; all is 0 when it does not answer."""
import json
import urllib.request
from http.client import HTTPException

import ravinos

ASK = [{"jsonrpc": "2.0", "id": "summary", "method": "miner.summary"},
       {"jsonrpc": "2.0", "id": "devices", "method": "miner.devices"}]


def ask(port):
    """Summary and devices."""
    request = urllib.request.Request("http://127.0.0.1:%d/rpc" % port, json.dumps(ASK).encode(),
                                     {"Content-Type": "application/json"})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=2) as reply:
        results = {r["id"]: r["result"] for r in json.loads(reply.read(4 << 20).decode())}
    return results["summary"], results["devices"]


def shares(of):
    counts = of.get("shares") or {}
    return {"accepted": counts.get("accepted") or 0, "invalid": counts.get("invalid") or 0,
            "rejected": (counts.get("rejected") or 0) + (counts.get("stale") or 0)}


def bus(pci):
    """"0000:0a:00.0" is 10; None when it is not known."""
    try:
        return int(pci.split(":")[-2], 16)
    except (AttributeError, IndexError, ValueError):
        return None


def fill(stats, summary, devices):
    """RaveOS knows a card by its bus."""
    found = {bus(d.get("pci")): d for d in devices}
    found.pop(None, None)
    for mpu in stats.get("mpu") or []:
        device = found.get(mpu.get("pci_id"), {})
        mpu["hash_rate1"] = (device.get("rate") or {}).get("60s") or 0
        mpu["shares"] = shares(device)
        celsius = (device.get("sensors") or {}).get("temperature_c")
        if celsius is not None:
            mpu["temp"] = celsius
    stats["shares"] = shares(summary)
    return stats


def main():
    stats = ravinos.get_stats()
    try:
        summary, devices = ask(int(ravinos.get_config().get("api_port") or 4028))
    except (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError):
        summary, devices = {}, []
    ravinos.set_stats(fill(stats, summary, devices))


if __name__ == "__main__":
    main()
