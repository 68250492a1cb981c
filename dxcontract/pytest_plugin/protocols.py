"""`--protocol`: runs the contract with AWS JSON, with CBOR, or every test once with each.

A pytest plugin, registered by `options`. Tests about the bytes of JSON have the mark `over("json")`.
"""

from typing import Any, Final

import pytest

from dxcontract.wire.cbor import BOTH, PROTOCOLS, Protocol

MARK: Final = "over"
PARAMETER: Final = "protocol"


def add_options(group: Any) -> None:
    """Add `--protocol`."""
    group.addoption(
        "--protocol",
        choices=[*PROTOCOLS, BOTH],
        default=PROTOCOLS[0],
        help="AWS JSON 1.1, Smithy RPC v2 CBOR, or both to run every test once with each (default: %(default)s)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark."""
    config.addinivalue_line("markers", f"{MARK}(protocol): the one protocol that this test is about")


def wanted(config: pytest.Config) -> tuple[Protocol, ...]:
    """The protocols of this run."""
    chosen = config.getoption("--protocol")
    return PROTOCOLS if chosen == BOTH else tuple(one for one in PROTOCOLS if one == chosen)


def of(item: pytest.Item) -> Protocol:
    """The protocol of a test."""
    given = getattr(getattr(item, "callspec", None), "params", {}).get(PARAMETER)
    return next((one for one in PROTOCOLS if one == given), PROTOCOLS[0])


def _fitting(config: pytest.Config, node: Any) -> list[Protocol]:
    mark = node.get_closest_marker(MARK)
    return [one for one in wanted(config) if mark is None or one in mark.args]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize a contract test by protocol; a run with JSON only needs no parameter."""
    if wanted(metafunc.config) == PROTOCOLS[:1] or not {"api", "dx"} & {*metafunc.fixturenames}:
        return
    if fitting := _fitting(metafunc.config, metafunc.definition):
        metafunc.fixturenames.append(PARAMETER)
        metafunc.parametrize(PARAMETER, fitting, indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests about a protocol that is not selected."""
    left = [item for item in items if not _fitting(config, item)]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in set(left)]


@pytest.fixture
def protocol(request: pytest.FixtureRequest) -> Any:
    """The protocol of this test, if the run has more than one."""
    return request.param
