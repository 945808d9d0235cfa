"""Leave out the tests that this machine cannot run, and say so in the last lines of the run.

A test that is marked to need what is not here is not run, and one that fails for want of a tool counts as skipped.
With ``--insist KIND`` it fails instead: there the machine must have it, as in continuous integration.
"""

from collections import Counter

import pytest

from tests.needs import ABSENT, CASES, DATA, MODELS, PACKAGES, TOOLS, Need, missing, missing_tool
from xnorflow.boards.tools import ToolError
from xnorflow.sim.simulators import SimulationError

MARKS = (
    f"{CASES}: needs small networks of other tools in XNORFLOW_CASES",
    f"{DATA}(*names): needs these data sets whole",
    f"{MODELS}: needs the networks of others in XNORFLOW_MODELS",
    f"{PACKAGES}(*names): needs these packages, which are no part of the extra dev",
    f"{TOOLS}(*names): needs these tools, which pip does not bring",
)

PROPERTY = "left out"

left_out = pytest.StashKey[Counter[tuple[str, str]]]()
"""How many tests were left out, by what they need and by what would help."""

said: list[str] = []
"""Errors of simulators and tools in the running test, which may have looked at its exit code only."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--insist",
        action="append",
        default=[],
        choices=[CASES, DATA, MODELS, PACKAGES, TOOLS],
        help="fail, rather than leave out, tests that need whole data sets, networks of others, packages, or tools",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[left_out] = Counter()
    for mark in MARKS:
        config.addinivalue_line("markers", f"{mark}; left out, and told, where they are not")
    if ABSENT:
        for error in (SimulationError, ToolError):
            _remember(error)


# After -m and -k: what they deselect is not counted.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the machine cannot run, but not where it must."""
    kept, dropped = [], []
    for item in items:
        needs = [need for need in missing(item) if not _insists(config, need)]
        for need in needs[:1]:
            config.stash[left_out][need.what, need.remedy] += 1
        (dropped if needs else kept).append(item)
    config.hook.pytest_deselected(items=dropped)
    items[:] = kept


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail before anything else where the machine must have what it lacks."""
    said.clear()
    for need in missing(item):
        pytest.fail(f"{need.what}: not here, but --insist {need.kind} was given; {need.remedy}", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """A test that failed for want of a tool was left out; where tools must be there, one that skips has failed."""
    report = yield
    insisted = item.config.getoption("--insist")
    if report.skipped and insisted:
        report.outcome = "failed"
        report.longrepr = f"a test must not skip where --insist is given: {report.longrepr}"
    elif report.failed and ABSENT and TOOLS not in insisted:
        need = missing_tool([report.longreprtext, report.capstderr, *said])
        if need is not None:
            report.outcome = "skipped"
            report.longrepr = (str(item.path), item.location[1] or 0, f"Skipped: {need.what} is missing")
            report.user_properties.append((PROPERTY, (need.what, need.remedy)))
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker tells the controller; all workers collect the same."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[PROPERTY] = [(*key, count) for key, count in session.config.stash[left_out].items()]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node) -> None:
    told = getattr(node, "workeroutput", {}).get(PROPERTY, [])
    counts = {(what, remedy): count for what, remedy, count in told}
    node.config.stash[left_out] |= Counter(counts)


# The outermost: only the line with the counts follows.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter, config: pytest.Config):
    """Say how many tests were left out, why, and how to run them."""
    result = yield
    counts = Counter(config.stash[left_out])
    for report in terminalreporter.stats.get("skipped", []):
        counts.update(tuple(value) for name, value in report.user_properties if name == PROPERTY)
    if counts:
        terminalreporter.section("left out")
    for (what, remedy), count in sorted(counts.items()):
        tests = "test needs" if count == 1 else "tests need"
        terminalreporter.write_line(f"left out: {count} {tests} {what}; to run: {remedy}")
    return result


def _insists(config: pytest.Config, need: Need) -> bool:
    return need.kind in config.getoption("--insist")


def _remember(error: type[Exception]) -> None:
    original = error.__init__

    def init(self: Exception, *arguments: object) -> None:
        said.extend(map(str, arguments))
        original(self, *arguments)

    error.__init__ = init
