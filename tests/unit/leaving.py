"""A pytest plugin: writes down after each test what it has left on the target, a line each, to the file LEAVING."""

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from dxcontract.client import cleanup


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    from dxcontract.pytest_plugin.options import RUN  # not before pytest has loaded it

    answer = yield
    run: Any = item.config.pluginmanager.get_plugin(RUN)
    api = run.opened.api
    witness, api.witness = api.witness, lambda _: None
    try:
        left = cleanup.look(api, api.journal.record())
    finally:
        api.witness = witness
    with Path(os.environ["LEAVING"]).open("a", encoding="utf-8") as file:
        file.writelines(f"{item.nodeid}: {one}\n" for one in [*left.left, *left.unseen])
    return answer
