"""The picture of the report in the README, from the demo's data: `make picture` writes `docs/report.png`."""

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).with_name("report.png")
REPORT = Path("demo/outputs/latest/report/index.html")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """Path of an installed Chromium; None where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def draw(report: Path, picture: Path) -> None:
    """Take a picture of a report's first page.

    Args:
        report: the page.
        picture: PNG to write.

    Raises:
        FileNotFoundError: there is no report, or no Chromium.
    """
    browser_path = chromium()
    if not report.is_file() or browser_path is None:
        raise FileNotFoundError(f"needs {report} (make demo) and one of {', '.join(BROWSERS)} on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1240, "height": 800}, color_scheme="light")
        page.goto(report.resolve().as_uri())
        page.screenshot(path=str(picture))
        browser.close()


if __name__ == "__main__":
    draw(REPORT, PICTURE)
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")
