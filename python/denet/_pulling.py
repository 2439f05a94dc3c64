# SPDX-License-Identifier: GPL-3.0-or-later
"""Records as they come: pulled by whoever follows, and given to all who want them."""

from __future__ import annotations

import atexit
import os
import select
import threading
import warnings
import weakref
from collections import deque
from typing import Any, Callable

from ._denet import ffi, lib
from ._options import Options
from ._stream import SAMPLES, Record, Sink, Stream, Summary, record_text

_CHILDREN_KEPT = 1000  # child records, where samples are not kept in memory

_left: deque[int] = deque()  # commands that run on without a monitor: waited for when they have ended
_monitors: weakref.WeakSet[Pulling] = weakref.WeakSet()


def _wait_for_left() -> None:
    for _ in range(len(_left)):
        pid = _left.popleft()
        try:
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                _left.append(pid)
        except ChildProcessError:
            continue


@atexit.register
def _close_files() -> None:
    for monitor in list(_monitors):
        monitor._close_sink()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_left.clear)


class Follower:
    """One that pulls a monitor's records, and gets from then on all that anybody pulls, of some kinds."""

    def __init__(self, monitor: Pulling, kinds: tuple[int, ...]) -> None:
        self._monitor = monitor
        self.kinds = kinds
        self.lines: deque[str] = deque()
        self.fd = -1
        self._poll = select.poll()
        with monitor._lock:
            if monitor._stream is not None and not monitor._ended:
                self.fd = monitor._stream.fd()
                self._poll.register(self.fd, select.POLLIN)
                monitor._followers.append(self)

    def __enter__(self) -> Follower:
        return self

    def __exit__(self, *_: object) -> None:
        with self._monitor._lock:
            if self in self._monitor._followers:
                self._monitor._followers.remove(self)
            self._monitor._free_when_idle()

    def advance(self, timeout_ms: float | None = None) -> bool:
        """Waits until something is due, and does it. False at the end."""
        if self.fd < 0:
            return False
        self._poll.poll(timeout_ms)
        return self._monitor._pull()


class Pulling:
    """What a monitor has of its stream: several may follow it, one at a time pulls."""

    _stream: Stream | None = None
    _pidfd = -1
    _sink: Sink | None = None

    def _begin(self, options: Options, open_stream: Callable[[], Stream], own_child: bool) -> None:
        _wait_for_left()
        self._options = options
        self._own_child = own_child
        self._made_in = os.getpid()
        self._lock = threading.RLock()
        self._followers: list[Follower] = []
        self._ended = False
        self._status: int | None = None
        self._lost = 0
        self._metadata = self._env = self._last_gpu = ""
        self._samples: list[str] = []
        self._children: deque[str] = deque(maxlen=None if options.store_in_memory else _CHILDREN_KEPT)
        self._summary = Summary()
        self.stdout: Any = None
        self.stderr: Any = None
        if options.output_file is not None:
            self._sink = Sink.open(os.fsencode(options.output_file), options.output_format)
        try:
            self._stream = open_stream()
        except BaseException:
            self._close_sink()
            raise
        self._pid = self._stream.pid()
        try:
            self._pidfd = os.pidfd_open(self._pid)
        except OSError:
            self._pidfd = -1  # it has ended, and somebody waited for it
        _monitors.add(self)
        while not self._metadata:
            record = self._stream.next()
            if record is None:
                break
            self._take(record, lib.denet_record_kind(record))

    def __del__(self) -> None:
        if getattr(self, "_made_in", 0) != os.getpid():
            return
        self._close_sink()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
        if self._stream is not None:
            self._stream.close()
            if self._own_child and not self._ended:
                _left.append(self._pid)
                _wait_for_left()

    def _check_process(self) -> None:
        if self._made_in != os.getpid():
            raise RuntimeError(f"this monitor is of process {self._made_in}, which made it; make one in this process")

    def _take(self, record: Record, kind: int) -> str:
        """Gives a record to all who want it, and returns its text where it is a sample that somebody wants."""
        options = self._options
        is_sample = kind in SAMPLES
        text = ""

        self._summary.add(record)
        if self._sink is not None and self._is_written(kind):
            self._lost += self._sink.write(record) < 0
        if options.store_in_memory or self._wanted or not is_sample or any(kind in f.kinds for f in self._followers):
            text = record_text(record)
        for follower in self._followers:
            if kind in follower.kinds:
                follower.lines.append(text)
        if is_sample:
            if options.store_in_memory:
                self._samples.append(text)
            if options.enable_gpu and _has_gpu(record):
                self._last_gpu = text or record_text(record)
        elif kind == lib.DENET_CHILD:
            self._children.append(text)
        elif kind == lib.DENET_METADATA:
            self._metadata = text
        elif kind == lib.DENET_ENV:
            self._env = text
        return text if is_sample else ""

    _wanted = False  # by sample_once

    def _is_written(self, kind: int) -> bool:
        if kind == lib.DENET_METADATA:
            return self._options.write_metadata
        return kind != lib.DENET_ENV or self._options.write_env

    def _pull(self) -> bool:
        """Does what is due, up to a sample. False at the end."""
        with self._lock:
            if self._stream is None or self._ended:
                return False
            try:
                while (record := self._stream.next()) is not None:
                    kind = lib.denet_record_kind(record)
                    self._take(record, kind)
                    if kind in SAMPLES:
                        break
            except EOFError:
                self._finish()
                return False
            return True

    def _finish(self) -> None:
        assert self._stream is not None
        self._ended = True
        self._status = self._stream.status() if self._own_child else None
        self._close_sink()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
        self._free_when_idle()

    def _free_when_idle(self) -> None:
        """Who follows may be waiting for its descriptor."""
        if self._ended and not self._followers and self._stream is not None:
            self._stream.close()
            self._stream = None

    def _close_sink(self) -> None:
        sink, self._sink = self._sink, None
        if sink is None:
            return
        code = sink.finish()
        if code < 0 or self._lost:
            why = f": {os.strerror(-code)}" if code < 0 else ""
            warnings.warn(
                f"{os.fspath(self._options.output_file or '')!r}: {self._lost or 'the last'} records could not be "
                f"written{why}; see that there is room (df)",
                RuntimeWarning,
                stacklevel=2,
            )

    def is_running(self) -> bool:
        """Whether the main process runs: False at once after its end."""
        if self._made_in != os.getpid() or self._ended:
            return False
        with self._lock:
            if self._pidfd < 0:
                return False
            poll = select.poll()
            poll.register(self._pidfd, select.POLLIN)
            return not poll.poll(0)


def _has_gpu(record: Record) -> bool:
    """Whether a record has GPUs."""
    return bool(lib.denet_record_row(record, lib.DENET_GPU, 0) != ffi.NULL)
