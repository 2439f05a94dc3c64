# SPDX-License-Identifier: GPL-3.0-or-later
"""execute_with_monitoring does what subprocess.run does, whatever it is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import denet
from denet import execute_with_monitoring as execute

PYTHON = sys.executable


@pytest.mark.parametrize("cmd", [["sh", "-c", "exit 5"], ["true"], ["sh", "-c", "kill -9 $$"], "sh -c 'exit 5'"])
def test_the_code_is_that_of_subprocess(cmd: Any) -> None:
    assert execute(cmd)[0] == subprocess.run(cmd if isinstance(cmd, list) else ["sh", "-c", "exit 5"]).returncode


@pytest.mark.parametrize(
    "arguments",
    [
        {"capture_output": True},
        {"capture_output": True, "text": True},
        {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT},
        {"input": b"given", "stdout": subprocess.PIPE},
        {"input": "given", "stdout": subprocess.PIPE, "encoding": "utf-8"},
        {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE},
        {"cwd": "/", "stdout": subprocess.PIPE},
        {"env": {"PATH": os.environ["PATH"], "X": "y"}, "stdout": subprocess.PIPE},
        {"umask": 0o27, "stdout": subprocess.PIPE, "input": b""},
    ],
)
def test_each_argument_means_what_it_means_there(arguments: dict[str, Any]) -> None:
    cmd = ["sh", "-c", "cat; pwd; echo $X; umask; echo err >&2; exit 4"]
    if "input" not in arguments:
        arguments.setdefault("stdin", subprocess.DEVNULL)
    theirs = subprocess.run(cmd, **arguments)
    code, monitor = execute(cmd, **arguments)
    assert (code, monitor.stdout, monitor.stderr) == (theirs.returncode, theirs.stdout, theirs.stderr)


def test_a_shell_is_used_where_one_is_asked_for() -> None:
    code, monitor = execute("echo a | tr a b", shell=True, capture_output=True, text=True)
    assert (code, monitor.stdout) == (0, "b\n")


def test_descriptors_are_passed_on_and_no_others() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"through")
    code = f"import os; print(os.read({reading}, 7).decode(), len(os.listdir('/proc/self/fd')))"
    status, monitor = execute([PYTHON, "-c", code], pass_fds=(reading,), stdout=subprocess.PIPE, text=True)
    theirs = subprocess.run(
        [PYTHON, "-c", "import os; print(len(os.listdir('/proc/self/fd')))"], stdout=subprocess.PIPE, text=True
    )
    os.close(reading)
    os.close(writing)
    assert status == 0
    assert monitor.stdout.split() == ["through", str(int(theirs.stdout) + 1)]


def test_check_raises_with_the_output() -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        execute(["sh", "-c", "echo out; exit 3"], check=True, stdout=subprocess.PIPE)
    assert (caught.value.returncode, caught.value.output) == (3, b"out\n")


@pytest.mark.parametrize(
    ("cmd", "error"),
    [
        (["/no/such"], FileNotFoundError),
        (["/etc/passwd"], PermissionError),
        ([], ValueError),
        ("", ValueError),
        (None, TypeError),
    ],
)
def test_what_cannot_be_started_raises_what_subprocess_would(cmd: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        execute(cmd)


def test_a_hundred_megabytes_come_back_whole() -> None:
    size = 100 << 20
    code, monitor = execute(["head", "-c", str(size), "/dev/zero"], stdout=subprocess.PIPE)
    assert code == 0 and len(monitor.stdout) == size


def test_files_get_the_output_and_one_may_be_both(tmp_path: Path) -> None:
    both = str(tmp_path / "both")
    execute(["sh", "-c", "echo out; echo err >&2; echo out"], stdout_file=both, stderr_file=both)
    assert sorted((tmp_path / "both").read_text().split()) == ["err", "out", "out"]
    with pytest.raises(FileNotFoundError):
        execute(["true"], stdout_file=str(tmp_path / "none" / "f"))


def test_a_timeout_kills_the_whole_tree_and_carries_the_output() -> None:
    script = "echo begun; trap '' TERM; (trap '' TERM; setsid sleep 77.5) & sleep 77.5"
    begun = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired) as caught:
        execute(["sh", "-c", script], timeout=0.5, stdout=subprocess.PIPE)
    assert time.monotonic() - begun < 10
    assert caught.value.output == b"begun\n"
    left = [p for p in Path("/proc").glob("[0-9]*/cmdline") if _text(p) == b"sleep\x0077.5\x00"]
    assert left == []


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_short_command_has_a_sample_and_exact_totals() -> None:
    for _ in range(20):
        code, monitor = execute(["true"])
        assert code == 0
        assert len(monitor.get_samples()) >= 1


def test_the_command_is_observed_from_its_first_instruction_on() -> None:
    burn = [PYTHON, "-c", "import time\nwhile time.process_time() < 0.2: pass"]
    _, monitor = execute(burn, base_interval_ms=1000)
    summary = json.loads(monitor.get_summary())
    assert 0.2 <= summary["cpu_user_secs"] + summary["cpu_system_secs"] < 0.5


def test_the_longest_interval_is_honoured() -> None:
    _, monitor = execute(["sleep", "1"], base_interval_ms=20, max_interval_ms=20)
    assert len(monitor.get_samples()) >= 20


def test_the_records_go_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text("old\n")
    execute(["sleep", "0.2"], output_file=str(path), write_metadata=True)
    kinds = [json.loads(line)["kind"] for line in path.read_text().splitlines()]
    assert kinds[0] == "metadata" and kinds[-1] == "exit" and "tree" in kinds


def test_a_bad_format_is_refused_before_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="xml"):
        execute(["touch", str(tmp_path / "started")], output_format="xml")
    assert not (tmp_path / "started").exists()


def test_ctrl_c_ends_the_command_too() -> None:
    code = "import denet\nprint('ready',flush=True)\ndenet.execute_with_monitoring(['sleep','66.5'])"
    with subprocess.Popen([PYTHON, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as python:
        assert python.stdout is not None
        python.stdout.readline()
        time.sleep(0.4)
        python.send_signal(signal.SIGINT)
        python.wait(10)
    assert python.returncode in (-signal.SIGINT, 1, 130)


def test_it_is_the_monitors_static_method_too() -> None:
    assert denet.ProcessMonitor.execute_with_monitoring(["sh", "-c", "exit 2"])[0] == 2
