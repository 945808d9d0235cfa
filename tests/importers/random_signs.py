"""The sign of a number, as people and tools write it: +1 where it is at least 0, else -1."""

__all__ = ["SIGNS", "bipolar", "larq", "where"]


def where(w, x):
    zero = 0.0
    return w.pick(
        lambda: w.op("Where", w.op("GreaterOrEqual", x, zero), 1.0, -1.0),
        lambda: w.op("Where", w.op("Less", x, zero), -1.0, 1.0),
        lambda: w.op("Where", w.op("LessOrEqual", zero, x), 1.0, -1.0),
        lambda: w.op("Where", w.op("Greater", zero, x), -1.0, 1.0),
        lambda: w.op("Where", w.op("Not", w.op("Less", x, zero)), 1.0, -1.0),
    )()


def cast(w, x):
    bit = w.floats(w.op("GreaterOrEqual", x, 0.0))
    return w.pick(
        lambda: w.op("Sub", w.either("Mul", bit, 2.0), 1.0),
        lambda: w.either("Mul", w.op("Sub", bit, 0.5), 2.0),
        lambda: w.op("Sub", bit, w.op("Sub", 1.0, bit)),
        lambda: w.op("Sub", 1.0, w.either("Mul", w.floats(w.op("Less", x, 0.0)), 2.0)),
    )()


def larq(w, x):
    return w.op("Sign", w.either("Add", w.op("Sign", x), w.pick(0.1, 0.5)))


def without_zero(w, x):
    s = w.op("Sign", x)
    return w.pick(
        lambda: w.op("Where", w.op("Equal", x, 0.0), 1.0, s),
        lambda: w.op("Where", w.op("Equal", s, 0.0), 1.0, s),
        lambda: w.op("Add", s, w.floats(w.op("Equal", s, 0.0))),
        lambda: w.op("Add", s, w.op("Sub", 1.0, w.op("Abs", s))),
    )()


def detach(w, x):
    s = where(w, x)
    soft = w.pick(
        lambda: x,
        lambda: w.op("Clip", x, -1.0, 1.0),
        lambda: w.op("Max", w.op("Min", x, 1.0), -1.0),
        lambda: w.op("Tanh", x) if w.data else x,
        lambda: w.either("Mul", x, 0.5),
    )()
    return w.pick(
        lambda: w.op("Add", soft, w.op("Sub", s, soft)),
        lambda: w.op("Add", w.op("Sub", s, soft), soft),
        lambda: w.op("Sub", s, w.op("Sub", soft, soft)),
    )()


def bipolar(w, x):
    return w.op("BipolarQuant", x, 1.0)


SIGNS = [where, cast, larq, without_zero, detach, bipolar]
