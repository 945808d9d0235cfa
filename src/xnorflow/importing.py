"""From a file of another tool to a model file."""

from fractions import Fraction
from pathlib import Path

from .disk import watching_disk
from .model.ir import Matrix, Network
from .model.qonnx.reader import import_qonnx
from .model.store import save

__all__ = ["import_to_file"]


def import_to_file(
    file: Path,
    path: Path,
    *,
    input_scale: str | None = None,
    input_shape: str | None = None,
    layout: str | None = None,
) -> dict[str, str]:
    """Import an ONNX file, write the model to ``path``, and give what there is to tell.

    Raises
    ------
    ValueError
        When the file cannot be imported, ``input_scale`` is not a positive number, or ``input_shape`` no list of them.
    """
    if path.exists() and path.samefile(file):
        raise ValueError(f"{path}: must be another file than the one that is imported")
    network = import_qonnx(
        file,
        input_scale=None if input_scale is None else _number(input_scale),
        input_shape=None if input_shape is None else _shape(input_shape),
        layout=layout,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with watching_disk(path.parent):
        save(network, path)
    return {
        "input": f"{_times(network.input.shape)} pixels, {type(network.input).__name__.lower()}, "
        f"a pixel of 1 is {network.provenance['input_scale']}",
        **_layers(network),
        "weight bits": f"{network.weight_bits:,}",
        **({"planes": network.provenance["planes"]} if "planes" in network.provenance else {}),
    }


def _layers(network: Network) -> dict[str, str]:
    """What each layer takes and gives."""
    return {
        step.name: f"{_times(step.input.shape)} to {_times(step.output.shape)}"
        + (f", {step.layer.mh} x {step.layer.mw} weights" if isinstance(step.layer, Matrix) else "")
        for step in network.steps()
    }


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _number(text: str) -> Fraction:
    try:
        number = Fraction(text)
    except (ValueError, ZeroDivisionError):
        number = Fraction(0)
    if number <= 0:
        raise ValueError(f"--input-scale must be a positive number such as 1/255, not {text!r}")
    return number


def _shape(text: str) -> tuple[int, ...]:
    parts = text.replace("x", ",").split(",")
    if not all(part.strip().isascii() and part.strip().isdigit() and 0 < int(part) < 1 << 31 for part in parts):
        raise ValueError(f"--input-shape must be numbers such as 1,3,32,32, not {text!r}")
    return tuple(int(part) for part in parts)
