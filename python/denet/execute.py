# SPDX-License-Identifier: GPL-3.0-or-later
"""execute_with_monitoring: subprocess.run, monitored."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

from ._options import Options, StrOrBytesPath
from ._pulling import Follower
from ._stream import Stream
from .monitor import ProcessMonitor

if TYPE_CHECKING:
    from ._popen import Arguments, HeldPopen

_UNKILLABLE_SECS = 5.0


def execute_with_monitoring(
    cmd: Arguments,
    stdout_file: StrOrBytesPath | None = None,
    stderr_file: StrOrBytesPath | None = None,
    timeout: float | None = None,
    base_interval_ms: int = 100,
    max_interval_ms: int = 1000,
    store_in_memory: bool = True,
    output_file: StrOrBytesPath | None = None,
    output_format: str = "jsonl",
    since_process_start: bool = False,
    pause_for_attachment: bool = True,
    quiet: bool = False,
    include_children: bool = True,
    write_metadata: bool = False,
    enable_ebpf: bool = False,
    enable_gpu: bool = False,
    *,
    write_env: bool = False,
    enable_counters: bool = False,
    **subprocess_run_arguments: Any,
) -> tuple[int, ProcessMonitor]:
    """Runs a command to its end as subprocess.run does, and monitors it and all that it starts.

    Returns its exit status, -N after signal N, and the monitor, which has its samples, and as monitor.stdout and
    monitor.stderr what was captured.

    cmd: a program and its arguments; a str is split as a shell would, with shell=True it is a shell's.
    stdout_file, stderr_file: files for its output; one file may be both.
    timeout: seconds; then the whole tree is killed, and subprocess.TimeoutExpired raised.
    base_interval_ms, max_interval_ms: milliseconds between two samples, at first and from ten seconds on.
    pause_for_attachment: accepted; the command is always observed from its first instruction on, without being stopped.
    quiet: its output is discarded, unless it is told where to go.
    The others are ProcessMonitor's and subprocess.run's: cwd, env, stdin, stdout, stderr, input, capture_output, text,
    check, shell, user, umask, pass_fds … It has a session of its own, unless start_new_session is False.

    >>> code, monitor = execute_with_monitoring("echo 'two words'", capture_output=True, text=True)
    >>> code, monitor.stdout
    (0, 'two words\\n')
    >>> import subprocess
    >>> try:
    ...     execute_with_monitoring(["sleep", "60"], timeout=0.1)
    ... except subprocess.TimeoutExpired as e:
    ...     print(e)
    Command '['sleep', '60']' timed out after 0.1 seconds
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
    if timeout is not None:
        timeout = timeout + 0.0
    how = subprocess_run_arguments
    command = _command(cmd, bool(how.get("shell")))
    with contextlib.ExitStack() as files:
        _plan_output(how, stdout_file, stderr_file, quiet, files)
        text, check = how.pop("input", None), how.pop("check", False)
        if text is not None:
            if how.get("stdin") is not None:
                raise ValueError("stdin and input arguments may not both be used.")
            how["stdin"] = _pipe()
        how.setdefault("start_new_session", "process_group" not in how)
        return _execute(command, options, how, text, timeout, check)


def _pipe() -> int:
    import subprocess

    return subprocess.PIPE


def _command(cmd: Any, shell: bool) -> Any:
    if cmd is None or isinstance(cmd, int):
        raise TypeError(f"cmd is a list or a str, not {type(cmd).__name__}")
    if isinstance(cmd, str) and not shell:
        import shlex

        cmd = shlex.split(cmd)
    if isinstance(cmd, (bytes, os.PathLike)) and not shell:
        cmd = [cmd]
    if not cmd:
        raise ValueError("cmd is empty; give the name of a program and its arguments")
    return cmd


def _plan_output(
    how: dict[str, Any],
    stdout_file: StrOrBytesPath | None,
    stderr_file: StrOrBytesPath | None,
    quiet: bool,
    files: contextlib.ExitStack,
) -> None:
    """Where its output goes, in subprocess's words."""
    import subprocess

    if how.pop("capture_output", False):
        if how.get("stdout") is not None or how.get("stderr") is not None:
            raise ValueError("stdout and stderr arguments may not be used with capture_output.")
        how["stdout"] = how["stderr"] = subprocess.PIPE
    opened: Any = None
    for name, path in (("stdout", stdout_file), ("stderr", stderr_file)):
        if path is None:
            continue
        if how.get(name) is not None:
            raise ValueError(f"{name} and {name}_file arguments may not both be used.")
        if opened is not None and os.path.samestat(os.fstat(opened.fileno()), os.stat(path)):
            how[name] = opened  # one place in the file, so that neither overwrites the other
        else:
            opened = how[name] = files.enter_context(open(path, "wb"))  # noqa: SIM115
    if quiet:
        for name in ("stdout", "stderr"):
            if how.get(name) is None:
                how[name] = subprocess.DEVNULL


class _Opened(ProcessMonitor):
    """A monitor of a command that Popen has started."""

    def __init__(self, popen: HeldPopen, options: Options) -> None:
        o = options.for_library()

        def adopt() -> Stream:
            release, report = popen.release, popen.report
            popen.release = popen.report = -1
            return Stream.adopt(popen.pid, release, report, popen.command, o, os.fsdecode(popen.program))

        self._begin(options, adopt, own_child=True)


def _start(command: Any, options: Options, how: dict[str, Any]) -> tuple[HeldPopen, ProcessMonitor]:
    from ._popen import HeldPopen

    popen = HeldPopen(command, **how)
    try:
        monitor = _Opened(popen, options)
    except BaseException:
        _abandon(popen)
        raise
    monitor.__class__ = ProcessMonitor  # type: ignore[assignment]
    return popen, monitor


def _abandon(popen: HeldPopen) -> None:
    """The command did not begin. Its gate is ended here where nobody has done that."""
    if popen.release >= 0:
        os.close(popen.release)
        os.close(popen.report)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(popen.pid, 0)
    popen.end(127)
    for stream in (popen.stdin, popen.stdout, popen.stderr):
        if stream is not None:
            stream.close()


def _execute(
    command: Any, options: Options, how: dict[str, Any], text: Any, timeout: float | None, check: bool
) -> tuple[int, ProcessMonitor]:
    import subprocess

    popen, monitor = _start(command, options, how)
    failure: list[BaseException] = []
    thread = threading.Thread(target=_follow, args=(monitor, popen, failure), name="denet", daemon=True)
    with popen:
        try:
            thread.start()
            monitor.stdout, monitor.stderr = popen.communicate(text, timeout=timeout)
        except BaseException as e:
            if isinstance(e, subprocess.TimeoutExpired) and timeout is not None:
                e.timeout = timeout  # not what was left of it
            _kill(popen, monitor, thread, own_group=bool(how["start_new_session"] or how.get("process_group") == 0))
            raise
    thread.join()
    if failure:
        raise failure[0]
    code = popen.returncode
    assert code is not None
    if check and code:
        raise subprocess.CalledProcessError(code, command, output=monitor.stdout, stderr=monitor.stderr)
    return code, monitor


def _follow(monitor: ProcessMonitor, popen: HeldPopen, failure: list[BaseException]) -> None:
    """In a thread of its own: the pipes are drained in the caller's, where Ctrl-C comes."""
    try:
        with Follower(monitor, ()) as follower:
            while follower.advance():
                pass
    except BaseException as e:
        failure.append(e)
    finally:
        popen.end(monitor.returncode if monitor.returncode is not None else 0)


def _kill(popen: HeldPopen, monitor: ProcessMonitor, thread: threading.Thread, own_group: bool) -> None:
    """The whole group, and of the tree who has left it. Who cannot be killed is not waited for."""
    if own_group and monitor.is_running():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(popen.pid, signal.SIGKILL)
    monitor.kill()
    if thread.ident is None:
        _follow(monitor, popen, [])
        return
    thread.join(_UNKILLABLE_SECS)
    if thread.is_alive():
        monitor.terminate()
        thread.join(_UNKILLABLE_SECS)
    if thread.is_alive():
        popen.end(-signal.SIGKILL)
