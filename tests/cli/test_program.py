# SPDX-License-Identifier: GPL-3.0-or-later
"""The program as it shows itself: help, version, the summary, and not one escape where none may be."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path

import pytest
from conftest import Helper
from harness import DENET, PATIENCE, denet, only_json

# Every option of this version, with a value where it takes one.
OPTIONS: dict[str, list[str]] = {
    "-j": [],
    "--json": [],
    "-o": ["r.jsonl"],
    "--out": ["r.jsonl"],
    "-i": ["50"],
    "--interval": ["50"],
    "-m": ["500"],
    "--max-interval": ["500"],
    "-n": [],
    "--no-update": [],
    "-d": ["20"],
    "--duration": ["20"],
    "--since-process-start": [],
    "--exclude-children": [],
    "--no-include-children": [],
    "-q": [],
    "--quiet": [],
    "--stats": ["s.json"],
    "--no-polling": [],
    "--write-env": [],
    "--debug": [],
    "--children": ["active"],
    "--command-output": ["inherit"],
    "--wait-all": [],
}
ASCII_ENVIRONMENT = {**os.environ, "LC_ALL": "C"}


def options_in(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])(--[a-z][a-z-]*|-[a-zA-Z])(?![\w-])", text))


def test_help_fits_a_terminal_of_24_lines_of_80_columns() -> None:
    lines = denet("--help").out.splitlines()
    assert len(lines) <= 24
    assert max(len(line) for line in lines) <= 80


def test_help_has_its_three_sections_and_goes_to_standard_output() -> None:
    for arguments in (["--help"], ["-h"], ["help"]):
        result = denet(*arguments)
        assert (result.status, result.stderr) == (0, b"")
        assert result.out.startswith("Usage: denet [OPTIONS] COMMAND")
        assert "\nCommands:\n" in result.out
        assert "\nOptions:\n" in result.out
        assert result.out == denet("--help", env=ASCII_ENVIRONMENT).out
        assert result.out.isascii()


@pytest.mark.parametrize("option", OPTIONS)
def test_each_option_is_accepted_and_in_the_help(option: str, tmp_path: Path) -> None:
    result = denet(option, *OPTIONS[option], "run", "true", cwd=tmp_path)
    assert result.status == 0, result.err
    assert option in options_in(denet("--help").out)


def test_each_option_in_the_help_is_accepted() -> None:
    help_text = denet("--help").out.split("\nOptions:\n")[1]
    for option in options_in(help_text) - {"-h", "--help", "-V", "--version"}:
        # Without its value, if it takes one: then that is what is said.
        result = denet("run", option)
        assert "no option" not in result.err, option


@pytest.mark.parametrize("command", ["run", "attach", "stats", "help"])
def test_each_command_is_in_the_help_and_has_help_of_its_own(command: str) -> None:
    assert re.search(rf"^  {command}\b", denet("--help").out, re.MULTILINE)
    result = denet("help", command)
    assert (result.status, result.stderr) == (0, b"")
    assert result.out.startswith("Usage: denet ")
    lines = result.out.splitlines()
    assert len(lines) <= 24
    assert max(len(line) for line in lines) <= 80
    assert denet(command, "--help").out == result.out
    assert denet(command, "-h").out == result.out


def test_help_of_run_has_examples_and_the_exit_statuses() -> None:
    text = denet("help", "run").out
    assert "Examples:" in text
    for word in ("128+N", "124", "125", "126", "127"):
        assert word in text


def test_the_examples_of_the_help_have_options_that_exist() -> None:
    for command in ("run", "attach", "stats"):
        for line in denet("help", command).out.splitlines():
            if line.startswith("  denet "):
                before = line.split(" | ")[0].split(command)[0]
                assert options_in(before) <= set(OPTIONS), line


def test_help_to_a_closed_or_full_output_is_no_crash() -> None:
    with open("/dev/full", "wb") as full:
        assert 0 <= denet("--help", stdout=full).status < 128


def test_the_version_is_one_line() -> None:
    for option in ("-V", "--version"):
        result = denet(option)
        assert (result.status, result.stderr) == (0, b"")
        assert re.fullmatch(r"denet \d+\.\d+\.\d+\S*\n", result.out)


def test_the_summary_has_the_lines_of_the_design(tmp_path: Path, truth: Helper) -> None:
    result = denet("-o", "r.jsonl", "run", "sh", "-c", '"$0" 300; true', truth("burn"), cwd=tmp_path)
    lines = result.err.splitlines()
    assert lines[0] == ""
    assert re.fullmatch(r"denet: exit 0 after \d+\.\d\d s", lines[1]) or "0." in lines[1]
    assert lines[2] == ""
    labels = [line.split()[0] for line in lines if line[:1].isalpha()]
    assert labels[:3] == ["denet:", "cpu", "memory"]
    assert "tasks" in labels
    assert any(re.match(r"records   r\.jsonl, \d+ samples?, ", line) for line in lines)
    assert max(len(line) for line in lines) <= 100
    table = lines.index(next(line for line in lines if "CPU time  share  peak mem" in line))
    shares = [float(cell) for line in lines[table + 1 :] for cell in re.findall(r" (\d+(?:\.\d+)?)%", line)[:1]]
    assert 98 <= sum(shares) <= 102, "others completes 100%"
    assert result.err.isascii()


def test_a_short_run_has_the_small_form() -> None:
    result = denet("run", "true")
    assert re.match(r"\ndenet: exit 0 after [\d.]+ m?s\n\ncpu       ", result.err)
    assert "tasks" not in result.err
    assert "CPU time" not in result.err


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("exit 3", r"denet: exit 3 after .*"),
        ("kill -9 $$", r"denet: killed by signal 9 \(KILL\) after .*"),
        ("exit 0", r"denet: exit 0 after .*"),
    ],
)
def test_the_first_line_says_how_it_ended(script: str, line: str) -> None:
    assert re.fullmatch(line, denet("run", "sh", "-c", script).err.splitlines()[1])


def test_no_summary_with_json_or_quiet(tmp_path: Path) -> None:
    assert denet("-j", "run", "true").stderr == b""
    assert denet("-q", "run", "true").stderr == b""


def test_a_line_a_sample_with_no_update(truth: Helper) -> None:
    result = denet("-n", "-i", "100", "-m", "100", "run", "sleep", "2.5")
    lines = result.err.split("\n\ndenet: ")[0].splitlines()
    assert len(lines) >= 5
    assert b"\x1b" not in result.stderr
    assert b"\r" not in result.stderr


NO_TERMINAL: list[list[str]] = [
    ["run", "true"],
    ["-n", "-i", "20", "run", "sleep", "0.2"],
    ["--help"],
    ["run", "no-such-command"],
    ["--no-such"],
    ["run", "sh", "-c", "exit 3"],
    ["run", "sh", "-c", "kill -9 $$"],
    ["-d", "0.1", "run", "sleep", "60"],
    ["-o", "/dev/full", "run", "true"],
    ["--debug", "run", "true"],
]


@pytest.mark.parametrize("arguments", NO_TERMINAL, ids=" ".join)
def test_where_standard_error_is_no_terminal_there_is_not_one_escape(arguments: list[str]) -> None:
    result = denet(*arguments)
    assert b"\x1b" not in result.stdout + result.stderr
    assert b"\r" not in result.stdout + result.stderr


def on_a_terminal(*arguments: str, **environment: str) -> bytes:
    """What a terminal of 80 by 24 gets to see."""
    pid, master = pty.fork()
    if pid == 0:
        try:
            environ = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
            os.execve(DENET, [DENET, *arguments], {**environ, **environment})
        finally:
            os._exit(99)
    seen = b""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if not select.select([master], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        if not data:
            break
        seen += data
    os.waitpid(pid, 0)
    os.close(master)
    assert seen
    return seen


@pytest.mark.parametrize("term", ["dumb", "unknown", None])
def test_a_terminal_that_can_nothing_gets_not_one_escape(term: str | None) -> None:
    environment = {} if term is None else {"TERM": term}
    for arguments in (["run", "sh", "-c", "sleep 0.2; exit 3"], ["run", "no-such-command"], ["--help"]):
        assert b"\x1b" not in on_a_terminal(*arguments, **environment)


def test_no_color_means_no_colour() -> None:
    coloured = on_a_terminal("run", "sh", "-c", "exit 3", TERM="xterm")
    plain = on_a_terminal("run", "sh", "-c", "exit 3", TERM="xterm", NO_COLOR="1")
    assert re.search(rb"\x1b\[(1|31)m", coloured), "bold or red on a terminal that can"
    assert not re.search(rb"\x1b\[[\d;]*m", plain)
    assert re.search(rb"\x1b\[[\d;]*m", on_a_terminal("run", "sh", "-c", "exit 3", TERM="xterm", NO_COLOR=""))


def test_only_the_styles_of_the_design_are_used_and_each_is_ended() -> None:
    seen = on_a_terminal("run", "sh", "-c", "sleep 0.2; exit 3", TERM="xterm")
    styles = re.findall(rb"\x1b\[([\d;]*)m", seen)
    assert set(styles) <= {b"", b"0", b"1", b"2", b"31", b"32", b"33"}
    assert styles[-1] in (b"", b"0")
    for avoided in (b"\x1b[s", b"\x1b[u", b"\x1b[6n", b"\x1b[!p", b"\x1b[?25l", b"\x1b[?1049h", b"\x1bc"):
        assert avoided not in seen


def test_with_standard_error_elsewhere_a_terminal_sees_no_escape(tmp_path: Path) -> None:
    seen = subprocess.run(
        ["script", "-qec", f"'{DENET}' run sh -c 'sleep 1.3; echo out' 2>err", "/dev/null"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "TERM": "xterm"},
    ).stdout
    assert seen == b"out\r\n"
    assert b"\x1b" not in (tmp_path / "err").read_bytes()


def test_the_order_of_the_summary_on_a_terminal_is_after_the_commands_output() -> None:
    seen = on_a_terminal("run", "sh", "-c", "printf left-open", TERM="dumb")
    assert seen.startswith(b"left-open\r\n")
    assert seen.index(b"left-open") < seen.index(b"denet: exit 0")


def test_the_count_of_descriptors_is_the_commands_own_from_the_first_sample() -> None:
    result = denet("-j", "-i", "20", "run", "sleep", "0.3")
    counts = [r["parent"]["fd_count"] for r in result.records if r["kind"] == "tree" and r["parent"]]
    assert set(counts) == {3}, "not denet's, which it had before the exec"


def test_the_json_summary_has_the_names_of_the_contract(tmp_path: Path) -> None:
    stats = tmp_path / "s.json"
    assert denet("--stats", stats, "-i", "20", "run", "sh", "-c", "sleep 0.2; true").status == 0
    text = stats.read_text()
    assert text.endswith("}\n")
    assert text.count("\n") == 1
    summary = only_json(text)
    summary.pop("memory_characterization", None)  # where the kernel keeps account of pressure
    names = {
        "total_time_secs",
        "sample_count",
        "max_processes",
        "max_threads",
        "total_disk_read_bytes",
        "total_disk_write_bytes",
        "total_syscall_read_bytes",
        "total_syscall_write_bytes",
        "peak_page_faults_cached",
        "peak_page_faults_disk",
        "total_sys_net_rx_bytes",
        "total_sys_net_tx_bytes",
        "peak_mem_rss_kb",
        "avg_cpu_usage",
        "cpu_user_secs",
        "cpu_system_secs",
        "peak_cpu_usage",
        "peak_mem_at_secs",
        "exit_code",
    }
    assert set(summary) == names
