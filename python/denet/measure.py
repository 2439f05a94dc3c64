# SPDX-License-Identifier: GPL-3.0-or-later
"""One's own code, measured: what this process, and the children that it has, used from one line to another."""

from __future__ import annotations

import functools
import json
import os
import select
import threading
from types import TracebackType
from typing import Any, Callable, TypeVar, cast, overload

from ._denet import lib
from ._options import Options
from ._stream import SAMPLES, Stream, Summary, record_text

Function = TypeVar("Function", bound=Callable[..., Any])


class Measurement:
    """What was used between two moments; whole when its ``with`` block has ended.

    exit: the exit record as a dict. Its totals are exact for this process; of children that this process has not waited
    for they are what samples saw.
    samples: the tree records as JSON strings, with store_samples=True.
    """

    def __init__(self, interval_ms: int = 100, store_samples: bool = False) -> None:
        self.exit: dict[str, Any] = {}
        self.samples: list[str] = []
        self._options = Options(interval_ms, max(interval_ms, 1000)).checked()
        self._store = store_samples
        self._summary = Summary()
        self._stream: Stream | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Measurement:
        if self._thread is not None or self.exit:
            raise RuntimeError("a measurement is of one block; make another")
        self._stream = Stream.attach(os.getpid(), self._options.for_library())
        self._told, self._tell = os.pipe()
        self._thread = threading.Thread(target=self._follow, args=(self._stream,), name="denet", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stream, thread = self._stream, self._thread
        assert stream is not None and thread is not None
        os.close(self._tell)
        thread.join()
        os.close(self._told)
        stream.stop()
        self._take_all(stream, 1000)
        stream.close()
        self._stream = self._thread = None

    def _follow(self, stream: Stream) -> None:
        """In a thread, up to when it is told that the block has ended: one thread at a time uses the stream."""
        poll = select.poll()
        poll.register(stream.fd(), select.POLLIN)
        poll.register(self._told, select.POLLIN)
        while self._told not in (fd for fd, _ in poll.poll()):
            if not self._take_all(stream, 0):
                return

    def _take_all(self, stream: Stream, timeout_ms: int) -> bool:
        try:
            while (record := stream.next(timeout_ms)) is not None:
                self._take(record)
        except EOFError:
            return False
        return True

    def _take(self, record: Any) -> None:
        self._summary.add(record)
        kind = lib.denet_record_kind(record)
        if kind == lib.DENET_EXIT:
            self.exit = json.loads(record_text(record))
        elif self._store and kind in SAMPLES:
            self.samples.append(record_text(record))

    def _total(self, name: str) -> float:
        if not self.exit:
            raise RuntimeError("the block has not ended yet")
        return float(self.exit["totals"].get(name, 0))

    @property
    def wall_secs(self) -> float:
        """How long it took, in seconds."""
        return self._total("wall_secs")

    @property
    def cpu_secs(self) -> float:
        """CPU time of all threads, and of the children, in seconds."""
        return self._total("cpu_user_secs") + self._total("cpu_system_secs")

    @property
    def peak_mem_rss_kb(self) -> int:
        """The most memory that was resident at a sample, in KiB."""
        return int(self.summary.get("peak_mem_rss_kb", 0))

    @property
    def summary(self) -> dict[str, Any]:
        """As ``denet stats`` has it."""
        found: dict[str, Any] = json.loads(self._summary.json())
        return found


@overload
def measure(function: Function) -> Function: ...
@overload
def measure(
    function: None = None,
    *,
    interval_ms: int = 100,
    store_samples: bool = False,
    report: Callable[[Measurement], object] | None = None,
) -> Any: ...
def measure(
    function: Function | None = None,
    *,
    interval_ms: int = 100,
    store_samples: bool = False,
    report: Callable[[Measurement], object] | None = None,
) -> Any:
    """A ``with`` block, or a decorator, that measures this process and the children that it has.

    interval_ms: milliseconds between two samples, at first; totals are exact whatever it is.
    store_samples: keep the samples; report: called with each measurement of the decorated function, the last of which
    is its attribute ``measurement`` too.

    What other threads use meanwhile is in it: a process is measured, not a thread.

    >>> with measure() as m:
    ...     total = sum(i * i for i in range(300000))
    >>> m.cpu_secs > 0 and m.wall_secs > 0
    True
    >>> @measure
    ... def work():
    ...     return sum(range(100000))
    >>> work()
    4999950000
    >>> work.measurement.wall_secs > 0
    True
    """
    if function is None:
        return _Measuring(interval_ms, store_samples, report)
    return _Measuring(interval_ms, store_samples, report)(function)


class _Measuring(Measurement):
    """With arguments it is not known yet whether it will be a block or a decorator: it is both."""

    def __init__(self, interval_ms: int, store_samples: bool, report: Callable[[Measurement], object] | None) -> None:
        super().__init__(interval_ms, store_samples)
        self._report = report

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if self._report:
            self._report(self)

    def __call__(self, function: Function) -> Function:
        interval_ms, store, report = self._options.base_interval_ms, self._store, self._report

        @functools.wraps(function)
        def measured(*arguments: Any, **keywords: Any) -> Any:
            with Measurement(interval_ms, store) as m:
                result = function(*arguments, **keywords)
            measured.measurement = m  # type: ignore[attr-defined]
            if report:
                report(m)
            return result

        return cast(Function, measured)
