"""MkDocs' hook: adds the generated pages.

Not dxcontract/manual.py itself: MkDocs puts a hook's folder first on the path, and there `secrets` is one of ours.
"""

from dxcontract.manual import on_files

__all__ = ["on_files"]
