# SPDX-License-Identifier: GPL-3.0-or-later
"""Saved files, in every form that they come in: `denet stats FILE` says the same of all of them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Background
from harness import (
    DENET,
    SANITIZED,
    Result,
    denet,
    measure,
    parse_records,
    read_records,
    wait_until,
    whole_lines,
)

CODECS = {"zst": "zstd", "gz": "gzip"}
BUILT = [ending for ending, name in CODECS.items() if (Path(DENET).parent / f"denet-{name}.so").exists()]
each_codec = pytest.mark.parametrize("ending", BUILT)
MIB = 1 << 20


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The records of a small tree."""
    path = tmp_path_factory.mktemp("reading") / "run.jsonl"
    measure(path, ["sh", "-c", "sleep 0.4 & sleep 0.2; wait"], "-i", "20")
    return path


def pack(data: bytes, ending: str) -> bytes:
    if ending == "gz":
        return gzip.compress(data)
    if not shutil.which("zstd"):
        pytest.skip("no zstd(1) here")
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def unpack(path: Path) -> bytes:
    """By the tools that everybody has: what of the file can be unpacked, however it ends."""
    tool = ["gzip", "-dc"] if path.suffix == ".gz" else ["zstd", "-q", "-dc"]
    if not shutil.which(tool[0]):
        pytest.skip(f"no {tool[0]} here")
    return subprocess.run(tool, stdin=path.open("rb"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def summary(*arguments: Any, **how: Any) -> Any:
    result = denet("--json", "stats", *arguments, **how)
    assert result.status == 0, result.err
    assert result.err == ""
    return json.loads(result.stdout)


def said(result: Result) -> list[str]:
    return result.err.splitlines()


# ------------------------------------------------------------------------------------------------------- compressed


@each_codec
def test_a_compressed_file_reads_as_the_plain_one(run: Path, tmp_path: Path, ending: str) -> None:
    packed = tmp_path / f"run.jsonl.{ending}"
    packed.write_bytes(pack(run.read_bytes(), ending))
    assert summary(packed) == summary(run)
    assert denet("stats", packed).out.split("\n", 1)[1] == denet("stats", run).out.split("\n", 1)[1]


@each_codec
def test_compression_is_told_by_the_bytes_and_not_by_the_name(run: Path, tmp_path: Path, ending: str) -> None:
    packed = pack(run.read_bytes(), ending)
    assert summary("-", data=packed) == summary(run)
    misnamed, plain = tmp_path / "run.jsonl", tmp_path / f"plain.{ending}"
    misnamed.write_bytes(packed)
    plain.write_bytes(run.read_bytes())
    assert summary(misnamed) == summary(plain) == summary(run)


@each_codec
def test_what_is_written_compressed_unpacks_to_records(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"run.jsonl.{ending}"
    assert denet("-i", "20", "-o", path, "run", "sleep", "0.3").status == 0
    records = parse_records(unpack(path))
    assert records[0]["kind"] == "metadata"
    assert records[-1]["kind"] == "exit"
    samples = sum(r["kind"] == "tree" for r in records)
    assert samples > 5
    assert summary(path)["sample_count"] == samples


@each_codec
def test_csv_is_compressed_too(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"run.csv.{ending}"
    assert denet("-i", "20", "-o", path, "run", "sleep", "0.2").status == 0
    rows = list(csv.DictReader(io.StringIO(unpack(path).decode())))
    assert rows
    assert summary(path)["sample_count"] == len(rows)


@each_codec
def test_after_kill_9_a_compressed_file_has_all_but_the_last_second(
    tmp_path: Path, background: Background, ending: str
) -> None:
    path = tmp_path / f"run.jsonl.{ending}"
    process = background([DENET, "-q", "-i", "50", "-m", "50", "-o", path, "run", "sleep", "60"])
    began = time.monotonic()
    wait_until(path.exists)
    time.sleep(max(0.0, began + 3 - time.monotonic()))
    process.send_signal(signal.SIGKILL)
    process.wait()
    lasted = time.monotonic() - began
    lines = whole_lines(unpack(path))
    last = json.loads(lines[-1])
    assert last["kind"] == "tree"
    if not SANITIZED:
        assert last["elapsed_us"] / 1e6 > lasted - 2
    assert summary(path)["sample_count"] == sum(json.loads(line)["kind"] == "tree" for line in lines)


@each_codec
def test_a_compressed_file_that_was_cut_off_ends_like_any_torn_file(run: Path, tmp_path: Path, ending: str) -> None:
    packed = pack(run.read_bytes() * 50, ending)
    torn = tmp_path / f"torn.jsonl.{ending}"
    torn.write_bytes(packed[: len(packed) * 9 // 10])
    part = whole_lines(unpack(torn))  # which may be less: zstd(1) holds back what it has when a file breaks off
    assert summary(torn)["sample_count"] >= max(1, sum(b'"kind":"tree"' in line for line in part))
    assert summary(torn)["sample_count"] < 50 * summary(run)["sample_count"]
    torn.write_bytes(packed[:-1])
    assert summary(torn)["sample_count"] == 50 * summary(run)["sample_count"]
    torn.write_bytes(packed[:12])
    assert f"{torn}: no records in it" in denet("stats", torn).error_line


@each_codec
def test_a_damaged_compressed_file_is_one_error_that_names_it(run: Path, tmp_path: Path, ending: str) -> None:
    packed = bytearray(pack(run.read_bytes() * 50, ending))
    middle = len(packed) // 2
    packed[middle : middle + 8] = b"\xff" * 8
    damaged = tmp_path / f"damaged.jsonl.{ending}"
    damaged.write_bytes(packed)
    result = denet("stats", damaged)
    assert result.status == 125
    assert said(result)[-1].startswith(f"denet: {damaged}: what is compressed in it is damaged; zstd -dc, or gzip -dc,")
    assert not result.out


@each_codec
def test_a_full_disk_is_said_of_a_compressed_file_too(tmp_path: Path, ending: str) -> None:
    full = tmp_path / f"run.jsonl.{ending}"
    full.symlink_to("/dev/full")
    result = denet("-i", "20", "-o", full, "run", "sh", "-c", "sleep 0.1; exit 3")
    assert result.status == 3
    lines = [line for line in said(result) if str(full) in line]
    assert lines[0] == (
        f"denet: {full}: No space left on device; records are lost until there is room, the command goes on"
    )
    assert lines[-1] == f"denet: {full}: No space left on device; what was recorded last is not in it"


@each_codec
@pytest.mark.skipif(SANITIZED, reason="a copy of one binary says enough")
def test_without_its_module_a_compressed_file_is_refused_with_what_to_do(
    run: Path, tmp_path: Path, ending: str
) -> None:
    alone = tmp_path / "denet"
    shutil.copy(DENET, alone)
    packed = tmp_path / f"run.jsonl.{ending}"
    packed.write_bytes(pack(run.read_bytes(), ending))
    module = f"denet-{CODECS[ending]}.so"
    if any(Path(p, "denet", module).exists() for p in ("/usr/local/lib/x86_64-linux-gnu", "/usr/local/lib")):
        pytest.skip("an installed denet has it")
    result = subprocess.run([alone, "stats", packed], capture_output=True, text=True, check=False)
    assert result.returncode == 125
    assert f"{module} is not installed; as in {CODECS[ending]} -dc FILE | denet stats -" in result.stderr
    out = tmp_path / f"new.jsonl.{ending}"
    result = subprocess.run([alone, "-o", out, "run", "true"], capture_output=True, text=True, check=False)
    assert result.returncode == 125
    assert "give a name without the last ending, nothing was started" in result.stderr
    assert not out.exists()
    assert len(result.stderr.splitlines()) == 1


# ------------------------------------------------------------------------------------------------------ other forms


def test_an_array_reads_as_the_lines_however_it_is_laid_out(run: Path, tmp_path: Path) -> None:
    records = read_records(run)
    expected = summary(run)
    for indent in (None, 1, 4):
        array = tmp_path / f"run{indent}.json"
        array.write_text(json.dumps(records, indent=indent))
        assert summary(array) == expected
    (tmp_path / "lines.json").write_text("[\n" + ",\n".join(run.read_text().splitlines()) + "\n]\n")
    assert summary(tmp_path / "lines.json") == expected


def test_an_array_that_was_cut_off_has_its_whole_elements(run: Path, tmp_path: Path) -> None:
    lines = run.read_text().splitlines()
    (tmp_path / "part.jsonl").write_text("\n".join(lines[:10]) + "\n")
    (tmp_path / "part.json").write_text("[" + ", ".join(lines[:11])[:-5])
    assert summary(tmp_path / "part.json") == summary(tmp_path / "part.jsonl")


def test_a_broken_element_is_counted_and_named_by_its_line(run: Path, tmp_path: Path) -> None:
    lines = run.read_text().splitlines()
    array = tmp_path / "run.json"
    array.write_text("[\n" + ",\n".join([*lines[:4], '{"kind":"tree",\n"oops" 1}', *lines[4:]]) + "\n]\n")
    result = denet("--json", "stats", array)
    assert result.status == 0
    assert said(result) == [f"denet: {array}: line 6 is no denet record; left out"]
    assert json.loads(result.out) == summary(run)


def test_csv_has_the_same_numbers(tmp_path: Path) -> None:
    table, lines = tmp_path / "run.csv", tmp_path / "run.jsonl"
    assert denet("-i", "20", "-o", table, "run", "sh", "-c", "sleep 0.2 & sleep 0.1; wait").status == 0
    rows = list(csv.DictReader(table.open()))
    of_csv = summary(table)
    assert of_csv["sample_count"] == len(rows)
    assert of_csv["peak_mem_rss_kb"] == max(int(r["mem_rss_kb"] or 0) for r in rows)
    assert of_csv["max_processes"] == max(int(r["process_count"]) for r in rows)
    with lines.open("w") as out:
        for r in rows:
            flat = {k: json.loads(v) for k, v in r.items() if v and "." not in k}
            out.write(json.dumps({"kind": "aggregated", **flat}) + "\n")
    of_csv.pop("memory_characterization", None)  # of a block, which these lines have not
    assert summary(lines) == of_csv


def test_csv_by_another_hand_is_read(tmp_path: Path) -> None:
    table = tmp_path / "run.csv"
    table.write_bytes(
        b'"host","ts_ms","mem_rss_kb","process_count","note"\r\n'
        b'"node17","1000","77","1","a ""b"",\r\nc"\r\n'
        b'"node17","2000","78.0","2",""\r\n'
        b'"node17","x","1","1",""\r\n'
    )
    result = denet("--json", "stats", table)
    assert said(result) == [f"denet: {table}: line 5 is no denet record; left out"]
    assert json.loads(result.out)["peak_mem_rss_kb"] == 78
    assert json.loads(result.out)["sample_count"] == 2


# -------------------------------------------------------------------------------------------------- what may come in


def test_a_byte_order_mark_and_crlf_are_no_matter(run: Path, tmp_path: Path) -> None:
    windows = tmp_path / "windows.jsonl"
    windows.write_bytes(b"\xef\xbb\xbf" + run.read_bytes().replace(b"\n", b"\r\n"))
    assert summary(windows) == summary(run)


def test_blank_lines_are_no_matter(run: Path, tmp_path: Path) -> None:
    spaced = tmp_path / "spaced.jsonl"
    spaced.write_bytes(b"\n \n" + run.read_bytes().replace(b"\n", b"\n\n"))
    assert summary(spaced) == summary(run)


def test_a_broken_line_is_counted_and_named_by_its_number(run: Path, tmp_path: Path) -> None:
    lines = run.read_bytes().splitlines(keepends=True)
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(b"".join([*lines[:3], b"\0\0\0\n", *lines[3:5], lines[5][:-9] + b"\n", b'{"x":1\0}\n', *lines[5:]]))
    result = denet("--json", "stats", bad)
    assert result.status == 0
    assert said(result) == [f"denet: {bad}: line {n} is no denet record; left out" for n in (4, 7, 8)]
    assert json.loads(result.out) == summary(run)


@pytest.mark.parametrize("broken", [1, 12])
def test_broken_lines_before_the_first_record_are_as_any_others(run: Path, tmp_path: Path, broken: int) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"warning: something else\n" * broken + run.read_bytes())
    result = denet("--json", "stats", path)
    assert result.status == 0
    assert json.loads(result.stdout) == summary(run)
    lines = [f"denet: {path}: line {i + 1} is no denet record; left out" for i in range(min(broken, 10))]
    if broken > 10:
        lines.append(f"denet: {path}: {broken} lines are no denet records; all were left out")
    assert result.err.splitlines() == lines


def test_a_thousand_lines_and_no_record_among_them_are_enough(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("a line of a log\n" * 2000)
    result = denet("stats", path)
    assert (result.status, result.stdout) == (125, b"")
    assert result.error_line == f"denet: {path}: line 1 is no denet record; stats reads what denet -o FILE run wrote"


def test_a_line_without_its_newline_is_dropped(run: Path, tmp_path: Path) -> None:
    lines = run.read_bytes().splitlines(keepends=True)
    (tmp_path / "whole.jsonl").write_bytes(b"".join(lines[:-1]))
    (tmp_path / "torn.jsonl").write_bytes(b"".join(lines)[:-1])
    assert summary(tmp_path / "torn.jsonl") == summary(tmp_path / "whole.jsonl")


def test_a_growing_file_is_read_as_far_as_it_goes(run: Path, tmp_path: Path) -> None:
    lines = run.read_bytes().splitlines(keepends=True)
    grows = tmp_path / "grows.jsonl"
    grows.write_bytes(b"".join(lines[:5]) + lines[5][:100])
    before = summary(grows)
    with grows.open("ab") as f:
        f.write(lines[5][100:])
    assert summary(grows)["sample_count"] == before["sample_count"] + 1


def test_a_line_of_300_mb_is_left_out(run: Path, tmp_path: Path) -> None:
    lines = run.read_bytes().splitlines(keepends=True)
    long = tmp_path / "long.jsonl"
    with long.open("wb") as f:
        f.write(b"".join(lines[:3]) + b'{"x":"' + b"y" * (300 * MIB) + b'"}\n' + b"z" * (300 * MIB) + b"\n")
        f.write(b"".join(lines[3:]))
    result = denet("--json", "stats", long)
    assert said(result) == [f"denet: {long}: line {n} is no denet record; left out" for n in (4, 5)]
    assert json.loads(result.out) == summary(run)


def limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (40 * MIB, 40 * MIB))


@pytest.mark.skipif(SANITIZED, reason="the sanitizers need more memory than that")
def test_memory_stays_flat_whatever_the_size(run: Path, tmp_path: Path) -> None:
    lines = run.read_bytes().splitlines(keepends=True)
    head, trees, rest = lines[:1], [line for line in lines if b'"tree"' in line], lines[-1:]
    large = tmp_path / "large.jsonl"
    with large.open("wb") as f:
        f.write(b"".join(head))
        for _ in range(60 * MIB // sum(map(len, trees))):
            f.write(b"".join(trees))
        f.write(b"".join(rest))
    expected = summary(large, preexec_fn=limit_memory)
    array = tmp_path / "large.json"
    array.write_bytes(b"[" + large.read_bytes().strip().replace(b"\n", b",\n") + b"]")
    assert summary(array, preexec_fn=limit_memory) == expected
    for ending in BUILT:
        packed = tmp_path / f"large.jsonl.{ending}"
        packed.write_bytes(pack(large.read_bytes(), ending))
        assert summary(packed, preexec_fn=limit_memory) == expected


@pytest.mark.parametrize("path", ["/", "/dev/zero", "/proc/self/mem", "/nonexistent", "/dev/null"])
def test_what_is_no_file_of_records_is_one_line(path: str) -> None:
    how: dict[str, Any] = {} if SANITIZED else {"preexec_fn": limit_memory}
    result = denet("stats", path, **how)
    assert result.status == 125
    assert path in result.error_line
    assert len(said(result)) == 1


def test_several_files_in_one_call(run: Path, tmp_path: Path) -> None:
    array = tmp_path / "run.json"
    array.write_text(json.dumps([json.loads(line) for line in run.read_text().splitlines()]))
    result = denet("--json", "stats", run, array, "/nonexistent", run)
    assert result.status == 125
    assert "/nonexistent" in result.error_line
    summaries = [json.loads(line) for line in result.out.splitlines()]
    assert summaries == [summary(run)] * 3


def test_standard_input_in_small_pieces_reads_the_same(run: Path) -> None:
    process = subprocess.Popen([DENET, "--json", "stats", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin and process.stdout
    data = run.read_bytes()
    for i in range(0, 3000, 7):
        process.stdin.write(data[i : i + 7])
        process.stdin.flush()
    process.stdin.write(data[3003:])
    process.stdin.close()
    assert json.loads(process.stdout.read()) == summary(run)
    assert process.wait() == 0


def test_standard_input_that_somebody_made_non_blocking_is_waited_for(run: Path) -> None:
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    process = subprocess.Popen([DENET, "--json", "stats", "-"], stdin=read_end, stdout=subprocess.PIPE)
    os.close(read_end)
    with open(write_end, "wb", buffering=0) as pipe:
        for piece in (run.read_bytes()[:2], run.read_bytes()[2:3000], run.read_bytes()[3000:]):
            time.sleep(0.1)
            pipe.write(piece)
    assert process.stdout and json.loads(process.stdout.read()) == summary(run)
    assert process.wait() == 0
