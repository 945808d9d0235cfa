"""Names of classes in networks and in their files."""

import dataclasses
import json
import re

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load as parse
from safetensors.numpy import save as serialize

from tests.networks import random_network
from xnorflow.model.store import ModelError, fingerprint, load, save

NETWORK = random_network((9, 5, 3))
NAMED = dataclasses.replace(NETWORK, labels=("ä", "a cat", "3"))


def description(path):
    with safe_open(path, framework="numpy") as file:
        return json.loads(file.metadata()["xnorflow"])


def test_names_are_kept_in_the_file(tmp_path):
    save(NAMED, tmp_path / "named")
    save(NETWORK, tmp_path / "nameless")
    assert load(tmp_path / "named").labels == ("ä", "a cat", "3")
    assert load(tmp_path / "nameless").labels == ()
    # A file without names has no entry for them: it is what it was before networks had any.
    assert "labels" not in description(tmp_path / "nameless")
    assert fingerprint(NAMED) == fingerprint(NETWORK)


def test_numpys_text_becomes_pythons():
    (first, *_) = dataclasses.replace(NETWORK, labels=tuple(np.array(["a", "b", "c"]))).labels
    assert type(first) is str


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (("a", "b"), ValueError, "labels must be one for each of 3 classes, not 2"),
        (("a", "b", "a"), ValueError, "labels must differ, but 'a' is there twice"),
        (("a", "b", " "), ValueError, "a label must be 1 to 100 characters that can be printed, not ' '"),
        (("a", "b", "\x1b[2J"), ValueError, "a label must be 1 to 100 characters that can be printed, not '\\x1b[2J'"),
        (("a", "b", "x" * 101), ValueError, f"a label must be 1 to 100 characters that can be printed, not '{'x' * 100}'"),
        (("a", "b", 3), TypeError, "a label must be text, not 3"),
        ("abc", TypeError, "labels must be a tuple of names, not 'abc'"),
        ({"a"}, TypeError, "labels must be a tuple of names, not {'a'}"),
    ],
)  # fmt: skip
def test_names_that_cannot_be_are_refused(labels, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        dataclasses.replace(NETWORK, labels=labels)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("abc", "labels must be a list of strings, not 'abc'"),
        ({"a": "b", "c": "d", "e": "f"}, "labels must be a list of strings, not {'a': 'b', 'c': 'd', 'e': 'f'}"),
        (["a", "b", 3], "labels must be a string, not 3"),
        (["a"], "labels must be one for each of 3 classes, not 1"),
    ],
)
def test_files_with_other_names_are_refused(labels, message, tmp_path):
    path = tmp_path / "model"
    save(NAMED, path)
    changed = {**description(path), "labels": labels}
    path.write_bytes(serialize(parse(path.read_bytes()), {"xnorflow": json.dumps(changed)}))
    with pytest.raises(ModelError, match=f"^{re.escape(f'{path}: {message}')}$"):
        load(path)
