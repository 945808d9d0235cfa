"""How wide a design's words are, and how wide Amaranth lets them be."""

from collections.abc import Iterator

from ..model.ir import Scores
from .answer import AnswerFormat
from .grouping import group_runs
from .placement import Memories, Place, is_long
from .plan import Convert, Pool, Product, Replay, Stage, Window

__all__ = ["LARGEST_WORD", "TooWideError", "answer_width", "check_width", "least_width", "stage_width"]

LARGEST_WORD = (1 << 16) - 8
"""Bits of a register, a beat or a word of a memory: Amaranth's netlist has 16 bits for the place of a bit in its cell.
All inputs of a core, a beat and five wires, share a cell with two constants."""


class TooWideError(ValueError):
    """A design with a word that no hardware can be made of; the message says which layer has it."""


def check_width(name: str, width: int) -> None:
    """Raise :class:`TooWideError` when a part of that name has a word of too many bits."""
    if width > LARGEST_WORD:
        raise TooWideError(f"{name}: words of hardware must be at most {LARGEST_WORD} bits wide, not {width}")


def stage_width(stage: Stage, memories: Memories, *, port: int) -> int:
    """Bits of a stage's widest word, where its memories are these and a block RAM reads ``port`` bits at once."""
    if isinstance(stage, Replay) and memories.replay is not Place.REGISTERS:
        return max(stage.width_in, stage.width_out) * stage.bits
    return max(_widths(stage, port))


def least_width(stage: Stage, *, port: int) -> int:
    """The same where each memory is where it makes the narrowest words."""
    in_memory = isinstance(stage, Replay) and is_long(stage)
    return stage_width(stage, Memories(replay=Place.BLOCK if in_memory else Place.REGISTERS), port=port)


def _widths(stage: Stage, port: int) -> Iterator[int]:
    if isinstance(stage, Convert | Replay):
        yield from (_buffer_width(stage.count, width) * stage.bits for width in (stage.width_in, stage.width_out))
    elif isinstance(stage, Window):
        yield stage.width * stage.bits
    elif isinstance(stage, Pool):
        yield stage.width
    else:
        yield from _product_widths(stage, port)


def _product_widths(stage: Product, port: int) -> Iterator[int]:
    """A beat of activations, a group's words of weights and levels, a beat of results."""
    folding, total = stage.folding, stage.accumulator.width
    largest = group_runs(folding, port=port)[0][0]
    yield folding.simd * stage.tensor.width
    yield largest * max(folding.simd, total)
    yield folding.pe * (total if isinstance(stage.layer, Scores) else 1)


def _buffer_width(count: int, width: int) -> int:
    """Elements in the registers of a buffer that ``count`` of them pass, ``width`` in a beat: whole beats."""
    return -(-count // width) * width


def answer_width(answer: AnswerFormat, *, pe: int, lanes: int) -> int:
    """Bits of the widest word behind the last layer: all scores of a frame are held until they are compared."""
    scores = max(_buffer_width(answer.count, width) for width in (pe, lanes)) * answer.score_width
    return max(scores, 8 * answer.output_bytes)
