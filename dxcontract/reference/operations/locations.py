"""Direct Connect locations: a few in every Region, with different offers."""

import functools
import hashlib
from dataclasses import dataclass
from typing import Final

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.registry import operation
from dxcontract.reference.operations.bandwidths import port_speed
from dxcontract.spec.model import Json

_MACSEC_SPEEDS: Final = ("10G", "100G", "400G")
BILLING_MODES: Final = (
    "PayAsYouGo",
    "FlatRateTier1",
    "FlatRateTier2",
    "FlatRateTier3",
    "FlatRateTier4",
    "FlatRateTier5",
)
_DIRECTIONS: Final = {"north": "N", "south": "S", "east": "E", "west": "W", "central": "C"}


@dataclass(frozen=True)
class Location:
    """A place where connections end. `logical_redundancy` is that of its endpoint."""

    code: str
    name: str
    region: str
    port_speeds: tuple[str, ...]
    macsec_port_speeds: tuple[str, ...]
    providers: tuple[str, ...]
    logical_redundancy: bool

    @property
    def device(self) -> str:
        """The endpoint at this location: all connections there end on one."""
        return f"{self.code}-{hashlib.sha256(self.code.encode()).hexdigest()[:13]}"

    def offers(self, bandwidth: str) -> bool:
        """Whether ports of this bandwidth can be had here."""
        return port_speed(bandwidth) in self.port_speeds

    def offers_macsec(self, bandwidth: str) -> bool:
        """Whether ports of this bandwidth can do MACsec here."""
        return port_speed(bandwidth) in self.macsec_port_speeds


_OFFERS: Final = (
    (
        "Eq",
        "Equinor Campus",
        ("1G", "10G", "100G", "400G"),
        _MACSEC_SPEEDS,
        ("Alpha Networks", "Beta Telecom"),
        False,
    ),
    ("Cs", "Corestone Campus", ("1G", "10G", "100G", "400G"), _MACSEC_SPEEDS, ("Alpha Networks", "Gamma Fiber"), False),
    ("Ti", "Tivoli Exchange", ("1G", "10G", "100G"), (), ("Beta Telecom",), False),
    ("Nt", "Northern Telehouse", ("1G", "10G", "100G"), ("10G", "100G"), ("Gamma Fiber", "Delta Link"), True),
)


def _abbreviation(region: str) -> str:
    country, *middle, number = region.split("-")
    letters = "".join(_DIRECTIONS.get(part, part[:2].upper()) for part in middle)
    return f"{country.upper()}{letters}{number}"


@functools.cache
def of_region(region: str) -> tuple[Location, ...]:
    """The locations of a Region."""
    short = _abbreviation(region)
    return tuple(
        Location(f"{prefix}{short}", f"{name}, {region}", region, speeds, macsec, providers, redundancy)
        for prefix, name, speeds, macsec, providers, redundancy in _OFFERS
    )


@functools.cache
def _by_code(region: str) -> dict[str, Location]:
    return {one.code.lower(): one for one in of_region(region)}


def find(region: str, code: str) -> Location | None:
    """The location with this code, in whatever case it is written."""
    return _by_code(region).get(code.lower())


@operation("DescribeLocations")
def describe_locations(call: Call, request: Json) -> Json:
    """The locations of the Region."""
    return {"locations": [_view(call, one) for one in of_region(call.region)]}


def _view(call: Call, location: Location) -> Json:
    answer: Json = {
        "locationCode": location.code,
        "locationName": location.name,
        "region": location.region,
        "availablePortSpeeds": list(location.port_speeds),
        "availableProviders": list(location.providers),
        "availableMacSecPortSpeeds": list(location.macsec_port_speeds),
        "availableBillingModes": [
            {
                "billingMode": mode,
                "availablePortSpeeds": list(location.port_speeds),
                "includedRegions": [location.region],
            }
            for mode in BILLING_MODES
        ],
    }
    return answer
