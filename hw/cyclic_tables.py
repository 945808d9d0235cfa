"""Words in look-up tables, of which one after the other is needed, round and round."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from .memory import MemorySize, read_only

__all__ = ["LEAF", "LOADS", "TableWords", "count_round", "parts", "read_tables", "table_cells"]

LEAF = 16
"""Words that a look-up table of four inputs holds, for one bit."""

LOADS = 256
"""Loads that a net of an address, or of a choice between banks, may have: more are slow, wherever they are placed."""


@dataclass(frozen=True)
class TableWords:
    """The words, each of ``width`` bits, and what their memories are named after."""

    words: Sequence[int]
    width: int
    name: str

    @property
    def leaves(self) -> int:
        """Parts of the depth that a table holds each."""
        return -(-len(self.words) // LEAF)

    def part(self, start: int, stop: int) -> list[int]:
        """These bits of each word."""
        return [word >> start & (1 << stop - start) - 1 for word in self.words]


def read_tables(m: Module, step: Value, tables: TableWords, *, held: bool) -> Value:
    """The next word for each step, two cycles after it; where it is ``held``, words of deep tables have a register.

    What is deeper than a look-up table is several, each with a register behind it that is 0 unless its word is
    the one that is needed, so that a few more tables, which say whether any of them is 1, make the word. Synthesis
    would take about twice as many for a table of that depth.

    Parts of a wide word have counters of their own for an address, so that no net has more than about :data:`LOADS`
    loads. Counters are not found to be equal, as copies would be, and are not merged.
    """
    held = held and tables.leaves > 1
    if not held:
        later = Signal(name=f"{tables.name}_later")
        m.d.sync += later.eq(step)
        step = later
    found = []
    for n, (start, stop) in enumerate(parts(tables.width, max(1, LOADS // tables.leaves))):
        suffix, words = str(n) if n else "", tables.part(start, stop)
        if tables.leaves == 1:
            m.submodules[f"{tables.name}{suffix}"] = memory = read_only(words, width=stop - start, block=False)
            port = memory.read_port()
            m.d.comb += port.addr.eq(count_round(m, step, f"{tables.name}_address{suffix}", len(words)))
            found.append(port.data)
        else:
            found.append(_read_leaves(m, step, words, stop - start, f"{tables.name}{suffix}"))
    word = Cat(found)
    if not held:
        return word
    registered = Signal(tables.width, name=f"{tables.name}_word", reset_less=True)
    m.d.sync += registered.eq(word)
    return registered


def _read_leaves(m: Module, step: Value, words: list[int], width: int, name: str) -> Value:
    """The word of a memory of several tables in depth, one cycle after the step."""
    count = -(-len(words) // LEAF)
    row, turn = Signal(range(LEAF), name=f"{name}_row"), Signal(count, init=1, name=f"{name}_turn")
    rest = len(words) - LEAF * (count - 1)
    ends = Signal(name=f"{name}_ends")
    m.d.comb += ends.eq(row.all() | (turn[-1] & (row == rest - 1)))
    with m.If(step):
        m.d.sync += [row.eq(Mux(ends, 0, row + 1)), turn.eq(Mux(ends, turn.rotate_left(1), turn))]
    leaves = []
    for n in range(count):
        leaf = words[LEAF * n : LEAF * (n + 1)]
        m.submodules[f"{name}_leaf{n}"] = memory = read_only(leaf + [0] * (LEAF - len(leaf)), width=width, block=False)
        port = memory.read_port(domain="comb")
        held = Signal(width, name=f"{name}_word{n}", reset_less=True)
        m.d.comb += port.addr.eq(row)
        m.d.sync += held.eq(Mux(turn[n], port.data, Const(0, width)))
        leaves.append(held)
    return reduce(or_, leaves)


def count_round(m: Module, step: Value, name: str, depth: int) -> Signal:
    """A number that goes on with each step, up to ``depth`` and round again."""
    number = Signal(range(depth), name=name)
    with m.If(step):
        m.d.sync += number.eq(Mux(number == depth - 1, 0, number + 1))
    return number


def table_cells(size: MemorySize) -> int:
    """Logic cells of such a memory: its tables, those that bring them together, and counters for each part."""
    leaves = -(-size.depth // LEAF)
    counters = -(-size.width // max(1, LOADS // leaves)) * (8 + leaves)
    return size.width * (leaves + -(-(leaves - 1) // 3)) + counters


def parts(width: int, most: int) -> Iterator[tuple[int, int]]:
    """Begin and end of parts of a word, as few and as even as may be."""
    count = -(-width // most)
    for n in range(count):
        yield n * width // count, (n + 1) * width // count
