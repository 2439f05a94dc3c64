# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments that every way of monitoring has, checked before anything is started."""

from __future__ import annotations

import operator
import os
from collections.abc import Sequence
from typing import Any, NamedTuple, Union

from ._denet import ffi, lib

StrOrBytesPath = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
Command = Sequence[StrOrBytesPath]

FORMATS = ("jsonl", "json", "csv")
_MILLISECONDS_MAX = 2**32 - 1
_ALL_OF_EBPF = (
    lib.DENET_EBPF_SYSCALLS | lib.DENET_EBPF_OFFCPU | lib.DENET_EBPF_NET | lib.DENET_EBPF_DISK | lib.DENET_EBPF_EXITS
)


class Options(NamedTuple):
    """How to monitor, and what to do with the records. Times are milliseconds."""

    base_interval_ms: int
    max_interval_ms: int
    since_process_start: bool = False
    output_file: StrOrBytesPath | None = None
    output_format: str = "jsonl"
    store_in_memory: bool = True
    quiet: bool = False
    include_children: bool = True
    write_metadata: bool = False
    write_env: bool = False
    enable_ebpf: bool = False
    enable_gpu: bool = False
    enable_counters: bool = False

    def checked(self) -> Options:
        """These, or what is wrong with them: TypeError, OverflowError, ValueError."""
        base = _milliseconds("base_interval_ms", self.base_interval_ms)
        longest = _milliseconds("max_interval_ms", self.max_interval_ms)
        if longest < base:
            raise ValueError(f"max_interval_ms {longest} is below base_interval_ms {base}; raise it")
        check_format(self.output_format)
        if self.output_file is not None:
            os.fspath(self.output_file)
        return self._replace(base_interval_ms=base, max_interval_ms=longest)

    def for_library(self) -> Any:
        """The denet_options."""
        o = ffi.new("denet_options *")
        o.struct_size = ffi.sizeof("denet_options")
        o.interval_ms = self.base_interval_ms
        o.max_interval_ms = self.max_interval_ms
        o.flags = (
            (0 if self.include_children else lib.DENET_EXCLUDE_CHILDREN)
            | (lib.DENET_SINCE_PROCESS_START if self.since_process_start else 0)
            | (lib.DENET_WRITE_ENV if self.write_env else 0)
            | (lib.DENET_WITH_GPU if self.enable_gpu else 0)
            | (lib.DENET_WITH_COUNTERS if self.enable_counters else 0)
        )
        o.ebpf = _ALL_OF_EBPF if self.enable_ebpf else 0
        return o


def check_format(name: object) -> None:
    if not isinstance(name, str):
        raise TypeError(f"the format is a str, not {type(name).__name__}")
    if name not in FORMATS:
        raise ValueError(f"Unknown output format: {name}; one of {', '.join(FORMATS)}")


def _milliseconds(name: str, value: Any) -> int:
    number = operator.index(value)
    if not 0 <= number <= _MILLISECONDS_MAX:
        raise OverflowError(f"{name} {number} is not from 1 to {_MILLISECONDS_MAX}")
    if number == 0:
        raise ValueError(f"{name} is 0; give a whole number of milliseconds from 1 up")
    return number


def argument_bytes(arguments: Command) -> list[bytes]:
    """A command as the system takes it: str, bytes and os.PathLike alike."""
    if isinstance(arguments, (str, bytes, os.PathLike)):
        raise TypeError("cmd is a list of a program and its arguments; shlex.split makes one of a str")
    encoded = [os.fsencode(argument) for argument in arguments]
    if not encoded:
        raise ValueError("cmd is empty; give the name of a program and its arguments")
    if any(b"\0" in argument for argument in encoded):
        raise ValueError("embedded null byte in cmd")
    return encoded
