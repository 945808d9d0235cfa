"""Random networks are of every kind, and their outputs vary."""

from collections import Counter

import numpy as np
import pytest

from tests.features import FEATURES, features
from tests.networks import random_images
from tests.networks_at_random import random_graph, random_graphs
from xnorflow.model import golden
from xnorflow.model.store import fingerprint

COUNT = 300


@pytest.fixture(scope="module")
def networks():
    return random_graphs(COUNT)


def test_every_kind_ending_padding_and_form_occurs(networks):
    counts = Counter(feature for network in networks for feature in features(network))
    assert {feature: counts[feature] for feature in FEATURES if counts[feature] < 3} == {}


def test_they_are_small(networks):
    for network in networks:
        assert max(network.input.shape) <= 27
        assert network.multiplications < 1 << 17
        assert max(tensor.width for tensor in network.tensors) <= 24


def test_outputs_vary(networks):
    scores = [golden.forward(network, random_images(network, 8)) for network in networks]
    assert sum(len(np.unique(rows, axis=0)) > 1 for rows in scores) > 0.9 * COUNT
    assert sum(len(np.unique(rows.argmax(axis=-1))) > 1 for rows in scores) > 0.6 * COUNT


def test_a_seed_always_gives_the_same():
    first, second = (random_graph(np.random.default_rng(7)) for _ in range(2))
    assert fingerprint(first) == fingerprint(second)
