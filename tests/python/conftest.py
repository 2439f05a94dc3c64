# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests of the Python package."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))

from harness import kill_quietly  # noqa: E402

MARK = "DENET_TESTED_BY"


def left_behind() -> list[int]:
    """The processes that the tests started, and what those started, and which still run."""
    mark = f"{MARK}={os.getpid()}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if int(process.name) != os.getpid() and mark in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
        except OSError:
            continue
    return found


@pytest.fixture(autouse=True)
def _nothing_is_left_behind() -> Iterator[None]:
    """A test ends what it has started, in whatever session or group, and leaves no zombie."""
    os.environ[MARK] = str(os.getpid())
    yield
    end = time.monotonic() + 2
    while (left := left_behind()) and time.monotonic() < end:
        time.sleep(0.02)
    for pid in left:
        kill_quietly(pid)
    assert not left, "left running"


@pytest.fixture
def descriptors() -> Iterator[None]:
    """A test leaves as many descriptors open as there were."""
    before = os.listdir("/proc/self/fd")
    yield
    assert len(os.listdir("/proc/self/fd")) == len(before)
