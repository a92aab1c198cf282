#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command on a terminal, press Ctrl-C once enough lines matched, and see it end cleanly.

usage: ctrl_c.py COUNT REGEX SECONDS COMMAND...
Exit 0 when the command printed COUNT matching lines within SECONDS, ended with 0 after Ctrl-C,
and left no process of its own behind.  Its output is copied to ours.
"""
import os
import pty
import re
import select
import signal
import sys
import time


def fail(text, code=1):
    print(f"\nFAIL: {text}", flush=True)
    sys.exit(code)


def descendants(pid):
    """Every living descendant of pid, by /proc."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as f:
                    rest = f.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if rest[0] != "Z":
                children.setdefault(int(rest[1]), []).append(int(name))
    found, todo = [], [pid]
    while todo:
        for child in children.get(todo.pop(), []):
            found.append(child)
            todo.append(child)
    return found


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def main():
    count, regex, limit = int(sys.argv[1]), re.compile(sys.argv[2]), float(sys.argv[3])
    pid, terminal = pty.fork()
    if pid == 0:
        # A suite started in the background hands "ignored" down, which a shell cannot undo.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execvp(sys.argv[4], sys.argv[4:])
    deadline = time.monotonic() + limit
    seen, pressed, text, family = 0, False, "", []
    while True:
        if time.monotonic() > deadline:
            for p in [pid] + descendants(pid):
                os.kill(p, signal.SIGKILL)
            fail("did not end after Ctrl-C" if pressed else
                 f"only {seen} of {count} lines matched '{regex.pattern}' in {limit:.0f} s")
        if not select.select([terminal], [], [], 0.5)[0]:
            continue
        try:
            got = os.read(terminal, 65536)
        except OSError:
            got = b""
        if not got:
            break
        sys.stdout.write(got.decode("utf-8", "replace"))
        sys.stdout.flush()
        text += got.decode("utf-8", "replace")
        *lines, text = text.split("\n")
        seen += sum(1 for line in lines if regex.search(line))
        if seen >= count and not pressed:
            pressed = True
            family = descendants(pid)
            os.write(terminal, b"\x03")
            deadline = time.monotonic() + 20
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if not pressed:
        fail(f"ended with {code} before {count} lines matched")
    if code != 0:
        fail(f"exit code {code} after Ctrl-C, want 0")
    orphans = [p for p in family if alive(p)]
    for p in orphans:
        os.kill(p, signal.SIGKILL)
    if orphans:
        fail(f"left processes behind: {orphans}")
    print(f"\nok: {seen} lines, exit 0 after Ctrl-C, {len(family)} processes all ended")


main()
