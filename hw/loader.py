"""What fills SPRAM: bytes of a file in, words for each SPRAM out, and whether the check sum was right."""

from collections.abc import Iterator

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..model.store import fingerprint
from .accelerator import Accelerator
from .checksum import Checksum
from .grouping import group_weights
from .memory import Rom
from .mvu import Product
from .spram import SPRAM_WIDTH, load_port, spram_words, sprams_of
from .stage import Location, Place
from .weights_file import CHECK_BYTES, pack_weights

__all__ = ["WeightLoader", "load_cycles", "mark_cycles", "network_mark", "weights_file"]


class WeightLoader(wiring.Component):
    """Take a file of weights, as :func:`weights_file` makes it, until one was right.

    Of a file that was wrong nothing is kept, and it takes the next one from its first byte on.

    Parameters
    ----------
    sprams : :class:`int`
        SPRAMs to fill, one after the other.
    network : :class:`bytes`
        What makes the check sum of a file for another network wrong.
    replaceable : :class:`bool`
        What tells the network is in block RAM, so that it can be replaced, or else in logic.
    startup_cycles : :class:`int`
        Cycles after configuration in which that block RAM cannot be read yet.

    Members
    -------
    i : stream of 8 bits, in
        The file; a byte every ``INTERVAL`` cycles.
    load : as :func:`~.spram.load_port` has it, out
        Words for the SPRAMs.
    loaded : 1, out
        High from when a whole file was right.
    wrong : 1, out
        High for a cycle when the check sum of a whole file was wrong.
    """

    INTERVAL = Checksum.INTERVAL + 1
    """Cycles of a byte: whether the check sum is idle comes from a register."""

    def __init__(self, *, sprams: int, network: bytes, replaceable: bool = False, startup_cycles: int = 0) -> None:
        self.sprams = sprams
        self.network = network
        self.replaceable = replaceable
        # A memory's first word is there after a cycle.
        self.startup_cycles = max(1, startup_cycles)
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "load": Out(load_port(sprams)),
                "loaded": Out(1),
                "wrong": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.checksum = checksum = Checksum(before=b"" if self.replaceable else self.network)
        # Whose turn it is: each SPRAM's, then the check sum's.
        turn = Signal(self.sprams + 1, init=1)
        odd, due, judging, checks = Signal(), Signal(), Signal(), Signal(range(CHECK_BYTES))
        marked = Signal(init=not self.replaceable)
        word, taken, checking = Signal(SPRAM_WIDTH, reset_less=True), Signal(), turn[self.sprams]
        # Both hold for long before they count, so that these paths are short.
        idle, final = Signal(), Signal()
        m.d.sync += [idle.eq(checksum.idle & ~checksum.load), final.eq((turn[: self.sprams] & self.load.final).any())]
        m.d.comb += [
            self.i.ready.eq(idle & ~judging & ~self.loaded & marked),
            taken.eq(self.i.valid & self.i.ready),
            checksum.data.eq(self.i.payload),
            checksum.load.eq(taken),
            self.load.word.eq(word),
            self.load.write.eq(turn[: self.sprams] & due.replicate(self.sprams)),
        ]
        m.d.sync += [due.eq(taken & odd), self.wrong.eq(0)]
        with m.If(taken):
            m.d.sync += [word.eq(Cat(word[8:], self.i.payload)), odd.eq(~odd & ~checking)]
            with m.If(checking):
                m.d.sync += [checks.eq(checks + 1), judging.eq(checks == CHECK_BYTES - 1)]
        with m.If(due & ~checking & final):
            m.d.sync += turn.eq(turn << 1)
        with m.If(judging & idle):
            m.d.comb += checksum.start.eq(1)
            m.d.sync += [judging.eq(0), turn.eq(1), self.loaded.eq(checksum.match), self.wrong.eq(~checksum.match)]
        if self.replaceable:
            self._mark(m, checksum, idle, judging, marked)
        return m

    def _mark(self, m: Module, checksum: Checksum, idle: Signal, judging: Signal, marked: Signal) -> None:
        """Put what tells the network into the check sum, byte by byte, before each file."""
        m.submodules.mark = mark = Rom(width=8, words=self.network, block=True)
        place, asleep = Signal(range(len(self.network) + 1)), Signal(range(self.startup_cycles + 1))
        m.d.comb += [mark.address.eq(place), marked.eq(place == len(self.network))]
        with m.If(asleep != self.startup_cycles):
            m.d.sync += asleep.eq(asleep + 1)
        with m.Elif(judging):
            m.d.sync += place.eq(0)
        # A byte is there a cycle behind its address: the check sum is busy with the one before for longer.
        with m.Elif(idle & ~marked):
            m.d.comb += [checksum.data.eq(mark.data), checksum.load.eq(1)]
            m.d.sync += place.eq(place + 1)


def _loaded(accelerator: Accelerator) -> Iterator[tuple[Product, Location]]:
    """The products with weights in SPRAM, in the order in which these are loaded."""
    for stages, places in zip(accelerator.plan, accelerator.places, strict=True):
        for stage in stages:
            if isinstance(stage, Product) and places["weights"] in (Place.SPRAM, Place.SPLIT):
                yield stage, places["weights"]


def weights_file(accelerator: Accelerator) -> bytes:
    """The file that a core with SPRAM takes before its first frame: layer by layer, group by group."""
    words: list[int] = []
    for product, place in _loaded(accelerator):
        for size, rows in group_weights(product.layer, product.folding, port=accelerator.family.bram_width):
            width = size * product.folding.simd
            words += spram_words(rows, width=width, sprams=sprams_of(place, width))
    return pack_weights(words, network=network_mark(accelerator))


def network_mark(accelerator: Accelerator) -> bytes:
    """What tells the network in the check sum: so much of its hash as the link tells."""
    return fingerprint(accelerator.network)[:8]


def mark_cycles(accelerator: Accelerator) -> int:
    """Clock cycles from the reset to when the first byte of a file is taken, at the earliest."""
    if not accelerator.reweightable:
        return 0
    return max(1, accelerator.startup_cycles) + WeightLoader.INTERVAL * len(network_mark(accelerator))


def load_cycles(accelerator: Accelerator, *, byte: int = WeightLoader.INTERVAL) -> int:
    """Clock cycles from the first byte's transfer to when the core takes frames, with a byte every ``byte`` cycles."""
    words = sum(
        count * sprams_of(place, size * product.folding.simd) * product.folding.interval(product.layer)
        for product, place in _loaded(accelerator)
        for size, count in product.group_runs(accelerator.family)
    )
    return byte * (2 * words + CHECK_BYTES - 1) + WeightLoader.INTERVAL + 1
