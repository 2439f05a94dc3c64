# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/record-machine: what it takes down of this machine, and what it must not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from harness import PATIENCE, ROOT

RECORDER = ROOT / "tools" / "record-machine"
SECRET = "hunter2-never-in-any-record"
SHELLS = [["sh"], ["bash", "--posix"], ["busybox", "sh"]]


def record(shell: list[str], out: Path, before: str = "") -> str:
    command = [*shell, str(RECORDER), str(out)]
    if before:
        command = ["unshare", "--uts", "sh", "-c", f'{before} && exec "$@"', "sh", *command]
    result = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=PATIENCE, env={**os.environ, "TOKEN": SECRET}
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


def files_of(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_it_takes_down_the_kernels_own_bytes_and_lists_them(shell: list[str], tmp_path: Path) -> None:
    if not shutil.which(shell[0]):
        pytest.skip(f"no {shell[0]} here")
    out = tmp_path / "machine"
    said = record(shell, out)
    files = files_of(out)
    for name in ("proc/sys/kernel/osrelease", "proc/sys/vm/swappiness", "sys/devices/system/cpu/online"):
        assert files[name] == Path("/", name).read_bytes()
    assert files["proc/sys/kernel/hostname"] == b"host\n"
    names = {re.sub("[0-9]+", "N", name) for name in files}
    assert names == {line.split()[1] for line in said.splitlines() if line.startswith(" ")}
    assert f"{len(files)} files" in said
    assert "Nothing was sent" in said


def test_it_takes_down_no_environment_no_command_line_and_no_option_of_a_mount(tmp_path: Path) -> None:
    record(["sh"], tmp_path / SECRET[:7])
    files = files_of(tmp_path / SECRET[:7])
    assert not [name for name in files if name.endswith(("environ", "cmdline")) and name != "proc/cmdline"]
    assert not any(SECRET.encode() in content for content in files.values())
    for line in files["proc/self/mountinfo"].decode().splitlines():
        before, _, after = line.partition(" - ")
        kind, source, options = after.split()
        assert source == kind or source.startswith("/dev/"), line
        assert options == "rw" or kind in ("cgroup", "cgroup2"), line
        assert len(before.split()) == 6, line


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="the host's name is root's to change")
def test_the_name_of_the_host_is_nowhere(tmp_path: Path) -> None:
    name = "node-of-somebody"
    record(["sh"], tmp_path / "machine", f"hostname {name}.example.org")
    for path, content in files_of(tmp_path / "machine").items():
        assert name not in path
        assert name.encode() not in content, path


def test_it_knows_the_kernel_parameters_that_denet_tells_of() -> None:
    script = RECORDER.read_text()
    source = (ROOT / "src/sources/linux/env/kernel.c").read_text()
    listed = re.search(r"^parameters='([^']*)'", script, re.MULTILINE)
    table = re.search(r"parameters\[\] = \{(.*?)\};", source, re.DOTALL)
    assert listed and table
    assert listed.group(1).split() == re.findall(r'DN_STR\("([^"]+)"\)', table.group(1))
