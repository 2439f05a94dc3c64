# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes through sockets as eBPF counts them, against transfers of a known size. Skipped, with denet's own reason, where
it cannot load."""

from __future__ import annotations

import socket
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from conftest import Background, Helper
from harness import SLOW, Argument, denet, has_io_uring, of_kind, the
from test_ebpf import KERNEL, NOT_HERE, attach, told

pytestmark = pytest.mark.skipif(bool(NOT_HERE), reason=NOT_HERE or "eBPF runs here")

SIZE = 56_789
KINDS = ("tcp", "udp", "unix")
INTERNET = ("tcp4", "tcp6", "udp4", "udp6")


def network(*arguments: Argument) -> dict[str, Any]:
    """ebpf.network of the exit record of `denet --ebpf net -j run ARGUMENT…`."""
    result = denet("--ebpf", "net", "-j", "run", *arguments)
    if result.status == 77:
        pytest.skip(result.err)
    assert result.status == 0, result.err
    record = the(result.records, "exit")
    assert record["ebpf"]["lost_events"] == 0
    found: dict[str, Any] = record["ebpf"]["network"]
    return found


def check_sums(found: dict[str, Any], kind: str, sent: int, received: int) -> None:
    """All of it is of this kind, and of processes that have ended."""
    for other in KINDS:
        assert found[f"{other}_tx_bytes"] == (sent if other == kind else 0), found
        assert found[f"{other}_rx_bytes"] == (received if other == kind else 0), found
    prefix, without = ("unix_", "") if kind == "unix" else ("", "unix_")
    assert (found[f"{prefix}tx_bytes"], found[f"{prefix}rx_bytes"]) == (sent, received)
    assert (found[f"{without}tx_bytes"], found[f"{without}rx_bytes"]) == (0, 0)
    assert "per_pid" not in found
    assert found["retired"] == {key: found[key] for key in ("rx_bytes", "tx_bytes", "unix_rx_bytes", "unix_tx_bytes")}


@pytest.mark.parametrize("kind", [*INTERNET, "unix"])
@pytest.mark.parametrize("how", ["plain", "peek", "vectors", "messages", "sendfile", "splice"])
def test_a_transfer_of_a_known_size_is_counted_once_on_either_side(truth: Helper, kind: str, how: str) -> None:
    """By a child that lives 5 ms; what is only looked at is not received."""
    check_sums(network(truth("transfer"), kind, how, str(SIZE)), kind.rstrip("46"), SIZE, SIZE)


@pytest.mark.parametrize("kind", ["tcp4", "unix"])
def test_a_32_bit_call_has_its_arguments_elsewhere(truth: Helper, kind: str) -> None:
    check_sums(network(truth("transfer"), kind, "splice32", str(SIZE)), kind.rstrip("46"), SIZE, SIZE)


@pytest.mark.parametrize("kind", ["tcp4", "tcp6"])
def test_what_is_sent_without_copies_is_counted(truth: Helper, kind: str) -> None:
    check_sums(network(truth("transfer"), kind, "zerocopy", str(SIZE)), "tcp", SIZE, SIZE)


@pytest.mark.skipif(not has_io_uring(), reason="io_uring is off here")
@pytest.mark.parametrize("kind", ["tcp4", "udp6", "unix"])
@pytest.mark.parametrize("how", ["ring", "worker"])
def test_io_uring_is_counted_of_its_process(truth: Helper, kind: str, how: str) -> None:
    check_sums(network(truth("transfer"), kind, how, str(SIZE)), kind.rstrip("46"), SIZE, SIZE)


def test_a_large_transfer_is_counted_to_the_byte(truth: Helper) -> None:
    size = 300_000_001
    check_sums(network(truth("transfer"), "tcp4", "plain", str(size)), "tcp", size, size)


def test_only_what_members_do_is_counted(truth: Helper) -> None:
    """The other side is this test."""
    script = (
        "import socket, sys\n"
        "with socket.create_connection(('127.0.0.1', int(sys.argv[1]))) as s:\n"
        " s.sendall(b'x' * 12345)\n"
        " s.shutdown(socket.SHUT_WR)\n"
        " while s.recv(4096): pass\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            peer, _ = server.accept()
            with peer:
                while peer.recv(4096):
                    pass
                peer.sendall(b"y" * 777)

        thread = threading.Thread(target=answer)
        thread.start()
        found = network(sys.executable, "-c", script, str(server.getsockname()[1]))
        thread.join()
    assert (found["tcp_tx_bytes"], found["tcp_rx_bytes"]) == (12345, 777)


def test_a_socket_that_is_neither_is_left_out() -> None:
    script = (
        "import socket\n"
        "s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)\n"
        "s.bind((0, 0))\n"
        "s.send(bytes.fromhex('14000000120001030100000000000000') + bytes(4))\n"
        "assert s.recv(65536)\n"
    )
    found = network(sys.executable, "-c", script)
    assert {key: value for key, value in found.items() if key != "retired" and value} == {}


def test_processes_are_told_apart_while_they_live(truth: Helper) -> None:
    command = f"{truth('transfer')} tcp4 plain 40000 1500 & {truth('transfer')} udp6 plain 30000 1500 & wait"
    result = denet("--ebpf", "net", "-i", "100", "-m", "100", "-j", "run", "sh", "-c", command)
    full: list[dict[str, dict[str, int]]] = []
    for tree in of_kind(result.records, "tree"):
        found = tree["aggregated"]["ebpf"]["network"]
        mine = found.get("per_pid", {})
        if len(mine) == 4 and sum(process["rx_bytes"] for process in mine.values()) == 70_000:
            assert set(mine) <= {str(child["pid"]) for child in tree["children"]}
            assert (found["rx_bytes"], found["retired"]["rx_bytes"]) == (70_000, 0)
            full.append(mine)
    assert full
    assert sorted((p["rx_bytes"], p["tx_bytes"]) for p in full[-1].values()) == [
        (0, 30000),
        (0, 40000),
        (30000, 0),
        (40000, 0),
    ]
    last = the(result.records, "exit")["ebpf"]["network"]
    assert (last["tcp_rx_bytes"], last["udp_rx_bytes"], last["retired"]["rx_bytes"]) == (40000, 30000, 70000)


def test_attached_what_comes_from_then_on_is_counted(truth: Helper, background: Background, tmp_path: Path) -> None:
    """By a process that ran before and by a child of it, which inherits it."""
    left, right = socket.socketpair()
    script = (
        "import socket, subprocess, sys\n"
        f"s = socket.socket(fileno={right.fileno()})\n"
        "s.send(b'1' * 1000)\n"
        "while True:\n"
        " what = s.recv(100)\n"
        " if not what: break\n"
        " s.send(b'2' * 50)\n"
        f" subprocess.run([{truth('transfer')!r}, 'udp4', 'plain', '5000'], check=True)\n"
        " s.send(b'3')\n"
    )
    target = background([sys.executable, "-c", script], pass_fds=[right.fileno()])
    right.close()
    assert left.recv(1000, socket.MSG_WAITALL)
    watcher = attach(background, "net", target.pid, tmp_path / "told")
    left.send(b"g" * 10)
    assert len(left.recv(51, socket.MSG_WAITALL)) == 51
    left.close()
    found = told(watcher, tmp_path / "told")["ebpf"]["network"]
    assert (found["udp_tx_bytes"], found["udp_rx_bytes"]) == (5000, 5000)
    assert found["unix_tx_bytes"] == 51
    # A call that was under way is seen by its end, or not at all.
    assert found["unix_rx_bytes"] == 10 or (KERNEL < (6, 3) and found["unix_rx_bytes"] == 0)


def test_of_processes_that_come_and_go_none_is_missed(truth: Helper) -> None:
    count = 100 if SLOW else 500
    command = f"for i in $(seq {count}); do {truth('transfer')} udp4 plain 10 0; done"
    found = network("sh", "-c", command)
    check_sums(found, "udp", count * 10, count * 10)


def test_who_has_ended_takes_no_room() -> None:
    """More processes than there is room for, one after the other."""
    count = 500 if SLOW else 9000
    script = (
        "import os, socket\n"
        "a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        f"for i in range({count}):\n"
        " pid = os.fork()\n"
        " if pid == 0: a.send(b'12'); os._exit(0)\n"
        " os.waitpid(pid, 0)\n"
        " b.recv(2)\n"
    )
    found = network(sys.executable, "-c", script)
    assert (found["unix_tx_bytes"], found["unix_rx_bytes"]) == (2 * count, 2 * count)
    assert found["retired"]["unix_tx_bytes"] == 2 * count
