"""The report's pictures in docs/pictures/: moto and the reference emulator, light and dark, 1280 and 390 pixels wide.

    python bench/pictures.py                    run the contract against both (about five minutes), then take them
    python bench/pictures.py MOTO REFERENCE     take them of reports that are there: folders of --report

Needs Chromium and Pillow. A picture is the top of the page, with a violation or a lifecycle unfolded below the matrix.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, Literal

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT: Final = Path(__file__).parent.parent
PICTURES: Final = ROOT / "docs" / "pictures"
FLAGS: Final = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
HEIGHTS: Final = {1280: 2000, 390: 1500}
COLOURS: Final = 160
UNFOLDED: Final = "[data-violation][data-operation=CreateConnection][data-text*=location-known], #lifecycle-connection"


def main() -> int:
    """Take all pictures; says what they weigh."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory() as scratch:
        given = [Path(one) for one in sys.argv[1:]]
        reports = dict(zip(("moto", "reference"), given, strict=True)) if given else _run(Path(scratch))
        PICTURES.mkdir(exist_ok=True)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            for name, folder in reports.items():
                for scheme in SCHEMES:
                    for width in HEIGHTS:
                        path = PICTURES / f"{name}-{scheme}-{width}.png"
                        _take(browser, folder / "index.html", scheme, width, path)
                        print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1024:.0f} KB")
            browser.close()
    return 0


def _run(scratch: Path) -> dict[str, Path]:
    for target in ("moto", "reference"):
        command = [sys.executable, "-m", "pytest", "-q", f"--target={target}", f"--report={scratch / target}"]
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    return {target: scratch / target for target in ("moto", "reference")}


def _take(browser: Browser, page: Path, scheme: Literal["light", "dark"], width: int, path: Path) -> None:
    context = browser.new_context(viewport={"width": width, "height": HEIGHTS[width]}, color_scheme=scheme)
    shown = context.new_page()
    shown.goto(page.as_uri())
    for number in range(shown.locator(UNFOLDED).count()):
        shown.locator(UNFOLDED).nth(number).evaluate("one => { one.open = true; }")
    if width > 390 and (entry := shown.locator("[data-violation][open]")).count():
        # The list is long: show it from the one that is unfolded.
        entry.evaluate(
            "one => { for (const other of document.querySelectorAll('[data-violation]')) {"
            " if (other === one) break; other.hidden = true; }"
            " for (const group of document.querySelectorAll('[data-group]'))"
            " group.hidden = !group.querySelector('[data-violation]:not([hidden])'); }"
        )
    if width > 390:  # as it is in a window of 900 pixels
        shown.add_style_tag(content=".scroll { max-height: 720px }")
    shown.screenshot(path=path)
    context.close()
    with Image.open(path) as taken:
        few = taken.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
