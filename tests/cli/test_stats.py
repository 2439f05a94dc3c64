# SPDX-License-Identifier: GPL-3.0-or-later
"""stats of two files side by side, of more one after another, and its progress while it reads."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from harness import DENET, PATIENCE, ROOT, denet, only_json
from test_program import on_a_terminal

PEER = ROOT / "tests" / "fixtures" / "peer"
MIB = 1024


def write_run(path: Path, seconds: float, user: float, peak_kb: int, read: int, **more: Any) -> None:
    """A run whose numbers are known: `sort` and `gzip` under a shell."""
    start = 1795425304000
    names = {10: "sh", 11: "sort", 12: "gzip"}
    half = {"cpu_usage": 0.0, "mem_vms_kb": 1, "thread_count": 1, "uptime_secs": 1}
    records: list[dict[str, Any]] = [
        {"kind": "metadata", "pid": 10, "cmd": ["sh", "x"], "t0_ms": start, "host": "node17", "cores": 16}
    ]
    records += [{"kind": "child", "ts_ms": start, "pid": p, "ppid": 10, "cmd": [names[p]]} for p in (11, 12)]
    for i in (1, 2):
        share = {10: 0.0, 11: 0.75, 12: 0.25}
        children = [
            {
                "pid": p,
                "command": names[p],
                "metrics": {
                    **half,
                    "ts_ms": start + i * 100,
                    "cpu_user_secs": round(share[p] * user * i / 2, 6),
                    "cpu_system_secs": 0.0,
                    "mem_rss_kb": peak_kb // 2,
                    "mem_rss_peak_kb": peak_kb // 2,
                },
            }
            for p in (11, 12)
        ]
        whole = {
            **half,
            "ts_ms": start + i * 100,
            "cpu_user_secs": user * i / 2,
            "cpu_system_secs": 0.0,
            "mem_rss_kb": peak_kb,
            "syscall_read_bytes": read * i // 2,
            "syscall_write_bytes": 0,
            "process_count": 3,
        }
        records.append(
            {
                "kind": "tree",
                "ts_ms": start + i * 100,
                "elapsed_us": int(seconds * 1e6 * i / 2),
                "parent": None,
                "children": children,
                "aggregated": whole,
            }
        )
    sums = {"wall_secs": seconds, "cpu_user_secs": user, "cpu_system_secs": 0.0, "peak_mem_rss_kb": peak_kb}
    sums["syscall_read_bytes"] = read
    sums["syscall_write_bytes"] = 0
    records.append({"kind": "exit", "ts_ms": start + 300, "exit_code": 0, "totals": sums, **more})
    path.write_text("".join(json.dumps(r) + "\n" for r in records))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_run(tmp_path / "before.jsonl", 723, 9660, 14 * MIB * MIB, 212 << 30)
    write_run(tmp_path / "after.jsonl", 602, 9060, 18 * MIB * MIB, 212 << 30)
    return tmp_path


TABLE = """\
                 before.jsonl  after.jsonl   change
time              12 min 03 s  10 min 02 s   -16.7%
cpu user           2 h 41 min   2 h 31 min    -6.2%
cores, average           13.4         15.0   +12.6%
memory peak          14.0 GiB     18.0 GiB   +28.6%
read                  212 GiB      212 GiB        =
most changed: sort, CPU 2 h 00 min to 1 h 53 min, +2.00 GiB
"""


def test_two_files_stand_side_by_side_as_designed(folder: Path) -> None:
    result = denet("stats", "before.jsonl", "after.jsonl", cwd=folder)
    assert (result.status, result.stderr) == (0, b"")
    assert result.out == TABLE


def test_their_colours_are_green_red_and_plain_by_five_percent(folder: Path) -> None:
    seen = on_a_terminal("stats", str(folder / "before.jsonl"), str(folder / "after.jsonl"), TERM="xterm").decode()
    lines = {line[:14].strip(): line for line in seen.replace("\r", "").splitlines()}
    assert "\x1b[32m-16.7%\x1b[0m" in lines["time"]
    assert "\x1b[32m-6.2%\x1b[0m" in lines["cpu user"]
    assert "\x1b" not in lines["cores, average"]
    assert "\x1b[31m+28.6%\x1b[0m" in lines["memory peak"]
    assert "\x1b" not in lines["read"]
    assert seen.startswith("\x1b[2m")
    assert (
        "\x1b"
        not in on_a_terminal(
            "stats", str(folder / "before.jsonl"), str(folder / "after.jsonl"), TERM="xterm", NO_COLOR="1"
        ).decode()
    )


def test_on_a_terminal_long_names_are_cut_at_their_beginning(folder: Path) -> None:
    deep = folder / ("d" * 100)
    deep.mkdir()
    for name in ("before.jsonl", "after.jsonl"):
        (folder / name).rename(deep / name)
    seen = on_a_terminal("stats", str(deep / "before.jsonl"), str(deep / "after.jsonl"), TERM="dumb")
    lines = seen.decode().replace("\r", "").splitlines()
    assert max(len(line) for line in lines) <= 80
    assert re.search(r"\.\.\.\S*before\.jsonl +\.\.\.\S*after\.jsonl", lines[0])
    assert str(deep) in denet("stats", deep / "before.jsonl", deep / "after.jsonl").out


def test_what_one_of_them_does_not_know_is_named(tmp_path: Path) -> None:
    write_run(tmp_path / "new.jsonl", 10, 5, 4096, 1000)
    result = denet("stats", PEER / "tree3.jsonl", tmp_path / "new.jsonl")
    assert result.status == 0
    (line,) = (line for line in result.out.splitlines() if line.startswith("cpu user"))
    assert line.split("  ")[-2:] != ["0.00 s", ""]
    assert "not known" in line
    assert "%" not in line


def test_from_nothing_and_many_times_as_much_are_said_as_that(tmp_path: Path) -> None:
    write_run(tmp_path / "a.jsonl", 10, 0.1, 4096, 0)
    write_run(tmp_path / "b.jsonl", 10, 5, 4096, 1000)
    lines = denet("stats", "a.jsonl", "b.jsonl", cwd=tmp_path).out.splitlines()
    assert any(re.fullmatch(r"read +0 B +1000 B +new|read +0 B +0\.98 KiB +new", line) for line in lines)
    assert any(re.fullmatch(r"cpu user +0\.10 s +5\.00 s +x50", line) for line in lines)
    assert any(re.fullmatch(r"time +10\.0 s +10\.0 s +=", line) for line in lines)
    assert not any(line.startswith("written") for line in lines), "a line with nothing to say is left out"


def test_a_command_of_one_of_them_alone_is_named_with_its_file(tmp_path: Path) -> None:
    write_run(tmp_path / "a.jsonl", 10, 1, 4096, 1000)
    text = (
        (tmp_path / "a.jsonl")
        .read_text()
        .replace('"sort"', '"xz"')
        .replace('"cpu_user_secs": 0.75', '"cpu_user_secs": 9.0')
    )
    (tmp_path / "b.jsonl").write_text(text)
    last = denet("stats", "a.jsonl", "b.jsonl", cwd=tmp_path).out.splitlines()[-1]
    assert last == "most changed: xz, only in b.jsonl, CPU 9.00 s"


def test_with_json_two_files_are_an_object_a_line(folder: Path) -> None:
    for arguments in (["--json", "stats"], ["stats", "-j"]):
        result = denet(*arguments, "before.jsonl", "after.jsonl", cwd=folder)
        first, second = (only_json(line) for line in result.out.splitlines())
        assert (first["total_time_secs"], second["total_time_secs"]) == (723, 602)


def test_three_files_stand_one_after_another(folder: Path) -> None:
    result = denet("stats", "before.jsonl", "after.jsonl", "before.jsonl", cwd=folder)
    origins = [line for line in result.out.splitlines() if line.endswith("2 samples")]
    assert [line.split(":")[0] for line in origins] == ["before.jsonl", "after.jsonl", "before.jsonl"]
    assert origins[0].startswith("before.jsonl: sh x on node17, ")


def test_of_two_of_which_one_cannot_be_read_the_other_is_shown(folder: Path) -> None:
    result = denet("stats", "before.jsonl", "gone.jsonl", cwd=folder)
    assert result.status == 125
    assert result.out == denet("stats", "before.jsonl", cwd=folder).out
    assert result.error_line == "denet: gone.jsonl: no such file; give one that denet -o FILE run wrote"


def test_one_of_the_two_may_be_standard_input(folder: Path) -> None:
    data = (folder / "after.jsonl").read_bytes()
    result = denet("stats", "before.jsonl", "-", cwd=folder, data=data)
    assert result.out.splitlines()[0].split() == ["before.jsonl", "standard", "input", "change"]
    assert "+28.6%" in result.out


def test_broken_lines_are_named_by_their_numbers_and_counted(folder: Path) -> None:
    lines = (folder / "before.jsonl").read_text().splitlines(keepends=True)
    lines[2:2] = ["garbage\n"] * 12
    (folder / "broken.jsonl").write_text("".join(lines))
    result = denet("stats", "broken.jsonl", cwd=folder)
    assert result.status == 0
    said = result.err.splitlines()
    assert said[:10] == [f"denet: broken.jsonl: line {n} is no denet record; left out" for n in range(3, 13)]
    assert said[10:] == ["denet: broken.jsonl: 12 lines are no denet records; all were left out"]
    assert "12 lines were no records, and were left out" in result.out


# ------------------------------------------------------------------------------------------------------------ progress


def slowly(folder: Path, *arguments: str, err: str = "", environment: dict[str, str] | None = None) -> bytes:
    """What a terminal sees while `denet convert big.jsonl pipe.jsonl` waits for its reader for two seconds."""
    os.mkfifo(folder / "pipe.jsonl")
    pid, master = pty.fork()
    if pid == 0:
        try:
            os.chdir(folder)
            if err:
                os.dup2(os.open(err, os.O_WRONLY | os.O_CREAT, 0o666), 2)
            os.execve(DENET, [DENET, *arguments], {**os.environ, "TERM": "xterm", **(environment or {})})
        finally:
            os._exit(99)
    seen = b""
    with open(folder / "pipe.jsonl", "rb") as pipe:
        end = time.monotonic() + PATIENCE
        # A reader that takes a piece now and then.
        began = time.monotonic()
        while time.monotonic() < end and pipe.read(65536 if time.monotonic() - began < 2 else 1 << 30):
            time.sleep(0.05)
    while True:
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        if not data:
            break
        seen += data
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(master)
    return seen


@pytest.fixture
def big(folder: Path) -> Path:
    lines = (folder / "before.jsonl").read_text().splitlines(keepends=True)
    with open(folder / "big.jsonl", "w") as file:
        file.writelines(lines[:-1])
        file.writelines(lines[3:-1] * 5000)
        file.write(lines[-1])
    assert (folder / "big.jsonl").stat().st_size > 8 << 20
    return folder


def test_long_reading_shows_how_far_it_is_and_erases_that_at_the_end(big: Path) -> None:
    seen = slowly(big, "convert", "big.jsonl", "pipe.jsonl").decode()
    assert "\x1b" not in seen
    drawn = [piece for piece in seen.split("\r") if piece.strip()]
    assert len(drawn) >= 3
    for piece in drawn:
        assert re.fullmatch(
            r"reading big\.jsonl  [ \d]\d%  [\d.]+ of [\d.]+ MiB  [\d.]+ [KM]?i?B/s  (\d+ s|\d+ min \d\d s) left *",
            piece,
        ), piece
    percents = [int(piece.split("%")[0].split()[-1]) for piece in drawn]
    assert percents == sorted(percents)
    assert percents[0] < percents[-1] < 100
    # The last thing is as many blanks as the longest line had, and the cursor at its beginning.
    assert seen.endswith("\r")
    assert len(seen.split("\r")[-2]) == len(drawn[-1].rstrip()) or seen.split("\r")[-2].isspace()


def test_no_progress_where_standard_error_is_no_terminal_or_quiet_was_asked_for(big: Path) -> None:
    assert slowly(big, "convert", "big.jsonl", "pipe.jsonl", err="err") == b""
    assert (big / "err").read_bytes() == b""
    os.remove(big / "pipe.jsonl")
    assert slowly(big, "-q", "convert", "big.jsonl", "pipe.jsonl") == b""
    os.remove(big / "pipe.jsonl")
    assert slowly(big, "convert", "big.jsonl", "pipe.jsonl", environment={"TERM": "dumb"}) == b""


def test_short_reading_shows_no_progress(folder: Path) -> None:
    seen = on_a_terminal("stats", str(folder / "before.jsonl"), TERM="xterm")
    assert b"reading /" not in seen


def test_of_a_pipe_the_lines_are_counted(folder: Path) -> None:
    script = (
        f"(cat before.jsonl; sleep 1.2; tail -n 2 before.jsonl; sleep 0.3; tail -n 1 before.jsonl) | '{DENET}' stats -"
    )
    seen = subprocess.run(
        ["script", "-qec", script, "/dev/null"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "TERM": "xterm"},
    ).stdout
    assert re.search(rb"\rreading standard input  \d+ lines", seen)
    assert re.search(rb"\r +\rstandard input: sh x", seen)


def test_without_children_there_is_no_table_of_commands(tmp_path: Path) -> None:
    write_run(tmp_path / "a.jsonl", 1.0, 0.5, 2048, 0)
    assert "  runs  command" in denet("stats", "a.jsonl", cwd=tmp_path).out
    without = denet("--children", "none", "stats", "a.jsonl", cwd=tmp_path)
    assert without.status == 0
    assert "command" not in without.out
    assert "memory    " in without.out
