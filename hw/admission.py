"""Take beats for a row that never stops, as long as its results have a place to wait."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream

__all__ = ["admit"]


def admit(
    m: Module, i: stream.Interface, o: stream.Interface, *, layout: data.Layout, beats: int, depth: int
) -> data.View:
    """Take beats as long as results have a place in the queue; give the first group's input.

    Its bits come a cycle after the rest. Whether the next beat can be taken is worked out one cycle ahead, so that
    ready comes from a register.

    Parameters
    ----------
    m : :class:`~amaranth.hdl.Module`
        Where this is part of.
    i, o : streams
        Beats that come, and results that leave the queue.
    layout : layout
        What a group takes: ``bits``, ``valid``, and ``last``, which ends a group of neurons.
    beats : :class:`int`
        Beats of a group of neurons.
    depth : :class:`int`
        Places of the queue.
    """
    places, left = Signal(range(depth + 1), init=depth), Signal()
    synapses, ready, first, last = Signal(range(beats)), Signal(init=1), Signal(init=1), Signal(init=beats == 1)
    beat, later = Signal(layout), Signal.like(i.payload, name="later_bits", reset_less=True)
    take, following = Signal(), Signal.like(places)
    m.d.comb += [
        i.ready.eq(ready),
        take.eq(i.valid & ready),
        following.eq(places - (take & first) + left),
        beat.bits.eq(later),
        beat.valid.eq(take),
        beat.last.eq(last),
    ]
    m.d.sync += [
        later.eq(i.payload),
        left.eq(o.valid & o.ready),
        places.eq(following),
        ready.eq((following != 0) | ~Mux(take, last, first)),
    ]
    with m.If(take):
        m.d.sync += [
            first.eq(last),
            last.eq(synapses == (beats - 2) % beats),
            synapses.eq(Mux(last, 0, synapses + 1)),
        ]
    return beat
