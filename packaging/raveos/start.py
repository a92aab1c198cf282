#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run by RaveOS: the task becomes adit.json, and Adit is started with it."""
import json
import os
import shlex
import subprocess

import ravinos

TLS = 0x2 | 0x8  # of pool_type
ALGOS = {"daggerhashimoto": "ethash", "sha256": "sha256d", "progpow-zano": "progpowz",
         "progpow_zano": "progpowz"}


def address(pool):
    """A pool's URL; pool_type says whether it is TLS where the URL does not."""
    url = pool["url"].strip()
    if "://" in url:
        return url
    return ("stratum+ssl://" if int(pool.get("pool_type") or 0) & TLS else "stratum+tcp://") + url


def configuration(cfg, api):
    """What Adit is to do, by its long option names."""
    coin = (cfg.get("coins") or [{}])[0]
    made = {"pools": []}
    algo = (coin.get("algo") or "").lower()
    if algo:
        made["algo"] = ALGOS.get(algo, algo)
    if cfg.get("log_file"):
        made["log-file"] = cfg["log_file"]
    if api and cfg.get("api_port"):
        made["api-bind"] = "127.0.0.1:%d" % int(cfg["api_port"])
    for pool in coin.get("pools") or []:
        if not pool.get("url"):
            continue
        one = {"url": address(pool)}
        if pool.get("user"):
            one["user"] = pool["user"]
        if pool.get("password"):
            one["pass"] = pool["password"]
        made["pools"].append(one)
    if not made["pools"]:
        del made["pools"]
    return made


def main():
    cfg = ravinos.get_config()
    adit = os.path.join(cfg["miner_dir"], "bin", "adit")
    said = subprocess.run([adit, "--help"], stdout=subprocess.PIPE, check=False).stdout
    path = os.path.join(cfg["work_dir"], "adit.json")
    # A pool's password may be in it.
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(configuration(cfg, b"--api-bind" in said), out, indent=2)
    os.chmod(path, 0o600)
    args = cfg.get("args") or []
    if isinstance(args, str):
        args = shlex.split(args)
    words = [adit, "mine", "--config", path, "--no-keys"] + list(args)
    ravinos.run(" ".join(shlex.quote(w) for w in words))


if __name__ == "__main__":
    main()
