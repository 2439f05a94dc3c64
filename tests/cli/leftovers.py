# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixture by which a test that leaves a process behind fails."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import kill_quietly

MARK = "DENET_TESTED_BY"


def left_behind() -> dict[int, str]:
    """What programs that the tests started, and what those started, still run: their pids and command lines."""
    mark = f"{MARK}={os.getpid()}".encode()
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found[int(process.name)] = (
                    (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                )
        except OSError:
            continue
    return found


@pytest.fixture(autouse=True)
def _nothing_is_left_behind() -> Iterator[None]:
    """A test ends what it has started, also where that was moved into a session or a group of its own."""
    os.environ[MARK] = str(os.getpid())
    yield
    end = time.monotonic() + 2
    while (left := left_behind()) and time.monotonic() < end:
        time.sleep(0.02)
    for pid in left:
        kill_quietly(pid)
    assert not left, "left running"
