"""Lowering: the golden model gives, for every image and at every layer, what torch gives."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import nn

from tests.model.modules import everything, exported, network, set_batch_norm, torch_trace
from tests.model.parameters import batch_norms
from xnorflow.model import golden
from xnorflow.model.store import fingerprint
from xnorflow.model.training.export import export
from xnorflow.model.training.layers import BatchNorm, BinaryLinear, Scores, Sign, Thermometer


def assert_equal_everywhere(module, images):
    ours = exported(module)
    for by_golden, by_torch in zip(golden.trace(ours, images), torch_trace(module, images), strict=True):
        assert np.array_equal(by_golden, by_torch)
    classes = module(torch.tensor(images)).argmax(dim=1)
    assert np.array_equal(golden.predict(ours, images), classes.numpy())


@pytest.mark.parametrize("sizes", [(1, 1), (1, 1, 1), (8, 3), (8, 6, 5, 4), (9, 30, 2)])
def test_torch_equals_golden_on_every_image(sizes):
    for seed in range(5):
        assert_equal_everywhere(network(*sizes, seed=seed), everything(sizes[0]))


@settings(deadline=None, max_examples=150)
@given(first=batch_norms(4), second=batch_norms(3))
def test_torch_equals_golden_whatever_the_batch_norm(first, second):
    module = network(5, 4, 3, 2)
    set_batch_norm(module[2], **first)
    set_batch_norm(module[5], **second)
    assert_equal_everywhere(module, everything(5))


@pytest.mark.parametrize("scale", [-1.0, -1e-30, 1e-30, 1e-45, -1e-45, 0.0, -0.0, 1e30])
@pytest.mark.parametrize("shift", [0.0, 1.0, -1.0, 1e-30, -1e-30])
def test_negative_tiny_and_zero_scales(scale, shift):
    module = network(6, 40, 4, 3)
    for norm in (module[2], module[5]):
        norm.weight.data.fill_(scale)
        norm.bias.data.fill_(shift)
    assert_equal_everywhere(module, everything(6))


def test_the_network_of_the_readme():
    torch.manual_seed(0)
    module = nn.Sequential(
        Thermometer((28, 28), (128,)),
        nn.Flatten(),
        BinaryLinear(784, 64),
        BatchNorm(64),
        Sign(),
        Scores(64, 10),
    )
    statistics = {name: torch.randn(64).numpy() for name in ("gamma", "beta", "mean")}
    set_batch_norm(module[3], **statistics, var=torch.full((64,), 784.0).numpy())
    images = np.random.default_rng(seed=0).integers(0, 256, (200, 28, 28), np.uint8)
    assert_equal_everywhere(module.eval(), images)


def test_plain_batch_norm_is_taken_where_it_rounds_well():
    assert_equal_everywhere(network(8, 6, 5, 4, norm=nn.BatchNorm1d), everything(8))


def test_plain_batch_norm_is_refused_where_it_gets_a_tie_wrong():
    # One half ties at a dot of 1, scale * (1 - 3) + 2 * scale, the other at 3. With fused multiply-add torch gets some
    # of the second half wrong, without it some of the first.
    rng = np.random.default_rng(seed=0)
    scale, var = rng.uniform(0.1, 1, 1000).astype(np.float32), rng.uniform(0.1, 9, 1000).astype(np.float32)
    var[:500] = 1
    beta = np.where(np.arange(1000) < 500, 2 * scale, 0).astype(np.float32)
    plain, exact = network(5, 1000, 2, norm=nn.BatchNorm1d), network(5, 1000, 2)
    for module in (plain, exact):
        set_batch_norm(module[2], gamma=scale, beta=beta, mean=np.full(1000, 3, np.float32), var=var, eps=0.0)
    message = (
        r"^dense0: BatchNorm1d rounds neuron \d+ to the wrong sign at a dot of [13]; "
        r"use xnorflow.model.training.layers.BatchNorm, which is exact$"
    )
    with pytest.raises(ValueError, match=message):
        export(plain, name="test")
    assert_equal_everywhere(exact, everything(5))


def test_what_does_nothing_in_eval_mode_is_skipped():
    module = network(8, 6, 5, 4)
    first, linear, norm, sign, *rest = module
    nested = nn.Sequential(
        first, nn.Flatten(), nn.Dropout(0.3), nn.Sequential(linear, nn.Identity(), norm, sign, nn.Dropout(0.1)), *rest
    )
    assert same(exported(nested.eval()), exported(module))


def test_export_changes_nothing_and_needs_no_mode():
    module = network(8, 6, 4)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    in_eval = exported(module, name="a", dataset="digits", provenance={"seed": "0"})
    in_training = exported(module.train(), name="a")
    assert same(in_eval, in_training)
    assert module.training
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert (in_eval.name, in_eval.dataset, dict(in_eval.provenance)) == ("a", "digits", {"seed": "0"})


def test_batch_norm_without_affine_parameters():
    module = network(8, 6, 4, norm=nn.BatchNorm1d)
    plain = nn.BatchNorm1d(6, affine=False).eval()
    plain.running_mean, plain.running_var = module[2].running_mean, module[2].running_var
    module[2] = plain
    assert_equal_everywhere(module, everything(8))


def same(a, b):
    """Whether two networks compute the same by the same numbers."""
    return fingerprint(a) == fingerprint(b)


def spoilt(index, **values):
    """A network with a number in a tensor of one module replaced."""
    module = network(4, 3, 2)
    for name, value in values.items():
        getattr(module[index], name).data[1] = value
    return module


def changed(index, **attributes):
    """A network with attributes of one module replaced."""
    module = network(4, 3, 2)
    for name, value in attributes.items():
        setattr(module[index], name, value)
    return module


def replaced(index, *modules):
    """A network with other modules in the place of one."""
    layers = list(network(4, 3, 2))
    return nn.Sequential(*layers[:index], *modules, *layers[index + 1 :])


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.Sequential(), r"the network must begin with Affine or Thermometer, not the end"),
        (replaced(0), r"the network must begin with Affine or Thermometer, not BinaryLinear"),
        (
            replaced(1, nn.Linear(4, 3)),
            r"layer 0: must be one of BinaryLinear, BinaryConv2d, .*, Scores, not Linear",
        ),
        (replaced(2), r"dense0: BinaryLinear must be followed by BatchNorm, not Sign"),
        (replaced(3, nn.ReLU()), r"dense0: BatchNorm must be followed by Sign, not ReLU"),
        (replaced(2, BatchNorm(5)), r"dense0: BatchNorm must have 3 features, not 5"),
        (
            replaced(2, nn.BatchNorm1d(3, track_running_stats=False)),
            r"dense0: BatchNorm1d must have track_running_stats=True, not False",
        ),
        (changed(2, eps=torch.inf), r"dense0: eps must be finite and 0 or more, not inf"),
        (changed(2, eps=-1e-5), r"dense0: eps must be finite and 0 or more, not -1e-05"),
        (changed(2, eps="1e-5"), r"dense0: eps must be a number, not '1e-5'"),
        (changed(2, running_mean=torch.zeros(1)), r"dense0: running_mean must have shape \(3,\), not \(1,\)"),
        (changed(2, running_var=torch.ones(4)), r"dense0: running_var must have shape \(3,\), not \(4,\)"),
        (changed(2, weight=nn.Parameter(torch.ones(4))), r"dense0: weight must have shape \(3,\), not \(4,\)"),
        (changed(2, bias=nn.Parameter(torch.ones(1))), r"dense0: bias must have shape \(3,\), not \(1,\)"),
        (replaced(4, nn.Flatten(0)), r"Flatten must have start_dim=1 and end_dim=-1, not 0 and -1"),
        (replaced(4), r"the last layer must give scores, integers of one axis; end it in Bias"),
        (replaced(4, BinaryLinear(mw=3, mh=2)), r"dense1: BinaryLinear must be followed by BatchNorm, not the end"),
        (replaced(4, Scores(mw=7, classes=2)), r"scores1: takes 7 inputs, but gets 3"),
        (replaced(0, Thermometer(shape=(5,), levels=(1,))), r"dense0: takes 4 inputs, but gets 5"),
        (spoilt(1, weight=torch.nan), r"dense0: latent weights must be finite, not nan"),
        (spoilt(2, weight=torch.nan), r"dense0: batch norm gamma of neuron 1 must be finite, not nan"),
        (spoilt(2, bias=torch.nan), r"dense0: batch norm beta of neuron 1 must be finite, not nan"),
        (spoilt(2, running_mean=torch.inf), r"dense0: batch norm mean of neuron 1 must be finite, not inf"),
        (spoilt(2, running_var=torch.nan), r"dense0: batch norm var of neuron 1 must be finite, not nan"),
        (spoilt(2, running_var=-1), r"dense0: batch norm var must be above -eps, not -1.0"),
        (spoilt(4, weight=torch.nan), r"scores1: latent weights must be finite, not nan"),
        (spoilt(4, bias=torch.nan), r"scores1: bias must be a number within ±1073741823, not nan"),
        (spoilt(4, bias=-1e20), r"scores1: bias must be a number within ±1073741823, not -1.0000000200408773e\+20"),
    ],
)
def test_what_cannot_be_lowered_is_refused(module, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        export(module, name="test")


def test_anything_but_a_sequential_is_refused():
    with pytest.raises(TypeError, match=r"^module must be a torch.nn.Sequential, not Sign$"):
        export(Sign(), name="test")
