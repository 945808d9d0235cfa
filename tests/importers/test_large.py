"""Graphs as large as the importer takes are read in seconds."""

import time

import numpy as np

from tests.importers.graphs import bipolar, bits, check, vector
from xnorflow.model.qonnx import import_qonnx


def seconds_of(call):
    began = time.process_time()
    result = call()
    return time.process_time() - began, result


def test_many_inputs_with_one_scale_are_looked_at_once(tmp_path):
    # An exact line for each of 65,536 inputs, asked for eight times each, took five minutes.
    rng = np.random.default_rng(seed=0)
    chain = bits(1, 1 << 16).add("MatMul", bipolar(rng, 1 << 16, 16)).add("BipolarQuant", 1.0)
    path = chain.add("MatMul", bipolar(rng, 16, 2)).save(tmp_path / "network.onnx")
    took, network = seconds_of(lambda: import_qonnx(path))
    assert took < 10
    assert network.input.shape == (1 << 16,)
    assert network.input.levels == (128,)


def test_more_classes_than_the_link_can_tell_are_refused_in_seconds(tmp_path):
    path = vector().add("MatMul", bipolar(np.random.default_rng(seed=0), 8, 1 << 16)).save(tmp_path / "network.onnx")
    took, _ = seconds_of(lambda: check(path, "scores0: classes must be at most 65535, not 65536"))
    assert took < 60
