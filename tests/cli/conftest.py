# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests of the program."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Callable

import pytest
from harness import DENET, ROOT, Argument, kill_quietly

Background = Callable[..., "subprocess.Popen[bytes]"]
Helper = Callable[[str], str]


@pytest.fixture(scope="session", autouse=True)
def _plain_environment() -> None:
    """No setting of the caller's terminal may change what is tested."""
    for name in ("NO_COLOR", "COLUMNS", "LINES"):
        os.environ.pop(name, None)
    os.environ["LC_ALL"] = "C.UTF-8"
    os.environ["TERM"] = "xterm"
    assert os.access(DENET, os.X_OK), f"{DENET} is not there; ninja -C build makes it, DENET=… names another"


@pytest.fixture(scope="session")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Helper:
    """truth("burn") is the path of tests/truth/burn.c, compiled."""
    built = tmp_path_factory.mktemp("truth")

    def compile_once(name: str) -> str:
        program = built / name
        if not program.exists():
            source = ROOT / "tests" / "truth" / f"{name}.c"
            command = [os.environ.get("CC", "cc"), "-std=gnu17", "-O1", "-pthread", "-o", str(program), str(source)]
            if name != "true" or subprocess.run([*command, "-static"], capture_output=True).returncode != 0:
                subprocess.run(command, check=True)
        return str(program)

    return compile_once


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


@pytest.fixture
def background() -> Iterator[Background]:
    """Starts a command that goes on while the test does; in a session of its own, which ends with the test."""
    started: list[subprocess.Popen[bytes]] = []
    groups: list[int] = []

    def start(command: Sequence[Argument], **how: Any) -> subprocess.Popen[bytes]:
        how.setdefault("stdin", subprocess.DEVNULL)
        how.setdefault("stdout", subprocess.PIPE)
        how.setdefault("stderr", subprocess.PIPE)
        how.setdefault("start_new_session", True)
        started.append(subprocess.Popen([os.fspath(c) for c in command], **how))
        if how["start_new_session"]:
            groups.append(started[-1].pid)
        return started[-1]

    yield start
    for group in groups:  # also where the one that led it has ended
        kill_quietly(-group)
    for process in started:
        if process.poll() is None:
            kill_quietly(process.pid)
        process.wait()
        for stream in (process.stdout, process.stderr, process.stdin):
            if stream:
                stream.close()


@pytest.fixture
def records_file(tmp_path: Path) -> Path:
    return tmp_path / "run.jsonl"
