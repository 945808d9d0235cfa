"""Words of memories, which go past Amaranth and its yosys into their Verilog: those take seconds for a million bits.

Amaranth writes the contents of a memory bit by bit. Here it writes the first word alone, which yosys puts into the
Verilog as it does with any; the others follow in the same form.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence

from amaranth.back.rtlil import ModuleEmitter

from .memory_files import BASES
from .text import MODULE, TextError

__all__ = ["Words", "only_first_words", "with_all_words"]

Words = Mapping[tuple[str, str], Sequence[int]]
"""Contents of each memory, by the names of its module and its own."""

FIRST = re.compile(
    r"^  reg \[(?P<high>\d+):0\] (?P<name>\w+) \[(?P<last>\d+):0\];\n"
    r"  initial begin\n"
    r"    (?P=name)\[0\] = (?P<width>\d+)'(?P<base>[hd])(?P<digits>[0-9a-f]+);\n",
    re.MULTILINE,
)


@contextlib.contextmanager
def only_first_words() -> Iterator[Words]:
    """Let Amaranth write the first word of each memory only; give all words of those that it has written."""
    words: dict[tuple[str, str], Sequence[int]] = {}
    all_words = ModuleEmitter.emit_memory

    # As Amaranth's own, but for the number of words.
    def first_word(self, cell_idx, cell):  # type: ignore[no-untyped-def]  # Amaranth has no types
        memory = self.memories[cell_idx].memid
        name = memory.removeprefix("\\")
        words[self.builder.name.removeprefix("\\"), name] = [word & (1 << cell.width) - 1 for word in cell.init]
        self.builder.cell(
            "$meminit_v2",
            ports={"ADDR": "{ }", "DATA": _bits(cell.init[0], cell.width), "EN": _bits(-1, cell.width)},
            parameters={"MEMID": memory, "ABITS": 0, "WIDTH": cell.width, "WORDS": 1, "PRIORITY": 0},
            src_loc=cell.src_loc,
        )

    ModuleEmitter.emit_memory = first_word
    try:
        yield words
    finally:
        ModuleEmitter.emit_memory = all_words


def with_all_words(text: str, words: Words) -> str:
    """Verilog of memories with their first words, as :func:`~.text.tidy` gives it, and the others behind these.

    Raises
    ------
    TextError
        When the text has other memories than those whose words there are.
    """
    left = set(words)

    def module(found: re.Match[str]) -> str:
        path = found["name"].strip().removeprefix("\\")

        def memory(first: re.Match[str]) -> str:
            contents, depth, width = (
                words.get((path, first["name"]), ()),
                int(first["last"]) + 1,
                int(first["high"]) + 1,
            )
            if len(contents) != depth or int(first["width"]) != width:
                raise TextError(f"{path}: {first['name']} must be of {depth} words of {width} bits")
            if int(first["digits"], BASES[first["base"]]) != contents[0]:
                raise TextError(f"{path}: {first['name']} must begin with {contents[0]}, not {first['digits']}")
            left.discard((path, first["name"]))
            return first[0] + _assignments(first, contents)

        return FIRST.sub(memory, found[0])

    whole = MODULE.sub(module, text)
    if left:
        path, name = min(left)
        raise TextError(f"{path}: {name} must be a memory with its first word in the Verilog from yosys")
    return whole


def _assignments(first: re.Match[str], words: Sequence[int]) -> str:
    """All words but the first, in the form that it has."""
    form = f"0{len(first['digits'])}x" if first["base"] == "h" else "d"
    head, tail = f"    {first['name']}[", f"] = {first['width']}'{first['base']}"
    return "".join(f"{head}{place}{tail}{words[place]:{form}};\n" for place in range(1, len(words)))


def _bits(value: int, width: int) -> str:
    """A constant in the language of yosys."""
    return f"{width}'{value & (1 << width) - 1:0{width}b}"
