# SPDX-License-Identifier: GPL-3.0-or-later
"""What denet says when something is wrong: `denet: WHAT: WHY; WHAT TO DO`, one line, and a status for scripts."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path

import pytest
from harness import DENET, ROOT, denet
from test_program import on_a_terminal

# The ten of the design, to the letter: arguments, status, the line.
DESIGN: list[tuple[list[str], int, str]] = [
    (["make", "-j4"], 2, "denet: 'make' is no denet command; to measure it: denet run make -j4"),
    (["run"], 2, "denet: run: no program given; as in: denet run -- make -j4"),
    (["run", "--intervall", "5"], 2, "denet: no option --intervall; did you mean --interval? Put -- before PROGRAM"),
    (["-i", "abc", "run", "true"], 2, "denet: --interval 'abc': not a number; give milliseconds, 1 or more"),
    (
        ["-i", "2000", "-m", "100", "run", "true"],
        2,
        "denet: --max-interval 100 is below --interval 2000; raise it or leave it out",
    ),
    (
        ["run", "make -j4"],
        127,
        "denet: 'make -j4': not found; without the quotes, or: denet run sh -c 'make -j4'",
    ),
    (["run", "./x.sh"], 126, "denet: ./x.sh: not executable; chmod +x ./x.sh, or: denet run sh ./x.sh"),
    (
        ["-o", "/no/x", "run", "true"],
        125,
        "denet: /no/x: no such directory, nothing was started; mkdir -p /no",
    ),
    (["attach", "999999999"], 125, "denet: 999999999: no such process; find it with: pgrep -a NAME"),
    (
        ["stats", "notes.txt"],
        125,
        "denet: notes.txt: line 1 is no denet record; stats reads what denet -o FILE run wrote",
    ),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "x.sh").write_text("#!/bin/sh\n")
    (tmp_path / "notes.txt").write_text("some notes\n")
    return tmp_path


@pytest.mark.parametrize(("arguments", "status", "line"), DESIGN, ids=[" ".join(d[0]) for d in DESIGN])
def test_the_ten_of_the_design(arguments: list[str], status: int, line: str, folder: Path) -> None:
    result = denet(*arguments, cwd=folder)
    assert (result.status, result.stdout) == (status, b"")
    first, *rest = result.err.splitlines()
    assert first == line
    assert rest == (["Usage: denet [OPTIONS] run [OPTIONS] [--] PROGRAM [ARG...]"] if arguments == ["run"] else [])


# Others, each with what its line must tell: WHY and WHAT TO DO.
OTHERS: list[tuple[list[str], int, str]] = [
    ([], 2, "denet: no command given; see: denet --help"),
    (["-o"], 2, "denet: --out: nothing after it; give FILE"),
    (["--json=1", "run", "true"], 2, "denet: --json takes no value; leave out what follows the ="),
    (["-x", "run", "true"], 2, "denet: no option -x; see: denet --help. Put -- before PROGRAM"),
    (["-d", "soon", "run", "true"], 2, "denet: --duration 'soon': not a number; give seconds, 0 for no limit"),
    (
        ["-o", "a.jsonl", "--stats", "./a.jsonl", "run", "true"],
        125,
        "denet: --stats ./a.jsonl: the records go there, nothing was started; give another file",
    ),
    (["-d", "-1", "run", "true"], 2, "denet: --duration '-1': below 0; give seconds, 0 for no limit"),
    (["attach"], 2, "denet: attach: no PID given; as in: denet attach 4242"),
    (["attach", "postgres"], 2, "denet: attach: 'postgres' is no PID; find it with: pgrep -a NAME"),
    (["stats"], 2, "denet: stats: no file given; as in: denet stats run.jsonl"),
    (["stats", "gone.jsonl"], 125, "denet: gone.jsonl: no such file; give one that denet -o FILE run wrote"),
    (["stats", "."], 125, "denet: .: a directory; name a file in it"),
    (["stats", "/dev/null"], 125, "denet: /dev/null: no records in it; stats reads what denet -o FILE run wrote"),
    (["convert"], 2, "denet: convert: no files given; as in: denet convert run.jsonl run.csv"),
    (["convert", "a.jsonl"], 2, "denet: convert: no OUT given; as in: denet convert run.jsonl run.csv"),
    (["convert", "gone.jsonl", "a.csv"], 125, "denet: gone.jsonl: no such file; give one that denet -o FILE run wrote"),
    (
        ["convert", "notes.txt", "a.csv"],
        125,
        "denet: notes.txt: line 1 is no denet record; convert reads what denet -o FILE run wrote",
    ),
    (["convert", "a.jsonl", "a.txt"], 2, "denet: a.txt: its ending names no format; end it in .jsonl, .json or .csv"),
    (["doctor", "please"], 2, "denet: doctor: nothing to give it; as in: denet doctor"),
    (["help", "run", "attach"], 2, "denet: help: more than one command; as in: denet help run"),
    (["run", "no-such"], 127, "denet: no-such: not found; check its name, and PATH"),
    (["run", "./no-such"], 127, "denet: ./no-such: not found; check its name"),
    (["run", "/"], 126, "denet: /: a directory, no program; name a program in it"),
    (
        ["run", "./notes.txt/x"],
        126,
        "denet: ./notes.txt/x: cannot be executed (Not a directory); "
        "what stands before its last / is a file; check its name",
    ),
    (["run", ""], 127, "denet: '': not found; an empty name is no program's, check what was to stand there"),
]


@pytest.mark.parametrize(("arguments", "status", "line"), OTHERS, ids=[" ".join(o[0]) or "nothing" for o in OTHERS])
def test_the_others_have_that_form_too(arguments: list[str], status: int, line: str, folder: Path) -> None:
    result = denet(*arguments, cwd=folder)
    assert (result.status, result.stdout) == (status, b"")
    assert result.error_line == line
    assert {p.name for p in folder.iterdir()} == {"x.sh", "notes.txt"}, "nothing was made"


def test_a_program_in_a_closed_directory_is_told_from_one_without_the_right(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to be somebody else")
    program = folder / "denet"
    program.write_bytes(Path(DENET).read_bytes())
    program.chmod(0o755)
    (folder / "closed").mkdir(0o700)
    (folder / "closed" / "x").write_text("#!/bin/sh\n")
    for path in (folder, *folder.parents):
        if path.is_relative_to("/tmp"):
            path.chmod(path.stat().st_mode | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
    done = subprocess.run(
        [program, "run", folder / "closed" / "x"], capture_output=True, text=True, user=65534, group=65534, cwd="/"
    )
    assert done.returncode == 126
    assert done.stderr == f"denet: {folder}/closed/x: a directory on its way is closed to you; chmod +x that\n"


def test_a_program_of_the_path_that_lacks_the_right_is_not_looked_for_here(folder: Path) -> None:
    (folder / "tool").write_text("#!/bin/sh\n")
    result = denet("run", "tool", env={"PATH": str(folder)}, cwd="/")
    assert result.status == 126
    assert result.error_line == "denet: tool: found in PATH, not executable; chmod +x it, or name another"


@pytest.mark.parametrize("arguments", [["--help"], ["-V"], ["help", "run"], ["doctor"], ["stats", "run.jsonl"]])
def test_an_answer_that_cannot_be_written_is_said(arguments: list[str], folder: Path) -> None:
    assert denet("-q", "-o", "run.jsonl", "run", "true", cwd=folder).status == 0
    for command in (arguments, ["--json", *arguments]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([DENET, *command], stdout=full, stderr=subprocess.PIPE, text=True, cwd=folder)
        assert done.returncode == 125
        assert done.stderr == "denet: standard output: No space left on device; give it another place\n"


def test_what_is_hostile_in_a_name_does_not_reach_the_terminal() -> None:
    for name in (b"\x1b[2Ja", b"a\x07b", b"a\xff\xfeb", b"a\xc2\x9bb", "a\u202eb".encode(), b"a\nb"):
        for arguments in ([name], [b"run", b"./" + name], [b"stats", name], [b"-o", b"/no/" + name, b"run", b"true"]):
            result = denet(*arguments)
            assert result.status in (2, 125, 127)
            assert len(result.err.splitlines()) == 1, result.stderr
            assert "?" in result.err
            for bad in (b"\x1b", b"\x07", b"\xff", b"\xc2\x9b", "\u202e".encode()):
                assert bad not in result.stderr


def test_a_line_is_never_wrapped_however_long_the_name_is() -> None:
    name = "n" * 3000
    result = denet("stats", name)
    assert len(result.err.splitlines()) == 1
    assert result.err == f"denet: {name}: File name too long; give a file that denet -o FILE run wrote\n"


def test_the_word_denet_is_red_on_a_terminal_and_nothing_else() -> None:
    seen = on_a_terminal("run", "no-such", TERM="xterm")
    assert seen == b"\x1b[31mdenet\x1b[0m: no-such: not found; check its name, and PATH\r\n"
    assert on_a_terminal("run", "no-such", TERM="dumb").startswith(b"denet: ")
    assert on_a_terminal("run", "no-such", TERM="xterm", NO_COLOR="1").startswith(b"denet: ")


def test_the_words_of_the_troubleshooting_page_are_the_programs_own() -> None:
    """Each heading and reason in it that quotes denet stands so in the sources."""

    def plain(text: str) -> str:
        return re.sub(r"%[a-z]+|\d+", "#", text)

    page = (ROOT / "docs/troubleshooting.md").read_text()
    sources = "".join(p.read_text() for p in sorted((ROOT / "src").rglob("*.c")))
    # Pieces of a text that is broken over two lines.
    said = plain(re.sub(r'"\s+"', "", sources))
    quoted = [q for line in page.splitlines() if line.startswith("### ") for q in re.findall(r"`([^`]+)`", line)]
    quoted += re.findall(r"^\| `([^`]+?),? ?…?` \|", page, re.MULTILINE)
    quoted = [q for q in quoted if " " in q]
    assert len(quoted) > 8
    for quote in quoted:
        assert plain(quote) in said, quote
