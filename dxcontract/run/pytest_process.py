"""Runs pytest for `dxcontract run`, maps its exit statuses, and prints one line on Ctrl-C during the start.

It imports no module that pytest loads as a plugin, because pytest would warn that it cannot rewrite the module.
"""

import os
import signal
import sys
from typing import Final

OK, VIOLATED, UNUSABLE = 0, 1, 2
_NO_TESTS: Final = 5
"""pytest's own exit statuses above 2 (a wrong option, nothing to run) are `unusable` to those who call."""


def main(arguments: list[str]) -> int:
    """Run pytest and return the exit status."""
    try:
        import pytest

        status = int(pytest.main(arguments))
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # nothing is left to be interrupted
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.stderr.write("dxcontract: interrupted before the run began\n")
        sys.stderr.flush()
        os._exit(UNUSABLE)  # Python would end by a signal if the interrupt came within an exec()
    sys.stdout.flush()
    if status == _NO_TESTS:
        sys.stderr.write("dxcontract: no test was chosen\n")
    return UNUSABLE if status not in (OK, VIOLATED) else status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
