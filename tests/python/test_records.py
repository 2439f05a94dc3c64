# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading, saving and converting: what is in a file is what comes back, whoever wrote it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import random
import warnings
from pathlib import Path
from typing import Any

import pytest

import denet
from denet import _records, records

PEER = Path(__file__).parents[1] / "fixtures" / "peer"
TREE = {
    "kind": "tree",
    "ts_ms": 1700000000100,
    "parent": {"ts_ms": 1700000000100, "cpu_usage": 1.5},
    "children": [{"pid": 7, "command": 'a, "b"', "metrics": {"cpu_usage": 2.0}}],
    "aggregated": {"ts_ms": 1700000000100, "cpu_usage": 3.5, "mem_rss_kb": 10, "psi_mem": {"some_avg10": 0.25}},
}
SAMPLE = {"kind": "sample", "ts_ms": 1700000000200, "cpu_usage": 4.5, "mem_rss_kb": 11}
METADATA = {"kind": "metadata", "pid": 7, "cmd": ["x"], "executable": "/x", "t0_ms": 1700000000000, "capabilities": {}}
CHILD = {"kind": "child", "ts_ms": 1700000000100, "pid": 8, "ppid": 7, "cmd": ["y"]}
EXIT = {"kind": "exit", "ts_ms": 1700000000300, "exit_code": 0, "totals": {"wall_secs": 0.3}}


def lines(*items: Any) -> str:
    return "".join(json.dumps(item) + "\n" for item in items)


def same(a: Any, b: Any) -> bool:
    """Equal, and of the same types: 1 is not 1.0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


# ------------------------------------------------------------------------------------------------- the fast parser


def anything(rng: random.Random, depth: int = 0) -> Any:
    pick = rng.randrange(9 if depth < 4 else 7)
    if pick == 0:
        return rng.choice([0, -1, 2**31, 2**63 - 1, -(2**63), 2**64, 10**30, rng.randrange(10**6)])
    if pick == 1:
        return rng.choice([0.0, -0.5, 12.5, 1e300, 5e-324, 0.1, 1 / 3, rng.random() * 10 ** rng.randrange(-9, 15)])
    if pick == 2:
        return rng.choice(["", "a", "ü", "\U0001f600", 'q"\\\n\t', "\x7f", "x" * 50])
    if pick < 6:
        return [None, True, False][pick - 3]
    if pick == 6:
        return rng.randrange(10)
    if pick == 7:
        return [anything(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice("abcdefgh") * rng.randrange(1, 3): anything(rng, depth + 1) for _ in range(rng.randrange(6))}


@pytest.mark.parametrize("seed", range(40))
def test_lines_become_what_json_loads_makes_of_them(seed: int) -> None:
    """Each line resembles the one before it, as records do, which is what the parser builds on."""
    rng = random.Random(seed)
    record = {"kind": "tree", **{k: anything(rng) for k in "abcdef"}}
    written = []
    for _ in range(50):
        change = rng.randrange(4)
        if change == 0:
            record[rng.choice("abcdef")] = anything(rng)
        elif change == 1:
            record.pop(rng.choice("abcdef"), None)
        elif change == 2:
            record = dict(sorted(record.items(), key=lambda item: rng.random()))
        written.append(
            json.dumps(record, ensure_ascii=rng.random() < 0.5, separators=rng.choice([(",", ":"), (", ", ": ")]))
        )
    found, broken = _records.lines("\n".join(written).encode())
    assert broken == []
    assert all(same(a, json.loads(b)) for a, b in zip(found, written))
    assert len(found) == len(written)


def test_no_two_records_share_a_dict() -> None:
    found, _ = _records.lines(b'{"a":{"b":1},"c":[{"d":1}]}\n' * 2)
    found[0]["a"]["b"] = 2
    found[0]["c"][0]["d"] = 2
    assert found[1] == {"a": {"b": 1}, "c": [{"d": 1}]}


def test_the_last_of_two_equal_keys_counts_as_json_has_it() -> None:
    text = ['{"a":1,"a":2}', '{"a":5,"a":2}', '{"a":5,"a":7}', '{"a":1}']
    found, _ = _records.lines("\n".join(text).encode())
    assert found == [json.loads(line) for line in text]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "{}x",
        '{"a"}',
        '{"a":}',
        '{"a":01}',
        '{"a":1,}',
        '{"a":NaN}',
        '{"a":"\t"}',
        "[1]",
        "1",
        '{"a":[1,}',
        "nul",
        '{"a":"\\x"}',
    ],
)
def test_a_line_that_is_no_object_is_named_by_its_number(line: str) -> None:
    found, broken = _records.lines(f'{{"a":1}}\n\n{line}\n{{"a":2}}'.encode())
    assert (found, broken) == ([{"a": 1}, {"a": 2}], [3])


def test_bytes_that_are_no_utf8_become_replacement_characters() -> None:
    assert _records.lines(b'{"a":"\xff\\ud800"}')[0] == [{"a": "\ufffd\ufffd"}]


def test_deep_nesting_is_refused_and_not_followed() -> None:
    assert _records.lines(b'{"a":' * 100000)[1] == [1]
    assert _records.lines(b'{"a":' + b"[" * 100000)[1] == [1]
    with pytest.raises(ValueError, match="JSON"):
        _records.value(b"[" * 100000)


def test_only_bytes_are_taken() -> None:
    with pytest.raises(TypeError):
        _records.lines("{}")  # type: ignore[arg-type]


# --------------------------------------------------------------------------------------------------------- loading


@pytest.mark.parametrize("name", sorted(p.name for p in PEER.glob("*.jsonl")))
def test_files_of_the_rust_denet_load_whole(name: str) -> None:
    written = [json.loads(line) for line in (PEER / name).read_text().splitlines()]
    wanted = [
        r
        for r in written
        if r.get("kind", "metadata" if "t0_ms" in r else "sample") in ("tree", "sample", "aggregated")
    ]
    assert denet.load_metrics(PEER / name) == wanted


def test_kinds_are_told_apart_and_not_by_their_first_keys(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text(lines(TREE, METADATA, CHILD, SAMPLE, EXIT))
    assert denet.load_metrics(str(path)) == [TREE, SAMPLE]
    assert denet.load_metrics(path, include_metadata=True) == [TREE, METADATA, SAMPLE]


def test_untagged_lines_are_told_by_their_shape(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    untagged = [{k: v for k, v in r.items() if k != "kind"} for r in (METADATA, TREE, SAMPLE)]
    path.write_text(lines(*untagged))
    assert denet.load_metrics(path) == untagged[1:]
    assert denet.load_metrics(path, True) == untagged


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_loads_as_lines_do(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "f.json"
    path.write_text(json.dumps([TREE, SAMPLE], indent=indent))
    assert denet.load_metrics(path) == [TREE, SAMPLE]


def test_compressed_files_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    (tmp_path / "f.jsonl.gz").write_bytes(gzip.compress(lines(TREE).encode()))
    (tmp_path / "bom.jsonl").write_bytes(b"\xef\xbb\xbf" + lines(TREE).encode())
    assert denet.load_metrics(tmp_path / "f.jsonl.gz") == denet.load_metrics(tmp_path / "bom.jsonl") == [TREE]


def test_denets_csv_is_read(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("ts_ms,elapsed_us,cpu_usage,mem_rss_kb\n1700000000100,100000,12.50,2048\n")
    [record] = denet.load_metrics(path)
    values = record.get("aggregated", record)
    assert (values["cpu_usage"], values["mem_rss_kb"]) == (12.5, 2048)


def test_a_cut_line_is_left_out_and_named(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text(lines(TREE, SAMPLE)[:-20])
    with pytest.warns(UserWarning, match="1 broken lines left out .line 2"):
        assert denet.load_metrics(path) == [TREE]


def test_a_file_of_something_else_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text("root:x:0:0\n")
    with pytest.raises(json.JSONDecodeError, match="line 1"):
        denet.load_metrics(path)
    path.write_text("[{]")
    with pytest.raises(json.JSONDecodeError, match="array"):
        denet.load_metrics(path)


def test_a_file_that_cannot_be_read_raises_what_open_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        denet.load_metrics(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        denet.load_metrics(tmp_path)


def test_an_empty_file_is_an_empty_list(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"")
    assert denet.load_metrics(tmp_path / "f") == []


# ------------------------------------------------------------------------------------------------ what is accepted


@pytest.mark.parametrize(
    "given",
    [
        [TREE],
        (TREE,),
        [json.dumps(TREE)],
        [json.dumps(TREE).encode()],
        json.dumps(TREE),
        json.dumps([TREE]),
        iter([TREE]),
        TREE,
    ],
)
def test_records_are_accepted_in_every_form(given: Any) -> None:
    assert records.as_records(given) == [TREE]


def test_a_path_is_accepted_for_records(tmp_path: Path) -> None:
    (tmp_path / "f.jsonl").write_text(lines(TREE, METADATA))
    assert records.as_records(str(tmp_path / "f.jsonl")) == records.as_records(tmp_path / "f.jsonl") == [TREE, METADATA]


@pytest.mark.parametrize("bad", [[1], [None], ["{"], [TREE, "x"], [[TREE]]])
def test_what_is_no_record_is_named_by_its_place(bad: Any) -> None:
    with pytest.raises(ValueError, match=r"metrics\[\d\]"):
        records.as_records(bad)


def test_what_is_no_list_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="float"):
        records.as_records(1.5)  # type: ignore[arg-type]


# --------------------------------------------------------------------------------------------- saving, converting


def test_json_lines_have_no_newline_at_their_end_and_come_back() -> None:
    text = denet.convert_format([TREE, SAMPLE], "jsonl")
    assert not text.endswith("\n")
    assert [json.loads(line) for line in text.split("\n")] == [TREE, SAMPLE]


def test_json_is_one_array_with_the_indent_asked_for() -> None:
    assert denet.convert_format([TREE], "json", indent=2) == json.dumps([TREE], indent=2)
    assert denet.convert_format(None, "json") == "[]"


def test_csv_is_quoted_flat_and_without_children() -> None:
    text = denet.convert_format([TREE, {**SAMPLE, "note": 'a,"b"\nc'}, METADATA])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert text.startswith("ts_ms,cpu_usage,mem_rss_kb,note,psi_mem.some_avg10\n")
    assert [r["cpu_usage"] for r in rows] == ["3.5", "4.5"]
    assert rows[0]["psi_mem.some_avg10"] == "0.25" and rows[1]["psi_mem.some_avg10"] == ""
    assert rows[1]["note"] == 'a,"b"\nc'


def test_nothing_is_an_empty_text() -> None:
    assert denet.convert_format([], "csv") == denet.convert_format([], "jsonl") == denet.convert_format(None) == ""


def test_no_nan_is_ever_written() -> None:
    text = denet.convert_format([{"ts_ms": 1, "cpu_usage": math.nan, "a": [math.inf]}], "json")
    assert json.loads(text) == [{"ts_ms": 1, "cpu_usage": None, "a": [None]}]
    assert "nan" not in denet.convert_format([{"ts_ms": 1, "cpu_usage": math.nan}], "csv")


@pytest.mark.parametrize("name", ["xml", "CSV", ""])
def test_an_unknown_format_is_a_value_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="jsonl, json, csv"):
        denet.convert_format([TREE], name)
    with pytest.raises(ValueError, match="jsonl, json, csv"):
        denet.save_metrics([TREE], tmp_path / "f", format=name)
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("name", ["jsonl", "json"])
def test_what_is_saved_loads_again(name: str, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("old content\n" * 100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        denet.save_metrics([METADATA, TREE, SAMPLE, EXIT], path, format=name)
        assert denet.load_metrics(path) == [TREE, SAMPLE]


def test_saving_keeps_the_lists_own_metadata_and_invents_none(tmp_path: Path) -> None:
    denet.save_metrics([METADATA, TREE], tmp_path / "a")
    denet.save_metrics([TREE], tmp_path / "b")
    denet.save_metrics([METADATA, TREE], tmp_path / "c", include_metadata=False)
    assert (tmp_path / "a").read_text() == lines(METADATA, TREE)
    assert (tmp_path / "b").read_text() == (tmp_path / "c").read_text() == lines(TREE)


def test_saving_nothing_is_a_type_error_and_saving_no_records_an_empty_file(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        denet.save_metrics(None, tmp_path / "f")
    denet.save_metrics([], tmp_path / "f")
    assert (tmp_path / "f").read_text() == ""
