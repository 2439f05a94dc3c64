# SPDX-License-Identifier: GPL-3.0-or-later
"""Executes a command under a seccomp filter: filtered.py HOW NAME[=FIRST] COMMAND…

HOW is what the filter does with system call NAME (with FIRST as its first argument): an error by name, or `ask`: it
asks a listener who never answers, so that the call does not return.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import struct
import sys

NUMBERS = {
    "x86_64": {"bpf": 321, "memfd_create": 319, "perf_event_open": 298},
    "aarch64": {"bpf": 280, "memfd_create": 279, "perf_event_open": 241},
}
SECCOMP = {"x86_64": 317, "aarch64": 277}
ERRNO, USER_NOTIF, ALLOW = 0x00050000, 0x7FC00000, 0x7FFF0000
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
SET_MODE_FILTER, NEW_LISTENER = 1, 8


def program(number: int, first: int | None, verdict: int) -> list[tuple[int, int, int, int]]:
    """Where it is not that call, it is allowed."""
    steps = [(LOAD, 0, 0, 0), (JUMP_EQUAL, 0, 1 if first is None else 3, number)]
    if first is not None:
        steps += [(LOAD, 0, 0, 16), (JUMP_EQUAL, 0, 1, first)]
    return [*steps, (RETURN, 0, 0, verdict), (RETURN, 0, 0, ALLOW)]


def install(how: str, what: str) -> None:
    machine = platform.machine()
    name, _, first = what.partition("=")
    verdict = USER_NOTIF if how == "ask" else ERRNO | getattr(errno, how)
    steps = program(NUMBERS[machine][name], int(first) if first else None, verdict)
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    flags = NEW_LISTENER if how == "ask" else 0
    r = libc.syscall(ctypes.c_long(SECCOMP[machine]), SET_MODE_FILTER, flags, header)
    if r < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    if how == "ask":
        fcntl.fcntl(r, fcntl.F_SETFD, 0)


if __name__ == "__main__":
    install(sys.argv[1], sys.argv[2])
    os.execvp(sys.argv[3], sys.argv[3:])
