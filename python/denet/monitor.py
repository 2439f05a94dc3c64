# SPDX-License-Identifier: GPL-3.0-or-later
"""ProcessMonitor: a command, or a process that runs, and everything it starts."""

from __future__ import annotations

import errno
import operator
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from ._denet import ffi, lib
from ._found import Found
from ._options import Command, Options, StrOrBytesPath, argument_bytes
from ._pulling import Follower
from ._stream import SAMPLES, Stream

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

_STOP_SECS = 5.0

# What Python itself ignores, and subprocess too gives back to a command.
_DEFAULTED = sum(1 << (getattr(signal, name) - 1) for name in ("SIGPIPE", "SIGXFSZ") if hasattr(signal, name))


class ProcessMonitor(Found):
    """Starts a command and monitors it and all that it starts.

    The command starts at once; samples are taken by run(), sample_once() or iteration. What it prints goes to standard
    error, with `output_file` where Python's own goes, with `quiet` nowhere.

    cmd: a program and its arguments; str, bytes or os.PathLike.
    base_interval_ms, max_interval_ms: milliseconds between two samples, at first and from ten seconds on.
    since_process_start: I/O counts from the process's start, not from when monitoring began.
    output_file, output_format: where records are written: "jsonl", "json" or "csv"; a last .gz or .zst compresses.
    store_in_memory: keep samples for get_samples(); a summary is there in any case.
    include_children: False monitors the main process alone.
    write_metadata, write_env: these records are written too.
    enable_ebpf, enable_gpu, enable_counters: measured too, where the machine can; get_metadata() says why not.

    >>> monitor = ProcessMonitor(["sleep", "0.3"], 100, 1000, quiet=True)
    >>> monitor.run()
    >>> monitor.returncode, len(monitor.get_samples()) >= 2
    (0, True)

    It is an iterator over samples, each a line of JSON, and a context manager that ends the command.

    >>> import json
    >>> with ProcessMonitor(["sleep", "60"], 50, 50) as monitor:
    ...     tree = json.loads(next(iter(monitor)))
    >>> tree["aggregated"]["process_count"]
    1
    >>> monitor.returncode
    -15
    """

    def __init__(
        self,
        cmd: Command,
        base_interval_ms: int,
        max_interval_ms: int,
        since_process_start: bool = False,
        output_file: StrOrBytesPath | None = None,
        output_format: str = "jsonl",
        store_in_memory: bool = True,
        quiet: bool = False,
        include_children: bool = True,
        write_metadata: bool = False,
        write_env: bool = False,
        enable_ebpf: bool = False,
        enable_gpu: bool = False,
        *,
        enable_counters: bool = False,
    ) -> None:
        options = Options(
            base_interval_ms,
            max_interval_ms,
            since_process_start,
            output_file,
            output_format,
            store_in_memory,
            quiet,
            include_children,
            write_metadata,
            write_env,
            enable_ebpf,
            enable_gpu,
            enable_counters,
        ).checked()
        arguments = argument_bytes(cmd)
        o = options.for_library()
        stdio = _stdio(options)
        if stdio is not None:
            o.stdio = stdio
        o.defaulted = _DEFAULTED
        self._begin(options, lambda: Stream.run(arguments, o), own_child=True)

    @classmethod
    def from_pid(
        cls,
        pid: int,
        base_interval_ms: int,
        max_interval_ms: int,
        since_process_start: bool = False,
        output_file: StrOrBytesPath | None = None,
        output_format: str = "jsonl",
        store_in_memory: bool = True,
        quiet: bool = False,
        include_children: bool = True,
        write_metadata: bool = False,
        write_env: bool = False,
        enable_ebpf: bool = False,
        enable_gpu: bool = False,
        *,
        enable_counters: bool = False,
    ) -> Self:
        """Monitors a process that runs, and its descendants, from now on; it is not stopped, changed or signalled.

        ProcessLookupError: there is none of that number.
        """
        options = Options(
            base_interval_ms,
            max_interval_ms,
            since_process_start,
            output_file,
            output_format,
            store_in_memory,
            quiet,
            include_children,
            write_metadata,
            write_env,
            enable_ebpf,
            enable_gpu,
            enable_counters,
        ).checked()
        number = operator.index(pid)
        if not 0 <= number < 2**63:
            raise OverflowError(f"{number} is no PID")
        monitor = cls.__new__(cls)
        monitor._begin(options, lambda: Stream.attach(number, options.for_library()), own_child=False)
        return monitor

    # ------------------------------------------------------------------------------------------------- monitoring

    def run(self) -> None:
        """Monitors until the end. Other threads run meanwhile and may use the monitor; Ctrl-C is answered at once.

        Without `quiet` and `output_file`, records are printed to sys.stdout as they come.
        """
        self._check_process()
        printing = not self._options.quiet and self._options.output_file is None
        kinds = [lib.DENET_CHILD, lib.DENET_EXIT, *SAMPLES] if printing else []
        with Follower(self, tuple(kinds)) as follower:
            if printing and self._options.write_env and self._env:
                print(self._env)
            if printing and self._options.write_metadata and self._metadata:
                print(self._metadata)
            going = True
            while going:
                going = follower.advance()
                while follower.lines:
                    sys.stdout.write(follower.lines.popleft() + "\n")
                    if not follower.lines:
                        sys.stdout.flush()

    def sample_once(self) -> str | None:
        """Takes a sample now: a line of JSON, of kind "tree", or "sample" without children. None after the end.

        >>> with ProcessMonitor(["sleep", "60"], 100, 1000) as monitor:
        ...     '"kind":"tree"' in monitor.sample_once()
        True
        >>> monitor.sample_once() is None
        True
        """
        self._check_process()
        with self._lock:
            while self._stream is not None and not self._ended:
                text = self._sample_now()
                if text is not None:
                    return text
            return None

    def _sample_now(self) -> str | None:
        """None: it has ended; then everything up to the end is taken."""
        assert self._stream is not None
        running = self.is_running()
        self._wanted = True
        try:
            if running:
                self._stream.sample()
            while True:
                record = self._stream.next(-1 if running else 100)
                text = self._take(record, lib.denet_record_kind(record)) if record is not None else ""
                if text and running and self.is_running():
                    return text
        except EOFError:
            self._finish()
            return None
        finally:
            self._wanted = False

    def __iter__(self) -> Iterator[str]:
        """Samples as they are taken, until the end; each is a line of JSON."""
        self._check_process()
        with Follower(self, SAMPLES) as follower:
            going = True
            while going:
                going = follower.advance()
                while follower.lines:
                    yield follower.lines.popleft()

    async def __aiter__(self) -> AsyncIterator[str]:
        """The same in an event loop, which waits for the monitor's descriptor; as in Jupyter."""
        import asyncio

        self._check_process()
        loop = asyncio.get_running_loop()
        news = asyncio.Event()
        failure: list[BaseException] = []
        going = True

        def pull() -> None:
            nonlocal going
            try:
                going = self._pull()
            except Exception as e:
                failure.append(e)
                going = False
            news.set()
            if not going:
                loop.remove_reader(fd)

        with Follower(self, SAMPLES) as follower:
            if follower.fd < 0:
                return
            fd = os.dup(follower.fd)  # so that two loops over one monitor are two readers
            loop.add_reader(fd, pull)
            try:
                while going or follower.lines:
                    while follower.lines:
                        yield follower.lines.popleft()
                    if going:
                        await news.wait()
                        news.clear()
                if failure:
                    raise failure[0]
            finally:
                loop.remove_reader(fd)
                os.close(fd)

    # ----------------------------------------------------------------------------------------------- the process

    def get_pid(self) -> int:
        """The main process's PID, also after its end."""
        return self._pid

    @property
    def returncode(self) -> int | None:
        """As subprocess.Popen.returncode: the exit status, or -N after signal N. None before the end is monitored, and
        of a process that was attached to."""
        return self._status

    def send_signal(self, number: int) -> None:
        """Sends a signal to the main process; nothing happens after its end."""
        self._check_process()
        with self._lock:
            if self._stream is not None and not self._ended:
                self._stream.signal(number)

    def terminate(self) -> None:
        """Ends the command: TERM now, KILL to all of the tree five seconds later; a process attached to is let go.
        run() and iteration go on to that end."""
        self._check_process()
        with self._lock:
            if self._stream is not None and not self._ended:
                self._stream.stop()

    def kill(self) -> None:
        """KILL to every process of the tree. run() and iteration go on to the end."""
        self._check_process()
        with self._lock:
            if self._stream is not None and not self._ended:
                self._stream.kill()

    def _to_end(self, patience_secs: float) -> None:
        """Follows to the end; who cannot be ended by then is let live."""
        timer = threading.Timer(patience_secs, self.terminate)
        timer.daemon = True
        timer.start()
        try:
            with Follower(self, ()) as follower:
                while follower.advance():
                    pass
        finally:
            timer.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Ends the command, at once where an exception leaves the block; a process attached to is let go."""
        if self._made_in != os.getpid():
            return
        if self._own_child and error is not None:
            self.kill()
        else:
            self.terminate()
        self._to_end(2 * _STOP_SECS)

    @staticmethod
    def execute_with_monitoring(*arguments: Any, **keywords: Any) -> tuple[int, ProcessMonitor]:
        """As denet.execute_with_monitoring."""
        from .execute import execute_with_monitoring

        return execute_with_monitoring(*arguments, **keywords)


def _stdio(options: Options) -> Any:
    """Where the command's own output goes: as the caller's where nothing is printed between it."""
    if options.quiet:
        return ffi.new("int[3]", [0, -1, -1])
    if options.output_file is not None:
        return None
    try:
        os.fstat(2)
    except OSError as e:
        if e.errno == errno.EBADF:
            return ffi.new("int[3]", [0, -1, -1])
        raise
    return ffi.new("int[3]", [0, 2, 2])
