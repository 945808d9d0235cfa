"""Largest elements or sums of windows that do not overlap, from pixels as they come."""

from dataclasses import dataclass
from typing import ClassVar

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from ..model.kinds.windows import Borders
from .device import Family
from .memory import MemorySize
from .reductions import Reduction
from .stage import SHALLOW, Candidate, Location, Place, Places, memory_cells, outside_cells, ram_style

__all__ = ["Running", "RunningPool"]


@dataclass(frozen=True)
class Running:
    """Results of windows that do not overlap, of an image whose pixels are ``words`` words of ``width`` elements.

    Each pixel belongs to one window at most, so that what is so far of a row of windows is all there is to keep. The
    padding ``borders``, above, left, below and right, adds nothing to a result.
    """

    image: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    width: int
    words: int
    reduction: Reduction
    borders: Borders = (0, 0, 0, 0)

    noun: ClassVar[str] = "pixels"
    contents: ClassVar[int] = 0

    @property
    def outputs(self) -> tuple[int, int]:
        """Rows and columns of windows."""
        (height, width), (rows, columns), (down, across) = self.image, self.kernel, self.stride
        above, left, below, right = self.borders
        return (above + height + below - rows) // down + 1, (left + width + right - columns) // across + 1

    @property
    def is_apart(self) -> bool:
        """Whether windows do not overlap, as they must not here."""
        axes = zip(self.outputs, self.kernel, self.stride, strict=True)
        return all(windows == 1 or size <= stride for windows, size, stride in axes)

    @property
    def cycles(self) -> int:
        """Cycles for a frame: a word each."""
        return self.image[0] * self.image[1] * self.words

    @property
    def depth(self) -> int:
        """Results of a row of windows, so far: words of the memory."""
        return self.outputs[1] * self.words

    @property
    def _size(self) -> MemorySize:
        return MemorySize(self.width * self.reduction.given, self.depth, written=True)

    def widest(self, places: Places, family: Family) -> int:
        """A word of a pixel, or of results."""
        return self.width * max(self.reduction.taken, self.reduction.given)

    def memory_words(self, places: Places, family: Family) -> int:
        """The results so far; a single one is a register."""
        return self.depth if self.depth > 1 else 0

    def usual_places(self, family: Family) -> dict[str, Place]:
        """The results so far are in distributed RAM where the family has it."""
        distributed = family.distributed and self.depth > 1
        return {"results": Place.DISTRIBUTED if distributed else Place.REGISTERS}

    @staticmethod
    def _few(family: Family) -> int:
        """Words up to which there is no block RAM."""
        return SHALLOW if family.distributed else SHALLOW // 4

    def candidates(self, family: Family) -> tuple[Candidate, ...]:
        """The results so far, where they are several; in distributed RAM a few cost little."""
        size = self._size
        if size.depth <= self._few(family):
            return ()
        return (Candidate("results", size.blocks(family), size.banks(family), memory_cells(size, family)),)

    def cells(self, places: Places, family: Family) -> int:
        """A step, a result that waits, counters; and the results so far."""
        counters = 3 * (self.image[0].bit_length() + self.image[1].bit_length() + self.depth.bit_length()) + 20
        kept = 0
        if self.depth == 1:
            kept = self.width * self.reduction.given * family.ff_cell
        elif self.depth <= self._few(family):
            kept = memory_cells(self._size, family)
        return (
            self.width * (self.reduction.given + self.reduction.cells)
            + counters
            + kept
            + outside_cells(self, places, family)
        )

    def absorbs(self, held: int, family: Family) -> int:
        """A result waits, and a row of windows is being made, or the only one."""
        beats_out = self.outputs[0] * self.depth
        # Where the last window hangs over, the others have more than their share of the image.
        over = max(0, self.outputs[0] * self.stride[0] - self.borders[0] - self.image[0])
        rows = min(self.stride[0] + over, self.image[0]) if self.outputs[0] > 1 else self.image[0]
        return -(-(held + 1) * self.cycles // beats_out) + rows * self.image[1] * self.words

    def component(self, places: Places, family: Family) -> "RunningPool":
        """The hardware."""
        return RunningPool(pool=self, place=places["results"])


class RunningPool(wiring.Component):
    """Reduce windows that do not overlap, element by element, while their pixels come.

    Takes a word per cycle; a result leaves ``LATENCY`` cycle after the last word that it needs. In a memory is what is
    so far of each word of each window of a row. It is read a word ahead: two words one after the other have two places,
    but where a pixel is a single word, whose result so far then stays in a register.

    Parameters
    ----------
    pool : :class:`Running`
        Sizes of everything.
    place : :data:`Location`
        Block RAM, distributed RAM, or flip-flops.

    Members
    -------
    i : stream of ``width`` elements, in
        Pixels, row by row, each word by word.
    o : stream of ``width`` results, out
        Those of each window, row by row, each word by word.
    """

    LATENCY = 1

    def __init__(self, *, pool: Running, place: Location) -> None:
        self.pool = pool
        self.place = place
        super().__init__(
            {
                "i": In(stream.Signature(pool.width * pool.reduction.taken)),
                "o": Out(stream.Signature(pool.width * pool.reduction.given)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pool = self.pool
        step, inside, first, last, stays = Signal(), Signal(), Signal(), Signal(), Signal()
        place, following = Signal(range(pool.depth)), Signal(range(pool.depth))
        result = Signal(len(self.o.payload))
        row, column = self._walk(m, step, place, following)
        m.d.comb += [
            inside.eq(row.inside & column.inside),
            first.eq(row.first & column.first),
            last.eq(inside & row.whole & column.whole),
            stays.eq(~column.first),
        ]
        so_far = self._results(m, step, step & inside, stays, place, following, result)
        m.d.comb += [
            result.eq(pool.reduction.step(first, so_far, self.i.payload)),
            self.i.ready.eq(~last | ~self.o.valid | self.o.ready),
            step.eq(self.i.valid & self.i.ready),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(step & last):
            m.d.sync += [self.o.valid.eq(1), self.o.payload.eq(result)]
        return m

    def _walk(self, m: Module, step: Signal, place: Signal, following: Signal) -> tuple["_Axis", "_Axis"]:
        """Go from word to word, pixel to pixel, row to row; say where the word's results are, and the next one's."""
        pool = self.pool
        row, column = (_Axis.of(name, pool, axis) for axis, name in enumerate(("row", "column")))
        word, whole = Signal(range(pool.words)), Signal()
        after = Mux(place == pool.depth - 1, 0, place + 1)
        same = Mux(column.ends, after, place - (pool.words - 1))
        m.d.comb += [
            whole.eq(word == pool.words - 1),
            following.eq(Mux(whole, Mux(column.last, 0, same), after)),
        ]
        with m.If(step):
            m.d.sync += [word.eq(Mux(whole, 0, word + 1)), place.eq(following)]
        column.move(m, step & whole)
        row.move(m, step & whole & column.last)
        return row, column

    def _results(
        self, m: Module, step: Signal, keep: Value, stays: Signal, place: Signal, following: Signal, result: Signal
    ) -> Value:
        """What is so far of the window that the word belongs to."""
        pool = self.pool
        latest = Signal.like(result, reset_less=True)
        if pool.words == 1:
            with m.If(keep):
                m.d.sync += latest.eq(result)
        if pool.depth == 1:
            return latest
        style = ram_style(self.place)
        m.submodules.results = results = memory.Memory(
            shape=len(result), depth=pool.depth, init=[], attrs={"ram_style": style}
        )
        write, read = results.write_port(), results.read_port()
        m.d.comb += [
            write.addr.eq(place),
            write.data.eq(result),
            write.en.eq(keep),
            read.addr.eq(following),
            read.en.eq(step),
        ]
        return Mux(stays, latest, read.data) if pool.words == 1 else read.data


@dataclass(frozen=True)
class _Axis:
    """Where a pixel is along rows or columns: its position, and its phase, how far from where a window begins.

    ``origin`` is the phase of the first pixel, behind the padding. ``cut`` says whether a window ends with the image.
    """

    position: Signal
    phase: Signal
    size: int
    stride: int
    kernel: int
    origin: int
    cut: bool
    inside: Value

    @classmethod
    def of(cls, name: str, pool: Running, axis: int) -> "_Axis":
        """Counters for an axis of an image; with a single window there is no other phase."""
        size, windows, kernel, origin = pool.image[axis], pool.outputs[axis], pool.kernel[axis], pool.borders[axis]
        stride = origin + size if windows == 1 else pool.stride[axis]
        position, phase = Signal(range(size), name=name), Signal(range(stride), name=f"{name}_phase", init=origin)
        inside = (phase < kernel) & (position < windows * stride - origin)
        cut = (windows - 1) * stride + kernel - origin > size
        return cls(position, phase, size, stride, kernel, origin, cut, inside)

    @property
    def first(self) -> Value:
        """Whether a window begins here, or has so far been padding."""
        begins = self.phase == 0
        return begins | (self.position == 0) if self.origin else begins

    @property
    def whole(self) -> Value:
        """Whether the window ends here, or all behind it is padding."""
        ends = self.phase == self.kernel - 1
        return ends | self.last if self.cut else ends

    @property
    def last(self) -> Value:
        """Whether the image ends here."""
        return self.position == self.size - 1

    @property
    def ends(self) -> Value:
        """Whether the next pixel is where a window may begin."""
        return self.phase == self.stride - 1

    def move(self, m: Module, step: Value) -> None:
        """Go to the next pixel with each step."""
        with m.If(step):
            m.d.sync += [
                self.position.eq(Mux(self.last, 0, self.position + 1)),
                self.phase.eq(Mux(self.last, self.origin, Mux(self.ends, 0, self.phase + 1)))
                if self.origin
                else self.phase.eq(Mux(self.last | self.ends, 0, self.phase + 1)),
            ]
