# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes of the network, in a namespace of the test's own, where nobody else sends."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from harness import DENET, PATIENCE, of_kind, read_records, totals

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


needs_a_pair = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("unshare") or within("true") != 0,
    reason="no network namespace with a pair of interfaces can be made here",
)


@needs_a_pair
@pytest.mark.parametrize("interval_ms", [20, 2000])
def test_what_a_short_command_sends_is_in_its_totals(interval_ms: int, tmp_path: Path) -> None:
    denet = [DENET, "-q", "-i", str(interval_ms), "-m", str(interval_ms), "-o", str(tmp_path / "r"), "run"]
    assert within(shlex.join([*denet, "python3", "-c", SEND])) == 0
    whole = totals(read_records(tmp_path / "r"))
    assert PACKETS <= whole["sys_net_tx_bytes"] <= PACKETS + NOISE
    assert PACKETS <= whole["sys_net_rx_bytes"] <= PACKETS + NOISE


ANOTHER = PAIR.replace("v0", "w0").replace("v1", "w1").replace("10.9.9.", "10.9.8.")
COMES_AND_GOES = (
    f"{ANOTHER}; python3 -c {shlex.quote(SEND.replace('10.9.9.', '10.9.8.'))}; sleep 0.3; ip link del w0; sleep 0.3"
)


@needs_a_pair
def test_an_interface_that_comes_and_goes_is_counted_and_the_totals_never_fall(tmp_path: Path) -> None:
    denet = [DENET, "-q", "-i", "20", "-o", str(tmp_path / "r"), "run"]
    script = f"python3 -c {shlex.quote(SEND)}; {shlex.join([*denet, 'sh', '-c', COMES_AND_GOES])}"
    assert within(script) == 0
    records = read_records(tmp_path / "r")
    sent = [tree["aggregated"]["sys_net_tx_bytes"] for tree in of_kind(records, "tree")]
    assert sent == sorted(sent)
    assert PACKETS <= totals(records)["sys_net_tx_bytes"] <= PACKETS + 2 * NOISE, (
        "of the other pair nothing, and no loss"
    )


@needs_a_pair
def test_the_loopback_is_apart(tmp_path: Path) -> None:
    denet = [DENET, "-q", "-o", str(tmp_path / "r"), "run"]
    send = SEND.replace("10.9.9.2", "127.0.0.1")
    assert within(f"ip link set lo up; {shlex.join([*denet, 'python3', '-c', send])}") == 0
    assert totals(read_records(tmp_path / "r"))["sys_net_tx_bytes"] <= NOISE
