# SPDX-License-Identifier: GPL-3.0-or-later
"""--counters: what the kernel itself counts is held against what is known of a command; counts of the processor, where
there are any, against each other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from harness import Record, copy_for_others, cpu_secs, denet, execute, measure, of_kind, the, totals

SOFTWARE = ["task_clock_secs", "migrations", "page_faults", "ctx_switches"]
HARDWARE = ["cycles", "instructions"]

PAGES = 3000
TOUCH = f"""
import mmap
memory = mmap.mmap(-1, {PAGES} * mmap.PAGESIZE)
for page in range({PAGES}):
    memory[page * mmap.PAGESIZE] = 1
"""
NAPS = 150
NAP = f"""
import time
for _ in range({NAPS}):
    time.sleep(0.001)
"""
SPIN = """
import time
while time.process_time() < 0.3:
    pass
"""
FORKS = 40
FORK = f"""
import os
for _ in range({FORKS}):
    if os.fork() == 0:
        os._exit(0)
    os.wait()
"""


def refused() -> bool:
    """Nothing may be counted here, as in some containers."""
    perf = the_capability(denet("-j", "--counters", "run", "true").records)
    return not perf["events"]


def the_capability(records: list[Record]) -> Record:
    found = of_kind(records, "metadata")[-1]["capabilities"]["perf_hw"]
    assert isinstance(found, dict)
    return found


def in_user_mode_alone(records: list[Record]) -> bool:
    return "ctx_switches" not in the_capability(records)["events"]


@pytest.fixture(scope="module", autouse=True)
def counters() -> None:
    if refused():
        pytest.skip("perf_event_open is refused here")


def counted(path: Path, script: str, *options: str) -> tuple[Record, list[Record]]:
    _, records = measure(path, [sys.executable, "-c", script], "--counters", *options)
    return the(records, "exit")["perf"], records


def test_what_is_not_asked_for_is_not_counted_and_not_there() -> None:
    records = denet("-j", "run", "true").records
    assert the_capability(records) == {"available": False, "reason": "not asked for", "events": []}
    assert "perf" not in the(records, "exit")


def test_it_says_what_it_counts_and_why_not_more() -> None:
    result = denet("-j", "--counters", "run", "true")
    perf = the_capability(result.records)
    events = [name for name in perf["events"] if name in SOFTWARE]
    assert events in (SOFTWARE, ["task_clock_secs", "page_faults"])
    assert set(the(result.records, "exit")["perf"]) == set(perf["events"])
    assert perf["available"] == ("cycles" in perf["events"])
    if perf["available"]:
        assert set(HARDWARE) <= set(perf["events"])
        assert result.stderr == b""
    else:
        assert result.err == f"denet: --counters: {perf['reason']}; {perf.get('hint', 'all else is measured')}\n"


def test_pages_that_are_touched_are_faults(tmp_path: Path) -> None:
    none, _ = counted(tmp_path / "none", "")
    perf, records = counted(tmp_path / "touched", TOUCH)
    touched = perf["page_faults"] - none["page_faults"]
    assert PAGES <= touched <= PAGES * 1.05 + 100
    sums = totals(records)
    faults = sums["page_faults_cached"] + sums["page_faults_disk"]
    if not in_user_mode_alone(records):
        assert perf["page_faults"] == pytest.approx(faults, rel=0.05), "the kernel's two counts agree"


def test_a_nap_is_a_context_switch(tmp_path: Path) -> None:
    perf, records = counted(tmp_path / "naps", NAP)
    if in_user_mode_alone(records):
        pytest.skip("who may not look into the kernel sees no switches")
    sums = totals(records)
    switches = sums["ctx_switches_voluntary"] + sums["ctx_switches_involuntary"]
    assert perf["ctx_switches"] >= NAPS
    assert abs(perf["ctx_switches"] - switches) <= 10 + NAPS // 20, "rusage has the same"


def test_the_task_clock_is_the_cpu_time(tmp_path: Path) -> None:
    perf, records = counted(tmp_path / "spin", SPIN)
    assert perf["task_clock_secs"] == pytest.approx(cpu_secs(totals(records)), rel=0.1)
    if the_capability(records)["available"]:
        assert perf["cycles"] > 10_000_000
        assert 0.05 < perf["instructions"] / perf["cycles"] < 10


def test_children_are_counted_too_and_with_the_option_are_not(tmp_path: Path) -> None:
    """A child that forks and ends has faults of its own: it writes to pages that it shares."""
    perf, _ = counted(tmp_path / "tree", FORK)
    alone, _ = counted(tmp_path / "alone", FORK, "--exclude-children")
    assert perf["page_faults"] - alone["page_faults"] >= 5 * FORKS


def test_the_samples_add_up_to_the_exit_record(tmp_path: Path) -> None:
    perf, records = counted(tmp_path / "spin", SPIN, "-i", "20", "-m", "20")
    trees = [r["aggregated"]["perf"] for r in of_kind(records, "tree")]
    assert len(trees) > 5
    for name, total in perf.items():
        assert sum(tree[name] for tree in trees) == pytest.approx(total, abs=1e-6 * len(trees)), name


def test_what_runs_already_is_counted_from_then_on() -> None:
    script = "import threading, time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
    with subprocess.Popen([sys.executable, "-c", script + "print(flush=True)\n" + SPIN], stdout=subprocess.PIPE) as it:
        assert it.stdout is not None and it.stdout.readline() == b"\n"
        records = denet("-j", "--counters", "-i", "20", "attach", str(it.pid)).records
    perf = the(records, "exit")["perf"]
    assert perf["task_clock_secs"] == pytest.approx(cpu_secs(totals(records)), abs=0.05)


def test_without_counts_of_the_processor_the_verdict_waits_for_more(tmp_path: Path) -> None:
    live, path = tmp_path / "live.json", tmp_path / "records"
    _, records = counted(path, "", "--stats", os.fspath(live))
    block = json.loads(live.read_text())["memory_characterization"]
    assert json.loads(denet("--json", "stats", path).stdout)["memory_characterization"] == block
    if not the_capability(records)["available"]:
        assert block["verdict"] in ("insufficient-data", "memory-bound")
        assert not {"mean_ipc", "llc_miss_rate", "backend_stall_ratio"} & set(block)
    else:
        assert block["mean_ipc"] > 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
def test_somebody_without_rights_counts_in_user_mode_and_not_what_would_be_0(tmp_path: Path) -> None:
    level = int(Path("/proc/sys/kernel/perf_event_paranoid").read_text())
    if level != 2:
        pytest.skip(f"kernel.perf_event_paranoid is {level}")
    program = copy_for_others(tmp_path)
    how: dict[str, Any] = {"user": 65534, "group": 65534, "cwd": "/"}
    records = execute([program, "-j", "--counters", "run", "true"], **how).records
    assert [name for name in the_capability(records)["events"] if name in SOFTWARE] == [
        "task_clock_secs",
        "page_faults",
    ]
    ours = execute([program, "-j", "--counters", "-d", "0.1", "attach", "1"], **how)
    perf = the_capability(ours.records)
    assert perf["hint"] == "sudo denet --counters attach PID"
    assert perf["events"] == []
    assert f"denet: --counters: {perf['reason']}; {perf['hint']}\n" in ours.err


def test_the_summary_says_what_the_counts_come_to(tmp_path: Path) -> None:
    path = tmp_path / "records"
    perf = {"cycles": 2000, "instructions": 3000, "cache_refs": 100, "cache_misses": 4, "stalled_backend": 300}
    path.write_text(
        json.dumps({"kind": "exit", "ts_ms": 2000, "exit_code": 0, "perf": perf, "totals": {"wall_secs": 2.0}}) + "\n"
    )
    shown = denet("stats", path).out
    assert "counters  1.50 instructions a cycle; 4.0% of accesses missed the cache; 15% of cycles stalled\n" in shown
    summary = json.loads(denet("--json", "stats", path).stdout)
    assert summary["memory_characterization"]["mean_ipc"] == 1.5
    assert summary["memory_characterization"]["verdict"] == "mixed"


def test_two_runs_stand_side_by_side_with_what_they_computed_and_burnt(tmp_path: Path) -> None:
    for name, instructions, joules in ("before", 2000, 1200.0), ("after", 3000, 900.0):
        record = {
            "kind": "exit",
            "ts_ms": 2000,
            "exit_code": 0,
            "perf": {"cycles": 2000, "instructions": instructions},
            "rapl": {"package_joules": 2000.0, "process_joules": joules},
            "totals": {"wall_secs": 2.0},
        }
        (tmp_path / name).write_text(json.dumps(record) + "\n")
    lines = denet("stats", "before", "after", cwd=tmp_path).out.splitlines()
    rows = {line[:15].strip(): line[15:].split() for line in lines}
    assert rows["instr. a cycle"] == ["1.00", "1.50", "+50.0%"]
    assert rows["energy"] == ["1.20", "kJ", "900", "J", "-25.0%"]
