"""Which tests can run where: nobody can download the networks of others, or CIFAR-10 in the form that tests read."""

import os
import signal

import pytest

NEEDS = {"models": "XNORFLOW_MODELS", "cifar": "XNORFLOW_DATA"}

# A shell makes commands in its background ignore interrupts; what tests start and interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs folders that nobody named, except where CI must have them: there it fails."""
    if os.environ.get("CI"):
        return
    missing = {fixture for fixture, variable in NEEDS.items() if not os.environ.get(variable)}
    left_out = [item for item in items if missing & set(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_report_header() -> list[str]:
    """Say what is left out."""
    return [
        f"{variable} is not set: tests that need {fixture} are left out"
        for fixture, variable in NEEDS.items()
        if not os.environ.get(variable) and not os.environ.get("CI")
    ]
