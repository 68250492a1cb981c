"""The options of `dxcontract diff`; what it does is in `strategies.diff`, since machines explore for it."""

import argparse
from typing import Final

from dxcontract.run import target_options

EXAMPLES: Final = 20
STEPS: Final = 40
SECONDS: Final = 120.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add them to a parser."""
    parser.add_argument(
        "--against",
        required=True,
        metavar="TARGET",
        help="the other target (reference, moto or a URL), or a file that --record wrote",
    )
    parser.add_argument("--against-accounts", metavar="LIST", help="as --accounts, for the other target")
    parser.add_argument("--against-locations", metavar="LIST", help="as --locations, for the other target")
    parser.add_argument(
        "--against-fault", metavar="RULE", action="append", default=[], help="as --fault, for the other target"
    )
    parser.add_argument("--machine", default="everything", metavar="NAME", help="which machine (default: %(default)s)")
    parser.add_argument("--examples", type=int, default=EXAMPLES, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--steps", type=int, default=STEPS, metavar="N", help="of an example (default: %(default)s)")
    parser.add_argument("--seed", type=int, metavar="N", help="the same way again (default: another one each time)")
    parser.add_argument(
        "--seconds",
        type=float,
        default=SECONDS,
        help="how long to explore, and how long at most to shorten what was found (default: %(default)s each)",
    )
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    target_options.add_arguments(parser)
