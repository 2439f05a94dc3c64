# SPDX-License-Identifier: GPL-3.0-or-later
"""Surroundings that are against it: no /proc, nothing to write to, no room for processes, a long sleep."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import Background, Helper
from harness import (
    DENET,
    SANITIZED,
    Argument,
    Result,
    copy_for_others,
    denet,
    execute,
    measure,
    of_kind,
    parse_records,
    read_records,
    the,
    totals,
    wait_until,
)

UNSHARE = shutil.which("unshare")


def unshared(*options: str) -> list[str]:
    return [UNSHARE or "unshare", *options]


def may_unshare() -> bool:
    return bool(UNSHARE) and os.geteuid() == 0 and subprocess.run(unshared("--mount", "true")).returncode == 0


in_namespaces = pytest.mark.skipif(not may_unshare(), reason="no mount namespace can be made here")


def with_mounts(script: str, command: Sequence[Argument]) -> Result:
    """`command` in a mount namespace of its own, after `script`, which is nobody else's concern."""
    return execute([*unshared("--mount"), "sh", "-ec", f'{script}; exec "$@"', "sh", *command])


@in_namespaces
@pytest.mark.skipif(SANITIZED, reason="the sanitizers themselves do not start without /proc")
def test_without_proc_it_is_said_and_nothing_is_started(tmp_path: Path) -> None:
    started = tmp_path / "started"
    result = with_mounts("mount -t tmpfs none /proc", [DENET, "run", "touch", started])
    assert result.status == 125
    assert result.stderr.startswith(b"denet: ") and result.stderr.count(b"\n") == 1
    assert not started.exists()


@in_namespaces
def test_on_a_read_only_root_a_run_is_whole() -> None:
    script = "touch /there 2>/dev/null && exit 9; exit 3"
    result = with_mounts("mount -o remount,bind,ro /", [DENET, "-j", "run", "sh", "-c", script])
    assert result.status == 3
    assert the(result.records, "exit")["exit_code"] == 3


@in_namespaces
def test_a_file_on_a_read_only_file_system_is_refused_before_the_start(tmp_path: Path) -> None:
    script = f"mount --bind {tmp_path} {tmp_path}; mount -o remount,bind,ro {tmp_path}"
    result = with_mounts(script, [DENET, "-o", tmp_path / "f", "run", "sh", "-c", "echo started"])
    assert (result.status, result.stdout) == (125, b"")
    assert b"Read-only file system" in result.stderr


@in_namespaces
def test_in_a_pid_namespace_the_pids_are_those_of_it() -> None:
    command = [*unshared("--pid", "--fork", "--mount-proc"), DENET, "-j", "run", "sh", "-c", "sleep 0.2; exit 4"]
    result = execute(command)
    assert result.status == 4
    assert of_kind(result.records, "metadata")[0]["pid"] < 20


def test_stopped_for_ten_seconds_it_goes_on_where_it_was(background: Background, tmp_path: Path) -> None:
    """What was used meanwhile is in the totals, and no sample is made up for the time in between."""
    path = tmp_path / "f"
    burn = "timeout 12 sh -c 'while :; do :; done'; exit 6"
    process = background([DENET, "-i", "100", "-m", "100", "-o", path, "run", "sh", "-c", burn])
    wait_until(lambda: path.exists() and b'"tree"' in path.read_bytes())
    process.send_signal(signal.SIGSTOP)
    time.sleep(10)
    process.send_signal(signal.SIGCONT)
    assert process.wait(60) == 6
    records = read_records(path)
    spans = [t["elapsed_us"] / 1e6 for t in of_kind(records, "tree")]
    longest = max(b - a for a, b in zip(spans, spans[1:]))
    assert 9 < longest < 13
    assert totals(records)["cpu_user_secs"] > 4 or SANITIZED
    assert totals(records)["wall_secs"] == pytest.approx(spans[-1], abs=0.5)


def test_a_command_line_of_two_megabytes_is_taken(tmp_path: Path) -> None:
    """The kernel's own limit is a quarter of the stack, and 128 KiB for one argument."""
    arguments = ["x" * 120000] * 17
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)

    def more() -> None:
        resource.setrlimit(resource.RLIMIT_STACK, (min(hard, 64 << 20) if hard > 0 else 64 << 20, hard))

    result = execute(
        [DENET, "-o", tmp_path / "f", "run", "sh", "-c", "echo $#; exit 5", "sh", *arguments], preexec_fn=more
    )
    assert (result.status, result.stdout) == (5, b"17\n")
    metadata = of_kind(read_records(tmp_path / "f"), "metadata")[0]
    assert metadata["cmd"][-17:] == arguments


def test_of_a_million_lines_one_that_is_broken_is_named_and_the_rest_counts(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    line = '{"kind":"sample","ts_ms":%d,"cpu_usage":1.0,"mem_rss_kb":7,"thread_count":1}\n'
    million, broken = 1000000, 654321
    with open(path, "w") as file:
        for i in range(1, million + 1):
            file.write("{broken\n" if i == broken else line % i)
    result = denet("--json", "stats", path)
    assert result.status == 0
    assert json.loads(result.stdout)["sample_count"] == million - 1
    assert str(broken).encode() in result.stderr


def test_a_file_that_grows_while_it_is_read_has_an_end(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    line = b'{"kind":"sample","ts_ms":1,"cpu_usage":1.0,"mem_rss_kb":7}\n'
    path.write_bytes(line * 1000)
    grow = f"while :; do head -c 100000 {path}.more >> {path}; done"
    Path(f"{path}.more").write_bytes(line * 5000)
    with subprocess.Popen(["timeout", "2", "sh", "-c", grow]) as growing:
        result = denet("--json", "stats", path)
        assert json.loads(result.stdout)["sample_count"] >= 1000
        growing.wait()


@pytest.mark.skipif(SANITIZED, reason="the sanitizers need descriptors of their own")
def test_with_any_number_of_descriptors_from_3_to_40_it_runs_or_says_why_not(tmp_path: Path) -> None:
    """Where the dynamic linker has none to load libc with, it is the one who says so."""
    statuses = []
    for most in range(3, 41):
        path, started = tmp_path / f"{most}.jsonl", tmp_path / f"{most}.started"
        script = f"touch {started}; sleep 0.03; exit 3"
        result = denet(
            "-q",
            "-i5",
            "-m5",
            "-o",
            path,
            "run",
            "sh",
            "-c",
            script,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most)),  # noqa: B023
        )
        statuses.append(result.status)
        if result.status == 3:
            assert the(read_records(path), "exit")["exit_code"] == 3, most
            continue
        assert not started.exists(), (most, result)
        assert result.stderr.count(b"\n") == 1, (most, result)
        assert result.status == (125 if result.stderr.startswith(b"denet: ") else 127), (most, result)
    assert statuses[-1] == 3 and statuses == sorted(statuses, reverse=True), statuses


def test_a_rotated_file_of_records_gets_the_rest_and_no_new_one_is_made(background: Background, tmp_path: Path) -> None:
    """As with a shell's redirection: what was opened is written to, whatever it is called by then."""
    path, old = tmp_path / "f.jsonl", tmp_path / "f.jsonl.1"
    process = background([DENET, "-q", "-i", "10", "-m", "10", "-o", path, "run", "sh", "-c", "sleep 0.5; exit 3"])
    wait_until(lambda: path.exists() and b'"tree"' in path.read_bytes())
    path.rename(old)
    before = len(old.read_bytes())
    assert process.wait(60) == 3
    assert not path.exists()
    assert len(old.read_bytes()) > before
    assert the(read_records(old), "exit")["exit_code"] == 3


def test_a_deleted_file_of_records_is_written_to_its_end_and_the_status_is_kept(
    background: Background, tmp_path: Path
) -> None:
    path = tmp_path / "f.jsonl"
    process = background([DENET, "-q", "-i", "10", "-m", "10", "-o", path, "run", "sh", "-c", "sleep 0.5; exit 3"])
    wait_until(lambda: path.exists() and b'"tree"' in path.read_bytes())
    with open(path, "rb") as held:
        path.unlink()
        assert process.wait(60) == 3
        data = held.read()
    assert not path.exists()
    assert the(parse_records(data), "exit")["exit_code"] == 3


@pytest.mark.parametrize("name", ["/dev/zero", "/"])
def test_an_input_without_lines_is_refused_with_a_line(name: str) -> None:
    result = denet("stats", name)
    assert result.status != 0
    assert result.stderr.count(b"\n") == 1 and name.encode() in result.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else, whom the limit holds")
def test_a_fork_bomb_is_held_by_its_limit_and_ended(tmp_path: Path) -> None:
    """In the limit's full room denet itself goes on: it forks no more."""
    path = tmp_path / "f"
    tmp_path.chmod(0o777)
    bomb = "b() { b | b & }; b; sleep 1; exit 9"
    program = copy_for_others(tmp_path)
    uid = 61234

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_NPROC, (60, 60))
        os.setgid(uid)
        os.setuid(uid)

    process = subprocess.Popen(
        [program, "-q", "-i", "20", "-d", "4", "-o", path, "run", "sh", "-c", bomb], preexec_fn=limited, cwd="/"
    )
    try:
        status = process.wait(60)
    finally:
        subprocess.run(["pkill", "-KILL", "-u", str(uid)])
    assert status in (2, 9, 124), "2: the shell could not start its sleep"
    records = read_records(path)
    assert the(records, "exit")["totals"]["processes_seen"] > 1
    assert max(t["aggregated"]["process_count"] for t in of_kind(records, "tree")) <= 60


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else, whom the limit holds")
def test_orphans_that_end_faster_than_they_can_be_waited_for_do_not_keep_a_duration_from_its_end(
    tmp_path: Path, truth: Helper
) -> None:
    tmp_path.chmod(0o777)
    orphans = shutil.copy(truth("orphans"), tmp_path)
    program = copy_for_others(tmp_path)
    uid, storm_secs = 61235, 24

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_NPROC, (6000, 6000))
        os.setgid(uid)
        os.setuid(uid)

    command = ["sh", "-c", f"sleep 0.3; exec {orphans} 60 {storm_secs}"]
    process = subprocess.Popen(
        [program, "-q", "-d", "1", "-o", tmp_path / "f", "run", *command], preexec_fn=limited, cwd="/"
    )
    began = time.monotonic()
    try:
        time.sleep(0.15)
        os.setpriority(os.PRIO_PROCESS, process.pid, 19)  # the command goes on as it was
        status = process.wait(2 * storm_secs)
        took = time.monotonic() - began
        left = subprocess.run(["pgrep", "-u", str(uid)], capture_output=True).stdout
    finally:
        subprocess.run(["pkill", "-KILL", "-u", str(uid)])
    assert (status, left) == (124, b"")
    assert took < storm_secs / 2
    assert "still_running" not in the(read_records(tmp_path / "f"), "exit")


def test_a_name_of_somebody_elses_link_is_followed_with_ones_own_rights_alone(tmp_path: Path) -> None:
    """As with a shell's own redirection; the file behind is opened as the user may open it, and no more."""
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to(target)
    _, records = measure(link, ["true"])
    assert target.exists() and the(records, "exit")["exit_code"] == 0


def test_a_command_that_prints_records_puts_none_among_denets(tmp_path: Path) -> None:
    forged = '{"kind":"exit","ts_ms":1,"exit_code":77}'
    result = denet("--json", "run", "echo", forged)
    assert forged.encode() not in result.stdout and forged.encode() in result.stderr
    assert the(result.records, "exit")["exit_code"] == 0


def test_a_process_can_hide_from_nobody_by_its_name(background: Background, tmp_path: Path) -> None:
    script = "import ctypes, time; ctypes.CDLL(None).prctl(15, b') S 1 1\\n{\"}'); time.sleep(0.5)"
    _, records = measure(
        tmp_path / "f",
        [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {script!r}])"],
        "-i",
        "20",
    )
    names = {c["command"] for t in of_kind(records, "tree") for c in t["children"]}
    assert any(name.startswith(') S 1 1\n{"}') for name in names)
    assert all(t["aggregated"]["process_count"] <= 2 for t in of_kind(records, "tree"))
