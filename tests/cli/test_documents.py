# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents: man pages, completions, the schema. Nothing that exists is left out, nothing else is in them."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped,unused-ignore]
import pytest
from harness import DENET, ROOT, Argument, denet, execute, only_json
from schema import SCHEMA, check_record
from terminal import Screen, need

BUILD = Path(DENET).parent
MAN = ROOT / "man"
COMPLETIONS = ROOT / "completions"
COMMANDS = ["attach", "convert", "doctor", "run", "stats"]
PAGES = sorted(path.stem for path in MAN.glob("*.scd"))
KINDS = ["env", "metadata", "child", "tree", "sample", "aggregated", "exit"]

# ------------------------------------------------------------------------------------------------------- sources


@functools.lru_cache(maxsize=1)
def options() -> dict[str, tuple[str, str]]:
    """Each option of the parser by its long name: its letter or nothing, and what the help calls its value."""
    table = (ROOT / "src/cli/option_table.c").read_text().split("dn_option_table[] = {")[1].split("};")[0]
    found = re.findall(r"""^ +\{"([a-z-]+)", (?:'(\w)'|0), (?:"([^"]+)"|NULL), """, table, re.MULTILINE)
    assert len(found) == table.count("take_") > 20
    return {name: (letter, value) for name, letter, value in found}


def scd(page: str) -> str:
    return (MAN / f"{page}.scd").read_text()


def long_options_in(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--([a-z][a-z-]*)", text))


def functions_of_the_header() -> set[str]:
    return set(re.findall(r"^DENET_API .*?(denet_\w+)\(", (ROOT / "include/denet/denet.h").read_text(), re.MULTILINE))


# ----------------------------------------------------------------------------------------------------- man pages


def test_there_is_a_page_for_the_program_each_command_the_library_and_the_format() -> None:
    commands = set(re.findall(r'\{"(\w+)", dn_\w+_command', (ROOT / "src/cli/commands.c").read_text())) - {"help"}
    assert commands == set(COMMANDS)
    assert set(PAGES) == {"denet.1", "denet.3", "denet.5", *(f"denet-{command}.1" for command in commands)}
    installed = (MAN / "meson.build").read_text()
    assert all(f"'{page}'" in installed for page in PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_rendered_without_a_warning(page: str, tmp_path: Path) -> None:
    need("scdoc", "man")
    if not execute(["man", "--version"]).out.startswith("man "):
        pytest.skip("a man that cannot show warnings")
    made = subprocess.run(["scdoc"], input=scd(page), capture_output=True, text=True, timeout=60)
    assert (made.returncode, made.stderr) == (0, "")
    path = tmp_path / page
    path.write_text(made.stdout)
    shown = execute(["man", "--warnings", "-P", "cat", "-l", path], env={**os.environ, "MANWIDTH": "80"})
    assert (shown.status, shown.stderr) == (0, b"")
    for head in ("NAME", "SYNOPSIS" if not page.endswith(".5") else "DESCRIPTION", "SEE ALSO"):
        assert re.search(rf"^{head}$", shown.out, re.MULTILINE), head
    if shutil.which("mandoc"):
        # Below that it finds scdoc's own habits.
        lint = execute(["mandoc", "-T", "lint", "-W", "error", path])
        assert (lint.status, lint.stdout, lint.stderr) == (0, b"", b"")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_refers_to_pages_that_exist(page: str) -> None:
    for name in re.findall(r"\*(denet[a-z-]*)\*\((\d)\)", scd(page)):
        assert ".".join(name) in PAGES


def test_every_option_with_its_letter_and_value_heads_a_paragraph_of_the_page_of_the_program() -> None:
    heads = [line for line in scd("denet.1").splitlines() if line.startswith("*-")]
    for name, (letter, value) in options().items():
        (head,) = [line for line in heads if f"*--{name}*" in line]
        assert (f"*-{letter}*" in head) == bool(letter), head
        plain = re.sub(r"[*_]", "", head)
        assert not value or plain.split(f"--{name} ")[1] == value, head
    assert long_options_in("\n".join(heads)) == set(options())


@pytest.mark.parametrize("page", PAGES)
def test_every_option_of_a_page_exists(page: str) -> None:
    of_others = {"cflags", "libs"} if page == "denet.3" else set()
    assert long_options_in(scd(page)) - of_others <= set(options())


def test_every_option_of_the_help_is_in_the_page_of_the_program() -> None:
    for text in (denet("--help").out, denet("help", "options").out):
        assert long_options_in(text) <= long_options_in(scd("denet.1"))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_of_a_command_has_its_usage_and_its_examples(command: str) -> None:
    page, help_page = scd(f"denet-{command}.1"), denet("help", command).out
    usage = help_page.splitlines()[0].removeprefix("Usage: ")
    synopsis = page.split("# SYNOPSIS\n")[1].split("#")[0].strip()
    assert re.sub(r"[*_]", "", synopsis) == usage
    for line in help_page.split("\nExamples:\n")[1].split("\n\n")[0].splitlines():
        example = re.split(r"\s{2,}", line.strip())[0]
        assert example in page.replace("\\", ""), example


def test_every_function_of_the_header_is_in_the_page_of_the_library_with_its_prototype() -> None:
    page = scd("denet.3")
    described = re.sub(r"\s+", " ", page.split("# DESCRIPTION")[1])
    prototypes = re.findall(r"^DENET_API ([^;]*;)", (ROOT / "include/denet/denet.h").read_text(), re.MULTILINE)
    assert len(prototypes) == len(functions_of_the_header()) > 30
    for prototype in prototypes:
        line = re.sub(r"\s+", " ", prototype).replace("*", "\\*")
        assert f"*{line}*" in page, line
    for function in functions_of_the_header():
        assert f"*{function}*()" in described, function
    assert set(re.findall(r"denet_\w+(?=\*\(\))", page)) == functions_of_the_header()


def test_every_type_constant_and_member_of_the_header_is_in_the_page_of_the_library() -> None:
    header, page = (ROOT / "include/denet/denet.h").read_text(), scd("denet.3")
    code = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    names = set(re.findall(r"\b(?:enum|struct) (denet\w*)", code))
    names |= set(re.findall(r"\b(DENET_(?!API\b|H\b)\w+)", code))
    for body in re.findall(r"struct denet_\w+ \{(.*?)\}", code, re.DOTALL):
        names |= {
            re.findall(r"\w+", line.split("[")[0])[-1] for line in body.split(";") if "(" not in line and line.strip()
        }
    assert {"denet_error", "DENET_EXIT", "struct_size", "max_interval_ms", "DENET_REAP_ORPHANS"} <= names
    assert {name for name in names if not re.search(rf"\b_?{name}\b|\b_{name}_", page)} == set()


def test_the_example_of_the_page_of_the_library_works(tmp_path: Path) -> None:
    source = scd("denet.3").split("```\n")[1]
    (tmp_path / "example.c").write_text(source)
    warnings = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-std=c17"]
    paths: list[Argument] = ["-I", ROOT / "include", "-L", BUILD, f"-Wl,-rpath,{BUILD}"]
    sanitizers = ["-fsanitize=address,undefined"] if os.environ.get("DENET_SANITIZED") == "1" else []
    command: list[Argument] = [
        "cc",
        *warnings,
        *sanitizers,
        *paths,
        "-o",
        tmp_path / "example",
        tmp_path / "example.c",
        "-ldenet",
    ]
    built = execute(command)
    assert (built.status, built.err) == (0, "")
    ran = execute([tmp_path / "example", "sh", "-c", "sleep 0.2; exit 3"], cwd=tmp_path)
    assert ran.status == 3, ran.err
    assert re.search(r"^[0-9.]+ s in user mode\n[0-9]+ KiB at most\n$", ran.out)
    assert only_json(denet("--json", "stats", tmp_path / "run.jsonl").out)["exit_code"] == 3


# ------------------------------------------------------------------------------------------------------- install


@pytest.mark.skipif(os.environ.get("DENET_SANITIZED") == "1", reason="one build of it is enough")
def test_what_is_installed_is_complete_and_stays_below_destdir(tmp_path: Path) -> None:
    command = ["meson", "install", "-C", str(BUILD), "--no-rebuild", "--quiet"]
    subprocess.run(command, env={**os.environ, "DESTDIR": str(tmp_path)}, check=True, timeout=60)
    places = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if not path.is_dir()]
    (prefix,) = [path.parent.parent for path in places if path.name == "denet" and path.parent.name == "bin"]
    installed = {str(path.relative_to(prefix)) for path in places}
    documents = {f"share/doc/denet/{path.name}" for path in (ROOT / "docs").glob("*.*") if path.name != "meson.build"}
    pages = {f"share/man/man{page[-1]}/{page}" for page in PAGES} if shutil.which("scdoc") else set()
    shells = {
        "share/bash-completion/completions/denet",
        "share/zsh/site-functions/_denet",
        "share/fish/vendor_completions.d/denet.fish",
    }
    others = {f"share/doc/denet/{name}" for name in ("README.md", "CHANGELOG.md", "LICENSE")}
    assert documents | pages | shells | others | {"bin/denet", "include/denet/denet.h"} <= installed
    names = {Path(path).name for path in installed}
    modules = {path.name for path in BUILD.glob("denet-*.so")}
    assert {"libdenet.so", "libdenet.so.1", "denet.pc"} | modules <= names
    assert all(f"denet/{name}" in path for path in installed for name in modules if path.endswith(name))


# --------------------------------------------------------------------------------------------------- completions


def test_the_completions_know_every_option_and_no_other() -> None:
    names = set(options())
    letters = {letter for letter, _ in options().values() if letter}
    bash = (COMPLETIONS / "denet.bash").read_text()
    offered = bash.split("_denet_words '--out")[1].split("'\n")[0]
    assert long_options_in("--out" + offered) == names
    assert set(re.findall(r"(?<= )-(\w)\b", offered)) == letters
    zsh = (COMPLETIONS / "_denet").read_text().split("options=(")[1].split("commands_of_denet=(")[0]
    assert long_options_in(zsh) == names
    assert set(re.findall(r"\{-(\w)", zsh)) == letters
    fish = (COMPLETIONS / "denet.fish").read_text()
    offered = "\n".join(line for line in fish.splitlines() if line.startswith("complete -c denet "))
    assert set(re.findall(r" -l ([a-z-]+)", offered)) == names
    assert set(re.findall(r" -s (\w)\b", offered)) == letters


def test_the_completions_know_which_options_take_a_value() -> None:
    with_value = {name for name, (_, value) in options().items() if value}
    letters = "".join(letter for letter, value in options().values() if value and letter)
    bash = (COMPLETIONS / "denet.bash").read_text()
    assert long_options_in(bash.split("case $1 in")[1].split("return 0")[0]) == with_value
    zsh = (COMPLETIONS / "_denet").read_text()
    assert set(re.findall(r"--([a-z-]+)=[\[}]", zsh)) == with_value
    assert set(zsh.split("--(out")[1].split(")")[0].split("|")) | {"out"} == with_value | {""}
    fish = (COMPLETIONS / "denet.fish").read_text()
    assert set(re.findall(r" -l ([a-z-]+) -[rx]\b", fish)) == with_value
    assert set(fish.split("'^(--(")[1].split(")")[0].split("|")) == with_value
    for text in (bash, zsh, fish):
        (listed,) = set(re.findall(r"\[\^-?([a-z]+)-?\][*#]\[", text))
        assert sorted(listed) == sorted(letters)


# What is typed, some of what is offered, and what is not.
CASES = [
    ("denet ", ["run", "attach", "stats", "convert", "doctor", "help"], ["options"]),
    ("denet -o x.jsonl do", ["doctor"], ["run"]),
    ("denet --chi", ["--children"], ["--cgroup"]),
    ("denet --children ", ["all", "active", "none"], ["run"]),
    ("denet --status l", ["lines"], ["row"]),
    ("denet --cgroup r", ["require"], ["auto"]),
    ("denet --sampler p", ["procfs"], ["auto", "bpf"]),
    ("denet --command-output s", ["stderr"], ["inherit"]),
    ("denet --ebpf syscalls,of", ["syscalls,offcpu"], ["syscalls,net"]),
    ("denet run --write", ["--write-env"], ["--wait-all"]),
    ("denet -jn -i 50 run denet-tes", ["denet-testing"], []),
    ("denet run denet-testing --al", ["--alpha"], ["--all"]),
    ("denet -d 5 run -- denet-testing --al", ["--alpha"], []),
    ("denet run denet-testing --sta", [], ["--stats", "--status"]),
    ("denet stats one", ["one.jsonl"], ["two.csv"]),
    ("denet convert one.jsonl tw", ["two.csv"], ["one.jsonl"]),
    ("denet -jo tw", ["two.csv"], ["one.jsonl"]),
    ("denet help opt", ["options"], []),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory with files to complete, and with a program of its own completion."""
    for name in ("one.jsonl", "two.csv"):
        (tmp_path / name).touch()
    program = tmp_path / "bin" / "denet-testing"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return tmp_path


def offered(folder: Path, command: list[str], typed: str, **environment: str) -> list[str]:
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    result = execute([*command, typed], cwd=folder, env={**os.environ, "PATH": path, **environment})
    assert result.status == 0, result.err
    return [line.split("\t")[0] for line in result.out.splitlines()]


BASH = r"""
source /usr/share/bash-completion/bash_completion
source "$DENET_COMPLETION"
complete -W '--alpha --beta' denet-testing
compopt() { :; }
COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9 COMP_KEY=9
read -ra COMP_WORDS <<<"$1"
[[ $1 != *' ' ]] || COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_denet
printf '%s\n' "${COMPREPLY[@]}"
"""


def check_offer(offer: list[str], expected: list[str], unexpected: list[str]) -> None:
    assert set(expected) <= set(offer), offer
    assert not set(unexpected) & set(offer), offer


@pytest.mark.skipif(not Path("/usr/share/bash-completion/bash_completion").exists(), reason="no bash-completion here")
@pytest.mark.parametrize("typed, expected, unexpected", CASES)
def test_bash_completes(folder: Path, typed: str, expected: list[str], unexpected: list[str]) -> None:
    completion = str(COMPLETIONS / "denet.bash")
    offer = offered(folder, ["bash", "--norc", "-c", BASH, "bash"], typed, DENET_COMPLETION=completion)
    check_offer([word.rstrip() for word in offer], expected, unexpected)


@pytest.mark.parametrize("typed, expected, unexpected", CASES)
def test_fish_completes(folder: Path, typed: str, expected: list[str], unexpected: list[str]) -> None:
    need("fish")
    source = f"source {COMPLETIONS}/denet.fish; complete -c denet-testing -l alpha; complete -C $argv[1]"
    offer = offered(folder, ["fish", "--no-config", "-c", source], typed, HOME=str(folder))
    check_offer(offer, expected, unexpected)


def test_fish_offers_running_processes(folder: Path) -> None:
    need("fish")
    source = f"source {COMPLETIONS}/denet.fish; complete -C $argv[1]"
    assert str(os.getpid()) in offered(folder, ["fish", "--no-config", "-c", source], "denet attach ", HOME=str(folder))


@pytest.mark.skipif(not Path("/usr/share/bash-completion/bash_completion").exists(), reason="no bash-completion here")
def test_bash_offers_running_processes(folder: Path) -> None:
    completion = str(COMPLETIONS / "denet.bash")
    offer = offered(folder, ["bash", "--norc", "-c", BASH, "bash"], "denet attach ", DENET_COMPLETION=completion)
    assert str(os.getpid()) in offer


def test_zsh_completes(folder: Path) -> None:
    """In a real one, on a terminal: what a Tab makes of the line."""
    need("zsh", "tmux")
    screen = Screen(folder, 100, 30)
    try:
        screen.type(f"cd {folder}; PATH={folder}/bin:$PATH PS1='$ ' exec zsh -f")
        screen.type(f"PS1='$ '; fpath=({COMPLETIONS} $fpath); autoload -U compinit; compinit -u -D; clear")
        screen.type("_testing() { _arguments '--alpha' '--beta' }; compdef _testing denet-testing; echo rea''dy")
        screen.wait_for(lambda: "ready" in screen.text())
        for typed, expected, unexpected in CASES:
            screen.key("C-u")
            screen.key("C-l")
            screen.wait_for(lambda: screen.lines_of_text() == ["$"])
            screen.tmux("send-keys", "-l", typed)
            screen.key("Tab")
            if len(expected) == 1:
                expected = [typed.rpartition(" ")[0] + " " + expected[0]]
            screen.wait_for(lambda: all(text in screen.text() for text in expected))  # noqa: B023 (called at once)
            others = [word for word in unexpected if word not in typed]
            assert not any(re.search(rf"(?<!\S){word}\b", screen.text()) for word in others), screen.text()
        screen.key("C-u")
        screen.tmux("send-keys", "-l", f"denet attach {str(os.getpid())[:-1]}")
        screen.key("Tab")
        screen.wait_for(lambda: re.search(rf"\b{os.getpid()}\b", screen.text()))
    finally:
        screen.close()


# ---------------------------------------------------------------------------------------------------- the schema


def test_the_schema_is_one_of_2020_12_and_has_every_kind() -> None:
    document = json.loads(SCHEMA.read_text())
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(document)
    assert [reference["$ref"] for reference in document["oneOf"]] == [f"#/$defs/{kind}" for kind in KINDS]


def test_every_number_of_the_schema_has_a_lower_bound_and_every_value_a_description() -> None:
    document = json.loads(SCHEMA.read_text())

    def look(where: str, schema: dict[str, object]) -> None:
        if schema.get("type") in ("integer", "number"):
            assert "minimum" in schema, where
        properties = schema.get("properties")
        for name, value in properties.items() if isinstance(properties, dict) else ():
            assert "$ref" in value or value.get("description"), (where, name)
            look(f"{where}.{name}", value)

    for name, definition in document["$defs"].items():
        look(name, definition)


def test_the_examples_of_the_format_page_are_as_the_schema_has_them() -> None:
    """But for what an example leaves out."""
    page = (ROOT / "docs/format.md").read_text()
    examples = [only_json(text.replace("\n", "")) for text in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    assert [example["kind"] for example in examples] == ["metadata", "env", "child", "tree", "sample", "exit"]
    for example in examples:
        if example["kind"] == "metadata":
            for name in ("io", "psi", "perf_hw", "gpu", "ebpf", "cgroup"):
                example["capabilities"].setdefault(name, {"available": False})
        check_record(example)


@pytest.mark.parametrize(
    "change",
    [
        {"elapsed_us": -1},
        {"elapsed_us": "7"},
        {"cpu_usage": -0.5},
        {"mem_rss_kb": 1.5},
        {"mem_rss_kb": None},
        {"mem_rss": 1},
        {"kind": "other"},
        {"ts_ms": None},
    ],
    ids=str,
)
def test_what_the_schema_does_not_allow_fails_a_test(change: dict[str, object]) -> None:
    sample = {"kind": "sample", "ts_ms": 1, "elapsed_us": 2, "cpu_usage": 0.5, "mem_rss_kb": 3}
    check_record(sample)
    with pytest.raises(AssertionError, match="schema"):
        check_record({**sample, **change})


def without_null(value: object) -> object:
    """Without the members that are null: there, a key that is not known."""
    if isinstance(value, dict):
        return {key: without_null(v) for key, v in value.items() if v is not None or key in ("parent", "aggregated")}
    return [without_null(v) for v in value] if isinstance(value, list) else value


LACKS_OF_THE_RUST_DENET: dict[str, dict[str, Any]] = {
    "tree": {"elapsed_us": 0},
    "sample": {"elapsed_us": 0},
    "exit": {"totals": {"wall_secs": 0}},
    "metadata": {"version": "0.10", "capabilities": {}},
}


@pytest.mark.parametrize("path", ["tree3", "exclude_children", "write_env", "child_exec", "exit_attach"])
def test_the_records_of_the_rust_denet_are_ours_but_for_what_the_format_page_says(path: str) -> None:
    document = json.loads(SCHEMA.read_text())
    for line in (ROOT / f"tests/fixtures/peer/{path}.jsonl").read_text().splitlines():
        record = only_json(line)
        kind = record["kind"]
        lacks = LACKS_OF_THE_RUST_DENET.get(kind, {})
        assert not (set(lacks) - {"capabilities"}) & set(record)
        definitions = {**document["$defs"]}
        if kind == "metadata":
            definitions["metadata"]["properties"]["capabilities"].pop("required", None)
        jsonschema.validate(without_null({**record, **lacks}), {**definitions[kind], "$defs": definitions})
