"""What export does not read is refused: by name where it can be seen, else by the answers to random images."""

import re

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.nn.utils import parametrize, prune

from tests.model.modules import exported, network
from xnorflow.model.training import export as lowering
from xnorflow.model.training.export import export
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
)
from xnorflow.model.training.signs import SIGNS


def module():
    """Numbered: 0 Thermometer, 1 Dropout, 2 a Sequential of BinaryLinear, BatchNorm and Sign, 3 Identity, 4 Scores."""
    first, *hidden, head = network(9, 7, 4)
    return nn.Sequential(first, nn.Dropout(), nn.Sequential(*hidden), nn.Identity(), head).eval()


def images():
    shape = (BinaryConv2d(2, 3, 2), BatchNorm2d(3), Sign(), nn.MaxPool2d(2), StreamFlatten(), Scores(12, 4))
    return nn.Sequential(Affine((5, 5, 2)), *shape).eval()


class Negated(nn.Module):
    def forward(self, weight):
        return -weight


class OwnForward(nn.Sequential):
    def forward(self, x):
        return super().forward(255 - x)


class OwnCall(nn.Sequential):
    def __call__(self, x):
        return super().__call__(255 - x)


class OwnOrder(nn.Sequential):
    def __iter__(self):
        return iter([*super().__iter__()][::-1])


class OwnTrain(nn.Sequential):
    def train(self, mode=True):
        self[0].weight.data.neg_()
        return super().train(mode)


class OwnInit(nn.Sequential):
    def __init__(self, *modules):
        super().__init__(*modules)
        self.note = "mine"


def of(kind):
    def change(module):
        module[2] = kind(*module[2])

    return change


def hooked(place, method):
    def change(module):
        getattr(module.get_submodule(place), method)(lambda _, values, *rest: -(rest or values)[0])

    return change


def own_forward(place):
    def change(module):
        part = module.get_submodule(place)
        part.forward = lambda x: -type(part).forward(part, x)

    return change


# Each makes another network of module(), and what export says of it.
CHANGES = {
    "forward": (of(OwnForward), "module 2 (OwnForward) has a forward of its own, which export does not read; leave Sequential's as it is"),
    "call": (of(OwnCall), "module 2 (OwnCall) has a __call__ of its own, which export does not read; leave Sequential's as it is"),
    "train": (of(OwnTrain), "module 2 (OwnTrain) has a train of its own, which export does not read; leave Sequential's as it is"),
    **{
        f"forward of {place or 'all'}": (
            own_forward(place),
            f"module{place and ' ' + place} ({kind}) has a forward of its own, which export does not read; leave {kind}'s as it is",
        )
        for place, kind in (("1", "Dropout"), ("2", "Sequential"), ("2.0", "BinaryLinear"), ("3", "Identity"), ("4", "Scores"))
    },
    **{
        f"{method} of {place or 'all'}": (
            hooked(place, method),
            f"module{place and ' ' + place} ({kind}) has a forward {name}, <lambda>, which export does not read; remove it",
        )
        for method, name in (("register_forward_hook", "hook"), ("register_forward_pre_hook", "pre-hook"))
        for place, kind in (("1", "Dropout"), ("2", "Sequential"), ("2.0", "BinaryLinear"), ("2.1", "BatchNorm"), ("3", "Identity"))
    },
    "hook of all": (
        hooked("", "register_forward_hook"),
        "module (Sequential) has a forward hook, <lambda>, which export does not read; remove it",
    ),
    "parametrization": (
        lambda module: parametrize.register_parametrization(module[2][0], "weight", Negated()),
        "module 2.0 (ParametrizedBinaryLinear) has a parametrization, which export does not read; "
        "make it permanent with torch.nn.utils.parametrize.remove_parametrizations",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_code_that_export_does_not_read_is_refused(name):
    change, message = CHANGES[name]
    changed = module()
    change(changed)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        export(changed, name="test")


DIFFER = (
    r"torch and the exported network differ on \d+ of 16 random images; on image \d+ torch gives class \d "
    r"\(-?\d+, -?\d+, -?\d+, -?\d+\) and the exported network class \d \(-?\d+, -?\d+, -?\d+, -?\d+\); "
    r"something in the module changes what it computes and cannot be exported"
)
OTHERWISE = {
    "parametrization": r"layer 0: must be one of BinaryLinear, .*, not ParametrizedBinaryLinear",
    # Batch norms are run in any case, next to their thresholds.
    "register_forward_hook of 2.1": r"dense0: BatchNorm rounds neuron \d+ to the wrong sign at a dot of -?\d; .*",
    "register_forward_pre_hook of 2.1": r"dense0: BatchNorm rounds neuron \d+ to the wrong sign at a dot of -?\d; .*",
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_last_guard_sees_what_nothing_else_does(name, monkeypatch):
    # As if the checks did not know of it.
    monkeypatch.setattr(lowering, "check_code", lambda _: None)
    changed = module()
    CHANGES[name][0](changed)
    with pytest.raises(ValueError, match=f"^{OTHERWISE.get(name, DIFFER)}$"):
        export(changed, name="test")


def test_the_guards_message_has_both_answers(monkeypatch):
    monkeypatch.setattr(lowering, "check_code", lambda _: None)
    changed = nn.Sequential(Thermometer((2,), (128,)), Scores(2, 2)).eval()
    changed[1].weight.data = torch.tensor([[1.0, 1.0], [1.0, -1.0]])
    changed[1].register_forward_hook(lambda *_: torch.tensor([[0.5, torch.nan]]).repeat(16, 1))
    message = (
        r"torch and the exported network differ on 16 of 16 random images; on image 0 torch gives class \d \(0.5, nan\) "
        r"and the exported network class \d \([-02]+, [-02]+\); something in the module changes what it computes and cannot be exported"
    )
    with pytest.raises(ValueError, match=f"^{message}$"):
        export(changed, name="test")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda module: prune.random_unstructured(module[2][0], "weight", 0.5),
            "module 2.0 (BinaryLinear) has a forward pre-hook, RandomUnstructured, which export does not read; remove it",
        ),
        (
            lambda module: module[2][0].compile(),
            "module 2.0 (BinaryLinear) was compiled, which may round otherwise; export the module as it was before",
        ),
        (
            lambda module: setattr(module[2][1], "exact", False),
            "module 2.1 (BatchNorm): exact must be True, not False; export outside of approximate()",
        ),
        (
            lambda module: module.__setitem__(2, OwnOrder(*module[2])),
            "module 2 (OwnOrder) has a __iter__ of its own, which export does not read; leave Sequential's as it is",
        ),
    ],
)
def test_what_else_changes_a_forward_is_refused(change, message):
    changed = module()
    change(changed)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        export(changed, name="test")


def table(module):
    module[0].table[7] += 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (table, "module 0 (Affine): table must be what the rule gives; make another Affine for another rule"),
        (lambda module: setattr(module[1], "kernel", (3, 3)), "conv2d0: kernel must be that of the weights, (2, 2), not (3, 3)"),
        (lambda module: setattr(module[4], "return_indices", True), "maxpool1: return_indices must be False, not True"),
        (lambda module: setattr(module[1], "exact", False), "module 1 (BinaryConv2d): exact must be True, not False; export outside of approximate()"),
    ],
)  # fmt: skip
def test_attributes_that_change_a_forward_are_refused(change, message):
    changed = images()
    change(changed)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        export(changed, name="test")


def test_a_fill_that_is_no_integer_is_refused():
    changed = images()
    changed[1], changed[6] = BinaryConv2d(2, 3, 2, padding=1, fill=0), Scores(27, 4)
    exported(changed.eval())
    for fill in (0.5, 1.0, True):
        changed[1].fill = fill
        with pytest.raises(TypeError, match=f"^fill must be an integer, not {fill}$"):
            export(changed, name="test")


@pytest.mark.parametrize(
    ("register", "kind"),
    [(register_module_forward_hook, "hook"), (register_module_forward_pre_hook, "pre-hook")],
)
def test_global_hooks_are_refused(register, kind):
    handle = register(lambda *_: None)
    try:
        with pytest.raises(
            ValueError, match=f"^torch has a global forward {kind}, which export does not read; remove it$"
        ):
            export(module(), name="test")
    finally:
        handle.remove()
    exported(module())


def test_a_class_that_was_changed_is_refused(monkeypatch):
    monkeypatch.setattr(Sign, "forward", lambda _, x: -x)
    with pytest.raises(
        ValueError, match=r"^Sign\.forward was replaced, which export does not read; leave it as it is$"
    ):
        export(module(), name="test")


def test_gradients_that_were_changed_are_refused(monkeypatch):
    monkeypatch.setitem(SIGNS, "clip", lambda x: -x)
    with pytest.raises(ValueError, match=r"^module 2.2 \(Sign\): gradient must be one of .*, as they are, not 'clip'$"):
        export(module(), name="test")


def test_denormal_numbers_taken_for_zero_are_refused():
    if not torch.set_flush_denormal(True):
        pytest.skip("torch.set_flush_denormal takes an x86 with SSE3 or an Arm")
    try:
        with pytest.raises(ValueError, match=r"^torch takes denormal numbers for 0, .*; set_flush_denormal\(False\)$"):
            export(module(), name="test")
    finally:
        torch.set_flush_denormal(False)


def test_export_inside_of_approximate_is_refused():
    part = module()
    with (
        approximate(part),
        pytest.raises(ValueError, match=r"^module 2.0 \(BinaryLinear\): exact must be True, not False; "),
    ):
        export(part, name="test")
    exported(part)


def test_a_sequential_with_an_init_of_its_own_is_one():
    part = module()
    ours, plain = exported(OwnInit(*part).eval()), exported(part)
    assert all(np.array_equal(a.weights, b.weights) for a, b in zip(ours.layers, plain.layers, strict=True))


def test_what_torch_cannot_run_is_refused_in_one_line():
    part = nn.Sequential(Thermometer((4,), (1,)), BinaryLinear(4, 3), nn.BatchNorm1d(3).double(), Sign(), Scores(3, 2))
    with pytest.raises(ValueError, match=r"^torch cannot run the module on a random image: [^\n]+$"):
        export(part, name="test")


def test_export_has_no_side_effects():
    part = module().train()
    torch.manual_seed(3)
    state, before = torch.get_rng_state(), {name: value.clone() for name, value in part.state_dict().items()}
    exported(part)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(layer.training for layer in part.modules())
    assert all(torch.equal(value, before[name]) for name, value in part.state_dict().items())
    assert all(value.grad is None for value in part.parameters())


def test_hooks_that_see_gradients_only_may_stay():
    part = module()
    part[2].register_full_backward_hook(lambda *_: None)
    exported(part)
    assert isinstance(part[2][1], BatchNorm)
