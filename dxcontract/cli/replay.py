"""The options of `dxcontract replay`. The implementation is in `strategies.replay`, which creates missing
resources.
"""

import argparse
from pathlib import Path
from typing import Final

from dxcontract.run import target_options

ATTEMPTS: Final = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser."""
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="a reproducer (*.py), a pin (*.json), a folder of pins, or a report (report.json or its folder)",
    )
    parser.add_argument(
        "fingerprint", nargs="?", metavar="FINGERPRINT", help="violation to replay (default: all in the file)"
    )
    parser.add_argument(
        "--attempts",
        type=int,
        default=ATTEMPTS,
        metavar="N",
        help="number of attempts before a violation counts as gone (default: %(default)s)",
    )
    parser.add_argument(
        "--no-test",
        action="store_true",
        help="do not run the original test if the answers do not decide",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    target_options.add_arguments(parser)
