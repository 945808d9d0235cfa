# amaranth: UnusedElaboratable=no
import random
from itertools import pairwise

import pytest
from amaranth.sim import Simulator

from tests.boards.serial import read_bytes, send_bytes
from xnorflow.boards.link.uart import UartReceiver, UartTransmitter, uart_divisor

DIVISORS = [4, 5, 8, 13, 104]
ALL_BITS = [0x00, 0xFF, 0x55, 0xAA, 0x01, 0x80]


def random_bytes(count):
    return [*ALL_BITS, *random.Random(0).randbytes(count - len(ALL_BITS))]


def receive(levels, *, divisor, patience=0):
    """Bytes that the receiver gives for these levels when each waits ``patience`` cycles, and errors it reports."""
    dut = UartReceiver(divisor=divisor)
    came, errors, waited = [], 0, 0

    async def bench(ctx):
        nonlocal errors, waited
        for level in [*levels, *[1] * (2 * divisor + patience)]:
            ctx.set(dut.rx, level)
            waited = waited + 1 if ctx.get(dut.o.valid) else 0
            ctx.set(dut.o.ready, waited > patience)
            _, _, valid, ready, payload, error = await ctx.tick().sample(
                dut.o.valid, dut.o.ready, dut.o.payload, dut.error
            )
            if valid and ready:
                came.append(payload)
                waited = 0
            errors += error

    run(dut, bench)
    return came, errors


def run(dut, bench):
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("off", [-0.02, 0.0, 0.02])
@pytest.mark.parametrize("divisor", DIVISORS)
def test_receiver_takes_back_to_back_bytes_at_rates_that_are_off(divisor, off):
    data = random_bytes(30)
    assert receive(send_bytes(data, divisor=divisor * (1 + off)), divisor=divisor) == (data, 0)


@pytest.mark.parametrize("divisor", DIVISORS)
def test_receiver_takes_bytes_with_gaps(divisor):
    data = random_bytes(20)
    assert receive(send_bytes(data, divisor=divisor, gap=2.7 * divisor), divisor=divisor) == (data, 0)


def test_byte_waits_until_it_is_taken():
    data = random_bytes(20)
    assert receive(send_bytes(data, divisor=8), divisor=8, patience=60) == (data, 0)


def test_byte_that_comes_before_the_last_one_left_is_lost_and_reported():
    assert receive(send_bytes([1, 2, 3], divisor=8), divisor=8, patience=100) == ([1, 3], 1)


def test_break_is_one_error_and_the_next_byte_comes():
    levels = [1] * 10 + [0] * 500 + [1] * 10 + send_bytes([0x5A], divisor=8)
    assert receive(levels, divisor=8) == ([0x5A], 1)


def test_spike_is_no_byte():
    levels = [1] * 10 + [0, 0] + [1] * 40 + send_bytes([0x5A], divisor=8)
    assert receive(levels, divisor=8) == ([0x5A], 0)


@pytest.mark.parametrize("gap", [0, 7])
@pytest.mark.parametrize("divisor", DIVISORS)
def test_transmitter_sends_a_byte_in_ten_bits(divisor, gap):
    data = random_bytes(12)
    dut = UartTransmitter(divisor=divisor)
    levels, taken = [], []

    async def bench(ctx):
        left, quiet = list(data), 0
        for cycle in range((10 * divisor + gap + 1) * len(data) + 10):
            ctx.set(dut.i.valid, bool(left) and not quiet)
            ctx.set(dut.i.payload, left[0] if left else 0)
            quiet = max(0, quiet - 1)
            _, _, valid, ready, tx = await ctx.tick().sample(dut.i.valid, dut.i.ready, dut.tx)
            levels.append(tx)
            if valid and ready:
                taken.append(cycle)
                left.pop(0)
                quiet = 10 * divisor + gap if gap else 0

    run(dut, bench)
    assert read_bytes(levels, divisor=divisor) == data
    expected = 10 * divisor + (gap + 1 if gap else 0)
    assert {later - earlier for earlier, later in pairwise(taken)} == {expected}


@pytest.mark.parametrize("component", [UartReceiver, UartTransmitter])
def test_divisor_is_checked(component):
    with pytest.raises(ValueError, match=r"^divisor must be at least 4, not 3$"):
        component(divisor=3)


@pytest.mark.parametrize(("clock_mhz", "baud", "divisor"), [(12, 115200, 104), (36, 1_000_000, 36), (12, 3_000_000, 4)])
def test_divisor_of_clock_and_rate(clock_mhz, baud, divisor):
    assert uart_divisor(clock_mhz=clock_mhz, baud=baud) == divisor


@pytest.mark.parametrize(("clock_mhz", "baud"), [(12, 4_000_000), (25, 3_000_000)])
def test_rate_must_fit_the_clock(clock_mhz, baud):
    message = rf"^baud must be a clock of {clock_mhz} MHz divided by a whole number from 4 up, not {baud}$"
    with pytest.raises(ValueError, match=message):
        uart_divisor(clock_mhz=clock_mhz, baud=baud)
