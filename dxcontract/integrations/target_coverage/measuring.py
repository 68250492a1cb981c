"""Measures the code of a target: coverage.py, told which operation is being asked for."""

import uuid
from pathlib import Path
from typing import Any, Final

from dxcontract.targets.target import TargetError

SOURCES: Final = {"moto": "moto.directconnect", "reference": "dxcontract.reference"}


def begin(target: str, folder: Path) -> Any:
    """A measurement of the target's package that has begun; `switch_context` tells it the operation.

    Raises:
        TargetError: coverage.py is not installed.
    """
    try:
        import coverage
    except ImportError as error:
        raise TargetError("--target-coverage needs the package coverage: pip install 'dxcontract[coverage]'") from error
    file = folder / f"{target}.{uuid.uuid4().hex}"
    measured: Any = coverage.Coverage(
        data_file=str(file), source_pkgs=[SOURCES[target]], config_file=False, messages=False
    )
    # The core of newer Pythons knows no contexts; a process that is asked to end has something to save.
    measured.set_option("run:core", "ctrace")
    measured.set_option("run:sigterm", True)
    measured.set_option("run:disable_warnings", ["no-data-collected", "module-not-measured", "module-not-imported"])
    measured.start()
    return measured


def end(measured: Any) -> None:
    """Keep what was measured."""
    measured.stop()
    measured.save()
