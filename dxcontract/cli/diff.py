"""The options of `dxcontract diff`. The implementation is in `strategies.diff`, because machines generate the
requests.
"""

import argparse
from typing import Final

from dxcontract.run import target_options

EXAMPLES: Final = 20
STEPS: Final = 40
SECONDS: Final = 120.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser."""
    parser.add_argument(
        "--against",
        required=True,
        metavar="TARGET",
        help="the second target (reference, moto or a URL), or a file that --record wrote",
    )
    parser.add_argument("--against-accounts", metavar="LIST", help="--accounts of the second target")
    parser.add_argument("--against-locations", metavar="LIST", help="--locations of the second target")
    parser.add_argument(
        "--against-fault", metavar="RULE", action="append", default=[], help="--fault of the second target"
    )
    parser.add_argument(
        "--machine",
        default="everything",
        metavar="NAME",
        help="machine that generates the requests (default: %(default)s)",
    )
    parser.add_argument(
        "--examples", type=int, default=EXAMPLES, metavar="N", help="number of examples (default: %(default)s)"
    )
    parser.add_argument(
        "--steps", type=int, default=STEPS, metavar="N", help="steps per example (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, metavar="N", help="seed, to repeat the same requests (default: a new one each time)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=SECONDS,
        help="time limit of the exploration, and of the minimization (default: %(default)s each)",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    target_options.add_arguments(parser)
