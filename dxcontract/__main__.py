"""`python -m dxcontract` is the command `dxcontract`."""

import os
import signal
import sys


def main() -> int:
    """Run the command; answers the exit status. Ctrl-C ends it with a line, also while it is being imported."""
    try:
        from dxcontract.cli import main as cli

        return cli.main()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.stderr.write("dxcontract: interrupted\n")
        sys.stderr.flush()
        os._exit(2)  # Python would end by a signal if the interrupt came within an exec()


if __name__ == "__main__":
    sys.exit(main())
