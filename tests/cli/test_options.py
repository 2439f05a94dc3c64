# SPDX-License-Identifier: GPL-3.0-or-later
"""Each option does what its line of the contract says; none pretends to."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import ROOT, denet, of_kind, only_json, parse_records, read_records, the
from test_help import names_in_the_table

SLEEP = ["run", "sleep", "0.3"]
FAMILY = ["run", "sh", "-c", "sleep 0.3; true"]


def check_out(folder: Path) -> None:
    assert denet("--out", "r.jsonl", *SLEEP, cwd=folder).status == 0
    assert read_records(folder / "r.jsonl")[-1]["kind"] == "exit"


def check_json(folder: Path) -> None:
    result = denet("--json", *SLEEP)
    assert [r["kind"] for r in result.records][0] == "metadata"
    assert result.stderr == b""


def check_stats(folder: Path) -> None:
    denet("--stats", "s.json", *SLEEP, cwd=folder)
    assert only_json((folder / "s.json").read_text())["exit_code"] == 0


def check_interval(folder: Path) -> None:
    assert len(of_kind(denet("-j", "--interval", "20", *SLEEP).records, "tree")) > 5
    assert the(denet("-j", "--interval=20", *SLEEP).records, "metadata")["interval_ms"] == 20


def check_max_interval(folder: Path) -> None:
    assert the(denet("-j", "--max-interval", "300", *SLEEP).records, "metadata")["max_interval_ms"] == 300


def check_duration(folder: Path) -> None:
    before = time.monotonic()
    assert denet("--duration", "0.15", "run", "sleep", "60").status == 124
    assert time.monotonic() - before < 30


def check_no_update(folder: Path) -> None:
    lines = denet("--no-update", "-i", "50", "-m", "50", *SLEEP).err.split("\n\ndenet: ")[0].splitlines()
    assert len(lines) >= 3
    assert all(re.match(r"denet \d\d:\d\d  cpu ", line) for line in lines)


def check_status(folder: Path) -> None:
    def shown(choice: str) -> str:
        return denet("--status", choice, "-i", "50", "-m", "50", *SLEEP).err

    assert "denet 00:00  cpu " in shown("lines")
    for choice in ("row", "off"):  # there is no terminal
        assert shown(choice).startswith("\ndenet: exit 0 after ")
    refused = denet("--status", "loud", "run", "true")
    assert refused.status == 2
    assert refused.error_line == "denet: --status 'loud': unknown; give row, lines or off"


def check_quiet(folder: Path) -> None:
    result = denet("--quiet", "run", "sh", "-c", "echo out; echo err >&2")
    assert (result.stdout, result.stderr) == (b"", b"")


def check_enable_ebpf(folder: Path) -> None:
    """It counts, or the reason why not is said and all else goes on; test_ebpf.py has what it counts."""
    result = denet("--enable-ebpf", "-j", "run", "sh", "-c", "exit 3")
    ability = the(result.records, "metadata")["capabilities"]["ebpf"]
    assert result.status == 3
    assert ("ebpf" in the(result.records, "exit")) == ability["available"]
    assert (result.err == "") == ability["available"]
    assert ability["available"] or result.err.startswith(f"denet: --enable-ebpf: {ability['reason']}; ")


def check_ebpf(folder: Path) -> None:
    result = denet("-j", "--ebpf", "syscalls", "run", "true")
    block = the(result.records, "exit").get("ebpf")
    assert result.status == 0
    assert block is None or "syscalls" in block
    for wrong in ("syscalls,waits", "", ",", "SYSCALLS"):
        refused = denet("--ebpf", wrong, "run", "true")
        assert refused.status == 2
        assert "give some of syscalls,offcpu,net,disk,exits,oncpu" in refused.error_line


def check_stacks(folder: Path) -> None:
    """Of what waits; test_ebpf_offcpu.py has what is in it."""
    assert denet("--stacks", "folded", "-q", "run", "sleep", "0.2", cwd=folder).status == 0
    assert (folder / "folded").exists()


def check_gpu(folder: Path) -> None:
    result = denet("--gpu", "run", "sh", "-c", "exit 4")
    assert result.status == 4
    assert "denet: --gpu: no driver library (libnvidia-ml.so.1); all else is measured\n" in result.err
    assert denet("-q", "--gpu", "run", "true").stderr == b""


def check_counters(folder: Path) -> None:
    result = denet("--counters", "run", "sh", "-c", "exit 4")
    assert result.status == 4
    assert result.err.count("denet: --counters: ") <= 1
    assert denet("-q", "--counters", "run", "true").stderr == b""


def check_exclude_children(folder: Path) -> None:
    for option in ("--exclude-children", "--no-include-children"):
        kinds = {r["kind"] for r in denet("-j", "-i", "20", option, *FAMILY).records}
        assert "sample" in kinds
        assert not kinds & {"tree", "child"}


def check_children(folder: Path) -> None:
    for choice, listed in (("all", True), ("none", False)):
        records = denet("-j", "-i", "20", "--children", choice, *FAMILY).records
        assert any(t["children"] for t in of_kind(records, "tree")) is listed
        assert max(t["aggregated"]["process_count"] for t in of_kind(records, "tree")) == 2
    assert denet("-j", "--children", "active", *FAMILY).status == 0


def check_command_output(folder: Path) -> None:
    both = ["run", "sh", "-c", "echo out; echo err >&2"]
    assert denet("-q", "--command-output", "inherit", *both).stdout == b"out\n"
    assert denet("-q", "--command-output", "stderr", *both).stderr == b"out\nerr\n"
    discarded = denet("--command-output", "discard", *both)
    assert discarded.stdout == b""
    assert "err\n" not in discarded.err
    # With records on standard output the default keeps them whole; who asks for the mixture gets it.
    assert denet("-j", *both).records[-1]["kind"] == "exit"
    mixed = denet("-j", "--command-output", "inherit", *both)
    assert b"out\n" in mixed.stdout
    assert mixed.stderr == b"err\n"


def check_cgroup(folder: Path) -> None:
    cgroup = the(denet("-j", "--cgroup", "off", "run", "true").records, "metadata")["capabilities"]["cgroup"]
    assert cgroup["reason"] == "turned off"
    assert denet("-j", "--cgroup", "auto", "run", "true").status == 0


def check_sampler(folder: Path) -> None:
    for choice in ("auto", "procfs"):
        assert denet("-j", "--sampler", choice, "run", "true").records[-1]["kind"] == "exit"
    refused = denet("--sampler", "bpf", "run", "touch", "trace", cwd=folder)
    assert (refused.status, list(folder.iterdir())) == (2, [])
    assert refused.error_line == (
        "denet: --sampler 'bpf': this version of denet has no such sampler; give auto or procfs"
    )
    assert denet("--sampler", "dtrace", "run", "true").error_line.endswith("unknown; give auto or procfs")


def check_since_process_start(folder: Path) -> None:
    records = denet("-j", "--since-process-start", "run", "head", "-c", "100000", "/dev/zero").records
    assert the(records, "exit")["totals"]["syscall_write_bytes"] >= 100000


def check_no_polling(folder: Path) -> None:
    records = denet("-j", "--no-polling", "-i", "20", *SLEEP).records
    assert len(of_kind(records, "tree")) <= 1
    assert the(records, "exit")["totals"]["wall_secs"] >= 0.3


def check_wait_all(folder: Path) -> None:
    command = ["run", "sh", "-c", "sleep 0.6 >/dev/null 2>&1 &"]
    assert the(denet("-j", *command).records, "exit")["totals"]["wall_secs"] < 0.5
    assert the(denet("-j", "--wait-all", *command).records, "exit")["totals"]["wall_secs"] >= 0.6


def check_write_env(folder: Path) -> None:
    assert denet("-j", "--write-env", "run", "true").records[0]["kind"] == "env"


def check_nodump(folder: Path) -> None:
    result = denet("-j", "--nodump", "run", "true")
    assert (result.status, result.stderr) == (0, b"")


def check_debug(folder: Path) -> None:
    result = denet("-j", "--debug", "run", "true")
    assert parse_records(result.stdout)
    assert all(line.startswith("denet: ") for line in result.err.splitlines())
    assert len(result.err.splitlines()) > 1


def check_help(folder: Path) -> None:
    assert denet("--help").out.startswith("Usage: denet ")


def check_version(folder: Path) -> None:
    assert denet("--version").out.startswith("denet ")


CHECKS: dict[str, Callable[[Path], None]] = {
    name[len("check_") :].replace("_", "-"): check for name, check in globals().items() if name.startswith("check_")
}
CHECKS["no-include-children"] = CHECKS["exclude-children"]


@pytest.mark.parametrize("name", CHECKS)
def test_the_option(name: str, tmp_path: Path) -> None:
    CHECKS[name](tmp_path)


def test_there_is_a_check_of_each_option() -> None:
    assert set(CHECKS) == names_in_the_table()


@pytest.mark.parametrize(
    "arguments",
    [
        ["-i50", "-jd5", "run", "sleep", "0.2"],
        ["-i", "50", "-j", "-d", "5", "run", "sleep", "0.2"],
        ["--interval=50", "--json", "--duration=5", "run", "sleep", "0.2"],
        ["run", "-i50", "-jd5", "sleep", "0.2"],
        ["run", "-i50", "-jd5", "--", "sleep", "0.2"],
        ["-i50", "run", "-j", "--duration=5.0", "sleep", "0.2"],
    ],
    ids=" ".join,
)
def test_all_ways_to_write_the_same(arguments: list[str]) -> None:
    result = denet(*arguments)
    assert (result.status, result.stderr) == (0, b"")
    metadata = the(result.records, "metadata")
    assert (metadata["interval_ms"], metadata["cmd"]) == (50, ["sleep", "0.2"])


def test_a_fraction_of_a_second_is_a_duration_too() -> None:
    for duration in ("0.1", ".1", "1e-1", "0.1000"):
        assert denet("-q", "-d", duration, "run", "sleep", "60").status == 124


def test_a_mistyped_command_names_what_was_meant_and_how_to_measure_it() -> None:
    for typed, meant in (("docter", "doctor"), ("convertt", "convert"), ("atttach", "attach"), ("hlep", "help")):
        result = denet(typed, "x")
        assert (result.status, result.stdout) == (2, b"")
        assert result.error_line == (
            f"denet: '{typed}' is no denet command; did you mean {meant}? To measure it: denet run {typed} x"
        )
    for typed in ("make", "ls", "cat", "ruby", "sleep", "python3", "./run"):
        assert denet(typed).error_line == f"denet: '{typed}' is no denet command; to measure it: denet run {typed}"


def test_the_readme_speaks_of_no_option_that_does_not_exist() -> None:
    known = names_in_the_table()
    text = (ROOT / "README.md").read_text()
    assert set(re.findall(r"`--([a-z-]+)", text)) <= known


def test_an_option_that_a_command_could_not_heed_is_refused(tmp_path: Path) -> None:
    for arguments in (["-o", "x", "stats", "run.jsonl"], ["stats", "run.jsonl", "-o", "x"]):
        result = denet(*arguments, cwd=tmp_path)
        assert result.status == 2
        assert result.error_line == (
            "denet: --out is for run and attach, and stats writes none; leave it out, or: denet stats ... >x"
        )
    for command in (["doctor"], ["convert", "a.jsonl", "b.jsonl"], ["stats", "run.jsonl"]):
        result = denet("--stats", "x", *command, cwd=tmp_path)
        assert (result.status, result.error_line.split(",")[0]) == (2, "denet: --stats is for run and attach")
    assert list(tmp_path.iterdir()) == []
