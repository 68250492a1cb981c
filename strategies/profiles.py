"""Hypothesis profiles, registered and chosen by name; a pytest plugin that the root conftest loads.

With a CI variable set, Hypothesis silently loads its own derandomized `ci` profile: none is left to chance.
"""

from typing import Any, Final

from hypothesis import HealthCheck, Phase, settings

GATE: Final = "gate"
NIGHTLY: Final = "nightly"

# A slow target must not look like a slow strategy.
_COMMON: Final[dict[str, Any]] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

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
settings.register_profile(NIGHTLY, max_examples=500, print_blob=True, **_COMMON)


def pytest_configure(config: Any) -> None:
    """Choose `gate` unless the user chose a profile."""
    if not config.getoption("--hypothesis-profile", default=None):
        settings.load_profile(GATE)
