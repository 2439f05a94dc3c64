# SPDX-License-Identifier: GPL-3.0-or-later
"""ProcessMonitor: a command, or a process that runs, and everything it starts."""

from __future__ import annotations

import atexit
import errno
import operator
import os
import select
import signal
import sys
import threading
import warnings
import weakref
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Callable

from ._denet import ffi, lib
from ._options import Command, Options, StrOrBytesPath, argument_bytes, check_format
from ._stream import SAMPLES, Record, Sink, Stream, Summary, record_text

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

_CHILDREN_KEPT = 1000  # child records, where samples are not kept in memory
_STOP_SECS = 5.0

# What Python itself ignores, and subprocess too gives back to a command.
_DEFAULTED = sum(1 << (getattr(signal, name) - 1) for name in ("SIGPIPE", "SIGXFSZ") if hasattr(signal, name))

_left: deque[int] = deque()  # commands that run on without a monitor: waited for when they have ended
_monitors: weakref.WeakSet[ProcessMonitor] = weakref.WeakSet()


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


class _Follower:
    """One that pulls a monitor's records, and gets from then on all that anybody pulls, of some kinds."""

    def __init__(self, monitor: ProcessMonitor, kinds: tuple[int, ...]) -> None:
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

    def __enter__(self) -> _Follower:
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


class ProcessMonitor:
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

    _stream: Stream | None = None
    _pidfd = -1
    _sink: Sink | None = None

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

    # ------------------------------------------------------------------------------------------ what it is made of

    def _begin(self, options: Options, open_stream: Callable[[], Stream], own_child: bool) -> None:
        _wait_for_left()
        self._options = options
        self._own_child = own_child
        self._made_in = os.getpid()
        self._lock = threading.RLock()
        self._followers: list[_Follower] = []
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
            self._take(record)

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

    def _take(self, record: Record) -> str:
        """Gives a record to all who want it, and returns its text where it is a sample that somebody wants."""
        kind = lib.denet_record_kind(record)
        options = self._options
        text = ""

        self._summary.add(record)
        if self._sink is not None and self._is_written(kind):
            self._lost += self._sink.write(record) < 0
        if (
            options.store_in_memory
            or self._wanted
            or any(kind in f.kinds for f in self._followers)
            or kind not in SAMPLES
        ):
            text = record_text(record)
        for follower in self._followers:
            if kind in follower.kinds:
                follower.lines.append(text)
        if kind in SAMPLES:
            if options.store_in_memory:
                self._samples.append(text)
            if options.enable_gpu and denet_gpu(record):
                self._last_gpu = text or record_text(record)
        elif kind == lib.DENET_CHILD:
            self._children.append(text)
        elif kind == lib.DENET_METADATA:
            self._metadata = text
        elif kind == lib.DENET_ENV:
            self._env = text
        return text if kind in SAMPLES else ""

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
                    self._take(record)
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

    # ------------------------------------------------------------------------------------------------- monitoring

    def run(self) -> None:
        """Monitors until the end. Other threads run meanwhile and may use the monitor; Ctrl-C is answered at once.

        Without `quiet` and `output_file`, records are printed to sys.stdout as they come.
        """
        self._check_process()
        printing = not self._options.quiet and self._options.output_file is None
        kinds = [lib.DENET_CHILD, lib.DENET_EXIT, *SAMPLES] if printing else []
        with _Follower(self, tuple(kinds)) as follower:
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
                text = self._take(record) if record is not None else ""
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
        with _Follower(self, SAMPLES) as follower:
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

        with _Follower(self, SAMPLES) as follower:
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
            with _Follower(self, ()) as follower:
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

    # --------------------------------------------------------------------------------------------- what was found

    def get_samples(self) -> list[str]:
        """The samples kept in memory, oldest first; each is a line of JSON."""
        return list(self._samples)

    def clear_samples(self) -> None:
        """Forgets them, and what the summary was made of."""
        self._check_process()
        with self._lock:
            self._samples = []
            self._summary = Summary()

    def save_samples(self, path: StrOrBytesPath, format: str | None = None) -> None:
        """Writes the samples kept in memory: "jsonl", a line each; "json", one array; "csv", a row each.

        None: by the file's name, else jsonl. A last .gz or .zst in the name compresses.
        """
        name = os.fsencode(path)
        if format is not None:
            check_format(format)
        lines = self.get_samples()
        if not lines:
            array = format == "json" or (format is None and name.endswith(b".json"))
            with open(path, "wb") as file:
                file.write(b"[]" if array else b"")
            return
        sink = Sink.open(name, format)
        stream = Stream.parse("".join(f"{line}\n" for line in lines).encode())
        code = 0
        try:
            while code == 0:
                code = sink.write(stream.next())
        except EOFError:
            pass
        code = min(code, sink.finish())
        if code < 0:
            raise OSError(-code, os.strerror(-code), os.fsdecode(name))

    def get_summary(self) -> str:
        """The summary so far as JSON: total_time_secs, avg_cpu_usage (percent; 100 is one core), peak_mem_rss_kb …

        >>> import json
        >>> monitor = ProcessMonitor(["true"], 100, 1000, quiet=True)
        >>> monitor.run()
        >>> json.loads(monitor.get_summary())["sample_count"] >= 1
        True
        """
        self._check_process()
        with self._lock:
            return self._summary.json()

    def get_metadata(self) -> str | None:
        """The metadata record as JSON: pid, cmd, executable, t0_ms (Unix milliseconds), capabilities …"""
        return "{" + self._metadata.partition(",")[2] if self._metadata else None

    def get_env(self) -> str:
        """The env record as JSON: this machine, its processors, memory and kernel."""
        if self._env:
            return self._env
        stream = Stream.probe()
        while True:
            record = stream.next()
            if lib.denet_record_kind(record) == lib.DENET_ENV:
                return record_text(record)

    def get_children(self) -> list[str]:
        """A child record, a line of JSON, for each process seen so far besides the main one, and for each exec."""
        return list(self._children)

    # -------------------------------------------------------------------------------------------------------- GPUs

    def is_gpu_enabled(self) -> bool:
        """Whether GPUs were asked for, and are measured."""
        import json

        if not self._options.enable_gpu or not self._metadata:
            return False
        gpu = json.loads(self._metadata).get("capabilities", {}).get("gpu") or {}
        return bool(gpu.get("available"))

    def gpu_device_count(self) -> int:
        """How many GPUs are measured, by the last sample."""
        return len(self._gpu().get("devices", ()))

    def get_gpu_summary(self) -> str:
        """The GPUs by the last sample, as JSON; utilization is percent, memory is GiB."""
        import json

        gpu = self._gpu()
        used, free = (float(gpu.get(key) or 0) for key in ("total_memory_used", "total_memory_available"))
        total = sum(float(device.get("memory_total") or 0) for device in gpu.get("devices", ()))
        return json.dumps(
            {
                "device_count": self.gpu_device_count(),
                "enabled": self.is_gpu_enabled(),
                "max_gpu_utilization": float(gpu.get("max_gpu_utilization") or 0),
                "max_memory_utilization": float(gpu.get("max_memory_utilization") or 0),
                "total_memory_gb": (total or used + free) / 2**30,
                "total_memory_used_gb": used / 2**30,
            },
            separators=(",", ":"),
        )

    def _gpu(self) -> dict[str, Any]:
        import json

        if not self._last_gpu:
            return {}
        sample = json.loads(self._last_gpu)
        gpu = (sample.get("aggregated") or sample).get("gpu") or sample.get("gpu") or {}
        assert isinstance(gpu, dict)
        return gpu

    @staticmethod
    def execute_with_monitoring(*arguments: Any, **keywords: Any) -> tuple[int, ProcessMonitor]:
        """As denet.execute_with_monitoring."""
        from .execute import execute_with_monitoring

        return execute_with_monitoring(*arguments, **keywords)


def denet_gpu(record: Record) -> bool:
    """Whether a record has GPUs."""
    return bool(lib.denet_record_row(record, lib.DENET_GPU, 0) != ffi.NULL)


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
