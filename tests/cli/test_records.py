# SPDX-License-Identifier: GPL-3.0-or-later
"""The records: their kinds, order, keys and types, and what each option changes of them."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from conftest import Background, Helper
from harness import (
    CORES,
    COUNTERS,
    DENET,
    PATIENCE,
    Record,
    cpu_secs,
    denet,
    finish,
    is_alive,
    kill_quietly,
    measure,
    of_kind,
    only_json,
    parse_records,
    read_records,
    state_of,
    steps,
    the,
    totals,
    wait_until,
)

# A tree of three that lives for a while and leaves no child behind; the shell outlives its children.
FAMILY = ["sh", "-c", "sleep 0.4 & sleep 0.3; wait; true"]

WHOLE_NUMBERS = {
    *COUNTERS,
    "ts_ms",
    "mem_rss_kb",
    "mem_vms_kb",
    "mem_rss_peak_kb",
    "mem_pss_kb",
    "mem_uss_kb",
    "mem_swap_kb",
    "sys_net_rx_bytes",
    "sys_net_tx_bytes",
    "thread_count",
    "uptime_secs",
    "cpu_core",
    "process_count",
    "fd_count",
    "ctx_switches_voluntary",
    "ctx_switches_involuntary",
}
FRACTIONS = {"cpu_usage", "cpu_user_secs", "cpu_system_secs", "run_delay_secs"}
BLOCKS = {"cgroup", "psi_mem", "psi_io", "psi_cpu", "perf", "rapl"}
# What procfs gives of any process that is alive, to its owner.
EXPECTED = {*COUNTERS, *FRACTIONS, "ts_ms", "mem_rss_kb", "mem_vms_kb", "thread_count", "uptime_secs", "fd_count"}
EXPECTED |= {"mem_rss_peak_kb", "mem_swap_kb", "ctx_switches_voluntary", "ctx_switches_involuntary"}


def is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def plain(metrics: Record) -> Record:
    """Without the blocks that depend on the machine."""
    return {name: value for name, value in metrics.items() if name not in BLOCKS}


def check_metrics(metrics: Record, of_whole: bool, of_main: bool) -> None:
    assert set(plain(metrics)) <= WHOLE_NUMBERS | FRACTIONS, "a name that the contract does not have"
    for block in BLOCKS & set(metrics):
        assert all((is_number(v) and v >= 0) or name == "scope" for name, v in metrics[block].items())
    for name, value in plain(metrics).items():
        assert is_whole(value) if name in WHOLE_NUMBERS else is_number(value), (name, value)
        assert value >= 0, (name, value)
    assert ("process_count" in metrics) == of_whole
    assert ("cpu_core" in metrics) == (not of_whole)
    if of_main:
        assert {"sys_net_rx_bytes", "sys_net_tx_bytes"} <= set(metrics)


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    """The records of FAMILY, with env."""
    path = tmp_path_factory.mktemp("family") / "run.jsonl"
    return measure(path, FAMILY, "-i", "20", "--write-env")[1]


def test_the_kinds_stand_in_their_order(family: list[Record]) -> None:
    kinds = [r["kind"] for r in family]
    assert kinds[:2] == ["env", "metadata"]
    assert kinds[-1] == "exit"
    assert kinds.count("exit") == kinds.count("metadata") == kinds.count("env") == 1
    assert set(kinds[2:-1]) == {"child", "tree"}
    assert kinds[-2] == "tree", "one more sample at the very end"


def test_without_write_env_metadata_is_first(records_file: Path) -> None:
    records = measure(records_file, ["true"])[1]
    assert records[0]["kind"] == "metadata"
    assert of_kind(records, "env") == []


def test_each_child_is_introduced_once_and_before_the_tree_that_lists_it(family: list[Record]) -> None:
    known: dict[int, Record] = {}
    listed: set[int] = set()
    for record in family:
        if record["kind"] == "child":
            known[record["pid"]] = record
        elif record["kind"] == "tree":
            pids = [c["pid"] for c in record["children"]]
            assert len(pids) == len(set(pids)), "a process is listed twice"
            assert set(pids) <= set(known)
            listed.update(pids)
    assert listed == set(known)
    main = the(family, "metadata")["pid"]
    assert main not in listed
    sleepers = [c for c in known.values() if c["cmd"][0] == "sleep"]
    assert sorted(c["cmd"][1] for c in sleepers) == ["0.3", "0.4"]
    for child in sleepers:
        assert set(child) == {"kind", "ts_ms", "pid", "ppid", "cmd", "exe"}
        assert child["ppid"] == main
        assert os.path.basename(os.path.realpath(child["exe"])) in ("sleep", "coreutils", "busybox")
    assert len(of_kind(family, "child")) == len({(c["pid"], *c["cmd"]) for c in of_kind(family, "child")})


def test_metadata_says_what_runs_and_what_can_be_measured(family: list[Record]) -> None:
    metadata = the(family, "metadata")
    assert metadata["cmd"] == FAMILY
    assert os.path.isabs(metadata["executable"])
    assert metadata["host"] == os.uname().nodename
    assert metadata["cores"] == CORES
    assert metadata["interval_ms"] == 20
    assert metadata["max_interval_ms"] == 1000
    for name in ("pid", "t0_ms", "memory_total_kb"):
        assert is_whole(metadata[name]), name
    if "memory_limit_kb" in metadata:
        assert 0 < metadata["memory_limit_kb"] < metadata["memory_total_kb"]
    assert abs(metadata["t0_ms"] / 1000 - time.time()) < 600
    assert denet("-V").out == f"denet {metadata['version']}\n"
    for name in ("psi", "perf_hw", "rapl", "gpu", "ebpf", "cgroup"):
        capability = metadata["capabilities"][name]
        assert isinstance(capability["available"], bool)
        assert capability["available"] or capability["reason"]
    known = {"kind", "pid", "cmd", "executable", "t0_ms", "host", "cores", "memory_total_kb", "memory_limit_kb"}
    assert set(metadata) <= known | {"interval_ms", "max_interval_ms", "version", "capabilities"}


def test_env_describes_the_machine(family: list[Record]) -> None:
    env = the(family, "env")
    types: dict[str, Any] = {
        "ts_ms": int,
        "host": str,
        "kernel": str,
        "lscpu": dict,
        "numa": dict,
        "affinity_inherited": str,
        "cpufreq_cpus": str,
        "cpu_governor": list,
        "cpu_freq_khz": list,
        "cpu_max_freq_khz": list,
        "thp_enabled": str,
        "smt_active": bool,
        "cgroup": str,
    }
    # Those of the Rust denet; what is ours alone is as the schema says, which every record is held against.
    assert {"ts_ms", "host", "kernel", "lscpu", "affinity_inherited"} <= set(env)
    for name, value in env.items():
        assert isinstance(value, types.get(name, object)), name
    assert env["kernel"] == os.uname().release
    cpus: set[int] = set()
    for part in env["affinity_inherited"].split(","):
        first, _, last = part.partition("-")
        cpus.update(range(int(first), int(last or first) + 1))
    assert cpus == os.sched_getaffinity(0)
    for name in ("sockets", "cores_per_socket", "threads_per_core"):
        assert is_whole(env["lscpu"][name]), name


def test_a_tree_has_the_keys_and_types_of_the_contract(family: list[Record]) -> None:
    trees = of_kind(family, "tree")
    assert len(trees) >= 5
    for tree in trees:
        assert set(tree) == {"kind", "ts_ms", "elapsed_us", "parent", "children", "aggregated"}
        assert is_whole(tree["elapsed_us"])
        if tree["parent"] is not None:
            check_metrics(tree["parent"], of_whole=False, of_main=True)
        for child in tree["children"]:
            assert set(child) == {"pid", "command", "metrics"}
            assert isinstance(child["command"], str)
            check_metrics(child["metrics"], of_whole=False, of_main=False)
        check_metrics(tree["aggregated"], of_whole=True, of_main=True)
    middle = trees[len(trees) // 2]
    assert set(middle["parent"]) >= EXPECTED
    assert {c["command"] for c in middle["children"]} == {"sleep"}
    for child in middle["children"]:
        assert set(child["metrics"]) >= EXPECTED
    assert middle["aggregated"]["process_count"] == 3
    assert middle["aggregated"]["thread_count"] == 3
    everybody = [middle["parent"], *[c["metrics"] for c in middle["children"]]]
    for name in ("mem_rss_kb", "mem_vms_kb", "fd_count"):
        assert middle["aggregated"][name] == sum(m[name] for m in everybody), name


def test_time_never_goes_back_and_every_sample_has_its_own(family: list[Record]) -> None:
    stamps = [r["t0_ms"] if r["kind"] == "metadata" else r["ts_ms"] for r in family if r["kind"] != "env"]
    assert stamps == sorted(stamps)
    elapsed = [t["elapsed_us"] for t in of_kind(family, "tree")]
    assert elapsed == sorted(set(elapsed))
    assert elapsed[-1] / 1e6 == pytest.approx(totals(family)["wall_secs"], abs=0.2)
    assert the(family, "exit")["last_sample_to_exit_ms"] >= 0


def test_when_the_main_process_has_ended_parent_is_null(family: list[Record]) -> None:
    trees = of_kind(family, "tree")
    assert [t["parent"] is None for t in trees] == [False] * (len(trees) - 1) + [True]
    assert trees[-1]["children"] == []
    assert trees[-1]["aggregated"]["process_count"] == 0


def test_the_exit_record_has_the_totals(family: list[Record]) -> None:
    last = the(family, "exit")
    known = {"kind", "ts_ms", "last_sample_to_exit_ms", "exit_code", "totals"}
    assert set(plain(last)) == known, "nothing was lost and nothing runs on, so nothing else is to be said"
    assert last["exit_code"] == 0
    sums = last["totals"]
    for name in ("wall_secs", "cpu_user_secs", "cpu_system_secs"):
        assert isinstance(sums[name], float), name
    for name in (*COUNTERS, "peak_mem_rss_kb", "peak_mem_rss_sum_kb", "peak_mem_rss_process_kb", "processes_seen"):
        assert is_whole(sums[name]), name
    assert 0.4 <= sums["wall_secs"] < PATIENCE
    assert sums["processes_seen"] == 3
    assert sums["peak_mem_rss_kb"] == max(sums["peak_mem_rss_sum_kb"], sums["peak_mem_rss_process_kb"])
    assert sums["peak_mem_rss_sum_kb"] == max(t["aggregated"]["mem_rss_kb"] for t in of_kind(family, "tree"))
    final = of_kind(family, "tree")[-1]["aggregated"]
    for name in (*COUNTERS, "cpu_user_secs", "cpu_system_secs"):
        assert sums[name] == final[name], name


@pytest.mark.parametrize(
    ("script", "key", "value"), [("exit 3", "exit_code", 3), ("kill -9 $$", "signal", 9), ("kill -15 $$", "signal", 15)]
)
def test_the_exit_record_says_how_it_ended(script: str, key: str, value: int, records_file: Path) -> None:
    denet("-o", records_file, "run", "sh", "-c", script)
    last = the(read_records(records_file), "exit")
    assert last[key] == value
    assert not {"exit_code", "signal"} - {key} & set(last)


def test_after_an_exec_the_child_is_introduced_again(records_file: Path) -> None:
    script = "sh -c 'sleep 0.3; exec sleep 0.35'; true"
    records = measure(records_file, ["sh", "-c", script], "-i", "20")[1]
    by_pid: dict[int, list[list[str]]] = {}
    for child in of_kind(records, "child"):
        by_pid.setdefault(child["pid"], []).append(child["cmd"])
    changed = [commands for commands in by_pid.values() if commands[-1] == ["sleep", "0.35"]]
    assert len(changed) == 1
    assert changed[0][-2:] == [["sh", "-c", "sleep 0.3; exec sleep 0.35"], ["sleep", "0.35"]]
    # And the tree uses the new name from there on.
    pid = next(p for p, commands in by_pid.items() if commands is changed[0])
    commands = [c["command"] for t in of_kind(records, "tree") for c in t["children"] if c["pid"] == pid]
    assert commands[0] == "sh"
    assert commands[-1] == "sleep"


def test_exclude_children_gives_samples_of_the_main_process_alone(records_file: Path) -> None:
    for option in ("--exclude-children", "--no-include-children"):
        records = measure(records_file, FAMILY, option, "-i", "20")[1]
        assert {r["kind"] for r in records} == {"metadata", "sample", "exit"}
        samples = of_kind(records, "sample")
        for sample in samples:
            metrics = {k: v for k, v in sample.items() if k not in ("kind", "elapsed_us")}
            assert not {"parent", "children", "aggregated", "process_count"} & set(sample)
            assert set(plain(metrics)) <= WHOLE_NUMBERS | FRACTIONS
            assert is_whole(sample["elapsed_us"])
        assert max(s["thread_count"] for s in samples) == 1
        assert set(samples[len(samples) // 2]) >= EXPECTED


def test_with_exclude_children_what_a_child_uses_is_not_counted(records_file: Path, truth: Helper) -> None:
    records = measure(records_file, ["sh", "-c", '"$0" 400; true', truth("burn")], "--exclude-children", "-i", "20")[1]
    assert sum(us * m["cpu_usage"] for us, m in steps(records)) / 1e8 < 0.1
    assert cpu_secs(of_kind(records, "sample")[-1]) < 0.1


def test_children_none_lists_none_and_the_whole_stays_whole(records_file: Path) -> None:
    records = measure(records_file, FAMILY, "--children", "none", "-i", "20")[1]
    trees = of_kind(records, "tree")
    assert all(t["children"] == [] for t in trees)
    assert max(t["aggregated"]["process_count"] for t in trees) == 3
    assert totals(records)["processes_seen"] == 3


def test_children_active_lists_those_that_changed_and_the_whole_stays_whole(records_file: Path, truth: Helper) -> None:
    command = ["sh", "-c", 'sleep 0.6 & "$0" 500; wait', truth("burn")]
    records = measure(records_file, command, "--children", "active", "-i", "50", "-m", "50")[1]
    trees = of_kind(records, "tree")
    listed: dict[str, int] = {}
    for tree in trees:
        for child in tree["children"]:
            listed[child["command"]] = listed.get(child["command"], 0) + 1
    assert listed["burn"] >= 5
    # A sleeper that nothing changes of is listed when it comes, and seldom again (what is read once a second).
    assert 1 <= listed["sleep"] <= 4
    assert sum(t["aggregated"]["process_count"] == 3 for t in trees) >= 5


def test_a_bad_choice_of_children_is_a_usage_error() -> None:
    result = denet("--children", "some", "run", "true")
    assert result.status == 2
    assert "some" in result.error_line


class TestNames:
    """Names are hostile: a process gives itself any bytes it likes."""

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            (b"a) R 1 (b", "a) R 1 (b"),
            (b"new\nline", "new\nline"),
            (b'qu"ote\\', 'qu"ote\\'),
            (b"tab\tbell\a", "tab\tbell\a"),
            (b"\xff\xfe", "\ufffd\ufffd"),
            (b"caf\xc3", "caf\ufffd"),
            ("\u00e9\u4e2d\U0001f600".encode(), "\u00e9\u4e2d\U0001f600"),
            (b" ", " "),
            (b"", ""),
        ],
    )
    def test_any_name_is_written_as_valid_json(self, name: bytes, text: str, records_file: Path, truth: Helper) -> None:
        records = measure(records_file, [truth("named"), name, b"250"], "-i", "20")[1]
        listed = {c["command"] for t in of_kind(records, "tree") for c in t["children"]}
        assert text in listed
        trees = of_kind(records, "tree")
        assert max(t["aggregated"]["process_count"] for t in trees) == 2, (
            "the name must not break what is read beside it"
        )
        assert all(t["aggregated"]["mem_rss_kb"] < 100_000 for t in trees)
        assert denet("stats", records_file).status == 0

    def test_any_argument_is_written_as_valid_json(self, records_file: Path) -> None:
        arguments = [b"\xff\xfe", b"new\nline", b"", b'"\\\x01\x7f', "\u4e2d".encode()]
        records = measure(records_file, [b"sh", b"-c", b"sleep 0.1", *arguments])[1]
        assert the(records, "metadata")["cmd"] == [
            "sh",
            "-c",
            "sleep 0.1",
            "\ufffd\ufffd",
            "new\nline",
            "",
            '"\\\x01\x7f',
            "\u4e2d",
        ]

    def test_no_name_reaches_the_terminal_as_an_escape_sequence(self, truth: Helper, tmp_path: Path) -> None:
        evil = tmp_path / "\x1b[31mred\n\u202eside"
        evil.write_bytes(Path(truth("burn")).read_bytes())
        evil.chmod(0o755)
        result = denet("-i", "20", "run", "sh", "-c", '"$0" 150; true', evil)
        assert result.status == 0
        assert b"\x1b" not in result.stderr
        assert "\u202e" not in result.err
        assert "?[31mred" in result.err

    def test_a_file_that_is_missing_is_named_without_escape_sequences(self) -> None:
        result = denet("run", "/no/\x1b[31mred")
        assert result.status == 127
        assert b"\x1b" not in result.stderr


class TestOutputs:
    def test_json_and_file_get_the_same_records(self, records_file: Path) -> None:
        result = denet("-j", "-i", "20", "-o", records_file, "run", *FAMILY)
        assert result.status == 0
        assert records_file.read_bytes() == result.stdout

    def test_csv_has_a_row_for_each_tree_with_the_numbers_of_its_aggregate(self, tmp_path: Path) -> None:
        path = tmp_path / "run.csv"
        result = denet("-j", "-i", "20", "-o", path, "run", *FAMILY)
        assert result.records
        as_text = [json.loads(line, parse_float=str, parse_int=str) for line in result.out.splitlines()]
        trees = of_kind(as_text, "tree")
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == len(trees)
        for row, tree in zip(rows, trees):
            values = {**plain(tree["aggregated"]), "ts_ms": tree["ts_ms"], "elapsed_us": tree["elapsed_us"]}
            for block in BLOCKS & set(tree["aggregated"]):
                values.update(
                    {f"{block}.{name}": v for name, v in tree["aggregated"][block].items() if name != "scope"}
                )
            assert {k: v for k, v in row.items() if v != ""} == values
        assert list(rows[0])[:3] == ["ts_ms", "elapsed_us", "cpu_usage"]

    def test_csv_of_samples_has_a_row_for_each(self, tmp_path: Path) -> None:
        path = tmp_path / "run.csv"
        result = denet("-j", "-i", "20", "--exclude-children", "-o", path, "run", *FAMILY)
        rows = list(csv.DictReader(io.StringIO(path.read_text())))
        samples = of_kind(result.records, "sample")
        assert [int(r["elapsed_us"]) for r in rows] == [s["elapsed_us"] for s in samples]

    def test_a_file_of_any_other_name_gets_json_lines(self, tmp_path: Path) -> None:
        for name in ("run.txt", "run", "run.json", "run.csv.old"):
            assert denet("-o", tmp_path / name, "run", "true").status == 0
            assert read_records(tmp_path / name)[-1]["kind"] == "exit"

    def test_without_out_no_file_is_written(self, tmp_path: Path) -> None:
        assert denet("run", "true", cwd=tmp_path).status == 0
        assert list(tmp_path.iterdir()) == []

    def test_an_older_file_is_replaced(self, records_file: Path) -> None:
        records_file.write_text("older and longer than what comes\n" * 1000)
        measure(records_file, ["true"])
        assert "older" not in records_file.read_text()

    def test_records_can_go_to_a_named_pipe(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        with open(tmp_path / "out", "wb") as out, subprocess.Popen(["cat", tmp_path / "pipe"], stdout=out) as reader:
            assert denet("-o", tmp_path / "pipe", "run", "true").status == 0
            reader.wait(PATIENCE)
        assert read_records(tmp_path / "out")[-1]["kind"] == "exit"

    def test_stats_file_is_what_stats_says_of_the_records(self, tmp_path: Path, truth: Helper) -> None:
        records, stats = tmp_path / "run.jsonl", tmp_path / "stats.json"
        script = 'echo hello; "$0" 100; head -c 100000 /dev/zero; exit 3'
        result = denet("-o", records, "--stats", stats, "-i", "20", "run", "sh", "-c", script, truth("burn"))
        assert result.status == 3
        later = denet("--json", "stats", records)
        assert later.status == 0
        assert later.stdout == stats.read_bytes()
        summary, sums = only_json(later.out), totals(read_records(records))
        assert (summary["cpu_user_secs"], summary["cpu_system_secs"]) == (
            sums["cpu_user_secs"],
            sums["cpu_system_secs"],
        )
        assert summary["total_syscall_write_bytes"] == sums["syscall_write_bytes"] >= 100_006
        assert summary["peak_mem_rss_kb"] == sums["peak_mem_rss_kb"]
        assert summary["exit_code"] == 3
        assert summary["sample_count"] == len(of_kind(read_records(records), "tree"))
        assert summary["max_processes"] == 2
        assert summary["total_time_secs"] == pytest.approx(sums["wall_secs"], abs=0.01)
        used = sums["cpu_user_secs"] + sums["cpu_system_secs"]
        assert summary["avg_cpu_usage"] * summary["total_time_secs"] / 100 == pytest.approx(used, rel=0.02, abs=0.002)
        assert summary["peak_cpu_usage"] >= summary["avg_cpu_usage"]

    def test_the_summary_that_is_shown_is_the_one_that_stats_shows(self, tmp_path: Path, truth: Helper) -> None:
        records = tmp_path / "run.jsonl"
        live = denet("-o", records, "-i", "20", "run", "sh", "-c", '"$0" 200; true', truth("burn"))
        later = denet("stats", records)
        assert later.status == 0

        def figures(text: str) -> list[str]:
            return [
                line for line in text.splitlines() if line.startswith(("cpu ", "memory ", "i/o ", "tasks ", "    "))
            ]

        assert figures(live.err) == figures(later.out)
        assert len(figures(live.err)) >= 4


class TestSchedule:
    def test_base_and_longest_interval_are_kept(self, records_file: Path) -> None:
        records = measure(records_file, ["sleep", "3.2"], "-i", "20", "-m", "900")[1]
        assert the(records, "metadata")["interval_ms"] == 20
        assert the(records, "metadata")["max_interval_ms"] == 900
        at = [t["elapsed_us"] / 1000 for t in of_kind(records, "tree")]
        gaps = [(b - a, a) for a, b in zip(at[:-2], at[1:-1])]
        early = [gap for gap, when in gaps if when < 900]
        late = [gap for gap, when in gaps if 2500 < when < 3000]
        assert 15 <= median(early) <= 60, "the base for the first second"
        # A straight line to 900 ms at ten seconds: 20 + 880 * 1.5 / 9 is 167 ms.
        assert 80 <= median(late) <= 350
        assert len(at) <= 110

    def test_equal_base_and_longest_interval_give_an_even_pace(self, records_file: Path) -> None:
        records = measure(records_file, ["sleep", "1.25"], "-i", "100", "-m", "100")[1]
        at = [t["elapsed_us"] / 1e5 for t in of_kind(records, "tree")]
        assert 6 <= len(at) <= 15
        # Deadlines are absolute, so lateness does not add up: the middle of all lies near a multiple of the interval.
        off = sorted(abs(x - round(x)) for x in at[:-1])
        assert off[len(off) // 2] < 0.4

    def test_a_base_above_a_second_is_the_longest_too(self, records_file: Path) -> None:
        records = measure(records_file, ["true"], "-i", "2000")[1]
        assert the(records, "metadata")["interval_ms"] == 2000
        assert the(records, "metadata")["max_interval_ms"] == 2000

    def test_denet_ends_with_the_command_and_not_with_the_interval(self, records_file: Path) -> None:
        records = measure(records_file, ["true"], "-i", "60000")[1]
        assert totals(records)["wall_secs"] < 30
        assert len(of_kind(records, "tree")) >= 1

    def test_one_millisecond_is_possible(self, records_file: Path) -> None:
        records = measure(records_file, ["sleep", "0.3"], "-i", "1", "-m", "1")[1]
        assert 30 <= len(of_kind(records, "tree")) <= 310

    def test_no_polling_gives_totals_without_periodic_samples(self, records_file: Path, truth: Helper) -> None:
        records = measure(records_file, [truth("burn"), "300"], "--no-polling", "-i", "20")[1]
        assert len(of_kind(records, "tree")) <= 1
        assert cpu_secs(totals(records)) == pytest.approx(0.3, abs=0.02)
        assert denet("stats", records_file).status == 0


class TestDuration:
    def test_run_is_ended_with_124_after_a_fraction_of_a_second(self, records_file: Path) -> None:
        result = denet("-d", "0.3", "-o", records_file, "run", "sleep", "97")
        assert result.status == 124
        records = read_records(records_file)
        assert not is_alive(the(records, "metadata")["pid"])
        assert 0.3 <= totals(records)["wall_secs"] < 5
        assert the(records, "exit")["signal"] == signal.SIGTERM
        assert result.err.startswith("\ndenet: time limit 0.")
        assert "exit 124" in result.err.splitlines()[1]

    def test_a_command_that_ends_earlier_has_its_own_status(self) -> None:
        assert denet("-d", "60", "run", "sh", "-c", "exit 5").status == 5

    def test_no_limit_is_zero(self) -> None:
        assert denet("-d", "0", "run", "sh", "-c", "sleep 0.2; exit 5").status == 5

    def test_a_command_that_ends_well_on_term_still_gives_124(self) -> None:
        script = "trap 'kill $!; exit 0' TERM; sleep 97 & wait"
        assert denet("-d", "0.3", "run", "sh", "-c", script).status == 124

    def test_five_seconds_after_term_every_member_of_the_tree_is_killed(self, tmp_path: Path) -> None:
        script = (
            'trap "" TERM; sh -c "echo \\$\\$ >grandchild; sleep 98 & echo \\$! >below; wait" & echo $$ >main; wait'
        )
        began = time.monotonic()
        result = denet("-d", "0.5", "-o", "r.jsonl", "-i", "50", "run", "sh", "-c", script, cwd=tmp_path)
        took = time.monotonic() - began
        pids = [int((tmp_path / name).read_text()) for name in ("main", "grandchild", "below")]
        alive = [pid for pid in pids if is_alive(pid)]
        for pid in alive:
            kill_quietly(pid)
        assert alive == []
        assert result.status == 124
        assert took >= 5
        records = read_records(tmp_path / "r.jsonl")
        assert the(records, "exit")["signal"] == signal.SIGKILL
        assert "still_running" not in the(records, "exit")

    def test_attach_lets_go_of_a_target_that_lives_on(self, records_file: Path, background: Background) -> None:
        target = background(["sleep", "96"])
        result = denet("-d", "0.4", "-i", "50", "-o", records_file, "attach", str(target.pid))
        assert result.status == 0
        assert is_alive(target.pid)
        assert state_of(target.pid) == "S"
        records = read_records(records_file)
        assert len(of_kind(records, "tree")) >= 2
        assert not {"exit_code", "signal"} & set(the(records, "exit"))
        assert the(records, "exit")["still_running"]


class TestAttach:
    def test_attach_ends_with_0_when_the_target_ends(self, records_file: Path, background: Background) -> None:
        target = background(["sh", "-c", "sleep 0.6; exit 3"])
        result = denet("-i", "50", "-o", records_file, "attach", str(target.pid))
        assert result.status == 0
        records = read_records(records_file)
        assert the(records, "metadata")["pid"] == target.pid
        assert the(records, "metadata")["cmd"] == ["sh", "-c", "sleep 0.6; exit 3"]
        assert records[-1]["kind"] == "exit"
        assert max(t["aggregated"]["process_count"] for t in of_kind(records, "tree")) == 2

    def test_attach_to_a_missing_process_is_125_and_the_way_out_is_said(self) -> None:
        result = denet("attach", "999999999")
        assert result.status == 125
        assert result.error_line == "denet: 999999999: no such process; find it with: pgrep -a NAME"

    @pytest.mark.parametrize("pid", ["x", "-1", "0", "", "1.5", "99999999999999999999"])
    def test_attach_to_what_is_no_pid_is_refused_with_a_clear_line(self, pid: str) -> None:
        result = denet("attach", "--", pid)
        assert result.status in (2, 125)
        assert len(result.error_line) < 200

    def test_attach_counts_from_now_and_since_process_start_from_the_start(
        self, tmp_path: Path, truth: Helper, background: Background
    ) -> None:
        target = background([truth("write"), tmp_path / "data", "3000000", "100000", "60000"])
        wait_until(lambda: (tmp_path / "data").exists() and (tmp_path / "data").stat().st_size == 3000000)
        now, start = tmp_path / "now.jsonl", tmp_path / "start.jsonl"
        assert denet("-d", "0.2", "-o", now, "attach", str(target.pid)).status == 0
        assert denet("-d", "0.2", "-o", start, "--since-process-start", "attach", str(target.pid)).status == 0
        assert totals(read_records(now))["syscall_write_bytes"] == 0
        assert totals(read_records(start))["syscall_write_bytes"] == 3000000
        for tree in of_kind(read_records(start), "tree"):
            assert tree["aggregated"]["syscall_write_bytes"] == 3000000
        # I/O alone: CPU time counts from now in both.
        assert cpu_secs(totals(read_records(start))) < 0.02

    def test_attach_sees_the_children_that_were_there_and_those_that_come(
        self, records_file: Path, background: Background
    ) -> None:
        target = background(["sh", "-c", "sleep 1.3 & sleep 0.5; sleep 0.8; wait"])
        time.sleep(0.2)
        assert denet("-i", "20", "-o", records_file, "attach", str(target.pid)).status == 0
        commands = [c["cmd"] for c in of_kind(read_records(records_file), "child")]
        assert ["sleep", "1.3"] in commands
        assert ["sleep", "0.8"] in commands

    def test_attach_does_not_stop_or_signal_the_target_when_interrupted(
        self, tmp_path: Path, truth: Helper, background: Background
    ) -> None:
        target = background([truth("signals"), tmp_path / "log", "stay"])
        wait_until(lambda: (tmp_path / "log").exists())
        process = background([DENET, "-j", "-i", "20", "attach", str(target.pid)])
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        result = finish(process)
        assert result.status in (0, 130)
        assert result.stdout.endswith(b"}\n")
        assert parse_records(result.stdout)[-1]["kind"] == "exit"
        time.sleep(0.1)
        assert (tmp_path / "log").read_text() == "ready\n"
        assert is_alive(target.pid)
