"""What all unit tests rely on: runs that they start keep journals out of the home folder and can be interrupted."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A warning fails a test of ours; of what users run, those of other plugins fail nothing."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("error"), append=False)


@pytest.fixture(autouse=True, scope="session")
def _journals_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder of this session for whatever keeps state."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(autouse=True, scope="session")
def _interruptible() -> None:
    """Ctrl-C reaches the runs that tests start, even if this session is a background job of a script.

    A shell starts such a job with SIGINT ignored, and programs inherit that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
