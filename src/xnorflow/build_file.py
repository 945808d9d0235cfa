"""``build.json``, written and read, and held against its schema both times: anybody may have written it."""

import importlib.resources
import json
from functools import cache
from pathlib import Path
from typing import Any, cast

from . import __version__
from .build_record import BuildRecord
from .model.store import ModelError, write_atomically

__all__ = ["BUILD_FILE", "SCHEMA", "read_build", "write_build"]

BUILD_FILE = "build.json"
SCHEMA = 6

LARGEST = 1 << 24
"""Bytes of a ``build.json``: far above what any network needs."""

KINDS = {
    "object": "an object",
    "array": "a list",
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
"""How the types of JSON are called."""

SHOWN = 40
"""Characters of what came instead, at most."""


def write_build(folder: Path, record: BuildRecord) -> None:
    """Write a folder's ``build.json``; RuntimeError when the record is not what the schema says it is."""
    data = json.dumps(record, indent=2) + "\n"
    fault = _fault(json.loads(data))
    if fault:
        raise RuntimeError(f"{BUILD_FILE}: {fault}; this is a fault of xnorflow, please report it")
    write_atomically(folder / BUILD_FILE, data.encode())


def read_build(folder: Path) -> BuildRecord:
    """What is in a folder's ``build.json``.

    Raises
    ------
    ModelError
        When it is missing, or is not what this version writes; the message says what is wrong first.
    """
    path = folder / BUILD_FILE
    if not path.is_file():
        raise ModelError(
            f"{folder}: not a finished build, it has no {BUILD_FILE}; make it with xnorflow verilog, "
            "or with xnorflow build, which makes a bitstream too"
        )
    if path.stat().st_size > LARGEST:
        raise ModelError(f"{path}: must have at most {LARGEST:,} bytes, not {path.stat().st_size:,}; build again")
    try:
        build = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: not a whole build.json ({type(error).__name__}: {error}); build again") from None
    if not isinstance(build, dict):
        raise ModelError(f"{path}: must be an object, not {_shown(build)}; build again")
    # Another version's file is told as that, whatever else is in it.
    if build.get("schema") != SCHEMA:
        found = _shown(build["schema"]) if "schema" in build else "none"
        raise ModelError(f"{path}: schema {found}, expected {SCHEMA}; build again with this xnorflow")
    if build.get("xnorflow") != __version__:
        found = _shown(build.get("xnorflow")).strip('"')
        raise ModelError(f"{path}: made by xnorflow {found}, expected {__version__}; build again, or use that version")
    fault = _fault(build)
    if fault:
        raise ModelError(f"{path}: {fault}; build again")
    return cast(BuildRecord, build)


def _fault(build: dict[str, Any]) -> str:
    """What is wrong first, by the schema; empty where nothing is."""
    errors = _validator().iter_errors(build)
    return min((_explain(error) for error in errors), default="")


@cache
def _validator() -> Any:
    # Not at the top: most commands read no build, and jsonschema takes a while to import.
    from jsonschema import Draft202012Validator, validators

    schema = json.loads(importlib.resources.files(__package__).joinpath("build.schema.json").read_text())
    # JSON does not tell 4 from 4.0; Python does, and so do the constructors behind.
    kinds = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _checker, value: type(value) is int)
    return validators.extend(Draft202012Validator, type_checker=kinds)(schema)


def _explain(error: Any) -> str:
    """An error of the schema in our words."""
    name, found = "".join(_step(step) for step in error.absolute_path).lstrip("."), _shown(error.instance)
    rule, wanted = error.validator, error.validator_value
    if rule == "type":
        kinds = [wanted] if isinstance(wanted, str) else wanted
        return f"{name} must be {' or '.join(KINDS[kind] for kind in kinds)}, not {found}"
    if rule == "required":
        missing = next(entry for entry in wanted if entry not in error.instance)
        return f"lacks {f'{name}.' if name else ''}{missing}"
    if rule == "dependentRequired":
        missing = next(entry for have, needed in wanted.items() if have in error.instance for entry in needed)
        return f"lacks {name}.{missing}"
    if rule == "additionalProperties":
        unknown = min(set(error.instance) - set(error.schema.get("properties", ())))
        return f"must not have {_shown(f'{name}.{unknown}' if name else unknown)}"
    if rule == "const":
        return f"{name} must be {json.dumps(wanted)}, not {found}"
    if rule == "enum":
        return f"{name} must be one of {', '.join(map(str, wanted))}, not {found}"
    if rule == "minimum":
        return f"{name} must be {wanted} or more, not {found}"
    if rule == "pattern":
        return f"{name} must be a SHA-256 in hexadecimal, not {found}"
    return f"{name}: {' '.join(str(error.message).split())}"


def _step(step: str | int) -> str:
    return f"[{step}]" if isinstance(step, int) else f".{step}"


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
