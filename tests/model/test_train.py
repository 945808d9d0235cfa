"""Training: reproducible, and what it makes is what the golden model computes."""

import dataclasses

import numpy as np
import pytest
import torch

from tests.model.modules import exported
from tests.model.trainings import DIGITS, TFC, assert_equal_everywhere, equal, recipe, weights
from xnorflow.model.data.datasets import Dataset
from xnorflow.model.ir import MaxPool
from xnorflow.model.outlines import Filters, Neurons
from xnorflow.model.recipe import Distortion, Teacher
from xnorflow.model.training.layers import BinaryLinear, Sign
from xnorflow.model.training.train import classes, train
from xnorflow.model.zoo import ZOO


@pytest.mark.parametrize("stochastic", [False, True])
def test_a_seed_gives_the_same_network_to_the_last_bit(digits, stochastic):
    first, again, other = (
        train(DIGITS, digits, recipe=recipe(epochs=2, stochastic=stochastic), seed=seed) for seed in (7, 7, 8)
    )
    assert equal(weights(first), weights(again))
    assert not equal(weights(first), weights(other))
    timeless = [[dataclasses.replace(epoch, seconds=0) for epoch in run.history] for run in (first, again)]
    assert timeless[0] == timeless[1]


def test_torchs_global_state_is_left_alone(digits):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    threads = torch.get_num_threads()
    train(DIGITS, digits, recipe=recipe(epochs=1))
    assert torch.equal(torch.rand(3), expected)
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == (threads, False)


def test_digits_are_learnt_and_exported_exactly(digits):
    trained = train(DIGITS, digits, recipe=recipe(epochs=25), seed=1)
    assert trained.history[-1].validation_accuracy > 0.85
    assert trained.history[-1].loss < trained.history[0].loss / 3
    network = exported(trained.module, name="digits", dataset=digits.name, provenance=trained.provenance)
    assert_equal_everywhere(network, trained.module, digits.test_images)
    assert_equal_everywhere(network, trained.module, digits.train_images)


def test_tfc_on_some_of_mnist_is_learnt_and_exported_exactly(mnist):
    trained = train(TFC, mnist, recipe=recipe(TFC, epochs=20, batch=50))
    assert (classes(trained.module, mnist.test_images) == mnist.test_labels).mean() > 0.75
    assert_equal_everywhere(exported(trained.module, name="tfc"), trained.module, mnist.test_images)


@pytest.mark.data("mnist")
def test_tfc_on_mnist_is_learnt_and_exported_exactly(whole_mnist):
    trained = train(TFC, whole_mnist, recipe=recipe(TFC, epochs=1))
    assert trained.history[-1].validation_accuracy > 0.8
    assert_equal_everywhere(exported(trained.module, name="tfc"), trained.module, whole_mnist.test_images)


def test_a_convolutional_network_is_learnt_and_exported_exactly(mnist):
    trained = train(ZOO["mnist-cnn"], mnist, recipe=recipe(ZOO["mnist-cnn"], epochs=5, batch=50))
    assert trained.history[-1].accuracy > 0.6
    assert_equal_everywhere(exported(trained.module, name="mnist-cnn"), trained.module, mnist.test_images)


def test_colour_images_are_learnt_and_exported_exactly():
    # Classes that differ in one colour, where each pixel alone says little.
    rng = np.random.default_rng(seed=0)
    labels = rng.integers(0, 3, 600)
    images = rng.integers(0, 216, (600, 8, 6, 3)) + 40 * np.eye(3, dtype=int)[labels][:, np.newaxis, np.newaxis]
    images = images.astype(np.uint8)
    data = Dataset("stains", images[:500], labels[:500], images[500:], labels[500:], tuple("rgb"))
    definition = dataclasses.replace(
        ZOO["cnv"],
        input=dataclasses.replace(ZOO["cnv"].input, shape=(8, 6, 3)),
        layers=(Filters(16, padding=(1, 1), pad=1), MaxPool(), Filters(16, (2, 2)), Neurons(8)),
        classes=3,
    )
    trained = train(definition, data, recipe=recipe(definition, epochs=12, batch=50))
    assert (classes(trained.module, data.test_images) == data.test_labels).mean() > 0.9
    assert_equal_everywhere(exported(trained.module, name="stains"), trained.module, images)


def test_progress_is_told_and_can_stop_it(digits):
    told = []
    trained = train(DIGITS, digits, recipe=recipe(epochs=3), on_epoch=told.append)
    assert tuple(told) == trained.history
    assert [(epoch.number, epoch.epochs) for epoch in told] == [(1, 3), (2, 3), (3, 3)]
    assert 0 < told[0].seconds < told[1].seconds < told[2].seconds

    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(DIGITS, digits, recipe=recipe(epochs=3), on_epoch=interrupt)
    assert not torch.are_deterministic_algorithms_enabled()


def test_latent_weights_stay_in_range_and_the_module_is_ready(digits):
    trained = train(DIGITS, digits, recipe=recipe(epochs=2, rate=0.5, stochastic=True))
    assert not trained.module.training
    layers = [layer for layer in trained.module if isinstance(layer, BinaryLinear)]
    assert max(layer.weight.abs().max().item() for layer in layers) == 1
    assert all(layer.stochastic for layer in trained.module if isinstance(layer, Sign))


def test_the_recipe_is_noted(digits):
    noted = recipe(epochs=1, batch=100)
    assert train(DIGITS, digits, recipe=noted, seed=3).provenance == {
        "weights": "trained",
        "definition": "digits",
        **{name: str(value) for name, value in dataclasses.asdict(noted).items() if value is not None},
        "seed": "3",
        "validation": "0.1",
        "device": "cpu",
        "threads": "1",
        "torch": torch.__version__,
    }


OPTIONS = [
    {"schedule": "cosine"},
    {"gradient": "quadratic"},
    {"slope": 10.0},
    {"init": 0.1},
    {"average": 0.9},
    {"calibrate": True},
    {"learn_levels": True},
    {"teacher": Teacher((Filters(8), MaxPool(), Neurons(32)), epochs=3)},
    {"distortion": Distortion(elastic=0.3, crop=1)},
]


@pytest.mark.parametrize("changes", OPTIONS, ids=lambda changes: next(iter(changes)))
def test_each_option_makes_another_network_that_learns_and_is_exported_exactly(changes, digits):
    plain, changed = (
        train(DIGITS, digits, recipe=recipe(**{"epochs": 12, "distortion": None, **more}), seed=1)
        for more in ({}, changes)
    )
    assert not equal(weights(plain), weights(changed))
    assert changed.validation_accuracy > 0.6
    assert_equal_everywhere(exported(changed.module, name="digits"), changed.module, digits.test_images)


def test_an_interrupted_training_goes_on_to_the_same_weights_with_all_options(digits, tmp_path):
    changes = {name: value for option in OPTIONS for name, value in option.items()}
    everything = recipe(epochs=4, stochastic=True, **changes)
    whole = train(DIGITS, digits, recipe=everything)

    def interrupt(epoch):
        if epoch.number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(DIGITS, digits, recipe=everything, checkpoint=str(tmp_path / "run"), on_epoch=interrupt)
    assert (tmp_path / "run.teacher").exists()
    steps = []
    resumed = train(DIGITS, digits, recipe=everything, checkpoint=tmp_path / "run", on_step=steps.append)
    assert equal(weights(whole), weights(resumed))
    # Neither the teacher's epochs nor the first two of the network are trained again.
    assert {step.first for step in steps} == {steps[-1].steps // 2}


def test_a_teacher_helps_a_network_that_sees_few_labels(digits):
    labels = digits.train_labels.copy()
    # A tenth of the labels is wrong: the teacher's answers, of a network that averages over them, say so.
    wrong = np.random.default_rng(seed=0).random(len(labels)) < 0.1
    labels[wrong] = (labels[wrong] + 1) % 10
    noisy = dataclasses.replace(digits, train_labels=labels)
    teacher = Teacher((Filters(16), MaxPool(), Neurons(64)), epochs=15, weight=1.0)
    alone, taught = (
        train(DIGITS, noisy, recipe=recipe(epochs=30, distortion=None, teacher=one), seed=1) for one in (None, teacher)
    )
    right = [(classes(run.module, digits.test_images) == digits.test_labels).mean() for run in (alone, taught)]
    assert right[1] > right[0]


def test_nothing_need_be_held_out(digits):
    (epoch,) = train(DIGITS, digits, recipe=recipe(epochs=1), validation=0).history
    assert (epoch.validation_loss, epoch.validation_accuracy) == (None, None)


def test_more_than_all_images_in_a_batch(digits):
    few = dataclasses.replace(digits, train_images=digits.train_images[:50], train_labels=digits.train_labels[:50])
    assert len(train(DIGITS, few, recipe=recipe(epochs=2, batch=1000)).history) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "seed must be in 0..4294967295, not -1"),
        ({"validation": 0.6}, "validation must be in 0 to 0.5, not 0.6"),
        ({"device": "tpu"}, "device must be one of auto, cpu, cuda, not 'tpu'"),
    ],
)
def test_options_out_of_range_are_refused(digits, options, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        train(DIGITS, digits, **options)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs must be 1 or more, not 0"),
        ({"batch": 1}, "batch must be 2 or more, for batch norm needs a variance, not 1"),
        ({"rate": 0.0}, "rate must be above 0, not 0.0"),
        ({"rate": float("nan")}, "rate must be above 0, not nan"),
        ({"schedule": "steps"}, "schedule must be one of one-cycle, cosine, not 'steps'"),
        ({"gradient": "steep"}, "gradient must be one of clip, quadratic, not 'steep'"),
        ({"slope": 0.5}, "slope must be 0 or 1 or more, not 0.5"),
        ({"init": 0.0}, "init must be above 0 and at most 1, not 0.0"),
        ({"average": 1.0}, "average must be in 0 to below 1, not 1.0"),
    ],
)
def test_recipes_out_of_range_are_refused(changes, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        recipe(**changes)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Distortion(shift=-1.0), "shift must be 0 or more, not -1.0"),
        (lambda: Distortion(elastic=float("inf")), "elastic must be 0 or more, not inf"),
        (lambda: Teacher((), weight=1.5), "weight must be in 0 to 1, not 1.5"),
        (lambda: Teacher((), temperature=0), "temperature must be above 0, not 0"),
    ],
)
def test_distortions_and_teachers_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        make()


def test_a_data_set_for_another_network_is_refused(digits):
    with pytest.raises(ValueError, match=r"^tfc takes images of 28x28, but digits has 8x8; choose another$"):
        train(TFC, digits)
    letters = dataclasses.replace(digits, name="letters", classes=tuple("abcdef"))
    with pytest.raises(ValueError, match=r"^digits has 10 classes, but letters has 6$"):
        train(DIGITS, letters)
