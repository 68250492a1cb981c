"""index.html in a real Chromium: what it shows, its filters and links, no error, no serious finding of axe-core."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parent.parent.parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("DXCONTRACT_BROWSER") == "required":
            pytest.fail("no Chromium, and DXCONTRACT_BROWSER=required; on Debian: apt-get install chromium")
        pytest.skip("no Chromium on this machine; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of moto with some known gaps, some new violations and a hostile text in it."""
    folder = tmp_path_factory.mktemp("report")
    command = [sys.executable, "-m", "pytest", "-q", "--target=moto", f"--report={folder}"]
    tests = ["tests/contract/test_protocol.py", "tests/contract/test_locations.py", "tests/contract/test_lifecycles.py"]
    done = subprocess.run([*command, *tests], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    document = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    document["violations"][0]["known"] = True
    document["violations"][1]["message"] = (
        "<img src=x onerror=\"document.title='broken'\"></details><script>alert(1)</script>"
    )
    from dxcontract.report import report_files as reports

    reports.write(document, folder)
    return folder


@pytest.fixture
def page(browser: Browser, report: Path) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "request",
        lambda request: problems.append(request.url) if not request.url.startswith(("file:", "data:")) else None,
    )
    page.goto((report / "index.html").as_uri())
    yield page
    context.close()
    assert problems == []


def document(report: Path) -> Any:
    return json.loads((report / "report.json").read_text(encoding="utf-8"))


def test_it_opens_with_the_two_figures(page: Page, report: Path) -> None:
    figures = page.locator(".figure b").all_inner_texts()
    found = document(report)
    assert figures == ["11/73", f"{found['divergence']['violated']}/{found['divergence']['assessed']}"]


def test_the_matrix_has_every_operation(page: Page) -> None:
    assert page.locator("table.matrix .has th[scope=row]").count() == 11
    assert page.locator("table.matrix .lacks th[scope=row]").count() == 62


def test_on_a_phone_each_operation_names_its_families(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    row = page.locator("table.matrix .has tr", has=page.locator("th", has_text="CreateLag"))
    cells = row.locator("td:visible")
    assert 0 < cells.count() < 10
    for cell in cells.all():
        assert cell.get_attribute("data-family")
        box = cell.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_a_cross_leads_to_its_violation(page: Page) -> None:
    link = page.locator("table.matrix td a").first
    target = (link.get_attribute("href") or "").removeprefix("#")
    link.click()
    entry = page.locator(f'[id="{target}"]')
    assert entry.get_attribute("open") is not None
    assert entry.is_visible()


def test_filters_show_what_fits_and_all_again(page: Page, report: Path) -> None:
    every = len(document(report)["violations"])
    shown = page.locator("[data-violation]:visible")
    assert shown.count() == every
    page.locator("select[name=operation]").select_option("CreateLag")
    of_lag = sum(one["operation"] == "CreateLag" for one in document(report)["violations"])
    assert shown.count() == of_lag < every
    page.locator("input[name=text]").fill("requested")
    assert 0 < shown.count() < of_lag
    page.get_by_role("button", name="Show all").click()
    page.wait_for_function(f"document.getElementById('shown').textContent.startsWith('{every} of')")
    page.locator("select[name=verdict]").select_option("known")
    assert shown.count() == 1


def test_what_a_target_sent_is_text(page: Page, report: Path) -> None:
    assert page.title() == "Direct Connect contract: moto"
    assert page.get_by_text("<script>alert(1)</script>").count() == 1


def test_everything_is_reached_by_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the violations"
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details").first.get_attribute("open") is not None


def test_a_lifecycle_shows_what_was_seen(page: Page) -> None:
    page.locator("#lifecycle-connection summary").click()
    assert page.locator("#lifecycle-connection .violates").count() >= 1
    assert page.locator("#lifecycle-connection svg g.seen").count() >= 1
    assert page.locator("#lifecycle-connection svg g.state.wrong").count() == 1
    drawn = page.locator("#lifecycle-connection svg g.violated title").all_text_contents()
    assert "the beginning to available: not allowed" in drawn
    colours = page.locator("#lifecycle-connection svg g.violated path, #lifecycle-connection svg g.reached path")
    assert len({one.evaluate("one => getComputedStyle(one).stroke") for one in colours.all()}) == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_accessible_and_fits(page: Page, scheme: Any, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate("document.querySelectorAll('details').forEach((one, n) => { one.open = n % 5 === 0; })")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    found = Axe().run(page).response["violations"]
    serious = [(one["id"], one["nodes"][0]["html"][:120]) for one in found if one["impact"] in ("serious", "critical")]
    assert serious == []
