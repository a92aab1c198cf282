#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Answers POST /rpc as Adit does, with two devices, the second of which tells nothing; prints its
# port.
import json
from http.server import BaseHTTPRequestHandler, HTTPServer

shares = {"accepted": 60, "rejected": 1, "stale": 2, "invalid": 3, "lost": 0}


def device(index, pci, rate, celsius, fan, invalid):
    return {"index": index, "id": "cuda:%d" % index, "pci": pci, "name": "Card",
            "rate": {"10s": rate, "60s": rate, "15m": rate},
            "sensors": {"temperature_c": celsius, "fan_percent": fan, "power_w": None},
            "shares": dict(shares, invalid=invalid)}


RESULTS = {
    "miner.summary": {"version": "0.1.0", "algo": "kawpow", "uptime_s": 4983, "devices": 2,
                      "rate": {"10s": 0, "60s": 61400500, "15m": 1},
                      "shares": dict(shares, accepted=120)},
    "miner.devices": [device(0, "0000:01:00.0", 30700000, 61, 55, 3),
                      device(1, "1a:00.0", 30700500, None, None, 0)],
}


class Stub(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        # A batch may be answered in any order.
        body = json.dumps([{"jsonrpc": "2.0", "id": a["id"], "result": RESULTS[a["method"]]}
                           for a in reversed(asked)]).encode()
        self.send_response(200 if self.path == "/rpc" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Stub)
print(server.server_port, flush=True)
server.serve_forever()
