# SPDX-License-Identifier: GPL-3.0-or-later
"""attach without rights: it goes on, says at once which one is missing, and once more in the summary."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import copy_for_others, denet

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
NOBODY = 65534


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A copy of denet that somebody else may execute."""
    return copy_for_others(tmp_path)


@pytest.fixture
def target() -> Iterator[int]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process.pid
        process.kill()


def as_nobody(*command: object) -> subprocess.CompletedProcess[str]:
    words = [str(c) for c in command]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, user=NOBODY, group=NOBODY, cwd="/")


def in_a_proc_that_hides(hidepid: int, script: str) -> subprocess.CompletedProcess[str]:
    """As nobody, with a /proc of one's own."""
    drop = f"setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups"
    mount = f"mount -t proc -o hidepid={hidepid} proc /proc"
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", f"{mount} || exit 77; {drop} sh -c '{script}'"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/",
    )


def test_it_goes_on_and_says_which_right_is_missing(program: Path, target: int) -> None:
    done = as_nobody(program, "-d", "0.2", "attach", target)
    assert done.returncode == 0
    first = f"denet: {target} (sleep, user root): no i/o, PSS, files: needs CAP_SYS_PTRACE; sudo denet attach {target}"
    lines = done.stderr.splitlines()
    assert lines[0] == first
    assert "missing   i/o, PSS, files: needs CAP_SYS_PTRACE. More: denet doctor" in lines[1:]
    assert any(line.startswith("memory ") for line in lines), "what may be read is there"


def test_with_json_it_is_said_too_and_standard_output_stays_records(program: Path, target: int) -> None:
    done = as_nobody(program, "-j", "-d", "0.2", "attach", target)
    assert [json.loads(line)["kind"] for line in done.stdout.splitlines()][0] == "metadata"
    assert len(done.stderr.splitlines()) == 1
    assert as_nobody(program, "-q", "-d", "0.2", "attach", target).stderr == ""


def test_its_file_says_so_as_well(program: Path, target: int, tmp_path: Path) -> None:
    done = as_nobody(program, "-j", "-d", "0.2", "attach", target)
    (tmp_path / "run.jsonl").write_text(done.stdout)
    assert (
        "\nmissing   i/o, PSS, files: needs CAP_SYS_PTRACE. More: denet doctor\n"
        in denet("stats", tmp_path / "run.jsonl").out
    )


def test_of_ones_own_nothing_is_missing(program: Path) -> None:
    with subprocess.Popen(["sleep", "60"], user=NOBODY, group=NOBODY, cwd="/") as own:
        done = as_nobody(program, "-d", "0.2", "attach", own.pid)
        own.kill()
    assert done.returncode == 0
    assert "CAP_SYS_PTRACE" not in done.stderr
    assert "missing" not in done.stderr


def test_ebpf_alone_is_refused_for_a_process_that_one_may_not_trace(program: Path, target: int) -> None:
    done = as_nobody(program, "--enable-ebpf", "-d", "0.2", "attach", target)
    assert done.returncode == 0
    assert done.stderr.splitlines()[1] == (
        f"denet: {target}: no eBPF for a process you may not trace; sudo denet --enable-ebpf attach {target}"
    )


@pytest.mark.parametrize("hidepid", [1, 2])
def test_where_nothing_may_be_read_it_is_125_and_says_why(program: Path, target: int, hidepid: int) -> None:
    done = in_a_proc_that_hides(hidepid, f"{program} attach {target}")
    if done.returncode == 77:
        pytest.skip("no /proc can be mounted here")
    assert done.returncode == 125
    assert done.stdout == ""
    assert done.stderr == (
        f"denet: {target}: not visible to you (/proc has hidepid={hidepid}); sudo denet attach {target}\n"
    )


def test_a_number_that_nobody_has_is_no_such_process_also_where_proc_hides(program: Path) -> None:
    done = in_a_proc_that_hides(2, f"{program} attach 4194303")
    if done.returncode == 77:
        pytest.skip("no /proc can be mounted here")
    assert done.stderr == "denet: 4194303: no such process; find it with: pgrep -a NAME\n"


def test_a_run_of_ones_own_is_whole_where_proc_hides_the_others(program: Path) -> None:
    done = in_a_proc_that_hides(2, f'{program} -j run sh -c "head -c 100000 /dev/zero | cat >/dev/null; exit 5"')
    if done.returncode == 77:
        pytest.skip("no /proc can be mounted here")
    assert done.returncode == 5
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["totals"]["syscall_write_bytes"] >= 100000


def test_doctor_says_what_proc_hides(program: Path) -> None:
    done = in_a_proc_that_hides(2, f"{program} doctor")
    if done.returncode == 77:
        pytest.skip("no /proc can be mounted here")
    lines = done.stdout.splitlines()
    assert lines[1] == "part  processes  your own (/proc has hidepid=2); others': sudo denet attach PID"
    assert lines[2] == "part  i/o        your own processes; others': sudo denet attach PID"
