"""The innocent variants, a subject a module."""

from tests.unit.innocent.variant import INNOCENTS as INNOCENTS
from tests.unit.innocent.variants import gateways as gateways
from tests.unit.innocent.variants import interfaces as interfaces
from tests.unit.innocent.variants import lists as lists
from tests.unit.innocent.variants import ports as ports
from tests.unit.innocent.variants import refusals as refusals
from tests.unit.innocent.variants import states as states
from tests.unit.innocent.variants import wire as wire
