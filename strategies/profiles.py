"""Hypothesis profiles, registered and selected by name; a pytest plugin that the root conftest loads.

If a CI variable is set, Hypothesis silently selects its own derandomized `ci` profile, so a profile is always selected
here. The draws at the gate depend neither on the place of the suite nor on the version of Python: the seed of each test
is derived from its name, where Hypothesis would use its source and signature.
"""

import re
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase, ExampleDatabase

from dxcontract.run import project_config
from dxcontract.run.result import UNUSABLE
from strategies.hypothesis_constants import leave_out_local_constants
from strategies.polling import PATIENCE

GATE: Final = "gate"
NIGHTLY: Final = "nightly"
SAMPLE: Final = "sample"
EXAMPLES: Final = Path(".hypothesis") / "examples"
_REDIS: Final = ("redis://", "rediss://", "unix://")
_USER: Final = re.compile(r"//[^/]*@")

# The parent is named, for a profile without one inherits from the loaded one: under CI that is `ci`, derandomized.
# A slow target must not look like a slow strategy.
_COMMON: Final[dict[str, Any]] = {
    "parent": settings.get_profile("default"),
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow],
}

# The gate's verdict is the same on every run. Nothing is raised within an example (violations are collected), so
# there is nothing to shrink and exploration never stops at the first find.
settings.register_profile(
    GATE,
    derandomize=True,
    database=None,
    max_examples=10,
    phases=(Phase.explicit, Phase.generate),
    **_COMMON,
)
# As short as the gate, but different on every run (or as --hypothesis-seed says).
settings.register_profile(SAMPLE, database=None, max_examples=10, phases=(Phase.explicit, Phase.generate), **_COMMON)
settings.register_profile(NIGHTLY, max_examples=500, print_blob=True, **_COMMON)


def pytest_addoption(parser: Any) -> None:
    group = project_config.with_defaults(parser.getgroup("dxcontract", "the Direct Connect contract"))
    group.addoption(
        "--example-db",
        metavar="PLACE",
        help=f"database of failing examples: a folder or redis://… (default: {EXAMPLES}; none for the gate)",
    )
    group.addoption(
        "--settle-seconds",
        metavar="SECONDS",
        type=float,
        default=PATIENCE.seconds,
        help="time limit for a resource to reach the state that a test waits for (default: %(default)s)",
    )
    group.addoption("--examples", metavar="N", type=int, help="number of examples of each machine")


def pytest_configure(config: Any) -> None:
    """Selects the profile `gate` unless the user selects one."""
    leave_out_local_constants()
    PATIENCE.seconds = config.getoption("--settle-seconds")
    if not config.getoption("--hypothesis-profile", default=None):
        settings.load_profile(GATE)
    elif (config.getoption("--example-db") or "").startswith(_REDIS) and not settings().derandomize:
        try:
            database(config)
        except ValueError as error:
            pytest.exit(f"dxcontract: {error}", returncode=UNUSABLE)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """At the gate, gives each test that draws its seed."""
    if not settings().derandomize:
        return
    for item in items:
        function: Any = getattr(item, "obj", None)
        if function is not None and getattr(function, "is_hypothesis_test", False):
            seed(gate_seed(f"{item.path.stem}.{function.__name__}"))(function)


def gate_seed(name: str) -> int | None:
    """The seed for `name`: at the gate it depends only on the name; otherwise Hypothesis selects it."""
    return zlib.crc32(name.encode()) if settings().derandomize else None


def database(config: Any) -> ExampleDatabase:
    """The database of failing examples, on one machine or shared by several.

    Raises:
        ValueError: the Redis client is not installed, or no Redis server responds.
    """
    place = config.getoption("--example-db") or str(EXAMPLES)
    if not place.startswith(_REDIS):
        return DirectoryBasedExampleDatabase(place)
    try:
        from hypothesis.extra.redis import RedisExampleDatabase
        from redis import Redis
        from redis.exceptions import RedisError
    except ImportError as error:
        raise ValueError("--example-db=redis://… needs the package redis") from error
    client = Redis.from_url(place)
    try:
        client.ping()
    except RedisError as error:
        raise ValueError(f"--example-db: {_USER.sub('//', place)} cannot be used: {error}") from error
    return RedisExampleDatabase(client)
