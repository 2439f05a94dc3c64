# SPDX-License-Identifier: GPL-3.0-or-later
"""The help: as it was designed, on one screen each, and nothing that exists left out of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from harness import ROOT, denet

# As designed, but for the line of what is not built yet, and with the options that came after that design.
HELP = """\
Usage: denet [OPTIONS] COMMAND [ARG...]           as in: denet run -- make -j4

Commands:
  run [--] PROGRAM [ARG...]  start a program, measure it and all it starts
  attach PID                 measure a running process
  stats FILE [FILE]          summary of a saved file, or two side by side
  convert IN OUT             between .jsonl, .csv and .jsonl.zst
  doctor                     what can be measured here; how to get the rest
  help COMMAND               more, with examples

Options:
  -o, --out FILE        save records (.jsonl, .csv, .jsonl.zst)
  -j, --json            records to standard output, nothing displayed
      --stats FILE      save the summary as JSON
  -i, --interval MS     sampling interval [100]; -m, --max-interval MS [1000]
  -d, --duration S      stop after S seconds (exit status 124)
  -n, --no-update       a line a sample, no status row;  -q, --quiet  nothing
      --enable-ebpf     waits, syscalls, network, disk by eBPF; needs rights
      --gpu             GPUs too: use, memory, energy
      --counters        cycles, instructions, cache misses, switches too
      --exclude-children (--no-include-children)   the main process alone
  --children --command-output --since-process-start --no-polling
  --status --wait-all --cgroup --sampler --ebpf --stacks --nodump
  --write-env --debug: see denet(1)           -h, --help     -V, --version
"""

HELP_RUN = """\
Usage: denet [OPTIONS] run [OPTIONS] [--] PROGRAM [ARG...]

Starts PROGRAM and measures it and every process it starts. It has the same
terminal, files and signals as without denet, whose options end at PROGRAM.

Examples:
  denet run make -j4                     summary at the end
  denet run sh -c 'zcat a.gz | sort'     a pipeline, quoted as one
  denet -o run.jsonl run ./align.sh      keep it; later: denet stats run.jsonl
  denet -j run ./align.sh | jq .kind     its own output goes to standard error
  denet -d 3600 run ./train.py           end it after an hour

Exit status: PROGRAM's; 128+N if signal N killed it; 124 time limit,
125 denet itself failed, 126 not executable, 127 not found; 2 wrong usage.
"""

COMMANDS = ["attach", "convert", "doctor", "help", "run", "stats"]


def names_in_the_table() -> set[str]:
    """Every option that the parser takes, from its source."""
    source = (ROOT / "src/cli/option_table.c").read_text()
    table = source.split("dn_option_table[] = {")[1].split("};")[0]
    names = set(re.findall(r'^ +\{"([a-z-]+)", ', table, re.MULTILINE))
    assert len(names) > 20
    return names


def long_options_in(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--([a-z][a-z-]*)", text))


def test_the_help_is_as_designed() -> None:
    assert denet("--help").out == HELP


def test_the_page_of_run_is_as_designed() -> None:
    assert denet("help", "run").out == HELP_RUN


@pytest.mark.parametrize("page", [*COMMANDS, "options"])
def test_each_page_fits_a_screen_is_ascii_and_goes_to_standard_output(page: str) -> None:
    result = denet("help", page)
    assert (result.status, result.stderr) == (0, b"")
    lines = result.out.splitlines()
    assert 5 < len(lines) <= 24
    assert max(len(line) for line in lines) <= 80
    assert result.out.isascii()


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_a_page_with_examples_which_its_help_option_shows_too(command: str) -> None:
    page = denet("help", command).out
    assert re.match(rf"Usage: denet .*{command}\b", page)
    assert "\nExamples:\n  " in page
    for option in ("-h", "--help"):
        assert denet(command, option).out == page
    assert re.search(rf"^  {command}\b", HELP, re.MULTILINE)


def test_every_option_of_the_parser_is_in_the_help_and_in_the_readme() -> None:
    names = names_in_the_table()
    assert names - long_options_in(denet("--help").out) == set()
    assert names - long_options_in((ROOT / "README.md").read_text()) == set()


def test_every_option_of_the_help_is_known_to_the_parser() -> None:
    pages = "".join(denet("help", page).out for page in [*COMMANDS, "options"]) + denet("--help").out
    of_others = {"version", "help"}
    assert long_options_in(pages) - of_others - names_in_the_table() == set()


def test_the_page_of_the_rarer_options_explains_what_the_help_only_names() -> None:
    last = denet("--help").out.split("the main process alone\n")[1]
    assert long_options_in(last) - {"help", "version"} - long_options_in(denet("help", "options").out) == set()


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "help"])
def test_the_examples_of_a_page_are_no_wrong_usage(command: str, tmp_path: Path) -> None:
    """Each denet of an example gets as far as looking for its program, process or files."""
    page = denet("help", command).out.split("\nExamples:\n")[1].split("\n\n")[0]
    assert page
    for line in page.splitlines():
        command_line = re.split(r"\S\s\s+", line.strip())[0] if "  " in line.strip() else line.strip()
        for part in re.split(r"\s\|\s", line.strip()[: len(command_line) + 1]):
            if not part.startswith("denet ") or "$(" in part:
                continue
            arguments = [word.strip("'") for word in re.findall(r"'[^']*'|\S+", part)[1:]]
            result = denet(*arguments, cwd=tmp_path)
            assert "Usage: " not in result.err, (arguments, result.err)
            assert "no option" not in result.err, (arguments, result.err)
            assert "no denet command" not in result.err, (arguments, result.err)


def test_a_page_that_does_not_exist_is_refused_with_what_may_have_been_meant() -> None:
    result = denet("help", "stat")
    assert (result.status, result.stdout) == (2, b"")
    assert result.error_line == "denet: help: 'stat' is no denet command; did you mean stats?"
    result = denet("help", "nothing")
    assert result.error_line == "denet: help: 'nothing' is no denet command; see: denet help"
