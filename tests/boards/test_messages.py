# amaranth: UnusedElaboratable=no
"""The link's components one by one: protocol, check sum, receiver, dispatcher, replier, statistics."""

import random
import zlib

import pytest
from amaranth.sim import Simulator

from xnorflow.boards.link.dispatcher import Dispatcher
from xnorflow.boards.link.protocol import (
    REPLY,
    REQUEST,
    Decoder,
    Hello,
    Kind,
    Message,
    Statistics,
    encode_message,
)
from xnorflow.boards.link.receiver import MessageReceiver
from xnorflow.boards.link.replier import Replier
from xnorflow.boards.link.statistics import LinkStatistics
from xnorflow.hw.checksum import Checksum

HELLO = Hello(1, 2, 1, 98, 10, 2, 36_000_000, 128, b"\x7d\x7e345678")


def simulate(dut, *benches):
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    for bench in benches:
        simulator.add_testbench(bench)
    simulator.run()


def stalls(seed):
    """Whether to wait in each cycle; never for None."""
    if seed is None:
        return lambda: False
    rng = random.Random(seed)
    return lambda: rng.random() < 0.5


def test_message_on_the_line():
    message = encode_message(Message(0x41, 0x7E, b"\x7d"))
    check = zlib.crc32(b"\x41\x7e\x7d").to_bytes(4, "little")
    assert message == b"\x7e\x41\x7d\x5e\x7d\x5d" + check + b"\x7e"


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_decoder_finds_messages_in_pieces(step):
    rng = random.Random(0)
    messages = [Message(rng.randrange(256), rng.randrange(256), rng.randbytes(n)) for n in range(40)]
    line = b"\x00abc" + b"".join(encode_message(message) for message in messages) + b"\x7e\x7e\x7d\x7e"
    decoder = Decoder()
    found = [message for at in range(0, len(line), step) for message in decoder.feed(line[at : at + step])]
    assert found == messages
    assert decoder.damaged == 2


def test_decoder_gives_up_endless_noise():
    decoder = Decoder()
    assert list(decoder.feed(bytes(70_000))) == []
    assert decoder.damaged == 1
    assert list(decoder.feed(encode_message(Message(1, 2)))) == [Message(1, 2)]


def test_hello_and_back():
    assert Hello.parse(HELLO.pack()) == HELLO
    with pytest.raises(ValueError, match=r"^the protocol's version must be 1, not 2$"):
        Hello.parse(b"\x02" + HELLO.pack()[1:])
    with pytest.raises(ValueError, match=r"^the protocol's version must be 1, not nothing$"):
        Hello.parse(b"")


@pytest.mark.parametrize("data", [b"123456789", b"\x00", bytes(range(60))])
def test_check_sum_is_that_of_zlib(data):
    dut, matches, intervals = Checksum(), [], set()

    async def bench(ctx):
        for byte in data + zlib.crc32(data).to_bytes(4, "little"):
            ctx.set(dut.data, byte)
            ctx.set(dut.load, 1)
            await ctx.tick()
            ctx.set(dut.load, 0)
            cycles = 1
            while not ctx.get(dut.idle):
                await ctx.tick()
                cycles += 1
            intervals.add(cycles)
            matches.append(ctx.get(dut.match))
            if len(matches) == len(data):
                assert ctx.get(dut.crc) == zlib.crc32(data)
        ctx.set(dut.start, 1)
        await ctx.tick()
        assert ctx.get(dut.crc) == zlib.crc32(b"")

    simulate(dut, bench)
    assert matches[-1] == 1
    assert not any(matches[:-1])
    assert intervals == {Checksum.INTERVAL}


def items_of(line, *, seed, broken=()):
    """What the receiver gives for a line on which the bytes at these places were lost."""
    dut, items, wait = MessageReceiver(), [], stalls(seed)

    async def bench(ctx):
        for place, byte in enumerate(line):
            ctx.set(dut.broken, place in broken)
            if place in broken:
                await ctx.tick()
                ctx.set(dut.broken, 0)
                continue
            ctx.set(dut.i.payload, byte)
            ctx.set(dut.i.valid, 1)
            taken = False
            while not taken:
                ctx.set(dut.o.ready, not wait())
                _, _, taken, valid, ready, item = await ctx.tick().sample(
                    dut.i.ready, dut.o.valid, dut.o.ready, dut.o.payload
                )
                if valid and ready:
                    items.append((item.match, item.whole) if item.end else item.data)
            ctx.set(dut.i.valid, 0)

    simulate(dut, bench)
    return items


@pytest.mark.parametrize("seed", [None, 0])
def test_receiver_gives_bytes_and_ends(seed):
    first, second = b"\x40\x7e\x01", b"\x41\x7d\x02"
    check = [zlib.crc32(data).to_bytes(4, "little") for data in (first, second)]
    line = encode_message(Message(first[0], first[1], first[2:])) + encode_message(Message(0x41, 0x7D, b"\x02"))
    good = (1, 1)
    whole = [*first, *check[0], good, *second, *check[1], good]
    assert items_of(line, seed=seed) == whole
    assert items_of(b"\x7e\x7e" + line[:-1] + b"\x7e", seed=seed) == whole
    # A lost byte; an escape before a flag; two escapes.
    assert items_of(line, seed=seed, broken={4})[-9:] == [(0, 0), *whole[-8:]]
    assert items_of(b"\x7e" + line, seed=seed, broken={0}) == whole
    assert items_of(b"\x7e\x01\x7d\x7e" + line, seed=seed) == [1, (0, 0), *whole]
    assert items_of(b"\x7e\x01\x7d\x7d\x02\x7e" + line, seed=seed) == [1, 0x22, (0, 0), *whole]


def dispatch(messages, *, seed, room=100, beat_bytes=2):
    """Beats, tasks and events of messages, each its bytes and whether check sum and bytes were right."""
    dut, wait = Dispatcher(beats=2, beat_bytes=beat_bytes, scores=False), stalls(seed)
    beats, tasks, events = [], [], []
    items = [item for data, good in messages for item in (*({"data": byte} for byte in data), {"end": 1, **good})]

    async def bench(ctx):
        sent, idle = 0, 0
        while idle < 5:
            idle = idle + 1 if sent == len(items) else 0
            ctx.set(dut.i.valid, sent < len(items))
            ctx.set(dut.i.payload, items[sent] if sent < len(items) else {})
            ctx.set(dut.frames.tready, not wait())
            ctx.set(dut.tasks.ready, len(tasks) < room)
            _, _, ready, valid, beat, data, last, task_valid, task, *pulses = await ctx.tick().sample(
                dut.i.ready,
                dut.frames.tvalid,
                dut.frames.tready,
                dut.frames.tdata,
                dut.frames.tlast,
                dut.tasks.valid,
                dut.tasks.payload,
                dut.whole,
                dut.mismatch,
                dut.broken,
            )
            sent += ready and sent < len(items)
            if valid and beat:
                beats.append((data, last))
            if task_valid:
                tasks.append((task.kind, task.tag, task.asked))
            if any(pulses):
                events.append(pulses.index(1))

    simulate(dut, bench)
    return beats, tasks, events


GOOD, MISMATCH, BROKEN = {"match": 1, "whole": 1}, {"match": 0, "whole": 1}, {"match": 1, "whole": 0}
IMAGE = bytes((REQUEST + Kind.CLASS, 5)) + b"\x01\x02\x03\x04" + b"crc!"
FULL = [(0x0201, 0), (0x0403, 1)]


@pytest.mark.parametrize("seed", [None, 0])
@pytest.mark.parametrize(
    ("data", "good", "beats", "task", "event"),
    [
        (IMAGE, GOOD, FULL, (Kind.CLASS, 5, 1), 0),
        (IMAGE, MISMATCH, FULL, (Kind.DAMAGED, 5, 1), 1),
        (IMAGE, BROKEN, FULL, (Kind.DAMAGED, 5, 1), 2),
        # Too long by a byte, and too short: the last is a beat that ends what the core has begun.
        (IMAGE + b"x", GOOD, FULL, (Kind.REFUSED, 5, 1), 0),
        (IMAGE[:4], MISMATCH, [(0x0201, 0), (0x0201, 1)], (Kind.DAMAGED, 5, 1), 1),
        (IMAGE[:3], MISMATCH, [], (Kind.DAMAGED, 5, 0), 1),
        (bytes((REQUEST + Kind.SCORES, 5)) + IMAGE[2:], GOOD, [], (Kind.REFUSED, 5, 0), 0),
        (bytes((REQUEST + Kind.ECHO, 5)) + b"crc!", GOOD, [], (Kind.ECHO, 5, 0), 0),
        (bytes((REPLY + Kind.ECHO, 5)) + b"crc!", GOOD, [], (Kind.REFUSED, 5, 0), 0),
    ],
)
def test_dispatcher_pairs_each_frame_with_a_task(data, good, beats, task, event, seed):
    found = dispatch([(data, good), (IMAGE, GOOD)], seed=seed)
    assert found == (beats + FULL, [task, (Kind.CLASS, 5, 1)], [event, 0])


def test_dispatcher_passes_over_what_has_no_room():
    assert dispatch([(IMAGE, GOOD)] * 3, seed=None, room=1) == (FULL, [(Kind.CLASS, 5, 1)], [0, 0, 0])


def replies(tasks, answers, *, seed):
    """Messages for tasks, when the core gives these answers, and how many of these were left."""
    dut, wait = Replier(hello=HELLO, class_bytes=1, answer_bytes=3), stalls(seed)
    line, left, waiting = [], list(answers), list(tasks)

    async def bench(ctx):
        ctx.set(dut.statistics, 0x7E_00_00_03_02_01_00)
        for _ in range(2500):
            ctx.set(dut.tasks.valid, bool(waiting))
            ctx.set(dut.tasks.payload, waiting[0] if waiting else {})
            ctx.set(dut.answers.tvalid, bool(left))
            ctx.set(dut.answers.tdata, left[0] if left else 0)
            ctx.set(dut.o.ready, not wait())
            _, _, valid, ready, byte, task, answer = await ctx.tick().sample(
                dut.o.valid, dut.o.ready, dut.o.payload, dut.tasks.ready, dut.answers.tready
            )
            if valid and ready:
                line.append(byte)
            if task:
                waiting.pop(0)
            if answer:
                left.pop(0)

    simulate(dut, bench)
    decoder = Decoder()
    found = list(decoder.feed(bytes(line)))
    assert decoder.damaged == 0
    return found, len(left), len(waiting)


@pytest.mark.parametrize("seed", [None, 0])
def test_replier_sends_what_is_asked_for(seed):
    kinds = (Kind.HELLO, Kind.CLASS, Kind.DAMAGED, Kind.SCORES, Kind.DAMAGED, Kind.ECHO, Kind.STATISTICS, Kind.REFUSED)
    asked = (0, 1, 1, 1, 0, 0, 0, 0)
    tasks = [
        {"kind": kind, "tag": 0x7A + n, "asked": ask} for n, (kind, ask) in enumerate(zip(kinds, asked, strict=True))
    ]
    bodies = (HELLO.pack(), b"\x7e", b"", b"\x03\x7d\x7e", b"", b"", b"\x00\x01\x02\x03\x00\x00\x7e", b"")
    expected = [Message(REPLY + kind, 0x7A + n, body) for n, (kind, body) in enumerate(zip(kinds, bodies, strict=True))]
    # The second answer belongs to the damaged message, and is dropped.
    assert replies(tasks, [0x00_00_7E, 0xAA_AA_AA, 0x7E_7D_03], seed=seed) == (expected, 0, 0)


def test_replier_waits_for_the_core():
    assert replies([{"kind": Kind.CLASS, "tag": 1, "asked": 1}], [], seed=None) == ([], 0, 1)


def test_statistics_go_round_and_the_interval_stays():
    dut = LinkStatistics()

    async def bench(ctx):
        await ctx.tick().repeat(3)
        for cycles in (7, 12):
            ctx.set(dut.answered, 1)
            await ctx.tick()
            ctx.set(dut.answered, 0)
            await ctx.tick().repeat(cycles - 1)
        ctx.set(dut.answered, 1)
        await ctx.tick()
        ctx.set(dut.answered, 0)
        ctx.set(dut.mismatch, 1)
        await ctx.tick().repeat(257)
        ctx.set(dut.mismatch, 0)
        ctx.set(dut.whole, 1)
        ctx.set(dut.broken, 1)
        await ctx.tick().repeat(3)
        ctx.set(dut.take, 1)
        await ctx.tick()
        ctx.set(dut.take, 0)
        # They count on, but what was taken over holds still.
        await ctx.tick().repeat(5)
        assert Statistics.parse(ctx.get(dut.o).to_bytes(Statistics.BYTES, "little")) == Statistics(3, 1, 3, 12)

    simulate(dut, bench)
