# SPDX-License-Identifier: GPL-3.0-or-later
"""convert: from any format to any other, by the names of the files, and nothing lost but what is said."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from harness import DENET, ROOT, denet, of_kind, only_json, parse_records, read_records

PEER = ROOT / "tests" / "fixtures" / "peer"
PEER_FILES = sorted(PEER.glob("*.jsonl"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "run.jsonl"
    script = "sleep 0.2; head -c 100000 /dev/zero | cat >/dev/null; exit 3"
    assert denet("-i", "20", "--write-env", "-o", path, "run", "sh", "-c", script).status == 3
    return path


def summary(path: Path) -> Any:
    result = denet("--json", "stats", path)
    assert (result.status, result.stderr) == (0, b""), result.err
    return only_json(result.out)


def supported(*arguments: object) -> bool:
    """Converts; false where this build lacks the library of a codec, and says so."""
    result = denet("convert", *[str(a) for a in arguments])
    if result.status == 125 and "is not installed" in result.err:
        return False
    assert result.status == 0, result.err
    return True


def test_json_lines_stay_as_they_are_to_the_byte(run: Path, tmp_path: Path) -> None:
    result = denet("convert", run, tmp_path / "copy.jsonl")
    assert (result.status, result.stdout, result.stderr) == (0, b"", b"")
    assert (tmp_path / "copy.jsonl").read_bytes() == run.read_bytes()


def test_an_array_has_the_same_records_in_their_order(run: Path, tmp_path: Path) -> None:
    assert denet("convert", run, tmp_path / "run.json").status == 0
    assert only_json((tmp_path / "run.json").read_text()) == read_records(run)


def test_csv_has_a_row_a_sample_and_what_is_left_out_is_said(run: Path, tmp_path: Path) -> None:
    result = denet("convert", run, "run.csv", cwd=tmp_path)
    assert result.status == 0
    records = read_records(run)
    others = len(records) - len(of_kind(records, "tree"))
    assert result.error_line == (
        f"denet: run.csv: CSV has a row a sample, of the whole: the single processes and {others} records of the "
        "command and its end are left out; .jsonl keeps them"
    )
    with open(tmp_path / "run.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    trees = of_kind(records, "tree")
    assert [int(r["ts_ms"]) for r in rows] == [t["aggregated"]["ts_ms"] for t in trees]
    assert [int(r["syscall_write_bytes"] or 0) for r in rows] == [
        t["aggregated"].get("syscall_write_bytes", 0) for t in trees
    ]
    assert denet("-q", "convert", run, "again.csv", cwd=tmp_path).stderr == b""
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "run.csv").read_bytes()


def test_a_dash_is_standard_input_and_standard_output(run: Path, tmp_path: Path) -> None:
    data = run.read_bytes()
    assert denet("convert", run, "-").stdout == data
    assert denet("convert", "-", "-", data=data).stdout == data
    assert denet("convert", "-", tmp_path / "a.json", data=data).status == 0
    assert only_json((tmp_path / "a.json").read_text()) == read_records(run)


def test_options_may_stand_on_either_side_of_the_command(run: Path, tmp_path: Path) -> None:
    assert denet("-q", "convert", run, tmp_path / "a.csv").stderr == b""
    assert denet("convert", "-q", run, tmp_path / "b.csv").stderr == b""
    assert denet("convert", run, tmp_path / "c.csv", "-q").stderr == b""


@pytest.mark.parametrize("path", PEER_FILES, ids=lambda p: str(p.stem))
@pytest.mark.parametrize("ending", ["jsonl", "json"])
def test_files_of_older_releases_keep_their_numbers(path: Path, ending: str, tmp_path: Path) -> None:
    out = tmp_path / f"out.{ending}"
    result = denet("convert", path, out)
    assert (result.status, result.stderr) == (0, b"")
    old = [only_json(line) for line in path.read_text().splitlines()]
    new = only_json(out.read_text()) if ending == "json" else read_records(out, ours=False)
    assert len(new) == len(old)
    for before, after in zip(old, new):
        assert before.items() <= after.items()
    if ending == "jsonl":
        assert summary(out) == summary(path)


@pytest.mark.parametrize("path", PEER_FILES, ids=lambda p: str(p.stem))
def test_files_of_older_releases_become_csv(path: Path, tmp_path: Path) -> None:
    result = denet("-q", "convert", path, tmp_path / "out.csv")
    if "cpu_usage" not in path.read_text():
        assert result.status == 125
        assert result.error_line == (
            f"denet: {path}: no samples in it, and CSV holds nothing else; convert it to .jsonl"
        )
        assert list(tmp_path.iterdir()) == []
        return
    assert (result.status, result.stderr) == (0, b"")
    old = [only_json(line) for line in path.read_text().splitlines()]
    wholes = [r.get("aggregated", r) for r in old if r.get("kind", "tree") in ("tree", "sample", "aggregated")]
    wholes = [w for w in wholes if w is not None and "mem_rss_kb" in w]
    with open(tmp_path / "out.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(r["mem_rss_kb"]) for r in rows if r["mem_rss_kb"]] == [w["mem_rss_kb"] for w in wholes]


def test_lines_without_a_kind_get_one(tmp_path: Path) -> None:
    """As releases before 0.6 wrote them."""
    denet("convert", PEER / "v060_run.jsonl", tmp_path / "new.jsonl")
    records = read_records(tmp_path / "new.jsonl", ours=False)
    assert {r["kind"] for r in records} == {"tree"}
    assert [list(r)[0] for r in records] == ["kind"] * len(records)
    assert summary(tmp_path / "new.jsonl") == summary(PEER / "v060_run.jsonl")


ROUND = [".csv", ".json", ".jsonl.zst", ".jsonl.gz", ".csv.zst", ".csv.gz", ".json.zst", ".json.gz"]


@pytest.mark.parametrize("ending", ROUND)
def test_there_and_back_again(ending: str, run: Path, tmp_path: Path) -> None:
    there, back = tmp_path / f"there{ending}", tmp_path / "back.jsonl"
    if not supported(run, there):
        pytest.skip(f"this build writes no {ending}")
    if not supported(there, back):
        pytest.skip(f"this build reads no {ending}")
    if "csv" in ending:
        before, after = of_kind(read_records(run), "tree"), read_records(back)
        assert len(after) == len(before)
        for tree, row in zip(before, after):
            whole = row.get("aggregated", row)
            for name in ("cpu_usage", "mem_rss_kb", "syscall_write_bytes", "cpu_user_secs"):
                assert whole.get(name) == tree["aggregated"].get(name)
    else:
        assert back.read_bytes() == run.read_bytes()


def test_its_own_input_is_not_written_over(run: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(run.read_bytes())
    (tmp_path / "soft.jsonl").symlink_to("a.jsonl")
    os.link(tmp_path / "a.jsonl", tmp_path / "hard.json")
    for out in ("a.jsonl", "./a.jsonl", "soft.jsonl", "hard.json"):
        result = denet("convert", "a.jsonl", out, cwd=tmp_path)
        assert result.status == 125
        assert result.error_line == "denet: a.jsonl: IN and OUT are one file; give OUT another name"
    with open(tmp_path / "a.jsonl", "ab") as end:
        assert denet("convert", "a.jsonl", "-", cwd=tmp_path, stdout=end).status == 125
    with open(tmp_path / "a.jsonl", "rb") as start:
        assert denet("convert", "-", "a.jsonl", cwd=tmp_path, stdin=start).status == 125
    assert (tmp_path / "a.jsonl").read_bytes() == run.read_bytes()


def test_a_file_of_another_run_is_replaced_whole(run: Path, tmp_path: Path) -> None:
    (tmp_path / "old.jsonl").write_bytes(run.read_bytes() * 3)
    assert denet("convert", run, tmp_path / "old.jsonl").status == 0
    assert (tmp_path / "old.jsonl").read_bytes() == run.read_bytes()


@pytest.mark.parametrize("content", [b"", b"some notes\n", b"\n\n", b"\x00\x01\x02\n"], ids=repr)
def test_of_what_is_no_file_of_records_nothing_is_made_and_nothing_lost(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(content)
    (tmp_path / "there.json").write_text("precious")
    for out in ("there.json", "new.jsonl", "new.csv", "new.json"):
        result = denet("convert", "in", out, cwd=tmp_path)
        assert result.status == 125
        assert result.error_line.startswith("denet: in: ")
    assert {p.name for p in tmp_path.iterdir()} == {"in", "there.json"}
    assert (tmp_path / "there.json").read_text() == "precious"


def test_broken_lines_are_left_out_and_named(run: Path, tmp_path: Path) -> None:
    lines = run.read_bytes().splitlines(keepends=True)
    (tmp_path / "in.jsonl").write_bytes(b"".join([*lines[:2], b"garbage\n", *lines[2:]]) + b'{"kind":"tree","ts')
    result = denet("convert", "in.jsonl", "out.jsonl", cwd=tmp_path)
    assert result.status == 0
    assert result.error_line == "denet: in.jsonl: line 3 is no denet record; left out"
    assert (tmp_path / "out.jsonl").read_bytes() == run.read_bytes()


def test_what_cannot_be_written_is_said_with_the_way_out(run: Path, tmp_path: Path) -> None:
    result = denet("convert", run, "/no/such/x.jsonl")
    assert result.status == 125
    assert result.error_line == "denet: /no/such/x.jsonl: no such directory; mkdir -p /no/such"
    (tmp_path / "d.jsonl").mkdir()
    result = denet("convert", run, "d.jsonl", cwd=tmp_path)
    assert (result.status, result.error_line) == (125, "denet: d.jsonl: a directory; name a file in it")
    with open("/dev/full", "wb") as full:
        result = denet("convert", run, "-", stdout=full)
    assert result.status == 125
    assert "No space left on device" in result.error_line


def test_a_reader_that_goes_away_ends_it_as_it_ends_cat(run: Path, tmp_path: Path) -> None:
    (tmp_path / "big.jsonl").write_bytes(run.read_bytes() * 2000)
    script = f"'{DENET}' convert big.jsonl - | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    first, status = done.stdout.splitlines()
    assert json.loads(first) == parse_records(run.read_bytes())[0]
    assert status == "141"
    assert done.stderr == ""
