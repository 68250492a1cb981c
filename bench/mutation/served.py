"""Serves the reference emulator with one of its modules replaced, or with a note of which test reaches which line.

    python -m bench.mutation.served --module lags --source FILE
    python -m bench.mutation.served --cover FILE

The first line on standard output is the URL, as with `dxcontract serve`. A mutant may ask for all memory or never
end: it gets a share, and whoever started it ends it.
"""

import argparse
import importlib.abc
import importlib.machinery
import importlib.util
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

PACKAGE: Final = "dxcontract.reference"
MOST_MEMORY: Final = 2 * 1024**3
MOST_SECONDS: Final = 600
"""Of processor time, in case nobody ends it."""


class Replaced(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports one module from another source than its own."""

    def __init__(self, module: str, source: Path) -> None:
        self.module, self.source = module, source

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name == self.module else None

    def get_source(self, fullname: str) -> str:
        return self.source.read_text(encoding="utf-8")

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.get_source(fullname), str(self.source), "exec")

    def exec_module(self, module: ModuleType) -> None:
        exec(self.get_code(module.__name__), module.__dict__)  # noqa: S102


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--module", help="the module of dxcontract.reference to replace")
    parser.add_argument("--source", type=Path, help="by what")
    parser.add_argument("--cover", type=Path, metavar="FILE", help="note the lines that each test reaches, in FILE")
    asked = parser.parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    if asked.module:
        sys.meta_path.insert(0, Replaced(f"{PACKAGE}.{asked.module}", asked.source))
    return _covered(asked.cover) if asked.cover else _serve()


def _serve() -> int:
    from dxcontract.reference.http import serve

    parser = argparse.ArgumentParser()
    serve.add_arguments(parser)
    return serve.run(parser.parse_args([]))


def _covered(into: Path) -> int:
    """Serve under coverage.py; POST /_dxcontract/context {"test": …} says which test the requests are of."""
    import coverage

    measured = coverage.Coverage(data_file=str(into), config_file=False, source_pkgs=[PACKAGE])
    measured.start()
    from dxcontract.reference.http import admin

    def context(_: Any, request: Any) -> dict[str, Any]:
        measured.switch_context(str(request["test"]))
        return {}

    admin._ACTIONS["context"] = context
    try:
        return _serve()
    finally:
        measured.stop()
        measured.save()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
