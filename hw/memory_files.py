"""Contents of memories in files of their own, beside the Verilog that reads them.

Verilog as yosys writes it assigns each word in an ``initial`` block, which other tools take minutes to read. What is
here instead, ``$readmemh`` of a file with one word in a line, all vendors' tools read at once.
"""

import re

from .text import MODULE, TextError

__all__ = ["BASES", "SUFFIX", "memory_files", "read_names"]

SUFFIX = ".mem"

MEMORY = re.compile(
    r"^  reg \[(?P<high>\d+):0\] (?P<name>\w+) \[(?P<last>\d+):0\];\n"
    r"  initial begin\n(?P<words>(?:    (?P=name)\[\d+\] = \S+;\n)+)  end$",
    re.MULTILINE,
)
WORD = re.compile(r"^    \w+\[(?P<place>\d+)\] = (?P<width>\d+)'(?P<base>[hd])(?P<digits>[0-9a-f]+);$", re.MULTILINE)
BASES = {"h": 16, "d": 10}
"""Of numbers in Verilog, by their letters."""
READ = re.compile(r'\$readmem[bh]\("(?P<name>[^"]*)"')
SAFE = re.compile(r"[A-Za-z0-9_.$]+")


def memory_files(text: str, *, top: str, prefix: str) -> tuple[str, dict[str, str]]:
    """Verilog with the contents of its memories in files, and these files by their names.

    A name is the prefix and the way to the module that has the memory, and the memory's own where it has several:
    ``core.dense0.product.group0.weights.mem``.

    Parameters
    ----------
    text : :class:`str`
        As :func:`~.text.tidy` gives it.
    top : :class:`str`
        Top module.
    prefix : :class:`str`
        How all names begin.

    Raises
    ------
    TextError
        When a memory is not of the form that is expected.
    """
    files: dict[str, str] = {}

    def module(found: re.Match[str]) -> str:
        memories = len(MEMORY.findall(found[0]))
        if found[0].count("initial begin") != memories:
            raise TextError(f"{found['name'].strip()}: has initial values that are no memory's of yosys 0.50")
        path = found["name"].strip().removeprefix("\\").removeprefix(top)

        def memory(one: re.Match[str]) -> str:
            own = f".{one['name']}" if memories > 1 or not path else ""
            name = f"{prefix}{path}{own}{SUFFIX}"
            if name in files or not SAFE.fullmatch(name):
                raise TextError(f"{name}: must be the name of one memory, of letters, digits, '_', '.' and '$'")
            files[name] = _contents(one, name)
            # Tools begin with the lowest word or, as the oldest standard has it, with the left one: here the same.
            return (
                f"  reg [{one['high']}:0] {one['name']} [0:{one['last']}];\n"
                f'  initial $readmemh("{name}", {one["name"]});'
            )

        return MEMORY.sub(memory, found[0])

    return MODULE.sub(module, text), files


def read_names(text: str) -> list[str]:
    """Names of the files that a Verilog text reads into memories."""
    return [found["name"] for found in READ.finditer(text)]


def _contents(memory: re.Match[str], name: str) -> str:
    """A memory's words in hexadecimal, one in a line; all of them."""
    width, words = int(memory["high"]) + 1, list(WORD.finditer(memory["words"]))
    if [int(word["place"]) for word in words] != list(range(int(memory["last"]) + 1)):
        raise TextError(f"{name}: must be words 0 to {memory['last']}, one after the other")
    digits = -(-width // 4)
    values = [int(word["digits"], BASES[word["base"]]) for word in words]
    if any(int(word["width"]) != width for word in words) or max(values) >> width:
        raise TextError(f"{name}: must be words of {width} bits")
    return "".join(f"{value:0{digits}x}\n" for value in values)
