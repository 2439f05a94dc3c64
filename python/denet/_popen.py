# SPDX-License-Identifier: GPL-3.0-or-later
"""A subprocess.Popen whose command is held until it is observed, and is waited for by the monitor alone."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Sequence
from typing import Any, Union

from ._options import StrOrBytesPath

GATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "denet-gate")
_inheriting = threading.Lock()

Arguments = Union[StrOrBytesPath, Sequence[StrOrBytesPath]]


class HeldPopen(subprocess.Popen[Any]):
    """Starts denet-gate with all that Popen can give a process; `release` and `report` are for denet_adopt."""

    returncode: int | None  # type: ignore[assignment,unused-ignore]
    release = -1
    report = -1
    group = -1  # the process group, where it has one of its own

    def __init__(self, command: Arguments, *, executable: StrOrBytesPath | None = None, **how: Any) -> None:
        self.ended = threading.Event()
        self.command = _words(command, how.pop("shell", False), executable)
        self.program = executable if executable is not None else self.command[0]
        release, held = socket.socketpair()
        report, written = os.pipe()
        gate = os.open(GATE, os.O_RDONLY | os.O_CLOEXEC)
        try:
            with held:
                self._start((held.fileno(), written, gate), how)
        except BaseException:
            release.close()
            os.close(report)
            raise
        finally:
            os.close(written)
            os.close(gate)
        self.args = command  # for TimeoutExpired and CalledProcessError
        self._sigint_wait_secs = 0  # in a session of its own it does not hear of Ctrl-C
        self.release, self.report = release.detach(), report

    def _start(self, descriptors: tuple[int, int, int], how: dict[str, Any]) -> None:
        """The gate is executed by its descriptor: the user that the command is for may not come to its path."""
        gate = [b"denet-gate", *(str(fd).encode() for fd in descriptors), os.fsencode(self.program), *self.command]
        executable = f"/proc/self/fd/{descriptors[2]}"
        if how.get("close_fds", True) or how.get("pass_fds"):
            how["pass_fds"] = (*how.get("pass_fds", ()), *descriptors)
            super().__init__(gate, executable=executable, **how)
            return
        with _inheriting:  # so that of two that are started at once, neither has the other's
            for fd in descriptors:
                os.set_inheritable(fd, True)
            super().__init__(gate, executable=executable, **how)

    def wait(self, timeout: float | None = None) -> int:
        """The monitor waits for the process; here only for the monitor."""
        if self.returncode is None:
            if not self.ended.wait(timeout):
                assert timeout is not None
                raise subprocess.TimeoutExpired(self.args, timeout)
            assert self.returncode is not None
        return self.returncode

    def poll(self) -> int | None:
        return self.returncode

    def _wait(self, timeout: float | None = None) -> int:
        return self.wait(timeout)  # called when Ctrl-C comes in the midst of communicate

    def end(self, returncode: int) -> None:
        self.returncode = returncode
        self.ended.set()


def _words(command: Arguments, shell: bool, executable: StrOrBytesPath | None) -> list[bytes]:
    """As Popen makes the arguments of its own."""
    if isinstance(command, (str, bytes, os.PathLike)):
        words = [os.fsencode(command)]
    else:
        words = [os.fsencode(word) for word in command]
    if shell:
        words = [os.fsencode(executable) if executable is not None else b"/bin/sh", b"-c", *words]
    return words
