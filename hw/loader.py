"""What fills SPRAM: bytes of a file in, words for each SPRAM out, and whether the check sum was right."""

from collections.abc import Iterator

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..model.store import fingerprint
from .accelerator import Accelerator
from .checksum import Checksum
from .mvu import Product, group_weights
from .spram import SPRAM_WIDTH, load_port, spram_words, sprams_of
from .stage import Place
from .weights_file import CHECK_BYTES, pack_weights

__all__ = ["WeightLoader", "load_cycles", "network_mark", "weights_file"]


class WeightLoader(wiring.Component):
    """Take a file of weights, as :func:`weights_file` makes it, until one was right.

    Of a file that was wrong nothing is kept, and it takes the next one from its first byte on.

    Parameters
    ----------
    sprams : :class:`int`
        SPRAMs to fill, one after the other.
    network : :class:`bytes`
        What of a file for another network makes the check sum wrong.

    Members
    -------
    i : stream of 8 bits, in
        The file; a byte every :attr:`Checksum.INTERVAL <~.checksum.Checksum.INTERVAL>` cycles.
    load : as :func:`~.spram.load_port` has it, out
        Words for the SPRAMs.
    loaded : 1, out
        High from when a whole file was right.
    wrong : 1, out
        High for a cycle when the check sum of a whole file was wrong.
    """

    def __init__(self, *, sprams: int, network: bytes) -> None:
        self.sprams = sprams
        self.network = network
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
        m.submodules.checksum = checksum = Checksum(before=self.network)
        # Whose turn it is: each SPRAM's, then the check sum's.
        turn = Signal(self.sprams + 1, init=1)
        odd, due, judging, checks = Signal(), Signal(), Signal(), Signal(range(CHECK_BYTES))
        word, taken, checking = Signal(SPRAM_WIDTH, reset_less=True), Signal(), turn[self.sprams]
        m.d.comb += [
            self.i.ready.eq(checksum.idle & ~judging & ~self.loaded),
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
        with m.If((self.load.write & self.load.final).any()):
            m.d.sync += turn.eq(turn << 1)
        with m.If(judging & checksum.idle):
            m.d.comb += checksum.start.eq(1)
            m.d.sync += [judging.eq(0), turn.eq(1), self.loaded.eq(checksum.match), self.wrong.eq(~checksum.match)]
        return m


def _loaded(accelerator: Accelerator) -> Iterator[tuple[Product, Place]]:
    """The products with weights in SPRAM, in the order in which these are loaded."""
    for stages, places in zip(accelerator.plan, accelerator.places, strict=True):
        for stage in stages:
            if isinstance(stage, Product) and places["weights"] in (Place.SPRAM, Place.SPLIT):
                yield stage, places["weights"]


def weights_file(accelerator: Accelerator) -> bytes:
    """The file that a core with SPRAM takes before its first frame: layer by layer, group by group."""
    words: list[int] = []
    for product, place in _loaded(accelerator):
        for size, rows in group_weights(product, accelerator.family):
            width = size * product.folding.simd
            words += spram_words(rows, width=width, sprams=sprams_of(place, width))
    return pack_weights(words, network=network_mark(accelerator))


def network_mark(accelerator: Accelerator) -> bytes:
    """What tells the network in the check sum: so much of its hash as the link tells."""
    return fingerprint(accelerator.network)[:8]


def load_cycles(accelerator: Accelerator, *, byte: int = Checksum.INTERVAL) -> int:
    """Clock cycles from the first byte's transfer to when the core takes frames, with a byte every ``byte`` cycles."""
    words = sum(
        count * sprams_of(place, size * product.folding.simd) * product.folding.interval(product.layer)
        for product, place in _loaded(accelerator)
        for size, count in product.group_runs(accelerator.family)
    )
    return byte * (2 * words + CHECK_BYTES - 1) + Checksum.INTERVAL + 1
