# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes of the network, in a namespace of the test's own, where nobody else sends."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from harness import DENET, PATIENCE, read_records, totals

# What goes into one end of the pair comes out of the other: both are in the namespace, and both count.
PAIR = (
    "ip link add v0 type veth peer name v1 && ip addr add 10.9.9.1/24 dev v0 && ip link set v0 up && "
    "ip link set v1 up && ip neigh add 10.9.9.2 lladdr 02:00:00:00:00:01 dev v0"
)
SEND = (
    "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
    "[s.sendto(bytes(1000), ('10.9.9.2', 9)) for _ in range(100)]"
)
PACKETS = 100 * (1000 + 8 + 20 + 14)  # with what UDP, IP and Ethernet put before each
NOISE = 4000  # what an interface says of itself when it comes up


def within(script: str) -> int:
    command = ["unshare", "--net", "sh", "-c", f"{PAIR} || exit 77; {script}"]
    return subprocess.run(command, check=False, timeout=PATIENCE, stderr=subprocess.DEVNULL).returncode


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("unshare") or within("true") != 0,
    reason="no network namespace with a pair of interfaces can be made here",
)
@pytest.mark.parametrize("interval_ms", [20, 2000])
def test_what_a_short_command_sends_is_in_its_totals(interval_ms: int, tmp_path: Path) -> None:
    denet = [DENET, "-q", "-i", str(interval_ms), "-m", str(interval_ms), "-o", str(tmp_path / "r"), "run"]
    assert within(shlex.join([*denet, "python3", "-c", SEND])) == 0
    whole = totals(read_records(tmp_path / "r"))
    assert PACKETS <= whole["sys_net_tx_bytes"] <= PACKETS + NOISE
    assert PACKETS <= whole["sys_net_rx_bytes"] <= PACKETS + NOISE
