# SPDX-License-Identifier: GPL-3.0-or-later
"""Handles over denet.h. Each C call releases the GIL. One thread at a time may use a handle: its owner sees to that."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import Any

from ._denet import ffi, lib
from ._errors import Name, raise_errno

Record = Any  # a denet_record *: the stream's, until its next one

SAMPLES = (lib.DENET_TREE, lib.DENET_SAMPLE, lib.DENET_AGGREGATED)


def version() -> str:
    return ffi.string(lib.denet_version()).decode()


def record_text(record: Record) -> str:
    """The record as a line of JSON, without its newline."""
    size = ffi.new("size_t *")
    text = lib.denet_record_json(record, size)
    if text == ffi.NULL:
        raise MemoryError("no memory for a record")
    return str(ffi.buffer(text, size[0]), "utf-8")


class _Handle:
    """A C object that its Python one frees; in a process forked off since, it is the other's, and left alone."""

    __slots__ = ("__weakref__", "_c", "_pid")
    _free: Any = None

    def __init__(self, c: Any) -> None:
        self._c = c
        self._pid = os.getpid()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        c = getattr(self, "_c", None)
        if c is not None and self._pid == os.getpid():
            self._c = None
            type(self)._free(c)

    @property
    def closed(self) -> bool:
        return self._c is None


def _open(function: Any, *arguments: Any, name: Name = None) -> Any:
    """Opens by one of the functions whose first parameter is the result, and whose last is the error."""
    result = ffi.new("denet **")
    error = ffi.new("denet_error *")
    code = function(result, *arguments, error)
    if code < 0:
        raise_errno(code, ffi.string(error.text).decode(errors="replace"), name)
    return result[0]


def _argv(arguments: Sequence[bytes]) -> tuple[Any, list[Any]]:
    """The char *[] and what keeps its texts alive."""
    texts = [ffi.new("char[]", argument) for argument in arguments]
    return ffi.new("char *[]", [*texts, ffi.NULL]), texts


class Stream(_Handle):
    """A stream of records: of a command, a process, a file, or memory."""

    __slots__ = ("_borrowed", "_slot")
    _free = lib.denet_free

    def __init__(self, c: Any, borrowed: Any = None) -> None:
        super().__init__(c)
        self._slot = ffi.new("const denet_record **")
        self._borrowed = borrowed

    @classmethod
    def run(cls, arguments: Sequence[bytes], options: Any) -> Stream:
        argv, _texts = _argv(arguments)
        return cls(_open(lib.denet_run, options, argv, name=os.fsdecode(arguments[0])))

    @classmethod
    def adopt(cls, pid: int, release: int, report: int, arguments: Sequence[bytes], options: Any, name: Name) -> Stream:
        """Takes over a child that waits in denet-gate, and both descriptors, in any case."""
        argv, _texts = _argv(arguments)
        held = ffi.new("denet_held *", {"pid": pid, "release": release, "report": report})
        return cls(_open(lib.denet_adopt, options, held, argv, name=name))

    @classmethod
    def attach(cls, pid: int, options: Any) -> Stream:
        return cls(_open(lib.denet_attach, options, pid))

    @classmethod
    def read(cls, path: bytes, options: Any = ffi.NULL) -> Stream:
        return cls(_open(lib.denet_read, options, path, name=os.fsdecode(path)))

    @classmethod
    def parse(cls, lines: bytes, options: Any = ffi.NULL) -> Stream:
        borrowed = ffi.from_buffer("char[]", lines)
        return cls(_open(lib.denet_parse, options, borrowed, len(lines)), borrowed)

    @classmethod
    def probe(cls) -> Stream:
        return cls(_open(lib.denet_probe, ffi.NULL))

    def next(self, timeout_ms: int = 0) -> Record | None:
        """The next record; None when there is none yet, EOFError at the end."""
        code = lib.denet_next(self._c, timeout_ms, self._slot)
        if code == 1:
            return self._slot[0]
        if code == 0:
            raise EOFError
        if code not in (-errno.EAGAIN, -errno.EINTR):
            raise_errno(code, f"denet_next: {os.strerror(-code)}")
        return None

    def fd(self) -> int:
        """Readable when next() has something to do."""
        return lib.denet_fd(self._c)

    def pid(self) -> int:
        return lib.denet_pid(self._c)

    def status(self) -> int | None:
        """As Popen.returncode: None while it runs, and where nobody could know it."""
        code, number = ffi.new("int *"), ffi.new("int *")
        if lib.denet_status(self._c, code, number) < 0:
            return None
        if number[0] >= 0:
            return -int(number[0])
        return int(code[0]) if code[0] >= 0 else None

    def sample(self) -> bool:
        """A sample is due now. False at the end."""
        return lib.denet_sample(self._c) == 0

    def signal(self, number: int) -> bool:
        return lib.denet_signal(self._c, number) == 0

    def stop(self) -> None:
        lib.denet_stop(self._c)

    def kill(self) -> None:
        lib.denet_kill(self._c)


class Sink(_Handle):
    """Where records are written."""

    __slots__ = ()
    _free = lib.denet_sink_close

    @classmethod
    def open(cls, path: bytes, format: str | None) -> Sink:
        result = ffi.new("denet_sink **")
        error = ffi.new("denet_error *")
        code = lib.denet_sink_open(result, path, ffi.NULL if format is None else format.encode(), error)
        if code < 0:
            raise_errno(code, ffi.string(error.text).decode(errors="replace"), os.fsdecode(path))
        return cls(result[0])

    def write(self, record: Record) -> int:
        """0, or the negative errno value of what kept it from being written."""
        return lib.denet_sink_write(self._c, record)

    def finish(self) -> int:
        """Closes it; an error, as write gives it, is of what was written last."""
        if self._c is None or self._pid != os.getpid():
            return 0
        c, self._c = self._c, None
        return lib.denet_sink_close(c)


class Summary(_Handle):
    """Records folded into one result."""

    __slots__ = ()
    _free = lib.denet_summary_free

    def __init__(self) -> None:
        c = lib.denet_summary_new()
        if c == ffi.NULL:
            raise MemoryError("no memory for a summary")
        super().__init__(c)

    def add(self, record: Record) -> None:
        if lib.denet_summary_add(self._c, record) < 0:
            raise MemoryError("no memory for a summary")

    def json(self) -> str:
        text = lib.denet_summary_json(self._c, ffi.NULL)
        if text == ffi.NULL:
            raise MemoryError("no memory for a summary")
        return ffi.string(text).decode()
