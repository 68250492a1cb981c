"""`dxcontract pin`: stores a violation, so that later runs test it first."""

import argparse
import sys
from pathlib import Path
from typing import Final

from dxcontract.report import load_findings

FOLDER: Final = Path("pins")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser."""
    parser.add_argument("file", type=Path, metavar="REPORT", help="report.json, its folder, or a reproducer (*.py)")
    parser.add_argument(
        "fingerprint", nargs="?", metavar="FINGERPRINT", help="violation to pin (default: the only one in the file)"
    )
    parser.add_argument(
        "--pins", type=Path, default=FOLDER, metavar="DIR", help="folder of the pins (default: %(default)s)"
    )
    parser.add_argument("--note", default="", metavar="TEXT", help="note to store with the pin")


def run(options: argparse.Namespace) -> int:
    """Write the pin; returns 0, or 2 if there is nothing to pin."""
    try:
        found = load_findings.findings(options.file, options.fingerprint)
        if len(found) != 1:
            names = ", ".join(one["fingerprint"] for one, _ in found[:5])
            raise load_findings.FindingError(
                f"{options.file} has {len(found)} findings{': ' + names if names else ''}"
                f"{', …' if len(found) > 5 else ''}; give the fingerprint of the violation to pin"
            )
        path = load_findings.pin(found[0][0], options.pins, options.note)
    except load_findings.FindingError as error:
        sys.stderr.write(f"dxcontract: {error}\n")
        return 2
    sys.stdout.write(f"{path} written; runs with --pins={options.pins} execute it first\n")
    return 0
