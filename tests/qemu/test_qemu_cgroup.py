# SPDX-License-Identifier: GPL-3.0-or-later
"""The cgroup block under version 2 with all its controllers, in an emulated machine.

DENET_QEMU_KERNEL names the kernel; DENET_STATIC a static denet, which is else built.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
KERNEL = os.environ.get("DENET_QEMU_KERNEL")
MISSING = [name for name in ("qemu-system-x86_64", "busybox", "cpio") if not shutil.which(name)]
ALL = ["cpu", "io", "memory", "pids"]

pytestmark = [
    pytest.mark.skipif(not KERNEL, reason="DENET_QEMU_KERNEL names no kernel to boot"),
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]

Record = dict[str, Any]


def static_denet(build: Path) -> Path:
    given = os.environ.get("DENET_STATIC")
    if given:
        return Path(given)
    meson = str(ROOT / "build-tools/bin/meson")
    options = ["-Ddefault_library=static", "-Dc_link_args=-static", "-Dtests=disabled"]
    setup = [meson if os.access(meson, os.X_OK) else "meson", "setup", *options, str(build), str(ROOT)]
    subprocess.run(setup, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", str(build), "denet"], check=True, stdout=subprocess.DEVNULL)
    return build / "denet"


@pytest.fixture(scope="session")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the guest left behind."""
    assert KERNEL
    out = tmp_path_factory.mktemp("guest")
    denet = static_denet(tmp_path_factory.mktemp("static"))
    here = Path(__file__).parent
    subprocess.run([str(here / "boot"), KERNEL, str(denet), str(here / "cgroup.guest"), str(out)], check=True)
    return out


def records(guest: Path, name: str) -> list[Record]:
    log = (guest / "script.log").read_text()
    assert f"{name}: 0\n" in log, log
    return [json.loads(line) for line in (guest / f"{name}.jsonl").read_text().splitlines()]


def capability(guest: Path, name: str) -> Record:
    found = next(r for r in records(guest, name) if r["kind"] == "metadata")["capabilities"]["cgroup"]
    assert isinstance(found, dict)
    return found


def block(guest: Path, name: str) -> Record:
    last = records(guest, name)[-1]
    assert last["kind"] == "exit"
    assert isinstance(last["cgroup"], dict)
    return last["cgroup"]


def has_peak(guest: Path) -> bool:
    return "memory_peak_kb" in block(guest, "memory")


def test_auto_enables_nothing(guest: Path) -> None:
    assert (guest / "bare.enabled").read_text().strip() == ""
    assert capability(guest, "bare")["controllers"] == []
    assert set(block(guest, "bare")) >= {"cpu_secs", "user_secs", "system_secs"}
    assert "memory_current_kb" not in block(guest, "bare")


def test_require_enables_what_it_reads(guest: Path) -> None:
    assert sorted((guest / "required.enabled").read_text().split()) == ALL
    assert sorted(capability(guest, "required")["controllers"]) == ALL
    assert capability(guest, "required")["version"] == 2


def test_every_file_is_read(guest: Path) -> None:
    expected = {"cpu_secs", "user_secs", "system_secs", "cpu_throttled_secs", "cpu_throttled_count"}
    expected |= {"memory_current_kb", "memory_oom_kills", "pids_current"}
    expected |= {"io_read_bytes", "io_write_bytes", "io_read_ops", "io_write_ops"}
    found = set(block(guest, "io"))
    assert expected <= found
    assert found - expected <= {"memory_peak_kb", "pids_peak"}, "since Linux 5.19 and 6.1"


def test_the_memory_peak_is_the_kernels(guest: Path) -> None:
    if not has_peak(guest):
        pytest.skip("this kernel has no memory.peak")
    assert 32768 <= block(guest, "memory")["memory_peak_kb"] < 65536
    assert block(guest, "memory")["memory_current_kb"] < 16384


def test_what_goes_to_the_disk_is_counted(guest: Path) -> None:
    io = block(guest, "io")
    mib = 1 << 20
    assert 8 * mib <= io["io_read_bytes"] < 10 * mib
    assert 8 * mib <= io["io_write_bytes"] < 10 * mib
    assert io["io_read_ops"] > 0
    assert io["io_write_ops"] > 0


def test_the_most_processes_at_once_are_known(guest: Path) -> None:
    pids = block(guest, "pids")
    assert pids["pids_current"] == 0
    if "pids_peak" in pids:
        assert pids["pids_peak"] == 11


def test_throttling_is_seen(guest: Path) -> None:
    throttled = block(guest, "throttled")
    stat = dict(line.split() for line in (guest / "throttled.stat").read_text().splitlines())
    assert throttled["cpu_throttled_secs"] > 0.5
    assert throttled["cpu_throttled_secs"] >= int(stat["throttled_usec"]) / 1e6
    assert throttled["cpu_throttled_count"] >= int(stat["nr_throttled"]) > 5


def test_who_is_killed_for_memory_is_counted(guest: Path) -> None:
    assert block(guest, "killed")["memory_oom_kills"] == 1


def test_who_escapes_is_in_it(guest: Path) -> None:
    totals = records(guest, "escaped")[-1]["totals"]
    escaped = block(guest, "escaped")
    assert escaped["cpu_secs"] == pytest.approx(totals["cpu_user_secs"] + totals["cpu_system_secs"], rel=0.02)


def test_below_a_cgroup_with_processes_there_are_no_controllers(guest: Path) -> None:
    found = capability(guest, "inner")
    assert found["own"] is True
    assert found["controllers"] == []
    assert found["path"].startswith("/inner/denet-")


def test_a_batch_systems_cgroup_is_read_alone(guest: Path) -> None:
    found = capability(guest, "foreign")
    assert found["own"] is False
    assert found["path"] == "/slurmstepd.scope"
    assert "Slurm's" in found["reason"]
    assert block(guest, "foreign")["memory_current_kb"] > 0


def test_nothing_is_left(guest: Path) -> None:
    assert (guest / "left").read_text() == ""
