# amaranth: UnusedElaboratable=no
"""Random and mutated messages at the board's UART: none hangs it, none gets a wrong answer."""

import random

import pytest
from amaranth.sim import Simulator

from tests.boards.host import DIVISOR, encoded, reply, request, serial_accelerator
from tests.boards.serial import read_bytes, send_bytes
from tests.networks import random_images
from xnorflow.boards.protocol import Decoder, Kind
from xnorflow.model import golden

PAUSE = [1] * 60 * 10 * DIVISOR
"""Long enough for all replies that wait to leave."""

ROUND = 20
"""Messages between those that must be answered."""


def flip(rng, data):
    for _ in range(rng.choice([1, 1, 2, 5])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def drop(rng, data):
    first = rng.randrange(len(data))
    del data[first : first + rng.choice([1, 1, 2, 7])]


def repeat(rng, data):
    place = rng.randrange(len(data))
    data[place:place] = data[place : place + rng.choice([1, 1, 2, 7])]


def insert(rng, data):
    place = rng.randrange(len(data) + 1)
    data[place:place] = rng.choices([*rng.randbytes(6), 0x7D, 0x7E], k=rng.choice([1, 2, 9]))


def cut(rng, data):
    del data[rng.randrange(len(data)) :]


def replace(rng, data):
    data[:] = rng.randbytes(rng.randrange(1, 30))


def swap(rng, data):
    one, other = rng.randrange(len(data)), rng.randrange(len(data))
    data[one], data[other] = data[other], data[one]


MUTATIONS = [flip, drop, repeat, insert, cut, replace, swap]


def spoiled(rng, data):
    """The message, two of three times after some mutations."""
    data = bytearray(data)
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        if data:
            rng.choice(MUTATIONS)(rng, data)
    return data


def noisy(rng, levels):
    """The line, now and then with a spike, a break, or a rate that is off by more than it may."""
    if rng.random() < 0.1 and levels:
        first = rng.randrange(len(levels))
        levels[first : first + rng.choice([1, 3, 60])] = [rng.randrange(2)] * rng.choice([1, 3, 60])
    return levels


def run(dut, levels):
    answered = []

    async def bench(ctx):
        for level in levels:
            ctx.set(dut.rx, level)
            _, _, tx = await ctx.tick().sample(dut.tx)
            answered.append(tx)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    decoder = Decoder()
    messages = list(decoder.feed(bytes(read_bytes(answered, divisor=DIVISOR))))
    assert decoder.damaged == 0
    return messages


def fuzz(*, count, seed, **parameters):
    rng = random.Random(seed)
    dut = serial_accelerator(**parameters)
    images = random_images(dut.accelerator.network, 256, seed=seed)
    classes = golden.predict(dut.accelerator.network, images).tolist()
    requests = [request(Kind.CLASS, tag, frame) for tag, frame in enumerate(encoded(dut, images))]
    due = [reply(Kind.CLASS, tag, bytes([number])) for tag, number in enumerate(classes)]
    answered = 0
    for start in range(0, count, ROUND):
        levels, last = [1] * 10, (start // ROUND) % 256
        for _ in range(ROUND - 1):
            levels += noisy(rng, send_bytes(spoiled(rng, rng.choice(requests)), divisor=DIVISOR))
            levels += [1] * rng.choice([0, 0, 1, 15, 500])
        messages = run(dut, levels + PAUSE + send_bytes(requests[last], divisor=DIVISOR) + PAUSE)
        assert messages[-1] == due[last]
        for message in messages:
            if message.type == due[0].type:
                assert message == due[message.tag]
                answered += 1
            else:
                assert message.type in {reply(kind, 0).type for kind in Kind if kind is not Kind.HELLO}
    # A third of the messages are not spoiled, and not many of these lie beside one that is.
    assert answered > count // 8


@pytest.mark.parametrize("input_bytes", [1, 3])
def test_no_message_hangs_the_board_or_gets_a_wrong_answer(input_bytes):
    fuzz(count=100, seed=input_bytes, input_bytes=input_bytes)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_thousand_messages():
    fuzz(count=10_000, seed=0)
