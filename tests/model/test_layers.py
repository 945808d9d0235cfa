"""The torch modules: exact forward, straight-through backward."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.modules import set_batch_norm
from tests.model.parameters import batch_norms, exact_sign
from xnorflow.model import golden, ir
from xnorflow.model.layers import (
    BatchNorm,
    BinaryLinear,
    Scores,
    Sign,
    Thermometer,
    clip_latent,
    module_for,
    sign_ste,
    stochastic_sign_ste,
)
from xnorflow.model.zoo import ZOO

VALUES = [-1e30, -1.0000001, -1.0, -1e-45, -0.0, 0.0, 1e-45, 0.3, 1.0, 1.0000001, 1e30]
SIGNS = [-1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1]
PASSES = [0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0]


def test_sign_forward_and_its_cut_gradient():
    x = torch.tensor(VALUES, requires_grad=True)
    y = sign_ste(x)
    (y * torch.arange(1.0, 12.0)).sum().backward()
    assert y.tolist() == SIGNS
    assert x.grad.tolist() == [number * passes for number, passes in enumerate(PASSES, 1)]


def test_stochastic_sign_has_the_stated_probability_and_the_same_gradient():
    torch.manual_seed(0)
    for value, share in ((-1.5, 0), (-1.0001, 0), (-0.5, 0.25), (0, 0.5), (0.8, 0.9), (1, 1), (2, 1)):
        drawn = stochastic_sign_ste(torch.full((10_000,), float(value)))
        assert set(drawn.unique().tolist()) <= {-1.0, 1.0}
        # Four standard deviations of the share that 10,000 draws have.
        assert abs((drawn > 0).double().mean().item() - share) <= 4 * (share * (1 - share) / 10_000) ** 0.5
    x = torch.tensor(VALUES, requires_grad=True)
    stochastic_sign_ste(x).sum().backward()
    assert x.grad.tolist() == PASSES


def test_sign_is_stochastic_in_training_mode_only():
    torch.manual_seed(0)
    x = torch.zeros(1000)
    module = Sign(stochastic=True)
    assert 400 < (module(x) > 0).sum() < 600
    assert (module.eval()(x) == 1).all()
    assert (Sign()(x) == 1).all()


@pytest.mark.parametrize("levels", [(8,), (4, 8, 12)])
def test_thermometer_is_the_golden_models(levels):
    images = np.random.default_rng(seed=0).integers(0, 17, (9, 3, 5), np.uint8)
    values = Thermometer(shape=(3, 5), levels=levels)(torch.tensor(images))
    assert (values.numpy() == 2.0 * golden.quantize(ir.Thermometer((3, 5), levels), images) - 1).all()


def test_linear_uses_signs_and_learns_latent_weights():
    module = BinaryLinear(mw=4, mh=2)
    module.weight.data = torch.tensor([[0.5, -0.1, 0.0, 1.0], [-1.0, 0.2, -0.3, 3.0]])
    result = module(torch.tensor([[1.0, 1.0, -1.0, 1.0]]))
    assert result.tolist() == [[0, 2]]
    result.sum().backward()
    assert module.weight.grad.tolist() == [[1, 1, -1, 1], [1, 1, -1, 0]]
    clip_latent(torch.nn.Sequential(torch.nn.Sequential(module)))
    assert module.weight[1].tolist() == pytest.approx([-1, 0.2, -0.3, 1])


@settings(deadline=None, max_examples=300)
@given(parameters=batch_norms(2), dots=st.lists(st.integers(-12, 12), min_size=1, max_size=4))
def test_batch_norm_has_exactly_the_right_sign(parameters, dots):
    norm = BatchNorm(2).eval()
    set_batch_norm(norm, **parameters)
    with torch.no_grad():
        result = norm(torch.tensor(dots, dtype=torch.float32).unsqueeze(1).repeat(1, 2))
    eps = parameters.pop("eps")
    for row, dot in zip(result, dots, strict=True):
        for neuron in range(2):
            exact = exact_sign(dot, **{name: values[neuron] for name, values in parameters.items()}, eps=eps)
            assert torch.sign(row[neuron]) == exact


def test_batch_norm_decides_what_float64_cannot():
    # -1 - 2**-60 is -1 in float64, and -1 + 1 is a tie, which it is not.
    parameters = {"gamma": 1, "beta": 1, "mean": 2.0**-60, "var": 1}
    norm = BatchNorm(1).eval()
    set_batch_norm(norm, **{name: np.array([value], np.float32) for name, value in parameters.items()}, eps=0.0)
    with torch.no_grad():
        assert norm(torch.tensor([[-1.0]])).item() < 0
        norm.running_mean *= -1
        assert norm(torch.tensor([[-1.0]])).item() > 0
        norm.running_mean *= 0
        assert norm(torch.tensor([[-1.0]])).item() == 0


def test_batch_norm_is_torchs_up_to_rounding():
    torch.manual_seed(0)
    ours, torchs = BatchNorm(5), torch.nn.BatchNorm1d(5)
    for _ in range(3):
        x = 10 * torch.randn(20, 5)
        assert torch.equal(ours(x), torchs(x))
    assert torch.allclose(ours.eval()(x).float(), torchs.eval()(x), atol=1e-5)
    with pytest.raises(ValueError, match=r"^input must have shape \(count, 5\), not \(2, 4\)$"):
        ours(torch.zeros(2, 4))


def test_scores_are_integers_in_eval_mode_and_scaled_in_training():
    head = Scores(mw=9, classes=3)
    head.bias.data = torch.tensor([0.5, -1.6, 2.0**29 + 32])
    x = sign_ste(torch.linspace(-1, 1, 9)).unsqueeze(0)
    dots = x @ sign_ste(head.weight).T
    scores = head.eval()(x)
    assert scores.tolist() == (dots.double() + torch.tensor([0, -2, 2.0**29 + 32])).tolist()
    assert torch.equal(head.train()(x), head.logits(scores))
    assert torch.allclose(head.logits(scores), (scores / 3).float())
    head(x).sum().backward()
    assert torch.allclose(head.bias.grad, torch.full((3,), 1 / 3))
    assert head.log_temperature.grad is not None


@pytest.mark.parametrize("name", ZOO)
def test_zoo_networks_have_the_definitions_sizes(name):
    definition = ZOO[name]
    module = module_for(definition)
    matrices = [layer for layer in module if isinstance(layer, BinaryLinear)]
    assert [layer.mw for layer in matrices] + [matrices[-1].mh] == list(definition.sizes)
    assert sum(layer.weight.numel() for layer in matrices) == definition.weight_bits
    assert module(torch.zeros(2, *definition.input.shape, dtype=torch.uint8)).shape == (2, definition.classes)


@pytest.mark.parametrize(
    ("images", "kind", "message"),
    [
        (torch.zeros(1, 3, 5), TypeError, r"images must be uint8, not float32"),
        (torch.zeros(3, 5, dtype=torch.uint8), ValueError, r"images must have shape \(count, 3, 5\), not \(3, 5\)"),
    ],
)
def test_wrong_images_are_refused(images, kind, message):
    with pytest.raises(kind, match=f"^{message}$"):
        Thermometer(shape=(3, 5), levels=(1,))(images)


def test_empty_layers_are_refused():
    with pytest.raises(ValueError, match=r"^mw and mh must be positive, not 0 and 3$"):
        BinaryLinear(mw=0, mh=3)
