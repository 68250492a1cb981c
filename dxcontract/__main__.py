"""`python -m dxcontract` is the command `dxcontract`."""

import sys

from dxcontract.cli import main

sys.exit(main())
