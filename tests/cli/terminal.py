# SPDX-License-Identifier: GPL-3.0-or-later
"""Terminals for tests: tmux, which has a screen and a scrollback to look at, and a bare pseudo-terminal."""

from __future__ import annotations

import os
import re
import select
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ
from typing import Protocol

import pytest
from harness import DENET, PATIENCE, Argument, kill_quietly, wait_until

SIZES = ((80, 24), (40, 10), (200, 50))
ROW = re.compile(r"^denet \d+:\d\d(:\d\d)?  cpu ")
SHELL = ["env", "PS1=$ ", "bash", "--norc", "--noprofile"]


def need(*programs: str) -> None:
    """Skips the test, and says why, where one of these is not there."""
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"no {program} here; tools/install-deps installs it")


class Closing(Protocol):
    def close(self) -> None: ...


@contextmanager
def closed_on_error(terminal: Closing) -> Iterator[None]:
    """One that does not come up is left to nobody: its fixture has not got it yet."""
    try:
        yield
    except BaseException:
        terminal.close()
        raise


class Screen:
    """A terminal in tmux with a shell in it, on a server of its own."""

    def __init__(self, directory: Path, columns: int, rows: int) -> None:
        need("tmux")
        self.columns, self.rows = columns, rows
        self.ends = 0
        self.socket = str(directory / f"tmux-{columns}x{rows}")
        environ = {k: v for k, v in os.environ.items() if k not in ("TMUX", "NO_COLOR")}
        environ.update(LC_ALL="C.UTF-8", TERM="xterm", DENET=DENET, HISTFILE="")
        command = ["new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(directory), shlex.join(SHELL)]
        self.tmux("start-server", ";", "set-option", "-g", "history-limit", "5000", ";", *command, env=environ)
        with closed_on_error(self):
            self.wait_for(lambda: "$" in self.text())

    def tmux(self, *arguments: str, env: dict[str, str] | None = None) -> str:
        command = ["tmux", "-f", "/dev/null", "-u", "-S", self.socket, *arguments]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    def type(self, line: str) -> None:
        """A line for the shell, or for whoever reads."""
        self.ends = self.count_ends()
        self.tmux("send-keys", "-l", line)
        self.key("Enter")

    def key(self, *names: str) -> None:
        self.tmux("send-keys", *names)

    def lines(self) -> list[str]:
        return self.tmux("capture-pane", "-p").split("\n")[: self.rows]

    def text(self) -> str:
        return "\n".join(self.lines())

    def history(self) -> list[str]:
        """The scrollback, and the screen."""
        return self.tmux("capture-pane", "-p", "-S", "-").rstrip("\n").split("\n")

    def row(self) -> str | None:
        """The status row, where it is on the last line."""
        line = self.lines()[-1]
        return line if ROW.match(line) else None

    def region(self) -> tuple[int, int]:
        """The first and the last line that scroll."""
        upper, lower = self.tmux("display-message", "-p", "#{scroll_region_upper} #{scroll_region_lower}").split()
        return int(upper), int(lower)

    def is_whole(self) -> bool:
        return self.region() == (0, self.rows - 1)

    def resize(self, columns: int, rows: int) -> None:
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))
        self.columns, self.rows = columns, rows

    def wait_for(self, what: Callable[[], object], name: str = "what was waited for") -> None:
        try:
            wait_until(what)
        except AssertionError:
            raise AssertionError(f"{name} was not seen at {self.columns}x{self.rows}:\n{self.text()}") from None

    def wait_for_row(self) -> str:
        self.wait_for(self.row, "the row")
        return self.row() or ""

    def wait_for_end(self, ends: int = 1) -> None:
        """So many summaries are there since the last line was typed, and the shell's prompt below them."""
        self.wait_for(lambda: self.count_ends() - self.ends == ends and self.lines_of_text()[-1:] == ["$"], "the end")

    def count_ends(self) -> int:
        return sum(line.startswith("denet: ") for line in self.history())

    def lines_of_text(self) -> list[str]:
        return [line for line in self.lines() if line]

    def close(self) -> None:
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True, timeout=PATIENCE)


class Pty:
    """A program on a terminal of 80 by 24, and what it writes there."""

    def __init__(self, command: Sequence[Argument], columns: int = 80, rows: int = 24, **environment: str) -> None:
        environ = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
        environ.update({"TERM": "xterm", **environment})
        self.seen = b""
        self.status: int | None = None
        parent, child = os.openpty()
        ioctl(parent, TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.master = parent
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, *(os.fspath(c) for c in command)],
            stdin=child,
            stdout=child,
            stderr=child,
            start_new_session=True,
            env=environ,
        )
        os.close(child)

    def read(self, secs: float) -> bytes:
        """What comes in that time; less of it where the program ends."""
        end = time.monotonic() + secs
        new = b""
        while time.monotonic() < end:
            if not select.select([self.master], [], [], max(0, end - time.monotonic()))[0]:
                continue
            try:
                data = os.read(self.master, 65536)
            except OSError:
                break
            if not data:
                break
            new += data
        self.seen += new
        return new

    def read_until(self, what: bytes, patience: float = PATIENCE) -> bytes:
        end = time.monotonic() + patience
        while what not in self.seen:
            assert time.monotonic() < end, (what, self.seen)
            self.read(0.05)
        return self.seen

    def finish(self) -> bytes:
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < end, self.seen
            self.read(0.05)
        self.read(0.05)
        self.status = self.process.returncode
        return self.seen

    def write(self, data: bytes) -> None:
        os.write(self.master, data)

    def close(self) -> None:
        if self.process.poll() is None:
            kill_quietly(-self.process.pid, signal.SIGKILL)
            kill_quietly(self.process.pid)
        self.process.wait()
        os.close(self.master)


# Takes standard input for its terminal, as login does; then it is the program.
START = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"


@contextmanager
def on_a_pty(*command: Argument, columns: int = 80, rows: int = 24, **environment: str) -> Iterator[Pty]:
    terminal = Pty(command, columns, rows, **environment)
    try:
        yield terminal
    finally:
        terminal.close()


def processes(**wanted: object) -> list[int]:
    """Pids whose name, parent or the like (fields of /proc/PID/status) are these."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        except OSError:
            continue
        if all(fields.get(key, "").split()[:1] == [str(value)] for key, value in wanted.items()):
            found.append(int(fields["Pid"]))
    return found


class XTerm:
    """A real terminal emulator, on an X server that shows nothing."""

    def __init__(self, directory: Path, columns: int = 80, rows: int = 24) -> None:
        need("Xvfb", "xterm", "xdotool")
        self.printed = directory / "printed"
        read_end, write_end = os.pipe()
        server = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
        self.server = subprocess.Popen(server, pass_fds=[write_end], stderr=subprocess.DEVNULL)
        os.close(write_end)
        with os.fdopen(read_end) as number:
            display = number.readline().strip()
        self.environ = {**os.environ, "DISPLAY": f":{display}", "DENET": DENET, "LC_ALL": "C.UTF-8", "HISTFILE": ""}
        resources = {
            "XTerm*printerCommand": f"cat > {self.printed}.new; mv {self.printed}.new {self.printed}",
            "XTerm*printAttributes": "0",
            "XTerm*VT100.translations": "#override <Key>F12: print-everything()",
        }
        options = [word for name, value in resources.items() for word in ("-xrm", f"{name}: {value}")]
        command = ["xterm", *options, "-u8", "-sl", "5000", "-geometry", f"{columns}x{rows}", "-e", *SHELL]
        self.window = ""
        self.start(command, directory)
        with closed_on_error(self):
            wait_until(self.find_window)
            wait_until(lambda: "$" in self.history())

    def start(self, command: list[str], directory: Path) -> None:
        """On a busy machine an X server may turn its first client away: then once more."""
        for _ in range(3):
            self.xterm = subprocess.Popen(command, cwd=directory, env=self.environ, stderr=subprocess.DEVNULL)
            end = time.monotonic() + 20
            while time.monotonic() < end and self.xterm.poll() is None and not self.find_window():
                time.sleep(0.05)
            if self.window and self.xterm.poll() is None:
                return
            self.xterm.kill()
            self.xterm.wait()

    def xdotool(self, *arguments: str) -> str:
        done = subprocess.run(
            ["xdotool", *arguments], env=self.environ, capture_output=True, text=True, timeout=PATIENCE
        )
        return done.stdout

    def find_window(self) -> bool:
        self.window = self.xdotool("search", "--onlyvisible", "--class", "xterm").strip()
        self.xdotool("windowfocus", self.window)
        return self.window != ""

    def type(self, line: str) -> None:
        self.xdotool("type", "--delay", "4", line)
        self.xdotool("key", "Return")

    def resize(self, columns: int, rows: int) -> None:
        self.xdotool("windowsize", "--usehints", self.window, str(columns), str(rows))

    def history(self) -> list[str]:
        """The scrollback and the screen, as xterm prints them."""
        self.printed.unlink(missing_ok=True)
        self.xdotool("key", "F12")
        wait_until(self.printed.exists)
        return [line.rstrip() for line in self.printed.read_text().replace("\f", "").split("\n")]

    def row(self) -> str | None:
        lines = self.history()
        while lines and not lines[-1]:
            lines.pop()
        return lines[-1] if lines and ROW.match(lines[-1]) else None

    def close(self) -> None:
        for process in (self.xterm, self.server):
            process.terminate()
            process.wait(PATIENCE)
