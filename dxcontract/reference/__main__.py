"""`python -m dxcontract.reference` is `dxcontract serve`."""

import argparse
import sys

from dxcontract.reference.http.serve import DESCRIPTION, add_arguments, run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m dxcontract.reference", description=DESCRIPTION)
    add_arguments(parser)
    sys.exit(run(parser.parse_args()))
