# SPDX-License-Identifier: GPL-3.0-or-later
"""What sleeps is not read again, and nothing is missed by that: processes whose usage is known."""

from __future__ import annotations

import os
import resource
import signal
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Helper
from harness import (
    DENET,
    SANITIZED,
    TICK,
    Record,
    command_pid,
    cpu_secs,
    denet,
    finish,
    measure,
    of_kind,
    read_records,
    state_of,
    steps,
    the,
    totals,
    wait_until,
)

EVEN = ["-i", "50", "-m", "50"]


@dataclass
class Turn:
    """What tests/truth/wake.c says of one time that it woke."""

    before_ms: float
    after_ms: float
    cpu_before: float
    cpu_after: float


def turns(path: Path) -> list[Turn]:
    return [Turn(a / 1e6, b / 1e6, c / 1e9, d / 1e9) for a, b, c, d in struct.iter_unpack("=4Q", path.read_bytes())]


def row_named(tree: Record, name: str) -> Record | None:
    for child in tree["children"]:
        if child["command"] == name:
            assert isinstance(child["metrics"], dict)
            return child["metrics"]
    return None


def limit_descriptors(soft: int, hard: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class TestSleepers:
    def test_what_wakes_between_two_samples_is_in_the_very_next_record(self, tmp_path: Path, truth: Helper) -> None:
        command = ["sh", "-c", '"$@" & wait', "sh", truth("wake"), str(tmp_path / "turns"), "8", "130", "5000", "777"]
        records = measure(tmp_path / "r", command, *EVEN)[1]
        rows = [row for tree in of_kind(records, "tree") if (row := row_named(tree, "wake"))]
        compared = 0
        for turn in turns(tmp_path / "turns"):
            # A record's ts_ms is whole milliseconds, and when the pass began; a row is read a little later.
            before = [r for r in rows if r["ts_ms"] < turn.before_ms - 2]
            after = [r for r in rows if r["ts_ms"] > turn.after_ms + 2]
            if not before or not after:
                continue
            assert cpu_secs(after[0]) - cpu_secs(before[-1]) >= turn.cpu_after - turn.cpu_before - 1e-5
            assert after[0]["syscall_write_bytes"] - before[-1]["syscall_write_bytes"] >= 777
            compared += 1
        assert compared >= 6

    def test_what_is_written_by_one_that_mostly_sleeps_is_exact(self, tmp_path: Path, truth: Helper) -> None:
        command = [truth("wake"), str(tmp_path / "turns"), "40", "23", "100", "1000"]
        records = measure(tmp_path / "r", command, "-i", "10", "-m", "10")[1]
        trees = of_kind(records, "tree")
        for key, value in (("syscall_write_bytes", 40000), ("io_write_ops", 40)):
            assert totals(records)[key] == value
            series = [t["parent"][key] for t in trees if t["parent"]]
            assert series == sorted(series)
            assert series[-1] == value
        assert {v % 1000 for v in [t["parent"]["syscall_write_bytes"] for t in trees if t["parent"]]} == {0}

    def test_one_that_is_stopped_uses_nothing_and_goes_on_where_it_was(self, tmp_path: Path, truth: Helper) -> None:
        command = [DENET, "-q", *EVEN, "-o", str(tmp_path / "r"), "run", truth("burn"), "500"]
        process = subprocess.Popen(command)
        pid = command_pid(process.pid)
        time.sleep(0.2)
        os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: state_of(pid) == "T")
        stopped_ms = time.time() * 1000
        time.sleep(0.4)
        resumed_ms = time.time() * 1000
        os.kill(pid, signal.SIGCONT)
        assert finish(process).status == 0
        records = read_records(tmp_path / "r")
        trees = [t for t in of_kind(records, "tree") if stopped_ms + 2 < t["ts_ms"] < resumed_ms - 2]
        assert len(trees) >= 3
        assert len({cpu_secs(t["parent"]) for t in trees}) == 1
        assert all(t["parent"]["cpu_usage"] == 0 for t in trees[1:])
        assert 0.5 <= cpu_secs(totals(records)) <= 0.5 + 5 * TICK

    def test_an_orphan_whose_parent_died_while_it_slept_is_counted_to_the_end(
        self, tmp_path: Path, truth: Helper
    ) -> None:
        # The middle shell ends while wake sleeps; denet is then its parent, and waits for it.
        script = 'sh -c \'"$@" & sleep 0.1\' sh "$@"; sleep 0.3'
        command = ["sh", "-c", script, "sh", truth("wake"), str(tmp_path / "turns"), "3", "400", "60000", "12345"]
        records = measure(tmp_path / "r", command, "--wait-all", *EVEN)[1]
        told = turns(tmp_path / "turns")
        assert len(told) == 3
        assert totals(records)["syscall_write_bytes"] == 3 * 12345
        used = told[-1].cpu_after
        assert used - TICK <= cpu_secs(totals(records)) <= used + 6 * TICK
        assert "lower_bound" not in the(records, "exit")
        last = of_kind(records, "tree")[-3]
        assert last["parent"] is None
        assert row_named(last, "wake") is not None

    def test_an_exec_between_two_samples_gives_a_child_record_and_a_new_name(self, tmp_path: Path) -> None:
        command = ["sh", "-c", 'sh -c "sleep 0.33; exec sleep 0.41" & wait']
        records = measure(tmp_path / "r", command, *EVEN)[1]
        introduced = [i for i, r in enumerate(records) if r["kind"] == "child" and r["cmd"] == ["sleep", "0.41"]]
        assert len(introduced) == 1
        child = records[introduced[0]]
        listed = [
            i
            for i, r in enumerate(records)
            if r["kind"] == "tree"
            for c in r["children"]
            if (c["pid"], c["command"]) == (child["pid"], "sleep")
        ]
        assert len(listed) >= 4
        assert introduced[0] < listed[0]


class TestDescriptors:
    @pytest.mark.parametrize("limit", [256, 64, 24])
    def test_two_thousand_sleepers_are_measured_with_few_descriptors(
        self, limit: int, tmp_path: Path, truth: Helper
    ) -> None:
        count, kib = (300 if SANITIZED else 2000), 64
        command = [truth("sleepers"), str(count), str(kib), "1500"]
        result, records = measure(
            tmp_path / "r", command, "-i", "100", preexec_fn=lambda: limit_descriptors(limit, limit)
        )
        assert result.err.count("denet: ") == 1, result.err
        whole = [t for t in of_kind(records, "tree") if t["aggregated"]["process_count"] == count + 1]
        assert whole
        tree = whole[-1]
        assert len(tree["children"]) == count
        rows = [tree["parent"], *(c["metrics"] for c in tree["children"])]
        assert all(r["mem_rss_kb"] >= kib and "syscall_write_bytes" in r for r in rows)
        assert sum(r["mem_rss_kb"] for r in rows) == tree["aggregated"]["mem_rss_kb"]
        assert totals(records)["processes_seen"] == count + 1

    def test_the_command_has_the_limit_that_its_caller_has(self) -> None:
        for soft, hard in ((100, 300), (300, 300), (64, 1000)):

            def lower(soft: int = soft, hard: int = hard) -> None:
                limit_descriptors(soft, hard)

            result = denet(
                "-q", "--command-output", "inherit", "run", "sh", "-c", "ulimit -Sn; ulimit -Hn", preexec_fn=lower
            )
            assert result.out.split() == [str(soft), str(hard)]


def test_a_late_sample_has_its_true_time_and_nothing_is_caught_up(tmp_path: Path, truth: Helper) -> None:
    command = [DENET, "-q", *EVEN, "-o", str(tmp_path / "r"), "run", truth("duty"), "1", "50", "2000"]
    process = subprocess.Popen(command)
    command_pid(process.pid)
    time.sleep(0.6)
    os.kill(process.pid, signal.SIGSTOP)
    wait_until(lambda: state_of(process.pid) == "T")
    stopped_ms = time.time() * 1000
    time.sleep(0.5)
    resumed_ms = time.time() * 1000
    os.kill(process.pid, signal.SIGCONT)
    assert finish(process).status == 0
    trees = of_kind(read_records(tmp_path / "r"), "tree")
    assert not [t for t in trees if stopped_ms + 2 < t["ts_ms"] < resumed_ms - 2]
    late = next(i for i, t in enumerate(trees) if t["ts_ms"] >= resumed_ms - 2)
    gap_us = trees[late]["elapsed_us"] - trees[late - 1]["elapsed_us"]
    assert gap_us >= 500000
    # One for all that were missed, and then the schedule goes on: the next is at its place in the grid of 50 ms.
    following = [us for us, _ in steps(trees[late:])][1:4]
    assert sum(following) >= 100000
    # Over the gap and not over an interval.
    used = cpu_secs(trees[late]["aggregated"]) - cpu_secs(trees[late - 1]["aggregated"])
    assert trees[late]["aggregated"]["cpu_usage"] == pytest.approx(used * 1e8 / gap_us, abs=2)
    assert 30 <= trees[late]["aggregated"]["cpu_usage"] <= 70


def test_whichever_children_are_listed_the_totals_are_the_same(tmp_path: Path, truth: Helper) -> None:
    told = []
    for choice in ("all", "active", "none"):
        command = [
            "sh",
            "-c",
            '"$0" "$1" 5 40 100 3000 & "$0" "$1" 3 90 100 500 & wait',
            truth("wake"),
            str(tmp_path / "t"),
        ]
        records = measure(tmp_path / choice, command, "--children", choice, "-i", "20")[1]
        trees = of_kind(records, "tree")
        told.append(
            (
                {k: totals(records)[k] for k in ("syscall_write_bytes", "io_write_ops", "processes_seen")},
                max(t["aggregated"]["process_count"] for t in trees),
                max(t["aggregated"]["thread_count"] for t in trees),
                set(trees[5]["aggregated"]),
            )
        )
    assert told[0][0]["syscall_write_bytes"] == 5 * 3000 + 3 * 500
    assert told[0][0]["io_write_ops"] == 8
    assert told[0] == told[1] == told[2]
