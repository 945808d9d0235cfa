"""Sliding-window unit: a line buffer that is read window by window."""

import operator
from dataclasses import dataclass, replace
from functools import reduce
from typing import ClassVar

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from ..model.kinds.windows import window_size
from .device import Family
from .memory import NO_COLLISIONS, MemorySize
from .stage import Candidate, Location, Place, Places, memory_cells, outside_cells, ram_style

__all__ = ["SlidingWindow", "Window"]


@dataclass(frozen=True)
class Window:
    """Windows of an image whose pixels are ``words`` words of ``width`` elements of ``bits`` bits.

    A window is given row by row, pixel by pixel, word by word, ``passes`` times; or, where it is ``split``, once for
    each ``part`` words of a pixel, only those words of each of its pixels. Where it is dilated, its pixels are
    ``dilation`` rows and columns apart. ``padding`` is above and left, and below and right too, unless ``opposite`` is
    given.
    """

    image: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    pad: int
    bits: int
    width: int
    words: int
    passes: int = 1
    split: bool = False
    part: int = 1
    dilation: tuple[int, int] = (1, 1)
    opposite: tuple[int, int] | None = None

    noun: ClassVar[str] = "windows"
    contents: ClassVar[int] = 0

    def upright(self) -> "Window":
        """A single row as a column: its line buffer then holds what a window spans, and not the row twice."""
        if not self.image[0] == self.kernel[0] == 1:
            return self
        pairs = ("image", "kernel", "stride", "padding", "dilation")
        opposite = self.opposite and self.opposite[::-1]
        return replace(self, **{name: getattr(self, name)[::-1] for name in pairs}, opposite=opposite)

    @property
    def borders(self) -> tuple[int, int]:
        """Rows above and below, and columns left and right, together."""
        below, right = self.opposite or self.padding
        return self.padding[0] + below, self.padding[1] + right

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns that a window spans."""
        return window_size(self.kernel, self.dilation)

    @property
    def outputs(self) -> tuple[int, int]:
        """Rows and columns of windows."""
        rows, columns = (
            (image + border - size) // stride + 1
            for image, border, size, stride in zip(self.image, self.borders, self.size, self.stride, strict=True)
        )
        return rows, columns

    @property
    def cycles(self) -> int:
        """Cycles for a frame: words that come in, or words that go out, whichever is more."""
        pixels = self.image[0] * self.image[1]
        windows = self.outputs[0] * self.outputs[1] * self.kernel[0] * self.kernel[1]
        return self.words * max(pixels, windows * self.passes)

    @property
    def depth(self) -> int:
        """Words of the memory, a power of two: the rows of a window, and those that come meanwhile.

        The next frame's first rows must be there when the last row of windows is done, so that there is no bubble
        between frames: as many rows again as a window has. Three words more let ready come from a register.
        """
        rows = min(self.size[0] + max(self.size[0], self.stride[0]), 2 * self.image[0])
        return 1 << (rows * self.image[1] * self.words + 3 - 1).bit_length()

    def widest(self, places: Places, family: Family) -> int:
        """A word of a pixel."""
        return self.width * self.bits

    def memory_words(self, places: Places, family: Family) -> int:
        """The rows."""
        return self.depth

    def usual_places(self, family: Family) -> dict[str, Place]:
        """The rows are in distributed RAM where the family has it."""
        return {"rows": Place.DISTRIBUTED if family.distributed else Place.REGISTERS}

    def candidates(self, family: Family) -> tuple[Candidate, ...]:
        """The rows."""
        rows = MemorySize(self.width * self.bits, self.depth, written=True)
        return (Candidate("rows", rows.blocks(family), rows.banks(family), memory_cells(rows, family)),)

    def cells(self, places: Places, family: Family) -> int:
        """Counters and pointers of about a dozen words, and the choice between a pixel and padding."""
        padded = self.width * self.bits + 40 if any(self.borders) else 0
        return 12 * self.depth.bit_length() + 30 + padded + outside_cells(self, places, family)

    def absorbs(self, held: int, family: Family) -> int:
        """As much as its memory holds, behind a window that may be ahead of its share of the image by a few rows."""
        rows, columns = self.outputs
        line = self.image[1] * self.words
        beats_in, beats_out = self.image[0] * line, rows * columns * self.kernel[0] * self.kernel[1] * self.words
        ahead = max(0, self.borders[0] - self.size[0] + self.stride[0]) * line
        return -(-held * beats_in // (beats_out * self.passes)) + self.depth + ahead + family.bram_register

    def component(self, places: Places, family: Family) -> "SlidingWindow":
        """The hardware."""
        place = places["rows"]
        return SlidingWindow(window=self, place=place, registered=family.bram_register and place is Place.BLOCK)


class SlidingWindow(wiring.Component):
    """Give the windows of an image, word by word, from a circular buffer of its rows.

    Takes and gives one word per cycle. Rows that come in and windows that go out are independent of each other: while
    the windows of one row are given, the next rows come in, and those of the next frame. A word leaves ``latency``
    cycles after the one that completes what it needs came in.

    Words of the padding are not read but put in between. Positions are counted in words of a buffer whose size is a
    power of two, so that they go round by themselves; one more bit tells a full buffer from an empty one.

    Parameters
    ----------
    window : :class:`Window`
        Sizes of everything.
    place : :data:`Location`
        Block RAM, distributed RAM, or flip-flops.
    registered : :class:`bool`
        Read through a register more, which block RAM may have.

    Members
    -------
    i : stream of ``width * bits`` bits, in
        Pixels, row by row, each word by word.
    o : stream of ``width * bits`` bits, out
        The words of the windows.
    """

    def __init__(self, *, window: Window, place: Location, registered: bool = False) -> None:
        self.window = window
        self.place = place
        self.registered = registered
        payload = stream.Signature(window.width * window.bits)
        super().__init__({"i": In(payload), "o": Out(payload)})

    @property
    def latency(self) -> int:
        """Cycles from the word that completes what a word needs to that one."""
        return 3 if self.registered else 2

    def elaborate(self, platform: object) -> Module:
        m = Module()
        style = ram_style(self.place)
        depth = self.window.depth
        m.submodules.rows = rows = memory.Memory(
            shape=len(self.i.payload), depth=depth, init=[], attrs={"ram_style": style, **NO_COLLISIONS}
        )
        written, oldest = Signal(range(2 * depth)), Signal(range(2 * depth))
        self._write(m, rows, written, oldest)
        self._read(m, rows, written, oldest)
        return m

    def _write(self, m: Module, rows: memory.Memory, written: Signal, oldest: Signal) -> None:
        """Store what comes, as long as nothing is overwritten that a window still needs."""
        port = rows.write_port()
        held = Signal.like(written)
        ready = Signal()
        m.d.comb += [
            held.eq(written - oldest),
            self.i.ready.eq(ready),
            port.addr.eq(written),
            port.data.eq(self.i.payload),
            port.en.eq(self.i.valid & ready),
        ]
        # Ready is worked out a cycle ahead, in which one more word may come. Rows that a stride skips may be released
        # before they have come: then less than nothing is held.
        m.d.sync += ready.eq(held[-1] | (held < self.window.depth - 2))
        with m.If(port.en):
            m.d.sync += written.eq(written + 1)

    def _read(self, m: Module, rows: memory.Memory, written: Signal, oldest: Signal) -> None:
        """Fetch a word per cycle, as soon as it is there and the last one has left."""
        window = self.window
        port = rows.read_port()
        position = Signal(range(2 * window.depth), init=self._corner % (2 * window.depth))
        ahead = Signal.like(position)
        fetch, free, outside = Signal(), Signal(), Signal()
        pad = Const(window.pad & (1 << window.bits) - 1, window.bits).replicate(window.width)
        m.d.comb += [
            ahead.eq(written - position),
            free.eq(~self.o.valid | self.o.ready),
            fetch.eq(free & (outside | (~ahead[-1] & (ahead != 0)))),
            port.addr.eq(position),
            # The block's register goes on with it, so that both have the same enable.
            port.en.eq(free if self.registered else fetch),
        ]
        word, filled, valid = port.data, Signal(), fetch
        with m.If(free):
            m.d.sync += filled.eq(outside)
        if self.registered:
            word, padded, fetched = Signal.like(word, name="word", reset_less=True), Signal(), Signal()
            with m.If(free):
                m.d.sync += [word.eq(port.data), padded.eq(filled), fetched.eq(fetch)]
            filled, valid = padded, fetched
        with m.If(free):
            m.d.sync += self.o.valid.eq(valid)
        m.d.comb += self.o.payload.eq(Mux(filled, pad, word))
        self._walk(m, fetch, position, oldest, outside)

    @property
    def _corner(self) -> int:
        """Where the first window begins, as seen from the frame's first word."""
        window = self.window
        return -window.words * (window.image[1] * window.padding[0] + window.padding[1])

    def _walk(self, m: Module, step: Signal, position: Signal, oldest: Signal, outside: Signal) -> None:
        """Go from word to word: along a row of the window, to its next row, to the next pass, window, row, frame."""
        window = self.window
        (height, width), (rows, columns) = window.image, window.kernel
        words, line = window.words, window.words * width
        inner, passes, shift = words, window.passes, 0
        if window.split:
            inner, passes, shift = window.part, words // window.part, window.part
        pixel = words * window.dilation[1] - inner + 1
        below = line * window.stride[0]
        beyond = words * window.stride[1] - shift * (passes - 1)

        counts = [inner, columns, rows, passes, window.outputs[1], window.outputs[0]]
        names = ["word", "column", "row", "turn", "across", "down"]
        counters = [Signal(range(count), name=name) for name, count in zip(names, counts, strict=True)]
        last = [counter == count - 1 for counter, count in zip(counters, counts, strict=True)]
        ends = [reduce(operator.and_, last[: n + 1]) for n in range(len(last))]
        for n, counter in enumerate(counters):
            with m.If(step & (ends[n - 1] if n else 1)):
                m.d.sync += counter.eq(Mux(last[n], 0, counter + 1))

        frame = Signal(range(2 * window.depth))
        begin, edge, row_start = (Signal.like(position, name=name) for name in ("begin", "edge", "row_start"))
        next_row, next_begin = Signal.like(position), Signal.like(position)
        next_edge, next_frame = Signal.like(position), Signal.like(position)
        m.d.comb += [
            next_row.eq(row_start + line * window.dilation[0]),
            next_frame.eq(frame + line * height),
            next_edge.eq(Mux(last[5], next_frame + self._corner, edge + below)),
            next_begin.eq(Mux(ends[4], next_edge, begin + Mux(last[3], beyond, shift))),
        ]
        with m.If(step):
            m.d.sync += position.eq(position + (pixel if inner == 1 or pixel == 1 else Mux(last[0], pixel, 1)))
            with m.If(ends[1]):
                m.d.sync += [position.eq(next_row), row_start.eq(next_row)]
            with m.If(ends[2]):
                m.d.sync += [begin.eq(next_begin), position.eq(next_begin), row_start.eq(next_begin)]
            with m.If(ends[4]):
                m.d.sync += edge.eq(next_edge)
            with m.If(ends[5]):
                m.d.sync += frame.eq(next_frame)
        self._release(m, step & ends[4], last[5], oldest, counters[5], next_edge, next_frame)
        if any(window.borders):
            m.d.comb += outside.eq(self._is_outside(counters))

    def _release(
        self, m: Module, step: Signal, frame_ends: Signal, oldest: Signal, down: Signal, edge: Signal, frame: Signal
    ) -> None:
        """After a row of windows nothing before the next one's first row is needed; padding has no rows."""
        window = self.window
        padding = window.words * window.padding[1]
        with m.If(step):
            with m.If(frame_ends):
                m.d.sync += oldest.eq(frame)
            with m.Elif((down + 1) * window.stride[0] >= window.padding[0]):
                m.d.sync += oldest.eq(edge + padding)

    def _is_outside(self, counters: list[Signal]) -> Signal:
        """Whether the word is padding."""
        window = self.window
        _, column, row, _, across, down = counters
        y = down * window.stride[0] + row * window.dilation[0]
        x = across * window.stride[1] + column * window.dilation[1]
        top, left = window.padding
        return (y < top) | (y >= top + window.image[0]) | (x < left) | (x >= left + window.image[1])
