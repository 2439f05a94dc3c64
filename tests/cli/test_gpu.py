# SPDX-License-Identifier: GPL-3.0-or-later
"""GPUs, with a library in the place of NVIDIA's whose answers are known: tests/doubles/nvml.c."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from harness import DENET, SANITIZED, Argument, Record, Result, denet, execute, of_kind, parse_records, the

LIBRARY = Path(DENET).parent / "tests" / "doubles"
GIB = 1 << 30

pytestmark = pytest.mark.skipif(
    not (LIBRARY / "libnvidia-ml.so.1").exists(), reason="a build without the tests' library"
)


def environment(fake: str, library: Path = LIBRARY) -> dict[str, str]:
    return {**os.environ, "LD_LIBRARY_PATH": str(library), "FAKE_NVML": fake}


def gpu_run(fake: str, *arguments: Argument, library: Path = LIBRARY) -> Result:
    """`denet --gpu -j ARGUMENT…` with a driver that answers so; it must succeed."""
    result = denet("--gpu", "-j", *arguments, env=environment(fake, library))
    assert result.status == 0, result.err
    return result


def blocks(records: list[Record]) -> list[dict[str, Any]]:
    """The block of each tree that has one."""
    return [r["aggregated"]["gpu"] for r in of_kind(records, "tree") if "gpu" in r["aggregated"]]


def abilities(records: list[Record]) -> list[dict[str, Any]]:
    return [r["capabilities"]["gpu"] for r in of_kind(records, "metadata")]


def test_without_the_option_no_library_is_opened_and_no_block_is_there(tmp_path: Path) -> None:
    result = denet("-j", "run", "sleep", "0.1", env=environment("devices=2"))
    assert blocks(result.records) == []
    assert abilities(result.records) == [{"available": False, "reason": "not asked for"}]


def test_the_figures_are_those_that_the_driver_told() -> None:
    records = gpu_run("devices=2 children=500:30", "-i", "50", "run", "sleep", "0.6").records
    assert abilities(records) == [{"available": True}]
    block = blocks(records)[len(blocks(records)) // 2]
    assert block["total_memory_used"] == 3 * GIB
    assert block["total_memory_available"] == 160 * GIB
    assert block["max_gpu_utilization"] == 41.0
    assert block["max_memory_utilization"] == 21.0
    counted = {key: block["devices"][0].pop(key) for key in ("pcie_rx_bytes", "pcie_tx_bytes")}
    assert block["devices"][0] == {
        "device_index": 0,
        "name": "Fake A100",
        "utilization_gpu": 40.0,
        "utilization_memory": 20.0,
        "memory_total": 80 * GIB,
        "memory_used": GIB,
        "temperature": 50,
        "power_usage": 250.0,
        "process_memory_usage": 500 << 20,
        "process_utilization_gpu": 30.0,
        "clock_sm_mhz": 1410,
        "clock_mem_mhz": 1593,
        "throttle_reasons": ["power_cap", "sw_thermal"],
    }
    assert counted["pcie_tx_bytes"] == 2 * counted["pcie_rx_bytes"]
    assert block["devices"][1]["process_memory_usage"] == 0


def test_the_exit_record_has_the_energy_of_the_whole_run() -> None:
    records = gpu_run("devices=2 children=500:30", "-i", "50", "run", "sleep", "0.5").records
    energy = the(records, "exit")["gpu"]["gpu_energy"]
    each = [b["gpu_energy"] for b in blocks(records)]
    assert energy["package_joules"] == pytest.approx(sum(e["package_joules"] for e in each))
    assert energy["process_joules"] == pytest.approx(sum(e["process_joules"] for e in each))
    assert energy["package_joules"] >= 8  # two devices, a joule with each reading
    assert 0 < energy["process_joules"] <= energy["package_joules"] / 2  # the tree is on the first alone
    received = sum(b["devices"][0]["pcie_rx_bytes"] for b in blocks(records))
    assert the(records, "exit")["gpu"]["devices"][0]["pcie_rx_bytes"] == received > 0


def test_a_driver_that_answers_slowly_delays_no_sample() -> None:
    """Each reading takes 400 ms, and a sample is due each 20 ms: one that waited would be that late."""
    records = gpu_run("slow_ms=400 children=500:30", "-i", "20", "-m", "20", "run", "sleep", "1.5").records
    trees = of_kind(records, "tree")
    waited = [b["elapsed_us"] - a["elapsed_us"] for a, b in zip(trees, trees[1:])]
    assert len(trees) > 15, "samples waited for the driver"
    assert sorted(waited)[len(waited) // 2] < 200_000
    assert any(b["gpu_energy"]["package_joules"] > 0 for b in blocks(records))
    assert sum(b["gpu_energy"]["package_joules"] > 0 for b in blocks(records)) <= 6


def test_a_driver_that_is_slow_to_begin_does_not_hold_the_command_back() -> None:
    records = gpu_run("init_ms=900", "-i", "50", "run", "sleep", "1.6").records
    first, second = abilities(records)
    assert first == {"available": False, "reason": "the driver has not answered yet"}
    assert second == {"available": True}
    assert len(blocks(records)) < len(of_kind(records, "tree"))


def test_denet_ends_with_its_command_though_the_driver_does_not_answer() -> None:
    result = gpu_run("slow_ms=60000", "-i", "50", "run", "sleep", "0.2")
    assert the(result.records, "exit")["totals"]["wall_secs"] < 30


def test_a_device_that_is_lost_is_said_in_a_new_metadata_record() -> None:
    records = gpu_run("devices=3 lose=1@5 children=500:30", "-i", "50", "run", "sleep", "0.8").records
    first, second = of_kind(records, "metadata")
    assert first["capabilities"]["gpu"] == {"available": True}
    assert second["capabilities"]["gpu"] == {
        "available": True,
        "partial": True,
        "reason": "GPU 1 (Fake A100) is lost: it has fallen off the bus",
    }
    assert {**first, "capabilities": 0} == {**second, "capabilities": 0}
    seen = [[d["device_index"] for d in b["devices"]] for b in blocks(records)]
    assert seen[0] == [0, 1, 2]
    assert seen[-1] == [0, 2]
    assert all(b["gpu_energy"]["package_joules"] >= 0 for b in blocks(records))


def test_when_the_last_device_is_lost_there_is_nothing_more_to_read() -> None:
    records = gpu_run("lose=0@4", "-i", "50", "run", "sleep", "0.6").records
    assert abilities(records)[-1] == {
        "available": False,
        "reason": "GPU 0 (Fake A100) is lost: it has fallen off the bus",
    }
    assert "devices" not in blocks(records)[-1]


def test_a_call_that_fails_leaves_out_its_figure_alone() -> None:
    records = gpu_run(
        "fail=nvmlDeviceGetPowerUsage:999 fail=nvmlDeviceGetTotalEnergyConsumption:3 children=500:30",
        *("-i", "50", "run", "sleep", "0.3"),
    ).records
    block = blocks(records)[-1]
    assert "power_usage" not in block["devices"][0]
    assert "gpu_energy" not in block
    assert block["devices"][0]["temperature"] == 50


def test_eight_devices_and_their_parts() -> None:
    records = gpu_run("devices=8 mig=3 children=500:30", "-i", "50", "run", "sleep", "0.3").records
    devices = blocks(records)[1]["devices"]
    assert [(d["device_index"], d.get("mig_index")) for d in devices] == [
        *((0, None), (0, 0), (0, 1), (0, 2)),
        *((i, None) for i in range(1, 8)),
    ]
    assert devices[0]["process_memory_usage"] == devices[1]["process_memory_usage"] == 500 << 20
    assert blocks(records)[1]["total_memory_available"] == 640 * GIB


def test_an_old_library_has_what_it_has() -> None:
    records = gpu_run("children=500:30", "-i", "50", "run", "sleep", "0.3", library=LIBRARY / "old").records
    device = blocks(records)[1]["devices"][0]
    assert device["process_memory_usage"] == 500 << 20
    assert device["memory_used"] == GIB + GIB // 2


@pytest.mark.parametrize(
    ("fake", "reason"),
    [
        ("fail=nvmlInit:9", "the NVIDIA driver is not loaded"),
        ("devices=0", "the NVIDIA driver has no device"),
    ],
)
def test_why_there_is_none_is_said_and_the_rest_is_measured(fake: str, reason: str) -> None:
    result = gpu_run(fake, "run", "true")
    assert result.err == f"denet: --gpu: {reason}; all else is measured\n"
    assert abilities(result.records) == [{"available": False, "reason": reason}]


def test_a_static_program_or_a_machine_without_the_library_says_so() -> None:
    result = denet("--gpu", "-j", "run", "true")
    assert result.status == 0
    assert not abilities(result.records)[0]["available"]


def test_the_summary_of_a_run_and_of_its_file_are_one(tmp_path: Path) -> None:
    file, stats = tmp_path / "run.jsonl", tmp_path / "stats.json"
    result = denet(
        *("--gpu", "-i", "50", "-o", file, "--stats", stats, "run", "sleep", "0.5"),
        env=environment("devices=2 children=512:30"),
    )
    assert result.status == 0
    live = json.loads(stats.read_text())["gpu"]
    assert json.loads(denet("--json", "stats", file).stdout)["gpu"] == live
    assert live["enabled"] is True
    assert live["device_count"] == 2
    assert live["total_memory_gb"] == 160.0
    assert live["peak_used_memory_gb"] == 3.0
    assert live["max_system_gpu_utilization"] == live["avg_system_gpu_utilization"] == 41.0
    assert live["max_process_gpu_utilization"] == 30.0
    assert live["process_memory_usage_gb"] == 0.5
    assert live["package_joules"] > live["process_joules"] > 0
    line = next(line for line in result.err.splitlines() if line.startswith("gpu "))
    assert line.startswith("gpu       3.00 GiB peak of 160 GiB; 41% busy on average, peak 41% (2 Fake A100); ")


def test_a_table_has_the_block_without_the_devices(tmp_path: Path) -> None:
    file = tmp_path / "run.csv"
    denet("--gpu", "-i", "50", "-o", file, "run", "sleep", "0.3", env=environment("children=512:30"))
    heads, *rows = [line.split(",") for line in file.read_text().splitlines()]
    assert rows[-1][heads.index("gpu.max_gpu_utilization")] == "40.0"
    assert float(rows[-1][heads.index("gpu.gpu_energy.package_joules")]) > 0
    assert not any("devices" in head for head in heads)


def test_lines_of_the_status_have_the_gpu() -> None:
    result = denet(
        *("--gpu", "-i", "100", "--status", "lines", "run", "sleep", "1.5"), env=environment("children=512:30")
    )
    assert "gpu 40% 1.00 GiB" in result.err


def test_inside_a_pid_namespace_the_tree_s_part_is_not_known_by_other_numbers() -> None:
    """The library tells the number that the command has inside; it has no device open, so it may be somebody else's."""
    unshare = shutil.which("unshare")
    command = [DENET, "--gpu", "-j", "-i", "50", "run", "sleep", "0.4"]
    if not unshare or subprocess.run([unshare, "--pid", "--fork", "--mount-proc", "true"], check=False).returncode:
        pytest.skip("no PID namespace may be made here")
    result = execute([unshare, "--pid", "--fork", "--mount-proc", *command], env=environment("children=500:30"))
    assert result.status == 0
    assert blocks(parse_records(result.stdout))[1]["devices"][0]["process_memory_usage"] == 0


@pytest.mark.skipif(os.geteuid() != 0 or SANITIZED, reason="needs root, and a program that the linker trusts")
def test_with_raised_rights_the_library_path_of_the_environment_is_not_looked_at(tmp_path: Path) -> None:
    setcap = shutil.which("setcap")
    copy = tmp_path / "denet"
    shutil.copy(DENET, copy)
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == 0 and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o055)
    if not setcap or subprocess.run([setcap, "cap_sys_nice=ep", copy], check=False).returncode:
        pytest.skip("no file capability may be set here")
    script = "import os, sys; os.setgroups([]); os.setgid(65534); os.setuid(65534); os.execv(sys.argv[1], sys.argv[1:])"
    result = execute(
        [sys.executable, "-c", script, copy, "--gpu", "-j", "run", "true"], env=environment("children=500:30")
    )
    assert result.status == 0, result.err
    assert abilities(parse_records(result.stdout)) == [
        {"available": False, "reason": "no driver library (libnvidia-ml.so.1)"}
    ]


def test_what_the_thread_that_asks_the_driver_reads_is_not_what_the_command_read() -> None:
    plain = the(denet("-j", "run", "true", env=environment("devices=2")).records, "exit")
    asked = the(gpu_run("devices=2", "run", "true").records, "exit")
    assert "lower_bound" not in asked
    assert asked["totals"]["syscall_read_bytes"] == plain["totals"]["syscall_read_bytes"]
