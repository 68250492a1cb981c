"""What all unit tests stand on: journals of the runs that they start stay out of the user's home."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def _journals_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder of this session for whatever keeps state."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield
