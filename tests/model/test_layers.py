"""The torch modules: exact forward, straight-through backward."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.modules import set_batch_norm
from tests.model.parameters import batch_norms, exact_sign
from xnorflow.model import golden, ir
from xnorflow.model.training.batchnorm import GRID
from xnorflow.model.training.layers import (
    Affine,
    BatchNorm,
    BatchNorm2d,
    BinaryConv2d,
    BinaryLinear,
    Scores,
    Sign,
    StreamFlatten,
    Thermometer,
    approximate,
    clip_latent,
    module_for,
)
from xnorflow.model.training.signs import quadratic_sign, sign_ste, stochastic_sign_ste
from xnorflow.model.zoo import ZOO, random_network

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


def test_the_quadratic_gradient_is_a_tent():
    x = torch.tensor([-1.5, -1.0, -0.75, -0.0, 0.0, 0.5, 1.0, 2.0], requires_grad=True)
    y = quadratic_sign(x)
    y.sum().backward()
    assert y.tolist() == [-1, -1, -1, 1, 1, 1, 1, 1]
    assert x.grad.tolist() == [0, 0, 0.5, 2, 2, 1, 0, 0]


def test_a_sign_by_degrees_is_a_tangent_in_training_mode_only():
    x, module = torch.tensor([-0.2, 0.0, 0.3]), Sign()
    module.slope = 2.0
    assert torch.equal(module(x), torch.tanh(2 * x))
    assert module.eval()(x).tolist() == [-1, 1, 1]


def test_learnt_levels_move_and_are_rounded():
    module = Thermometer(shape=(4, 1), levels=(100, 101), learn=True)
    images = torch.tensor([[[30], [90], [101], [200]]], dtype=torch.uint8)
    values = module(images)
    assert values.flatten(2).squeeze(0).T.flatten().unflatten(0, (4, 2)).tolist() == [
        [-1, -1],
        [-1, -1],
        [1, 1],
        [1, 1],
    ]
    values.sum().backward()
    # The pixels at 90 and 101 are within 64 of a level, the others are not.
    assert module.latent.grad.tolist() == [-2, -2]
    with torch.no_grad():
        module.latent.copy_(torch.tensor([5.0, 1.0]))
    clip_latent(module)
    assert module.rule.levels == (254, 255)
    with torch.no_grad():
        module.latent.copy_(torch.tensor([-5.0, 99.6 / 64]))
    clip_latent(module)
    assert module.rule.levels == (1, 100)
    assert torch.equal(module.eval()(images), Thermometer(shape=(4, 1), levels=(1, 100))(images))


def test_approximate_layers_are_exact_again_afterwards():
    module = module_for(ZOO["mnist-cnn"]).eval()
    images = torch.from_numpy(np.random.default_rng(seed=0).integers(0, 256, (20, 28, 28), np.uint8))
    with torch.no_grad():
        exact = module(images)
        with approximate(module):
            assert (module(images).argmax(1) == exact.argmax(1)).double().mean() > 0.9
            assert not any(getattr(layer, "exact", False) for layer in module)
        assert all(getattr(layer, "exact", True) for layer in module)
        assert torch.equal(module(images), exact)


def test_sign_is_stochastic_in_training_mode_only():
    torch.manual_seed(0)
    x = torch.zeros(1000)
    module = Sign(stochastic=True)
    assert 400 < (module(x) > 0).sum() < 600
    assert (module.eval()(x) == 1).all()
    assert (Sign()(x) == 1).all()


def stream_order(values):
    """Torch's ``(count, channels, height, width)`` as the golden model's ``(count, height, width, channels)``."""
    return (values.permute(0, 2, 3, 1) if values.ndim == 4 else values).numpy()


@pytest.mark.parametrize("levels", [(8,), (4, 8, 12)])
def test_thermometer_is_the_golden_models(levels):
    for shape in ((3, 5), (3, 5, 2), (6,)):
        images = np.random.default_rng(seed=0).integers(0, 17, (9, *shape), np.uint8)
        values = Thermometer(shape=shape, levels=levels)(torch.tensor(images))
        assert (stream_order(values) == 2.0 * golden.quantize(ir.Thermometer(shape, levels), images) - 1).all()


@pytest.mark.parametrize("line", [{}, {"multiplier": 256, "offset": -32640, "divisor": 255, "signed": True}])
def test_affine_is_the_golden_models(line):
    for shape in ((3, 5), (3, 5, 2), (6,)):
        images = np.random.default_rng(seed=0).integers(0, 256, (99, *shape), np.uint8)
        values = Affine(shape=shape, **line)(torch.tensor(images))
        assert (stream_order(values) == golden.quantize(ir.Affine(shape, **line), images)).all()


def test_flattening_keeps_the_streams_order():
    x = torch.arange(24).reshape(1, 2, 3, 4)
    assert StreamFlatten()(x).tolist() == [[x[0, c, i, j].item() for i in range(3) for j in range(4) for c in range(2)]]
    assert StreamFlatten()(x.reshape(1, 24)).tolist() == [list(range(24))]


@pytest.mark.parametrize("fill", [-1, 1])
def test_convolution_uses_signs_and_pads_with_the_stated_value(fill):
    torch.manual_seed(0)
    module = BinaryConv2d(channels=2, filters=3, kernel=(3, 2), stride=(2, 1), padding=(2, 1), fill=fill)
    x = sign_ste(torch.randn(4, 2, 5, 6))
    padded = torch.full((4, 2, 9, 8), float(fill))
    padded[:, :, 2:7, 1:7] = x
    expected = torch.nn.functional.conv2d(padded, sign_ste(module.weight), stride=(2, 1))
    assert torch.equal(module(x), expected)
    assert torch.equal(module.eval()(x), expected)
    module.train()(x).sum().backward()
    assert module.weight.grad.abs().min() > 0
    module.weight.data.mul_(5)
    clip_latent(torch.nn.Sequential(module))
    assert module.weight.abs().max() == 1


def test_linear_uses_signs_and_learns_latent_weights():
    module = BinaryLinear(mw=4, mh=2)
    module.weight.data = torch.tensor([[0.5, -0.1, 0.0, 1.0], [-1.0, 0.2, -0.3, 3.0]])
    result = module(torch.tensor([[1.0, 1.0, -1.0, 1.0]]))
    assert result.tolist() == [[0, 2]]
    result.sum().backward()
    assert module.weight.grad.tolist() == [[1, 1, -1, 1], [1, 1, -1, 0]]
    clip_latent(torch.nn.Sequential(torch.nn.Sequential(module)))
    assert module.weight[1].tolist() == pytest.approx([-1, 0.2, -0.3, 1])


def test_batch_norm_of_images_is_that_of_vectors():
    torch.manual_seed(0)
    images, vectors = BatchNorm2d(3).eval(), BatchNorm(3).eval()
    # Ties and doubtful sums among the rest.
    for norm in (images, vectors):
        set_batch_norm(
            norm,
            gamma=np.float32([1, -0.1, 1]),
            beta=np.float32([1, 0.3, 0]),
            mean=np.float32([2.0**-60, 3, 1]),
            var=np.float32([1, 1, 2]),
            eps=0.0,
        )
    x = torch.randint(-4, 5, (20, 3, 5, 4)).float()
    with torch.no_grad():
        assert torch.equal(images(x).permute(0, 2, 3, 1).reshape(-1, 3), vectors(x.permute(0, 2, 3, 1).reshape(-1, 3)))


@pytest.mark.parametrize(
    ("norm", "shape", "message"),
    [
        (BatchNorm(5), (2, 4), r"input must have shape \(count, 5\), not \(2, 4\)"),
        (BatchNorm(3), (2, 3, 1, 1), r"input must have shape \(count, 3\), not \(2, 3, 1, 1\)"),
        (BatchNorm2d(3), (2, 3), r"input must have shape \(count, 3, height, width\), not \(2, 3\)"),
        (BatchNorm2d(3), (2, 4, 1, 1), r"input must have shape \(count, 3, height, width\), not \(2, 4, 1, 1\)"),
    ],
)
def test_batch_norm_of_another_shape_is_refused(norm, shape, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        norm(torch.zeros(shape))


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


@settings(deadline=None, max_examples=200)
@given(parameters=batch_norms(1), dots=st.lists(st.integers(-9, 9), min_size=1, max_size=4), unit=st.integers(-30, 30))
def test_batch_norm_is_on_the_right_side_of_every_multiple_of_the_grid(parameters, dots, unit):
    norm = BatchNorm(1).eval()
    set_batch_norm(norm, **parameters)
    with torch.no_grad():
        results = norm(torch.tensor(dots, dtype=torch.float32).unsqueeze(1)).flatten().tolist()
    parameters = {name: values if name == "eps" else float(values[0]) for name, values in parameters.items()}
    for dot, result in zip(dots, results, strict=True):
        for border in (unit / 2, unit * GRID, np.floor(result / GRID) * GRID, np.ceil(result / GRID) * GRID):
            if abs(border) < 2.0**20:
                exact = exact_sign(dot, **{**parameters, "beta": Fraction(parameters["beta"]) - Fraction(border)})
                assert (result >= border) == (exact >= 0)


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


@pytest.mark.parametrize(
    ("ours", "torchs", "shape"),
    [(BatchNorm(5), torch.nn.BatchNorm1d(5), (20, 5)), (BatchNorm2d(5), torch.nn.BatchNorm2d(5), (20, 5, 3, 2))],
)
def test_batch_norm_is_torchs_up_to_rounding(ours, torchs, shape):
    torch.manual_seed(0)
    for _ in range(3):
        x = 10 * torch.randn(*shape)
        assert torch.equal(ours(x), torchs(x))
    assert torch.allclose(ours.eval()(x).float(), torchs.eval()(x), atol=1e-5)


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
    # Those of residuals are inside of them; modules() gives them in their order.
    matrices = [layer for layer in module.modules() if isinstance(layer, BinaryLinear | BinaryConv2d)]
    shapes = [network.weights.shape for network in random_network(name).matrices.values()]
    transposed = [layer.weight.movedim(1, -1).shape for layer in matrices]
    assert transposed == shapes
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
    with pytest.raises(ValueError, match=r"^channels, filters and kernel must be positive, not 2, 3 and \(0, 1\)$"):
        BinaryConv2d(channels=2, filters=3, kernel=(0, 1))
    with pytest.raises(ValueError, match=r"^features must be positive, not 0$"):
        BatchNorm(0)
