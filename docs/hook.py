"""MkDocs' hook: adds the generated pages.

Not dxcontract/cli/docs_pages.py itself: MkDocs puts the folder of a hook first on the path.
"""

from dxcontract.cli.docs_pages import on_files

__all__ = ["on_files"]
