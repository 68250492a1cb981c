"""Runs `dxcontract serve` with its lines measured by operation: `python -m` with the name of this module."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from dxcontract.integrations.target_coverage import measuring
from dxcontract.targets.reference import FOLDER


def main() -> int:
    measured = measuring.begin("reference", Path(os.environ[FOLDER]))
    from dxcontract.reference.http import (  # what is imported before it is measured would count as unreached
        serve,
        server,
    )

    plain = server.Emulator.perform_as

    def perform_as(self: Any, caller: Any, operation: str, body: bytes) -> Any:
        measured.switch_context(operation)
        return plain(self, caller, operation, body)

    server.Emulator.perform_as = perform_as  # type: ignore[method-assign]
    parser = argparse.ArgumentParser(description=serve.DESCRIPTION)
    serve.add_arguments(parser)
    try:
        return serve.run(parser.parse_args())
    finally:
        measuring.end(measured)


if __name__ == "__main__":
    sys.exit(main())
