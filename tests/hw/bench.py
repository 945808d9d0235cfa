"""One bench for every stream component: beats in, beats out, with or without stalls on both sides."""

import random
from dataclasses import dataclass

from amaranth.lib import wiring
from amaranth.sim import Simulator

__all__ = ["STALLS", "Run", "stream"]

STALLS = (0.0, 0.4)
"""Share of the cycles in which either side does nothing."""


@dataclass(frozen=True)
class Run:
    """What a bench saw: beats that left, and the cycles in which beats were taken and given."""

    beats: list[int]
    taken: list[int]
    given: list[int]


def stream(
    dut: wiring.Component,
    beats: list[int],
    *,
    count: int,
    second: list[int] | None = None,
    stalls: float = 0.0,
    timeout: int = 20_000,
) -> Run:
    """Send ``beats`` into ``dut.i`` and wait for ``count`` beats from ``dut.o``; check the protocol in each cycle.

    What joins two streams gets ``second`` into ``dut.second``.
    """
    rng = random.Random(0)
    sent, came, taken, given = list(beats), [], [], []

    async def bench(ctx):
        waiting = None
        for cycle in range(timeout):
            # A beat that is offered stays: valid never goes back before the transfer.
            if not ctx.get(dut.i.valid):
                offer = bool(sent) and rng.random() >= stalls
                ctx.set(dut.i.valid, offer)
                ctx.set(dut.i.payload, sent[0] if offer else rng.getrandbits(len(dut.i.payload)))
            ctx.set(dut.o.ready, rng.random() >= stalls)
            sample = (dut.i.valid, dut.i.ready, dut.o.valid, dut.o.ready, dut.o.payload)
            _, _, i_valid, i_ready, o_valid, o_ready, payload = await ctx.tick().sample(*sample)
            if waiting is not None:
                assert (o_valid, payload) == (1, waiting), f"the beat changed while it waited, cycle {cycle}"
            waiting = payload if o_valid and not o_ready else None
            if i_valid and i_ready:
                taken.append(cycle)
                sent.pop(0)
                ctx.set(dut.i.valid, 0)
            if o_valid and o_ready:
                given.append(cycle)
                came.append(payload)
            if len(came) == count and not sent:
                return
        raise AssertionError(f"{len(came)} of {count} beats came in {timeout} cycles")

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    if second is not None:
        simulator.add_testbench(_source(dut.second, second, stalls), background=True)
    simulator.run()
    return Run(came, taken, given)


def _source(port, beats: list[int], stalls: float):
    """A test bench that sends beats into a stream."""
    rng = random.Random(1)

    async def send(ctx):
        for beat in beats:
            while rng.random() < stalls:
                await ctx.tick()
            ctx.set(port.payload, beat)
            ctx.set(port.valid, 1)
            await ctx.tick().until(port.ready)
            ctx.set(port.valid, 0)

    return send
