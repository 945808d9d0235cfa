"""How large hardware may be: what Amaranth can hold, and what it makes Verilog of in minutes; far above any device.

``docs/folding.md`` lists the limits.
"""

from .accelerator import Accelerator
from .device import Family
from .stage import Place, Stage, candidates, whole_beats

__all__ = ["LARGEST_WORD", "TooLargeError", "check_hardware", "least_width"]

LARGEST_WORD = (1 << 16) - 8
"""Bits of a register, a beat or a word of a memory: Amaranth's netlist has 16 bits for the place of a bit in its cell.
All inputs of a core, a beat and five wires, share a cell with two constants."""

LARGEST_ROW = 1 << 12
"""Processing elements of a layer: each group's results wait in as many registers as there are groups behind it."""

LARGEST_LANES = 1 << 16
"""Multiplications in a cycle, in all layers."""

LARGEST_MEMORY = 1 << 22
"""Words of all memories: the Verilog has each in a line."""

LARGEST_CONTENTS = 5 << 22
"""Bits of all weights and levels: yosys takes two gigabytes to write those of 2^24, and can have four."""

LARGEST_COMPARISON = 1 << 6
"""Scores that are compared in a cycle, one after the other."""

LARGEST_INTERVAL = (1 << 32) - 1
"""Cycles a frame: the link tells them in four bytes."""


class TooLargeError(ValueError):
    """A design that no hardware can be made of; the message says why."""


def check_hardware(accelerator: Accelerator) -> None:
    """Raise :class:`TooLargeError` when a design exceeds a limit."""
    family, foldings = accelerator.family, accelerator.foldings
    rows = list(zip(accelerator.network.names, accelerator.plan, accelerator.places, strict=True))
    widths = [(name, stage.widest(places, family)) for name, stages, places in rows for stage in stages]
    widths += [("input", 8 * accelerator.input_bytes), ("scores", _answer_width(accelerator))]
    name, width = max(widths, key=lambda item: item[1])
    _check(f"{name}: bits of a word", width, LARGEST_WORD)
    _check("processing elements of a layer", max((folding.pe for folding in foldings), default=0), LARGEST_ROW)
    _check("multiplications in a cycle", sum(folding.pe * folding.simd for folding in foldings), LARGEST_LANES)
    words = sum(stage.memory_words(places, family) for _, stages, places in rows for stage in stages)
    _check("words of all memories", words, LARGEST_MEMORY)
    contents = sum(stage.contents for _, stages, _ in rows for stage in stages)
    _check("bits of weights and levels", contents, LARGEST_CONTENTS)
    _check("scores compared in a cycle", accelerator.answer_lanes, LARGEST_COMPARISON)
    _check("cycles a frame", accelerator.interval, LARGEST_INTERVAL)


def _check(what: str, count: int, most: int) -> None:
    if count > most:
        raise TooLargeError(f"{what} must be at most {most} in hardware, not {count}")


def least_width(stage: Stage, family: Family) -> int:
    """Bits of a stage's widest word, where its memories are in the places that make it the narrowest."""
    inside = dict.fromkeys((wish.name for wish in candidates(stage, family)), Place.BLOCK)
    return stage.widest({**stage.usual_places(family), **inside}, family)


def _answer_width(accelerator: Accelerator) -> int:
    """All scores of a frame are held until they are compared, and until they have left where they are wanted."""
    answer, beats = accelerator.answer, (accelerator.outputs()[-1].width, accelerator.answer_lanes)
    scores = max(whole_beats(answer.count, width) for width in beats) * answer.score_width
    return max(scores, 8 * answer.output_bytes)
