#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command on a terminal, as a person would: press keys, look at the screen.

usage: tui_session.py SCRIPT COMMAND...
SCRIPT is a file of lines:
  see REGEX        wait until a line of the screen matches
  unseen REGEX     wait until none does
  type KEYS        press them (Python escapes: \\x03, \\x1b[A)
  size ROWS COLS   make the terminal another size
  deaf             read no more, and let it draw until its terminal takes nothing any more
  listen           read on
  file PATH N REGEX  wait until N lines more than now of a file match
  exec COMMAND...  run it (in a shell); it must end with 0
  show             print the screen
  signal NAME      send it to the program and its children, as a shell does
  stopped          wait until the program is stopped; the terminal must be as it was
  mute             no colours were sent so far
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


class Screen(pyte.Screen):
    """With the sequences of xterm that pyte lacks: repeat the last character, and scroll."""

    def draw(self, data):
        super().draw(data)
        self.last = data[-1:]

    def repeat_last(self, count=1, **_):
        super().draw(self.last * (count or 1))

    def scroll(self, shift, count):
        at = self.cursor.x, self.cursor.y
        self.cursor.y = self.margins.top if self.margins else 0
        shift(count or 1)
        self.cursor.x, self.cursor.y = at

    def scroll_up(self, count=1, **_):
        self.scroll(self.delete_lines, count)

    def scroll_down(self, count=1, **_):
        self.scroll(self.insert_lines, count)


class Stream(pyte.ByteStream):
    csi = dict(pyte.ByteStream.csi, b="repeat_last", S="scroll_up", T="scroll_down")
    events = pyte.ByteStream.events | {"repeat_last", "scroll_up", "scroll_down"}


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
        self.raw = b""
        theirs, ours = os.pipe()
        self.shell = os.fork()
        if self.shell == 0:
            self.be_shell(slave, ours, command)
        self.pid = int(os.read(theirs, 20))

    @staticmethod
    def be_shell(slave, tell, command):
        """Leads the session, as a shell would: only so can the program be stopped."""
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            os.tcsetpgrp(slave, os.getpid())
            for fd in (0, 1, 2):
                os.dup2(slave, fd)
            os.write(tell, str(os.getpid()).encode())
            os.closerange(3, 64)
            for number in (signal.SIGINT, signal.SIGTTOU, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            os.execvp(command[0], command)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os._exit(code if code >= 0 else 100 - code)

    def new_screen(self):
        self.screen = Screen(self.cols, self.rows)
        self.stream = Stream(self.screen)

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
            os.waitpid(self.shell, 0)
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
            pid, status = os.waitpid(self.shell, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                self.code = code if code < 100 else 100 - code
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
        def full():
            os.kill(self.pid, signal.SIGWINCH)
            time.sleep(0.01)
            return not select.select([], [self.slave], [], 0)[1]
        self.deaf = True
        self.wait(full, "deaf")
        for _ in range(3):  # whoever would wait for it waits by now
            full()
            time.sleep(0.1)

    def do_listen(self, _):
        self.deaf = False

    def do_file(self, what):
        path, count, regex = what.split(" ", 2)

        def lines():
            with open(path, encoding="utf-8", errors="replace") as f:
                return sum(1 for line in f if re.search(regex, line))
        first = lines()
        self.wait(lambda: lines() >= first + int(count), f"{count} more of {regex} in {path}")

    def do_exec(self, command):
        child = subprocess.Popen(["sh", "-c", command])
        self.wait(lambda: child.poll() is not None, command)
        if child.returncode:
            self.fail(f"{command}: {child.returncode}")

    def do_show(self, _):
        print(self.text(), flush=True)

    def do_signal(self, name):
        os.killpg(self.pid, getattr(signal, name))

    def do_stopped(self, _):
        def is_stopped():
            with open(f"/proc/{self.pid}/stat", encoding="utf-8") as f:
                return f.read().rsplit(")", 1)[1].split()[0] == "T"
        self.wait(is_stopped, "stopped")
        while self.read(0.1):
            pass
        self.check_modes()

    def do_mute(self, _):
        if re.search(rb"\x1b\[[0-9;]*3[0-7]m", self.raw):
            self.fail("colours")

    def check_modes(self):
        if termios.tcgetattr(self.slave) != self.before:
            self.fail("the terminal's modes are not what they were")
        if not self.deaf and self.raw.count(b"\x1b[?1049h") != self.raw.count(b"\x1b[?1049l"):
            self.fail("the screen before was not brought back")

    def do_end(self, code):
        self.wait(self.ended, "end")
        while not self.deaf and self.read(0.2):
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
    session.check_modes()
    print("ok", flush=True)


main()
