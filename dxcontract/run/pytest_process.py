"""The process of `dxcontract run`: pytest, its exit statuses mapped to ours, one line where Ctrl-C hits its start.

Imports nothing of ours that pytest loads as a plugin: pytest would warn that it cannot rewrite that any more.
"""

import os
import signal
import sys
from typing import Final

OK, VIOLATED, UNUSABLE = 0, 1, 2
_NO_TESTS: Final = 5
"""pytest's own exit statuses above 2 (a wrong option, nothing to run) are `unusable` to those who call."""


def main(arguments: list[str]) -> int:
    """Run pytest; answers the exit status."""
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
