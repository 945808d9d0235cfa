"""A host in simulation: requests on one line, and the messages on the other."""

from amaranth.sim import Simulator

from tests.boards.serial import read_bytes
from tests.networks import random_network
from xnorflow.boards.link.protocol import REPLY, REQUEST, Decoder, Kind, Message, encode_message
from xnorflow.boards.top import SerialAccelerator
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.folding import Folding
from xnorflow.model import golden

__all__ = ["CLOCK_HZ", "DIVISOR", "drive", "encoded", "infer", "reply", "request", "serial_accelerator"]

DIVISOR = 4
CLOCK_HZ = 12_000_000
FOLDINGS = (Folding(2, 8), Folding(5, 3))


def serial_accelerator(sizes=(24, 6, 10), foldings=FOLDINGS, *, divisor=DIVISOR, **parameters):
    accelerator = Accelerator(random_network(sizes), foldings, **parameters)
    return SerialAccelerator(accelerator, divisor=divisor, clock_hz=CLOCK_HZ)


def request(kind, tag, body=b""):
    return encode_message(Message(REQUEST + kind, tag, body))


def reply(kind, tag, body=b""):
    return Message(REPLY + kind, tag, body)


def encoded(dut, images):
    """The bytes of each image's frame."""
    data = dut.accelerator.encode(golden.quantize(dut.accelerator.network.input, images))
    size = len(data) // len(images)
    return [data[n * size : (n + 1) * size] for n in range(len(images))]


def infer(dut, images, *, kind=Kind.CLASS):
    """Requests for images, tagged from zero on."""
    return [request(kind, tag, frame) for tag, frame in enumerate(encoded(dut, images))]


def drive(dut, levels, *, cycles=1000, divisor=DIVISOR):
    """Messages on the answering line, and classes on the LEDs, while these levels are on the other."""
    answered, shown = [], []

    async def bench(ctx):
        for level in [*levels, *[1] * cycles]:
            ctx.set(dut.rx, level)
            _, _, tx, answer = await ctx.tick().sample(dut.tx, dut.answer)
            answered.append(tx)
            shown.append(answer)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    decoder = Decoder()
    messages = list(decoder.feed(bytes(read_bytes(answered, divisor=divisor))))
    assert decoder.damaged == 0
    return messages, shown
