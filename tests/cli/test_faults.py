# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong: wrong usage, files that cannot be written or read, full disks, and an end by kill -9."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Background, Helper
from harness import (
    DENET,
    PATIENCE,
    ROOT,
    command_pid,
    denet,
    execute,
    finish,
    kill_quietly,
    measure,
    of_kind,
    only_json,
    parse_records,
    read_records,
    the,
    totals,
    wait_until,
    whole_lines,
)

PEER = ROOT / "tests" / "fixtures" / "peer"


class TestUsage:
    """Status 2 and one clear line, for each thing that a user may get wrong."""

    @pytest.mark.parametrize(
        ("arguments", "line"),
        [
            (["make", "-j4"], "denet: 'make' is no denet command; to measure it: denet run make -j4"),
            (["run"], "denet: run: no program given; as in: denet run -- make -j4"),
            (["run", "--"], "denet: run: no program given; as in: denet run -- make -j4"),
            (
                ["run", "--intervall", "5"],
                "denet: no option --intervall; did you mean --interval? Put -- before PROGRAM",
            ),
            (["-i", "abc", "run", "true"], "denet: --interval 'abc': not a number; give milliseconds, 1 or more"),
            (
                ["-i", "2000", "-m", "100", "run", "true"],
                "denet: --max-interval 100 is below --interval 2000; raise it or leave it out",
            ),
        ],
    )
    def test_the_lines_of_the_design(self, arguments: list[str], line: str) -> None:
        result = denet(*arguments)
        assert result.error_line == line
        assert (result.status, result.stdout) == (2, b"")

    @pytest.mark.parametrize("arguments", [[], ["run"], ["attach"], ["stats"]])
    def test_what_is_missing_is_said_with_the_usage(self, arguments: list[str]) -> None:
        result = denet(*arguments)
        assert result.status == 2
        assert result.error_line
        assert "\nUsage: denet " in result.err

    @pytest.mark.parametrize(
        "arguments",
        [
            ["-i", "0", "run", "true"],
            ["-i", "-5", "run", "true"],
            ["-i", "1.5", "run", "true"],
            ["-i", "", "run", "true"],
            ["-i", "5 ", "run", "true"],
            ["-i", "5x", "run", "true"],
            ["-i", "99999999999999999999", "run", "true"],
            ["-i", "5000000000", "run", "true"],
            ["-m", "x", "run", "true"],
            ["-m", "50", "run", "true"],
            ["-d", "-1", "run", "true"],
            ["-d", "x", "run", "true"],
            ["-d", "", "run", "true"],
            ["-d", "nan", "run", "true"],
            ["-d", "inf", "run", "true"],
            ["-d", "5s", "run", "true"],
            ["-d", "1,5", "run", "true"],
            ["-o"],
            ["-o", "", "run", "true"],
            ["--out"],
            ["--json=yes", "run", "true"],
            ["--quiet=", "run", "true"],
            ["--no-such", "run", "true"],
            ["-x", "run", "true"],
            ["-jx", "run", "true"],
            ["--children", "run", "true"],
            ["--command-output", "nowhere", "run", "true"],
            ["-", "true"],
            [""],
            ["attach"],
            ["attach", "1", "2"],
            ["attach", "init"],
            ["stats"],
            ["stats", "--json"],
            ["help", "nothing"],
        ],
        ids=" ".join,
    )
    def test_each_mistake_gives_one_line_and_starts_nothing(self, arguments: list[str], tmp_path: Path) -> None:
        arguments = [("touch" if a == "true" else a) for a in arguments]
        if arguments[-1:] == ["touch"]:
            arguments.append("trace")
        result = denet(*arguments, cwd=tmp_path)
        assert result.status == 2, result
        assert result.stdout == b""
        assert 20 < len(result.error_line) < 160
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("--jsno", "--json"),
            ("--jsonn", "--json"),
            ("--stat", "--stats"),
            ("--outt", "--out"),
            ("--int", "--interval"),
            ("--max-intervall", "--max-interval"),
            ("--exclude-childs", "--exclude-children"),
            ("--exclude-child", "--exclude-children"),
            ("--no_polling", "--no-polling"),
            ("--quite", "--quiet"),
            ("--writeenv", "--write-env"),
            ("--command-out", "--command-output"),
        ],
    )
    def test_a_near_miss_is_recognised(self, typed: str, meant: str) -> None:
        result = denet(typed, "run", "true")
        assert result.status == 2
        assert f"no option {typed}; did you mean {meant}?" in result.error_line

    def test_what_resembles_nothing_gets_no_guess(self) -> None:
        result = denet("--zzzzzzzz", "run", "true")
        assert result.status == 2
        assert "did you mean" not in result.error_line
        assert "denet --help" in result.error_line

    @pytest.mark.parametrize(("typed", "meant"), [("rnu", "run"), ("atttach", "attach"), ("stat", "stats")])
    def test_a_command_that_is_nearly_right_is_recognised(self, typed: str, meant: str) -> None:
        result = denet(typed, "x")
        assert result.status == 2
        assert f"did you mean {meant}?" in result.error_line


class TestWhereOptionsMayStand:
    def last(self, *arguments: Any) -> Any:
        result = denet(*arguments)
        assert result.status == 0, result.err
        return the(result.records, "metadata")

    def test_a_value_may_follow_an_equals_sign_a_space_or_nothing(self) -> None:
        for option in (["--interval=50"], ["--interval", "50"], ["-i50"], ["-i", "50"]):
            assert self.last("-j", *option, "run", "true")["interval_ms"] == 50

    def test_short_flags_may_be_bundled_and_the_last_may_have_a_value(self) -> None:
        for bundle in (["-qji50"], ["-qji", "50"], ["-jqi50", "-d9"], ["-jnd", "9", "-i", "50"]):
            assert self.last(*bundle, "run", "true")["interval_ms"] == 50

    def test_options_may_follow_the_subcommand_up_to_the_command(self) -> None:
        assert self.last("run", "-j", "-i", "50", "true")["interval_ms"] == 50
        assert self.last("-j", "run", "--interval=50", "--", "true")["interval_ms"] == 50
        metadata = self.last("run", "-j", "echo", "-i", "60", "--", "-q")
        assert metadata["cmd"] == ["echo", "-i", "60", "--", "-q"]

    def test_after_two_dashes_everything_is_the_command(self) -> None:
        result = denet("run", "--", "-q")
        assert result.status == 127
        assert self.last("-j", "run", "--", "env", "--", "true")["cmd"] == ["env", "--", "true"]

    def test_options_of_stats_and_attach_may_follow_too(self, background: Background) -> None:
        assert only_json(denet("stats", "--json", PEER / "sleep.jsonl").out)["sample_count"] == 6
        assert only_json(denet("stats", PEER / "sleep.jsonl", "--json").out)["sample_count"] == 6
        target = background(["sleep", "60"])
        assert self.last("attach", "-j", "-d", "0.1", str(target.pid))["pid"] == target.pid

    def test_an_option_given_twice_holds_as_the_last_says(self) -> None:
        assert self.last("-j", "-i", "70", "-j", "-i", "50", "run", "true")["interval_ms"] == 50

    def test_an_older_releases_nodump_is_accepted(self) -> None:
        assert denet("-q", "--nodump", "run", "true").status == 0

    def test_debug_says_what_denet_does_on_standard_error_alone(self) -> None:
        result = denet("-j", "--debug", "run", "echo", "hi")
        assert result.records[-1]["kind"] == "exit"
        assert len(result.err.splitlines()) > 1


class TestFilesThatCannotBeWritten:
    def test_a_folder_that_is_missing_is_125_and_nothing_is_started(self, tmp_path: Path) -> None:
        result = denet("-o", "/no/x", "run", "touch", tmp_path / "trace")
        assert result.status == 125
        assert result.error_line == "denet: /no/x: no such directory, nothing was started; mkdir -p /no"
        assert not (tmp_path / "trace").exists()

    def test_a_folder_in_the_files_place_is_125_and_nothing_is_started(self, tmp_path: Path) -> None:
        result = denet("-o", tmp_path, "run", "touch", tmp_path / "trace")
        assert result.status == 125
        assert "nothing was started" in result.error_line
        assert not (tmp_path / "trace").exists()

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_a_file_without_permission_is_125_and_nothing_is_started(self, tmp_path: Path) -> None:
        (tmp_path / "mine").touch(0o444)
        result = denet("-o", tmp_path / "mine", "run", "touch", tmp_path / "trace")
        assert result.status == 125
        assert not (tmp_path / "trace").exists()

    def test_a_summary_that_cannot_be_saved_is_125_and_nothing_is_started(self, tmp_path: Path) -> None:
        result = denet("--stats", "/no/x", "run", "touch", tmp_path / "trace")
        assert result.status == 125
        assert "/no/x" in result.error_line
        assert not (tmp_path / "trace").exists()

    def test_on_a_full_disk_the_command_goes_on_and_what_was_lost_is_said(self) -> None:
        result = denet("-i", "20", "-o", "/dev/full", "run", "sh", "-c", "sleep 0.2; echo out; exit 7")
        assert (result.status, result.stdout) == (7, b"out\n")
        notes = [line for line in result.err.splitlines() if "records lost" in line]
        assert len(notes) == 1
        assert "disk full" in notes[0] or "No space" in notes[0]
        assert "\ncpu  " in result.err

    def test_with_json_on_a_full_standard_output_the_status_is_kept(self) -> None:
        with open("/dev/full", "wb") as full:
            result = denet("-j", "-i", "20", "run", "sh", "-c", "sleep 0.1; exit 7", stdout=full)
        assert result.status == 7

    def test_with_json_to_a_reader_that_has_gone_the_command_goes_on_and_its_status_is_kept(
        self, tmp_path: Path
    ) -> None:
        process = subprocess.Popen(
            [
                DENET,
                "-j",
                "-i",
                "10",
                "-o",
                tmp_path / "r",
                "run",
                "sh",
                "-c",
                'sleep 0.4; touch "$0"; exit 7',
                tmp_path / "done",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()
        process.stdout = None
        assert finish(process).status == 7
        assert (tmp_path / "done").exists()
        assert read_records(tmp_path / "r")[-1]["kind"] == "exit", "the other file is not touched by it"

    def test_with_json_and_standard_output_closed_the_status_is_kept(self) -> None:
        result = execute(["sh", "-c", '"$0" -j run sh -c "exit 7" >&-', DENET])
        assert result.status == 7

    def test_a_reader_that_takes_its_time_gets_whole_records_and_the_last_one(self) -> None:
        process = subprocess.Popen(
            [DENET, "-j", "-i", "1", "-m", "1", "run", "sh", "-c", "sleep 0.5 & sleep 0.5; wait; exit 4"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        time.sleep(1)
        result = finish(process)
        assert result.status == 4
        assert result.records[0]["kind"] == "metadata"
        assert the(result.records, "exit")["exit_code"] == 4
        assert "lost_records" not in totals(result.records)

    def test_a_reader_that_does_not_read_keeps_no_signal_from_the_command(
        self, tmp_path: Path, truth: Helper, background: Background
    ) -> None:
        log = tmp_path / "log"
        process = background([DENET, "-j", "-i", "1", "-m", "1", "run", truth("signals"), log, "stay"])
        wait_until(log.exists)
        time.sleep(0.5)  # 64 KiB of records are in the pipe by then
        process.send_signal(signal.SIGUSR1)
        wait_until(lambda: str(int(signal.SIGUSR1)) in log.read_text().split(), 10)


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root may mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up_leaves_whole_lines_and_a_count_of_what_was_lost(tiny: Path) -> None:
    result = denet("-i", "1", "-m", "1", "-o", tiny / "r.jsonl", "run", "sh", "-c", "sleep 0.6; exit 7")
    assert result.status == 7
    assert "records lost" in result.err
    data = (tiny / "r.jsonl").read_bytes()
    lines = whole_lines(data)
    assert len(lines) > 10
    parse_records(data[: data.rindex(b"\n") + 1])
    assert denet("stats", tiny / "r.jsonl").status == 0


def test_a_disk_that_has_room_again_gets_the_rest_and_the_exit_record_has_the_count(
    tiny: Path, background: Background
) -> None:
    (tiny / "ballast").write_bytes(bytes(48 << 10))
    process = background([DENET, "-i", "25", "-m", "25", "-o", tiny / "r.jsonl", "run", "sleep", "1.2"])
    time.sleep(0.6)
    (tiny / "ballast").unlink()
    assert finish(process).status == 0
    data = (tiny / "r.jsonl").read_bytes()
    records = parse_records(data)
    assert records[-1]["kind"] == "exit"
    assert totals(records)["lost_records"] > 0


def test_after_kill_9_every_whole_line_parses_and_stats_takes_the_file(
    tmp_path: Path, truth: Helper, background: Background
) -> None:
    random.seed(7)
    script = 'while :; do "$0" "$1" fork 20 200 & "$0" "$1" fork 20 200; wait; done'
    for turn in range(20):
        path = tmp_path / f"{turn}.jsonl"
        command = ["sh", "-c", script, truth("spawn"), str(tmp_path / "report")]
        process = background([DENET, "-i", "1", "-m", "1", "-o", path, "run", *command])
        running = command_pid(process.pid)
        time.sleep(random.uniform(0, 0.2))
        process.kill()
        process.wait(PATIENCE)
        kill_quietly(running)
        if not path.exists():
            continue
        data = path.read_bytes()
        parse_records(data[: data.rfind(b"\n") + 1])
        result = denet("--json", "stats", path)
        if b'"tree"' in b"".join(whole_lines(data)):
            assert result.status == 0
            trees = sum(b'"kind":"tree"' in line for line in whole_lines(data))
            assert only_json(result.out)["sample_count"] == trees
        else:
            assert result.status in (0, 125)


class TestStatsOfWhatIsNoRun:
    @pytest.mark.parametrize(
        "name", ["missing", "folder", "empty", "text.txt", "binary", "array.json", "other.jsonl", "blank"]
    )
    def test_it_is_refused_with_one_line_that_names_the_file(self, name: str, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "empty").touch()
        (tmp_path / "text.txt").write_text("some notes\nand more\n")
        (tmp_path / "binary").write_bytes(bytes(range(256)) * 100)
        (tmp_path / "array.json").write_text("[1, 2, 3]\n")
        (tmp_path / "other.jsonl").write_text('{"a": 1}\n{"b": 2}\n')
        (tmp_path / "blank").write_text("\n\n\n")
        result = denet("stats", name, cwd=tmp_path)
        assert (result.status, result.stdout) == (125, b"")
        assert result.error_line.startswith(f"denet: {name}: ")
        result = denet("--json", "stats", name, cwd=tmp_path)
        assert (result.status, result.stdout) == (125, b"")

    def test_a_text_file_is_told_what_stats_reads(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("some notes\n")
        result = denet("stats", "notes.txt", cwd=tmp_path)
        assert result.error_line == (
            "denet: notes.txt: line 1 is no denet record; stats reads what denet -o FILE run wrote"
        )


class TestStats:
    @pytest.fixture
    def run(self, tmp_path: Path) -> Path:
        measure(tmp_path / "run.jsonl", ["sh", "-c", "sleep 0.2; true"], "-i", "20")
        return tmp_path / "run.jsonl"

    def test_a_broken_line_in_the_middle_is_left_out_and_counted(self, run: Path) -> None:
        lines = run.read_bytes().splitlines(keepends=True)
        whole = only_json(denet("--json", "stats", run).out)
        for broken in (b'{"kind":"tree","ts_ms":\n', b"garbage\n", b"\xff\xfe\n", b"[]\n", b"null\n"):
            run.write_bytes(b"".join([*lines[:4], broken, *lines[4:]]))
            result = denet("--json", "stats", run)
            assert result.status == 0, broken
            assert only_json(result.out) == whole, broken
            shown = denet("stats", run)
            assert shown.status == 0
            assert "1 line" in shown.out + shown.err, broken

    def test_what_follows_the_last_newline_is_dropped(self, run: Path) -> None:
        whole = denet("--json", "stats", run).out
        with open(run, "ab") as file:
            file.write(b'{"kind":"tree","ts_ms":17954')
        assert denet("--json", "stats", run).out == whole

    def test_a_kind_and_keys_that_are_not_known_are_skipped(self, run: Path) -> None:
        whole = denet("--json", "stats", run).out
        lines = run.read_bytes().splitlines(keepends=True)
        lines.insert(3, b'{"kind":"weather","ts_ms":1,"rain":[{"a":null}]}\n')
        lines[4] = lines[4].replace(b'{"kind"', b'{"mood":{"deep":[1,[2,{"x":"}"}]]},"kind"', 1)
        run.write_bytes(b"".join(lines))
        result = denet("--json", "stats", run)
        assert (result.status, result.out) == (0, whole)

    def test_blank_lines_spaces_and_carriage_returns_do_no_harm(self, run: Path) -> None:
        whole = denet("--json", "stats", run).out
        records = read_records(run)
        run.write_text("\r\n\n".join(json.dumps(r, indent=None) for r in records) + "\r\n")
        result = denet("--json", "stats", run)
        assert (result.status, result.out) == (0, whole)

    def test_standard_input_is_a_dash(self, run: Path) -> None:
        by_name = denet("--json", "stats", run).out
        assert denet("--json", "stats", "-", data=run.read_bytes()).out == by_name
        with open(run, "rb") as file:
            assert denet("--json", "stats", "-", stdin=file).out == by_name

    def test_several_files_give_an_object_a_line_in_their_order(self, run: Path) -> None:
        files = [PEER / "tree3.jsonl", run, PEER / "sleep.jsonl"]
        result = denet("--json", "stats", *files)
        assert result.status == 0
        assert result.out == "".join(denet("--json", "stats", f).out for f in files)
        assert len(result.out.splitlines()) == 3

    def test_of_several_files_those_that_can_be_read_are(self) -> None:
        result = denet("--json", "stats", PEER / "tree3.jsonl", "/no/such", PEER / "sleep.jsonl")
        assert result.status == 125
        assert "/no/such" in result.error_line
        assert len(result.out.splitlines()) == 2

    def test_of_several_files_a_table_each_is_shown(self) -> None:
        result = denet("stats", PEER / "tree3.jsonl", PEER / "sleep.jsonl", PEER / "v060_run.jsonl")
        assert result.status == 0
        assert result.stderr == b""
        assert result.out.count("\ncpu  ") == 3

    def test_the_line_of_origin_says_what_ran(self, run: Path) -> None:
        result = denet("stats", "run.jsonl", cwd=run.parent)
        first = result.out.splitlines()[0]
        assert first.startswith("run.jsonl: sh -c ")
        trees = len(of_kind(read_records(run), "tree"))
        assert first.endswith(f"{trees} samples")

    def test_a_run_that_was_cut_short_has_a_summary_of_what_is_there(self, run: Path) -> None:
        lines = run.read_bytes().splitlines(keepends=True)
        run.write_bytes(b"".join(lines[:-3]))
        result = denet("stats", run)
        assert result.status == 0
        summary = only_json(denet("--json", "stats", run).out)
        assert not {"exit_code", "signal"} & set(summary)

    def test_the_summary_is_the_same_on_any_machine(self, run: Path) -> None:
        plain = denet("--json", "stats", run).out
        environment = {**os.environ, "LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Tokyo", "COLUMNS": "40"}
        assert denet("--json", "stats", run, env=environment).out == plain


class TestFilesOfTheRustDenet:
    @pytest.mark.parametrize("path", sorted(PEER.glob("*.jsonl")), ids=lambda p: str(p.stem))
    def test_each_is_read_and_its_numbers_are_those_of_its_lines(self, path: Path) -> None:
        result = denet("--json", "stats", path)
        assert result.status == 0, result.err
        summary = only_json(result.out)
        records = [only_json(line) for line in path.read_text().splitlines()]
        wholes = [r.get("aggregated", r) for r in records if r.get("kind", "tree") in ("tree", "sample")]
        wholes = [w for w in wholes if w is not None and "mem_rss_kb" in w]
        if not wholes:
            return
        assert summary["sample_count"] >= len(wholes)
        assert summary["peak_mem_rss_kb"] == max(w["mem_rss_kb"] for w in wholes)
        assert summary["max_threads"] == max(w["thread_count"] for w in wholes)
        assert summary["max_processes"] == max(w.get("process_count", 1) for w in wholes)
        for name in ("disk_read", "disk_write", "syscall_read", "syscall_write", "sys_net_rx", "sys_net_tx"):
            # Theirs falls when a child ends, so the last may be less than what there was.
            assert summary[f"total_{name}_bytes"] >= max(w[f"{name}_bytes"] for w in wholes)
        assert 0 <= summary["avg_cpu_usage"] <= max(w["cpu_usage"] for w in wholes)
        assert denet("stats", path).status == 0

    def test_where_the_rust_denet_was_right_the_summary_is_its_own(self) -> None:
        ours = only_json(denet("--json", "stats", PEER / "tree3.jsonl").out)
        theirs = only_json((PEER / "stats_tree3.json").read_text())
        for name in set(theirs) - {"avg_cpu_usage", "memory_characterization"}:
            assert ours[name] == theirs[name], name

    def test_a_number_that_an_older_file_does_not_have_is_not_shown_as_0(self) -> None:
        result = denet("stats", PEER / "tree3.jsonl")
        assert "0.00 ms" not in result.out, "there are no CPU seconds in it"

    def test_the_old_names_of_the_network_counters_are_read(self, tmp_path: Path) -> None:
        old = (PEER / "v060_run.jsonl").read_text().replace("sys_net_rx_bytes", "net_rx_bytes")
        old = old.replace('"net_rx_bytes":0', '"net_rx_bytes":4711')
        (tmp_path / "old.jsonl").write_text(old)
        assert only_json(denet("--json", "stats", tmp_path / "old.jsonl").out)["total_sys_net_rx_bytes"] == 4711

    def test_untagged_samples_and_aggregates_are_read(self, tmp_path: Path) -> None:
        metrics = (
            '"cpu_usage":50.0,"mem_rss_kb":1000,"mem_vms_kb":2000,"disk_read_bytes":1,"disk_write_bytes":2,'
            '"net_rx_bytes":3,"net_tx_bytes":4,"thread_count":5,"uptime_secs":1'
        )
        path = tmp_path / "old.jsonl"
        for rest, processes in (("", 1), (',"process_count":7', 7)):
            path.write_text("".join(f'{{"ts_ms":{1000 * i},{metrics}{rest}}}\n' for i in range(1, 4)))
            summary = only_json(denet("--json", "stats", path).out)
            assert summary["sample_count"] == 3
            assert summary["max_processes"] == processes
            assert summary["max_threads"] == 5
            assert summary["avg_cpu_usage"] == 50
            assert summary["total_time_secs"] == 2
            assert summary["total_sys_net_tx_bytes"] == 4


def test_denet_does_not_end_by_a_signal_of_its_own(tmp_path: Path) -> None:
    """A status above 128 is the command's end, so denet itself must not die so, whatever it reads."""
    random.seed(11)
    base = bytearray((PEER / "tree3.jsonl").read_bytes())
    path = tmp_path / "broken.jsonl"
    for _ in range(60):
        broken = bytearray(base)
        for _ in range(random.randrange(1, 30)):
            broken[random.randrange(len(broken))] = random.randrange(256)
        path.write_bytes(broken)
        result = denet("--json", "stats", path)
        assert result.status in (0, 125), result
        if result.stdout:
            only_json(result.out)


def test_an_open_limit_that_is_low_is_no_harm(tmp_path: Path, truth: Helper) -> None:
    command = [truth("spawn"), str(tmp_path / "report"), "deep", "60", "0", "300"]
    result, records = measure(
        tmp_path / "r",
        command,
        "-i",
        "20",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24)),
    )
    assert max(t["aggregated"]["process_count"] for t in of_kind(records, "tree")) == 61
    assert result.err.count("denet: exit 0") == 1


def test_numbers_that_no_process_can_reach_do_no_harm(tmp_path: Path) -> None:
    most = {"ts_ms": 1100, "cpu_user_secs": 9e12, "cpu_system_secs": 9e12, "syscall_read_bytes": 9 * 10**18}
    children = [{"pid": pid, "command": "a", "metrics": most} for pid in (11, 12)]
    whole = {"ts_ms": 1100, "cpu_usage": 0.0, "process_count": 3}
    tree = {"kind": "tree", "ts_ms": 1100, "elapsed_us": 100000, "parent": most, "children": children}
    lines = [
        {"kind": "metadata", "pid": 10, "cmd": ["sh"], "executable": "/bin/sh", "t0_ms": 1000},
        *({"kind": "child", "ts_ms": 1000, "pid": pid, "ppid": 10, "cmd": ["a"], "exe": "/a"} for pid in (11, 12)),
        {**tree, "aggregated": whole},
        {**tree, "children": [], "aggregated": whole},
    ]
    path = tmp_path / "run.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = denet("stats", path)
    assert result.status == 0, result
    assert "runtime error" not in result.err
