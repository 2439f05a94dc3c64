# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/record.schema.json, which each record of each test is held against."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, Callable

import fastjsonschema  # type: ignore[import-untyped,unused-ignore]

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "record.schema.json"


def closed(schema: Any) -> Any:
    """The same, in which an object has no keys but those that are described: one that the schema lacks is a mistake."""
    if isinstance(schema, list):
        return [closed(element) for element in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made


@functools.lru_cache(maxsize=1)
def _by_kind() -> dict[str, Callable[[Any], Any]]:
    """A compiled validator for each kind, so that a mistake is told of the kind that it is in."""
    document = closed(json.loads(SCHEMA.read_text(encoding="utf-8")))
    definitions = document["$defs"]
    kinds = [reference["$ref"].rpartition("/")[2] for reference in document["oneOf"]]
    return {kind: fastjsonschema.compile({"$defs": definitions, **definitions[kind]}) for kind in kinds}


def check_record(record: dict[str, Any]) -> None:
    """Fails unless this is a record as the schema has it."""
    validate = _by_kind().get(str(record.get("kind")))
    assert validate, f"the schema knows no kind {record.get('kind')!r}"
    try:
        validate(record)
    except fastjsonschema.JsonSchemaException as error:
        raise AssertionError(f"not as docs/record.schema.json has it: {error}: {record}") from None
