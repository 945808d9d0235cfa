"""A core with more ports than a package has pins, made to fit for place and route."""

from amaranth.hdl import Cat, Elaboratable, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Harness", "port_bits"]


def port_bits(core: wiring.Component) -> int:
    """Bits of all ports of a core, its clock and reset aside."""
    return sum(len(getattr(core, name)) for name in core.signature.members)


class Harness(wiring.Component):
    """A core whose inputs come from a shift register and whose outputs go to one, so that nothing is optimized away.

    Parameters
    ----------
    core : component
        The core; its ports are flat.

    Members
    -------
    i : 1, in
        Bits of the core's inputs, one per cycle.
    load : 1, in
        Take the core's outputs, instead of shifting them out.
    o : 1, out
        Bits of the core's outputs.
    """

    def __init__(self, core: wiring.Component) -> None:
        self.core = core
        super().__init__({"i": In(1), "load": In(1), "o": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        assert isinstance(self.core, Elaboratable)
        m.submodules.core = self.core
        members = self.core.signature.members
        inputs = Cat(getattr(self.core, name) for name, member in members.items() if member.flow is In)
        outputs = Cat(getattr(self.core, name) for name, member in members.items() if member.flow is Out)
        driven, caught = Signal(len(inputs), reset_less=True), Signal(len(outputs), reset_less=True)
        m.d.comb += [inputs.eq(driven), self.o.eq(caught[0])]
        m.d.sync += [driven.eq(Cat(self.i, driven)), caught.eq(caught[1:])]
        with m.If(self.load):
            m.d.sync += caught.eq(outputs)
        return m
