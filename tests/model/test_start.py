"""Trainings that begin with a network: it is what the module computes first, and is made better."""

import dataclasses

import numpy as np
import pytest
import torch

from tests.model.modules import exported
from tests.model.trainings import DIGITS, assert_equal_everywhere, equal, recipe, weights
from xnorflow.model import golden
from xnorflow.model.ir import MaxPool, SumPool
from xnorflow.model.outlines import Block, Filters, Neurons
from xnorflow.model.store import fingerprint
from xnorflow.model.training.layers import BinaryConv2d, BinaryLinear, module_for
from xnorflow.model.training.start import start_from
from xnorflow.model.training.train import classes, train
from xnorflow.model.zoo import ZOO, random_network


@pytest.mark.parametrize("name", ["digits", "mnist-cnn", "cnv"])
def test_a_module_that_starts_from_a_network_computes_what_it_does(name):
    network, definition = random_network(name, seed=1), ZOO[name]
    module = module_for(definition).eval()
    images = np.random.default_rng(seed=0).integers(0, 256, (30, *network.input.shape), np.uint8)
    start_from(module, network, torch.from_numpy(images), latent=0.3)
    assert_equal_everywhere(network, module, images)
    head = module[-1]
    assert set(head.weight.abs().unique().tolist()) == {np.float32(0.3)}
    # Learnt levels and thresholds come back as they were, so that the file is the same again.
    again = exported(module, name=network.name, dataset=network.dataset, provenance=network.provenance)
    assert np.array_equal(golden.predict(again, images), golden.predict(network, images))


def test_a_training_goes_on_from_a_network_and_makes_it_better(digits):
    first = train(DIGITS, digits, recipe=recipe(epochs=5), seed=1)
    network = exported(first.module, name="digits")
    further = train(DIGITS, digits, recipe=recipe(epochs=10, rate=0.005, init=0.1), seed=1, start=network)
    assert further.history[0].validation_accuracy > first.history[0].validation_accuracy
    assert further.history[-1].validation_accuracy > first.history[-1].validation_accuracy
    assert further.provenance["start"] == fingerprint(network).hex()


SMALL = dataclasses.replace(
    DIGITS,
    input=dataclasses.replace(ZOO["cnv"].input, shape=(8, 8)),
    layers=(
        *(Filters(12, padding=(1, 1), bits=2), MaxPool(), Block((Filters(12, padding=(1, 1), bits=2),))),
        *(
            Block((Filters(12, padding=(1, 1), bits=2), Filters(12, padding=(1, 1), bits=2))),
            SumPool((2, 2)),
            Neurons(12),
        ),
    ),
)


def test_a_residual_network_is_learnt_interrupted_exported_and_started_from(digits, tmp_path):
    def interrupt(epoch):
        if epoch.number == 2:
            raise KeyboardInterrupt

    how = {"recipe": recipe(epochs=4, batch=64, rate=0.01, init=0.2), "seed": 3}
    once = train(SMALL, digits, **how)
    with pytest.raises(KeyboardInterrupt):
        train(SMALL, digits, **how, checkpoint=tmp_path / "run", on_epoch=interrupt)
    trained = train(SMALL, digits, **how, checkpoint=tmp_path / "run")
    assert equal(weights(trained), weights(once))
    assert trained.history[-1].loss < trained.history[0].loss
    network = exported(trained.module, name="small")
    images = digits.train_images[:300]
    assert np.array_equal(golden.predict(network, images), classes(trained.module, images))
    # Distances between its levels are rounded to whole sums, so that this is nearly the same only, layer by layer.
    module = module_for(SMALL)
    start_from(module, network, torch.from_numpy(images), latent=0.2)
    with torch.no_grad():
        found = module.eval()[:7](torch.from_numpy(images)).permute(0, 2, 3, 1).numpy()
    assert (found == golden.trace(network, images)[4]).mean() > 0.95
    assert all(
        torch.equal(ours.sign(), theirs.sign())
        for ours, theirs in zip(*map(latents, (module, trained.module)), strict=True)
    )


def latents(module):
    return [part.weight for part in module.modules() if isinstance(part, BinaryLinear | BinaryConv2d)]


def test_a_network_of_bits_starts_one_of_levels(digits):
    trained = train(DIGITS, digits, recipe=recipe(epochs=40), seed=1)
    network = exported(trained.module, name="digits")
    finer = module_for(dataclasses.replace(DIGITS, layers=(Neurons(96, bits=2), Neurons(64, bits=2))))
    start_from(finer, network, torch.from_numpy(digits.train_images), latent=0.2)
    found, known = classes(finer.eval(), digits.test_images), golden.predict(network, digits.test_images)
    assert (found == known).mean() > 0.7


def test_a_network_without_residuals_is_no_start_for_one_with(digits):
    plain = dataclasses.replace(SMALL, layers=tuple(_unfolded(SMALL.layers)))
    network = exported(module_for(plain), name="plain")
    with pytest.raises(ValueError, match=r"^the network to start from must have the same residuals$"):
        start_from(module_for(SMALL), network, torch.from_numpy(digits.train_images[:9]), latent=0.2)
    other = exported(module_for(SMALL), name="small")
    with pytest.raises(
        ValueError, match=r"^the network to start from must have no conv2d2 that is added to something$"
    ):
        start_from(module_for(plain), other, torch.from_numpy(digits.train_images[:9]), latent=0.2)


def _unfolded(layers):
    for layer in layers:
        yield from layer.main if isinstance(layer, Block) else (layer,)


def test_a_network_of_other_layers_is_no_start(digits):
    with pytest.raises(
        ValueError,
        match=r"^the network to start from must have weights of 96x192 64x96 10x64, not 64x784 64x64 64x64 10x64$",
    ):
        train(DIGITS, digits, recipe=recipe(epochs=1), start=random_network("tfc"))
