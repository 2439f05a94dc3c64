# SPDX-License-Identifier: GPL-3.0-or-later
"""The tutorial and the examples of the docstrings do what they say."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

import denet

TUTORIAL = Path(__file__).parents[2] / "docs" / "python.md"
MODULES = ["_found", "_process_tree", "analysis", "execute", "frames", "measure", "monitor", "records", "summary"]


def test_the_tutorial_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", TUTORIAL.read_text(), re.DOTALL)
    assert len(blocks) > 5
    for block in blocks:
        exec(compile(block, str(TUTORIAL), "exec"), names)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_hold(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(f"denet.{name}"))
    assert failed == 0


def test_the_example_of_the_package_holds() -> None:
    failed, attempted = doctest.testmod(denet)
    assert failed == 0 < attempted


def test_all_that_is_promised_is_there() -> None:
    assert all(hasattr(denet, name) for name in denet.__all__)
    assert isinstance(denet.__version__, str)
