# SPDX-License-Identifier: GPL-3.0-or-later
"""The env record of the machine that the tests run on; tests/unit/test_env.c has other machines."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from harness import Record, denet, measure, the

SECRET = "hunter2-never-in-any-record"


def env_of(path: Path, **how: Any) -> Record:
    return the(measure(path, ["true"], "-q", "--write-env", **how)[1], "env")


def test_no_record_has_a_variable_that_is_not_on_the_list(records_file: Path) -> None:
    variables = {
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "SLURM_JWT": SECRET,
        "SLURM_JOB_ID": "7",
        "SLURM_JOB_ID_TOKEN": SECRET,
        "SLURM_PROCID": f"3 {SECRET}",
        "SLURM_JOB_PARTITION": f"{SECRET} and more",
        "KUBERNETES_SERVICE_HOST": SECRET,
        "APPTAINER_CONTAINER": f"/{SECRET}.sif",
        "container": SECRET,
        SECRET: "1",
    }
    record = env_of(records_file, env={**os.environ, **variables})
    assert SECRET not in records_file.read_text()
    assert record["batch"] == {"system": "slurm", "job": "7"}
    assert record["container"] == "apptainer"
    machine = denet("--json", "doctor", env={**os.environ, **variables})
    assert machine.status == 0
    assert SECRET not in machine.out


def type_of(path: Path) -> str:
    """What stat(1) calls the file system, which for these has the kernel's name."""
    name = subprocess.run(["stat", "-f", "-c", "%T", path], capture_output=True, text=True, check=True).stdout.strip()
    return {"ext2/ext3": "ext4", "overlayfs": "overlay"}.get(name, name)


def test_the_file_systems_are_those_of_the_working_directory_and_of_the_output(records_file: Path) -> None:
    systems = env_of(records_file, cwd="/proc/self")["file_systems"]
    assert systems["working_directory"]["type"] == "proc"
    assert systems["working_directory"]["mount_point"] == "/proc"
    assert systems["output"]["type"] == type_of(records_file.parent)
    assert records_file.is_relative_to(systems["output"]["mount_point"])


def test_without_an_output_there_is_no_file_system_of_it() -> None:
    record = denet("-j", "--write-env", "run", "true").records[0]
    assert list(record["file_systems"]) == ["working_directory"]


def test_the_record_is_the_kernels_own_word(records_file: Path) -> None:
    record = env_of(records_file)
    for key, path in {
        "kernel": "/proc/sys/kernel/osrelease",
        "kernel_version": "/proc/sys/kernel/version",
        "arch": "/proc/sys/kernel/arch",
        "clock_source": "/sys/devices/system/clocksource/clocksource0/current_clocksource",
        "thp_defrag": "/sys/kernel/mm/transparent_hugepage/defrag",
    }.items():
        assert record.get(key) == (Path(path).read_text().strip() if Path(path).exists() else None), key
    vulnerabilities = Path("/sys/devices/system/cpu/vulnerabilities")
    if vulnerabilities.exists():
        assert record["mitigations"] == {path.name: path.read_text().strip() for path in vulnerabilities.iterdir()}
    assert record["memory"]["swappiness"] == int(Path("/proc/sys/vm/swappiness").read_text())
    words = Path("/proc/cmdline").read_text().split()
    assert all(word in words for word in record.get("kernel_parameters", []))
