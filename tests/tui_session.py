#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command on a terminal, as a person would: press keys, look at the screen.

usage: tui_session.py SCRIPT COMMAND...
SCRIPT is a file of lines:
  see REGEX        wait until a line of the screen matches
  unseen REGEX     wait until none does
  type KEYS        press them (Python escapes: \\x03, \\x1b[A)
  size ROWS COLS   make the terminal another size
  deaf / listen    stop reading what the program writes; read on
  file PATH REGEX N  wait until N lines more than now of a file match
  exec COMMAND...  run it (in a shell); it must end with 0
  show             print the screen
  signal NAME      send it to the program
  end CODE         wait until the program ends with this code (a negative one: by a signal)
Exit 0 when everything came true, and the terminal's modes are in the end what they were.
"""
import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import pyte

PATIENCE = 60


class Session:
    def __init__(self, command):
        self.rows, self.cols = 24, 80
        self.new_screen()
        self.deaf = False
        self.code = None
        self.master, slave = pty.openpty()
        self.slave = slave
        self.set_size()
        self.before = termios.tcgetattr(slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for fd in (0, 1, 2):
                os.dup2(slave, fd)
            os.closerange(3, 64)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execvp(command[0], command)
        self.raw = b""

    def new_screen(self):
        self.screen = pyte.Screen(self.cols, self.rows)
        self.stream = pyte.ByteStream(self.screen)

    def set_size(self):
        size = struct.pack("HHHH", self.rows, self.cols, 0, 0)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)

    def read(self, seconds):
        """What comes within so long; False when nothing did."""
        if self.deaf:
            time.sleep(min(seconds, 0.05))
            return False
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            got = os.read(self.master, 65536)
        except OSError:
            got = b""
        self.raw = (self.raw + got)[-200000:]
        self.stream.feed(got)
        return bool(got)

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display)

    def fail(self, what):
        print(f"not ok - {what}\n--- screen\n{self.text()}\n---", flush=True)
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        sys.exit(1)

    def wait(self, true, what):
        limit = time.monotonic() + PATIENCE
        while not true():
            if time.monotonic() > limit:
                self.fail(f"{what}: not within {PATIENCE} s")
            if self.ended() and not self.read(0.2) and not true():
                self.fail(f"{what}: the program ended with {self.code}")
            self.read(0.1)

    def ended(self):
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None

    def do_see(self, regex):
        self.wait(lambda: re.search(regex, self.text(), re.M), f"see {regex}")

    def do_unseen(self, regex):
        self.wait(lambda: not re.search(regex, self.text(), re.M), f"unseen {regex}")

    def do_type(self, keys):
        os.write(self.master, codecs.decode(keys, "unicode_escape").encode("latin-1"))

    def do_size(self, what):
        self.rows, self.cols = map(int, what.split())
        self.screen.resize(self.rows, self.cols)
        self.set_size()

    def do_deaf(self, _):
        self.deaf = True

    def do_listen(self, _):
        self.deaf = False

    def do_file(self, what):
        path, regex, count = what.rsplit(" ", 2)[0].split(" ", 1)[0], what.split(" ", 1)[1].rsplit(" ", 1)[0], int(what.rsplit(" ", 1)[1])

        def lines():
            with open(path, encoding="utf-8", errors="replace") as f:
                return sum(1 for line in f if re.search(regex, line))
        first = lines()
        self.wait(lambda: lines() >= first + count, f"{count} more of {regex} in {path}")

    def do_exec(self, command):
        child = subprocess.Popen(["sh", "-c", command])
        self.wait(lambda: child.poll() is not None, command)
        if child.returncode:
            self.fail(f"{command}: {child.returncode}")

    def do_show(self, _):
        print(self.text(), flush=True)

    def do_signal(self, name):
        os.kill(self.pid, getattr(signal, name))

    def do_end(self, code):
        self.wait(self.ended, "end")
        while self.read(0.2):
            pass
        if self.code != int(code):
            self.fail(f"exit code {self.code}, want {code}")


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        script = [line.rstrip("\n") for line in f]
    session = Session(sys.argv[2:])
    for line in script:
        word, _, rest = line.strip().partition(" ")
        if not word or word.startswith("#"):
            continue
        getattr(session, f"do_{word}")(rest)
    if not session.ended():
        session.fail("the script is over, the program is not")
    if termios.tcgetattr(session.slave) != session.before:
        session.fail("the terminal's modes are not what they were")
    if session.raw.count(b"\x1b[?1049h") != session.raw.count(b"\x1b[?1049l"):
        session.fail("the screen before was not brought back")
    print("ok", flush=True)


main()
