# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests of the program."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Callable

import pytest
from harness import DENET, ROOT, Argument, kill_quietly
from leftovers import _nothing_is_left_behind  # noqa: F401 # a fixture of every test

Background = Callable[..., "subprocess.Popen[bytes]"]
Helper = Callable[[str], str]


@pytest.fixture(scope="session", autouse=True)
def _plain_environment() -> None:
    """No setting of the caller's terminal may change what is tested, nor what background jobs of a shell ignore."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGQUIT) == signal.SIG_IGN:
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    for name in ("NO_COLOR", "COLUMNS", "LINES"):
        os.environ.pop(name, None)
    os.environ["LC_ALL"] = "C.UTF-8"
    os.environ["TERM"] = "xterm"
    assert os.access(DENET, os.X_OK), f"{DENET} is not there; ninja -C build makes it, DENET=… names another"


@pytest.fixture(scope="session")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Helper:
    """truth("burn") is the path of tests/truth/burn.c, compiled; DENET_TRUTH names where they are already."""
    given = os.environ.get("DENET_TRUTH")
    built = Path(given) if given else tmp_path_factory.mktemp("truth")

    def compile_once(name: str) -> str:
        program = built / name
        if not program.exists():
            source = ROOT / "tests" / "truth" / f"{name}.c"
            command = [os.environ.get("CC", "cc"), "-std=gnu17", "-O1", "-pthread", "-o", str(program), str(source)]
            if name != "true" or subprocess.run([*command, "-static"], capture_output=True).returncode != 0:
                subprocess.run(command, check=True)
        return str(program)

    return compile_once


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
