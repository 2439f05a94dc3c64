# SPDX-License-Identifier: GPL-3.0-or-later
"""The status row in a real terminal emulator."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import wait_until
from terminal import ROW, XTerm, processes


@pytest.fixture
def xterm(tmp_path: Path) -> Iterator[XTerm]:
    terminal = XTerm(tmp_path)
    yield terminal
    terminal.close()


def ended(xterm: XTerm, ends: int = 1) -> bool:
    lines = [line for line in xterm.history() if line]
    return sum(line.startswith("denet: ") for line in lines) == ends and lines[-1].startswith("$")


def lines_of(xterm: XTerm, word: str) -> list[str]:
    return [line for line in xterm.history() if line.startswith(word)]


def test_in_xterm_no_line_is_lost_under_the_row(xterm: XTerm) -> None:
    script = "sleep 1.4; for i in $(seq 1000); do echo line-$i; [ $((i % 20)) != 0 ] || sleep 0.05; done; sleep 1"
    xterm.type(f"$DENET run sh -c '{script}'")
    wait_until(xterm.row)
    wait_until(lambda: "line-1000" in xterm.history())
    assert xterm.row(), "the row stands below them"
    wait_until(lambda: ended(xterm))
    assert lines_of(xterm, "line-") == [f"line-{i}" for i in range(1, 1001)]
    assert not any(ROW.match(line) for line in xterm.history())


def test_in_xterm_resizes_lose_no_line(xterm: XTerm) -> None:
    xterm.type("$DENET run sh -c 'for i in $(seq 300); do echo line-$i; sleep 0.02; done'")
    wait_until(xterm.row)
    for i in range(15):
        xterm.resize(60 + 7 * (i % 5), 12 + 5 * (i % 4))
        time.sleep(0.05 if i % 3 else 0.7)
    wait_until(lambda: ended(xterm))
    assert lines_of(xterm, "line-") == [f"line-{i}" for i in range(1, 301)]


def test_in_xterm_a_killed_denet_leaves_the_terminal_whole(xterm: XTerm) -> None:
    xterm.type("$DENET run sleep 6")
    wait_until(xterm.row)
    (shell,) = processes(Name="bash", PPid=xterm.xterm.pid)
    (pid,) = processes(Name="denet", PPid=shell)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(ROW.match(line) for line in xterm.history()))
    xterm.type("for i in $(seq 60); do echo after-$i; done")
    wait_until(lambda: "after-60" in xterm.history())
    assert lines_of(xterm, "after-") == [f"after-{i}" for i in range(1, 61)]
