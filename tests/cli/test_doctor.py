# SPDX-License-Identifier: GPL-3.0-or-later
"""doctor: what works here, what does not, why, and what would change it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from harness import CORES, DENET, copy_for_others, denet, execute, of_kind, the
from test_program import on_a_terminal

NAMES = ["processes", "i/o", "ebpf", "counters", "energy", "gpu", "cgroup"]


def entries(text: str) -> dict[str, tuple[str, str]]:
    """name: (mark, the words), of a line and those that go on below it."""
    found: dict[str, tuple[str, str]] = {}
    name = ""
    for line in text.splitlines()[1:]:
        if line.startswith(" " * 17):
            mark, words = found[name]
            found[name] = (mark, f"{words} {line.strip()}")
            continue
        match = re.fullmatch(r"(yes|part|no)\s+(\S+)\s+(\S.*)", line)
        assert match, line
        assert line[6:].startswith(match[2])
        assert line[17:] == match[3], "the words begin in one column"
        name = match[2]
        found[name] = (match[1], match[3])
    return found


def test_it_has_the_form_of_the_design() -> None:
    result = denet("doctor")
    assert (result.status, result.stderr) == (0, b"")
    lines = result.out.splitlines()
    memory_kb = int(Path("/proc/meminfo").read_text().split()[1])
    kernel = re.escape(platform.release())
    assert re.fullmatch(
        rf"denet \S+ on \S+: Linux {kernel}, {CORES} cores?, [\d.]+ [GM]iB, as uid {os.getuid()}", lines[0]
    )
    shown = float(lines[0].split("iB, as uid")[0].split()[-2])
    assert shown == pytest.approx(memory_kb / (1 << (20 if "GiB" in lines[0] else 10)), rel=0.01)
    assert list(entries(result.out)) == NAMES
    assert result.out.isascii()
    assert len(lines) <= 24
    assert max(len(line) for line in lines) <= 80


def test_whether_there_is_pressure_stands_beside_the_limits() -> None:
    mark, words = entries(denet("doctor").out)["cgroup"]
    there = Path("/proc/pressure/memory").exists()
    assert mark == "no" or ("pressure (PSI) too" if there else "no pressure (PSI)") in words


def test_with_json_it_is_an_env_and_a_metadata_record_of_no_process() -> None:
    result = denet("--json", "doctor")
    assert (result.status, result.stderr) == (0, b"")
    assert [r["kind"] for r in result.records] == ["env", "metadata"]
    metadata = the(result.records, "metadata")
    assert "pid" not in metadata
    assert metadata["cores"] == CORES
    capabilities = metadata["capabilities"]
    assert set(capabilities) == {"processes", "io", "psi", "perf_hw", "rapl", "gpu", "ebpf", "cgroup"}
    for capability in capabilities.values():
        assert capability["available"] in (True, False)
        assert capability["available"] or capability["reason"]


def test_it_agrees_with_what_a_run_says_of_itself() -> None:
    there = the(denet("--json", "doctor").records, "metadata")
    run = of_kind(denet("-j", "--gpu", "--counters", "--enable-ebpf", "run", "true").records, "metadata")[0]
    for name in ("gpu", "ebpf", "rapl", "perf_hw", "psi", "io"):
        assert there["capabilities"][name]["available"] == run["capabilities"][name]["available"], name
    for name in ("host", "cores", "memory_total_kb", "version"):
        assert there[name] == run[name]


def test_the_marks_have_the_colours_of_the_design() -> None:
    seen = on_a_terminal("doctor", TERM="xterm")
    assert b"\x1b[31mno\x1b[0m    gpu " in seen or b"yes   gpu " in seen
    assert b"yes   processes" in seen
    assert set(re.findall(rb"\x1b\[(\d*)m", seen)) <= {b"31", b"33", b"0"}
    assert b"\x1b" not in on_a_terminal("doctor", TERM="xterm", NO_COLOR="1")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
def test_somebody_without_rights_is_told_what_would_help(tmp_path: Path) -> None:
    program = copy_for_others(tmp_path)
    done = subprocess.run([program, "doctor"], capture_output=True, text=True, user=65534, group=65534, cwd="/")
    assert done.returncode == 0
    found = entries(done.stdout)
    assert done.stdout.splitlines()[0].endswith(", as uid 65534")
    assert found["i/o"] == ("part", "your own processes; others': sudo denet attach PID")
    assert found["ebpf"][0] == "no"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, whom nothing else keeps from it")
def test_without_the_module_the_machine_is_not_to_blame(tmp_path: Path) -> None:
    program = tmp_path / "denet"
    shutil.copy(DENET, program)
    mark, words = entries(subprocess.run([program, "doctor"], capture_output=True, text=True, check=True).stdout)[
        "ebpf"
    ]
    if "eBPF" not in words and mark == "no" and "denet-ebpf.so" not in words:
        pytest.skip(f"no eBPF here anyway: {words}")
    if mark != "no":
        pytest.skip("one is installed on this machine")
    assert words == "denet-ebpf.so is not installed: tools/install-deps && make && sudo make install"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, whom nothing but the filter keeps from it")
def test_a_filter_is_seen_without_loading_anything() -> None:
    found = execute([sys.executable, Path(__file__).parent / "filtered.py", "EPERM", "bpf", DENET, "doctor"])
    mark, words = entries(found.out)["ebpf"]
    assert mark == "no"
    if "seccomp" not in words:
        pytest.skip(f"something else keeps it out: {words}")
    assert words.startswith("a seccomp filter forbids bpf(2)")


def test_it_changes_nothing_and_starts_nothing(tmp_path: Path) -> None:
    groups = "/sys/fs/cgroup"
    before = sorted(os.listdir(groups)) if os.path.isdir(groups) else []
    assert denet("doctor", cwd=tmp_path).status == 0
    assert list(tmp_path.iterdir()) == []
    assert (sorted(os.listdir(groups)) if os.path.isdir(groups) else []) == before
