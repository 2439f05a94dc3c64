# SPDX-License-Identifier: GPL-3.0-or-later
"""Attached: to whom it may be, to whom not, and what is counted from then on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from harness import DENET, ROOT, copy_for_others, denet, of_kind, read_records

AS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not AS_ROOT, reason="needs root, to be somebody else")
NOBODY = 65534


def test_a_thread_of_the_kernel_is_refused_in_one_line() -> None:
    stat = Path("/proc/2/stat")
    if not stat.exists() or "(kthreadd)" not in stat.read_text():
        pytest.skip("the threads of the kernel are not to be seen here")
    result = denet("attach", "2")
    assert result.status == 125
    assert result.error_line == "denet: 2: a thread of the kernel; it runs no program to measure"


def test_denet_does_not_attach_to_itself() -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "{DENET}" attach $$'], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 125
    assert len(done.stderr.splitlines()) == 1
    assert "itself" in done.stderr


def test_a_number_that_is_a_threads_is_no_process() -> None:
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import threading,time; threading.Thread(target=time.sleep,args=(30,),daemon=True).start(); time.sleep(30)",
        ]
    ) as process:
        try:
            tids: list[str] = []
            while len(tids) < 2:
                tids = os.listdir(f"/proc/{process.pid}/task")
                time.sleep(0.01)
            tid = next(t for t in tids if t != str(process.pid))
            result = denet("attach", tid)
            assert result.status == 125
            assert result.error_line == f"denet: {tid}: no such process; find it with: pgrep -a NAME"
        finally:
            process.kill()


def test_what_was_used_before_does_not_count(tmp_path: Path) -> None:
    busy = "import os,time\nos.write(2, b'x' * 100000)\nt = time.process_time()\n"
    busy += "while time.process_time() - t < 0.3: pass\nprint('ready', flush=True)\ninput()\n"
    # Attached, what is done in the last moment before the parent waits may be missed: here a sample sees it.
    busy += "os.write(2, b'x' * 5000)\ntime.sleep(0.5)\n"
    records_file = tmp_path / "run.jsonl"
    with (
        (tmp_path / "sink").open("wb") as sink,
        subprocess.Popen(
            [sys.executable, "-c", busy], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sink
        ) as process,
    ):
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        with subprocess.Popen([DENET, "-q", "-o", records_file, "attach", str(process.pid)]) as watcher:
            while not records_file.exists() or b'"tree"' not in records_file.read_bytes():
                time.sleep(0.02)
            process.stdin.write(b"\n")
            process.stdin.close()
            process.wait(timeout=60)
            assert watcher.wait(timeout=60) == 0
    totals = read_records(records_file)[-1]["totals"]
    assert totals["cpu_user_secs"] + totals["cpu_system_secs"] < 0.25
    assert 5000 <= totals["syscall_write_bytes"] < 100000


def test_a_target_that_ends_while_it_is_attached_to_harms_nobody() -> None:
    statuses = set()
    for delay_ms in range(12):
        with subprocess.Popen(["sleep", f"0.00{delay_ms % 10}"]) as target:
            result = denet("-j", "attach", str(target.pid))
        statuses.add(result.status)
        if result.status == 0:
            assert result.records[-1]["kind"] == "exit"
        else:
            assert len(result.err.splitlines()) == 1
    assert statuses <= {0, 125}


@needs_root
def test_of_somebody_elses_process_what_cannot_be_read_is_absent_and_it_says_why(tmp_path: Path) -> None:
    program = copy_for_others(tmp_path)
    with subprocess.Popen(["sleep", "30"]) as target:
        try:
            done = subprocess.run(
                [program, "-j", "-d", "0.25", "attach", str(target.pid)],
                capture_output=True,
                timeout=60,
                check=False,
                user=NOBODY,
                group=NOBODY,
                cwd="/",
            )
        finally:
            target.kill()
    (tmp_path / "records").write_bytes(done.stdout)
    assert done.returncode == 0, done.stderr
    records = read_records(tmp_path / "records")
    io = of_kind(records, "metadata")[0]["capabilities"]["io"]
    assert io["available"] is False
    assert "CAP_SYS_PTRACE" in io["reason"]
    for tree in of_kind(records, "tree"):
        assert "mem_rss_kb" in tree["aggregated"]
        for absent in ("syscall_read_bytes", "syscall_write_bytes", "disk_read_bytes", "mem_pss_kb", "fd_count"):
            assert absent not in tree["aggregated"]
    assert "syscall_write_bytes" not in records[-1]["totals"]


NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc"]


def can_unshare() -> bool:
    return (
        AS_ROOT
        and shutil.which("unshare") is not None
        and subprocess.run([*NAMESPACE, "true"], check=False).returncode == 0
    )


@pytest.mark.skipif(not can_unshare(), reason="no PID namespace can be made here")
class TestNamespaces:
    def test_the_first_process_of_a_container_can_be_attached_to(self, tmp_path: Path) -> None:
        script = f'sleep 0.6 & "{DENET}" -q -d 0.3 -o "{tmp_path}/run.jsonl" attach 1; echo $?'
        done = subprocess.run([*NAMESPACE, "sh", "-c", script], capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout == "0\n", done.stderr
        tree = of_kind(read_records(tmp_path / "run.jsonl"), "tree")[0]
        assert "sleep" in {c["command"] for c in tree["children"]}

    @pytest.mark.parametrize("interval", ["100", "1"])
    def test_pids_that_wrap_around_are_told_apart(self, interval: str, tmp_path: Path) -> None:
        for name in ("reap", "spawn"):
            source = ROOT / f"tests/truth/{name}.c"
            subprocess.run(["cc", "-O1", "-D_GNU_SOURCE", "-o", tmp_path / name, source], check=True)
        before = Path("/proc/sys/kernel/pid_max").read_text()
        script = "echo 450 > /proc/sys/kernel/pid_max && "
        script += f'exec "{DENET}" -q -i {interval} -m {interval} -o "{tmp_path}/run.jsonl" run '
        script += f'"{tmp_path}/reap" "{tmp_path}/told" "{tmp_path}/spawn" "{tmp_path}/report" fork 2000 500'
        guard = 'if [ "$(cat /proc/sys/kernel/pid_max)" = 450 ]; then exit 77; fi; '
        done = subprocess.run([*NAMESPACE, "sh", "-c", guard + script], capture_output=True, timeout=120, check=False)
        if Path("/proc/sys/kernel/pid_max").read_text() != before:
            Path("/proc/sys/kernel/pid_max").write_text(before)
            pytest.skip("this kernel has one pid_max for all namespaces")
        assert done.returncode == 0, done.stderr
        user_us, system_us = (
            int.from_bytes((tmp_path / "told").read_bytes()[i : i + 8], sys.byteorder) for i in (16, 24)
        )
        records = read_records(tmp_path / "run.jsonl")
        totals = records[-1]["totals"]
        assert totals["cpu_user_secs"] + totals["cpu_system_secs"] == pytest.approx(
            (user_us + system_us) / 1e6, abs=0.01
        )
        assert "lower_bound" not in records[-1]
