"""Bandwidths: what the wire calls them, how fast they are, and which may be asked for."""

import re
from typing import Final

_BANDWIDTH: Final = re.compile(r"(?P<number>[0-9]+(\.[0-9]+)?)(?P<unit>[MGT])bps")
_MEGABITS: Final = {"M": 1, "G": 1000, "T": 1_000_000}

# From the documentation of 2018 and the current model.
DEDICATED: Final = ("1Gbps", "10Gbps", "100Gbps", "400Gbps")
# 1 and 10 Gbps in 2018, 100 Gbps since then.
INTERCONNECT: Final = ("1Gbps", "10Gbps", "100Gbps")
# From the current documentation; 25Gbps was added only for AllocateHostedConnection.
HOSTED_DEPRECATED: Final = (
    "50Mbps",
    "100Mbps",
    "200Mbps",
    "300Mbps",
    "400Mbps",
    "500Mbps",
    "1Gbps",
    "2Gbps",
    "5Gbps",
    "10Gbps",
)
HOSTED: Final = (*HOSTED_DEPRECATED, "25Gbps")


def megabits(bandwidth: str) -> int | None:
    """How fast `bandwidth` (such as 1.2Gbps) is; None when it is no bandwidth."""
    match = _BANDWIDTH.fullmatch(bandwidth)
    return int(float(match["number"]) * _MEGABITS[match["unit"]]) if match else None


def spelled(megabits_per_second: int) -> str:
    """The spelling of a sum of bandwidths."""
    if megabits_per_second >= 1000 and megabits_per_second % 100 == 0:
        return f"{megabits_per_second / 1000:g}Gbps"
    return f"{megabits_per_second}Mbps"


def port_speed(bandwidth: str) -> str:
    """How DescribeLocations spells a bandwidth: `10G` for 10Gbps."""
    return bandwidth.removesuffix("bps")


# From the current model.
RATE_LIMITS: Final = frozenset(
    f"{number}{unit}bps"
    for unit, numbers in {
        "M": "50 100 200 300 400 500 600 700 800 900",
        "G": "1 1.2 1.5 1.8 2 2.1 2.4 2.7 3 3.2 3.6 4 5 6 7 8 9 10 12 15 18 20 21 24 27 30 32 36 40 50 60 70 80 100 "
        "120 150 180 200 210 240 270 300 320 360 400 450 480 500 540 600 700 800 900",
        "T": "1 1.1 1.2 1.3 1.4 1.5 1.6",
    }.items()
    for number in numbers.split()
)
