# SPDX-License-Identifier: GPL-3.0-or-later
"""Energy, on a machine that is made to have counters: a mount namespace in which other files stand at /sys."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from harness import (
    DENET,
    Record,
    copy_for_others,
    cpu_secs,
    denet,
    execute,
    of_kind,
    parse_records,
    read_records,
    the,
    totals,
)

RANGE_UJ = 262143328850
SPIN = 'i=0; while [ "$i" -lt 200000 ]; do i=$((i + 1)); done'


def capability(records: list[Record]) -> Record:
    found = of_kind(records, "metadata")[-1]["capabilities"]["rapl"]
    assert isinstance(found, dict)
    return found


@pytest.mark.skipif(os.path.exists("/sys/class/powercap"), reason="this machine has counters")
def test_a_machine_without_counters_says_so_and_has_no_block() -> None:
    records = denet("-j", "run", "true").records
    assert capability(records) == {
        "available": False,
        "zones": [],
        "reason": "no counters in /sys/class/powercap, as in most virtual machines",
    }
    assert "rapl" not in the(records, "exit")


class Machine:
    """A /sys with one package, its cores and its memory."""

    def __init__(self, folder: Path) -> None:
        self.sys = folder / "sys"
        for entry, name in ("intel-rapl:0", "package-0"), ("intel-rapl:0:0", "core"), ("intel-rapl:0:1", "dram"):
            zone = self.sys / "class/powercap" / entry
            zone.mkdir(parents=True)
            (zone / "name").write_text(f"{name}\n")
            (zone / "max_energy_range_uj").write_text(f"{RANGE_UJ}\n")
        self.set(RANGE_UJ - 1_000_000, 5_000_000, 7_000_000)

    def set(self, package_uj: int, core_uj: int, dram_uj: int) -> None:
        for entry, uj in ("intel-rapl:0", package_uj), ("intel-rapl:0:0", core_uj), ("intel-rapl:0:1", dram_uj):
            (self.sys / "class/powercap" / entry / "energy_uj").write_text(f"{uj}\n")

    def command(self, *words: str) -> list[str]:
        inner = f"mount --bind {shlex.quote(str(self.sys))} /sys && exec {shlex.join(words)}"
        return ["unshare", "--mount", "sh", "-c", inner]


@pytest.fixture()
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    if not shutil.which("unshare") or execute(made.command("true")).status != 0:
        pytest.skip("no mount namespace may be made here")
    return made


def test_the_packages_count_round_and_the_cores_stand_apart(machine: Machine) -> None:
    result = execute(machine.command(DENET, "-j", "run", "true"))
    assert capability(result.records)["zones"] == ["package-0", "package-0/core", "package-0/dram"]
    assert capability(result.records)["available"] is True
    command = machine.command(DENET, "-j", "-i", "20", "run", "sh", "-c", "read x; " + SPIN)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        time.sleep(0.3)
        machine.set(39_000_000, 6_500_000, 8_000_000)
        out, _ = process.communicate(b"\n")
    records = parse_records(out)
    rapl = the(records, "exit")["rapl"]
    assert rapl["package_joules"] == 40.0
    assert rapl["core_joules"] == 1.5
    assert rapl["dram_joules"] == 1.0
    assert 0 < rapl["process_joules"] <= 40.0
    assert cpu_secs(totals(records)) > 0.05
    for name in rapl:
        deltas = sum(r["aggregated"]["rapl"][name] for r in of_kind(records, "tree"))
        assert deltas == pytest.approx(rapl[name], abs=1e-5), name


def test_the_summary_has_it_from_the_run_and_from_its_file(machine: Machine, tmp_path: Path) -> None:
    path, live = tmp_path / "records", tmp_path / "live.json"
    how = ["-o", str(path), "--stats", str(live)]
    command = machine.command(DENET, *how, "run", "sh", "-c", "read x; " + SPIN)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        time.sleep(0.3)
        machine.set(39_000_000, 6_500_000, 8_000_000)
        _, said = process.communicate(b"\n")
    summary = json.loads(live.read_text())["energy"]
    assert summary == the(read_records(path), "exit")["rapl"]
    assert json.loads(denet("--json", "stats", path).stdout)["energy"] == summary
    assert "\nenergy    40.0 J of the processors, the command's " in said.decode()


def test_one_that_sleeps_has_nothing_of_it(machine: Machine) -> None:
    command = machine.command(DENET, "-j", "run", "sh", "-c", "read x")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        end = time.process_time() + 0.5
        while time.process_time() < end:  # somebody else is at work
            pass
        machine.set(39_000_000, 5_000_000, 7_000_000)
        out, _ = process.communicate(b"\n")
    rapl = the(parse_records(out), "exit")["rapl"]
    assert rapl["package_joules"] == 40.0
    assert rapl["process_joules"] <= 10.0


def test_who_may_not_read_them_is_told_what_would_help(machine: Machine, tmp_path: Path) -> None:
    for entry in "intel-rapl:0", "intel-rapl:0:0", "intel-rapl:0:1":
        (machine.sys / "class/powercap" / entry / "energy_uj").chmod(0o400)
    program = copy_for_others(tmp_path)
    if not shutil.which("setpriv"):
        pytest.skip("no setpriv to be somebody else with")
    words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", str(program), "-j", "run", "true"]
    records = execute(machine.command(*words), cwd="/").records
    assert capability(records) == {
        "available": False,
        "zones": [],
        "reason": "only root may read it",
        "hint": "sudo denet run PROGRAM",
    }
    assert "rapl" not in the(records, "exit")
