"""Checkpoints: the whole state of a training run in a file, so that it goes on exactly where it was interrupted."""

import io
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ..paths import StrPath
from ..store import write_atomically

__all__ = ["CheckpointError", "load_checkpoint", "save_checkpoint"]


class CheckpointError(ValueError):
    """A checkpoint that cannot be gone on from; the message says why."""


def save_checkpoint(path: StrPath, settings: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Write a checkpoint; one that was there is replaced only when the new one is whole.

    Parameters
    ----------
    path : path
        The file.
    settings : mapping
        What shapes the result, as far as JSON can tell it: only a run with the same settings may go on.
    state : mapping
        Tensors, numbers and strings, in dictionaries and lists.
    """
    data = io.BytesIO()
    torch.save({"settings": json.dumps(settings), "state": dict(state)}, data)
    write_atomically(path, data.getvalue())


def load_checkpoint(path: StrPath, settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """The state that a checkpoint has, or None where there is no file.

    Raises
    ------
    CheckpointError
        When the file is no whole checkpoint, or one of a run with other settings.
    """
    path = Path(path)
    if not path.is_file():
        return None
    try:
        # Only tensors and plain data are read: a checkpoint may come from anybody.
        found = torch.load(path, map_location="cpu", weights_only=True)
        theirs, state = json.loads(found["settings"]), dict(found["state"])
    except (RuntimeError, OSError, EOFError, KeyError, TypeError, ValueError, pickle.UnpicklingError) as error:
        reason = str(error).partition("\n")[0]
        raise CheckpointError(f"{path}: not a whole checkpoint ({reason}); begin anew with --restart") from None
    ours = json.loads(json.dumps(settings))
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        if ours.get(key) != theirs.get(key):
            raise CheckpointError(
                f"{path}: made with {key} {_brief(theirs.get(key))}, not {_brief(ours.get(key))}; "
                "give the same options to go on, or --restart to begin anew"
            )
    return state


def _brief(value: Any) -> str:
    return json.dumps(value)
