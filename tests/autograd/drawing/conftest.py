"""A real browser, and pages opened in it from disk."""

import shutil

import pytest
from browsing import Explorer, Trained

from autograd import explore

FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--window-size=1400,1000", "--force-color-profile=srgb",
]  # fmt: skip


def executable(*names):
    return next((path for path in map(shutil.which, names) if path), None)


@pytest.fixture(scope="session")
def driver():
    """Debian's Chromium, driven by selenium; nothing is fetched for it."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium = executable("chromium", "chromium-browser", "google-chrome")
    chromedriver = executable("chromedriver")
    if not chromium or not chromedriver:
        pytest.skip("Chromium and its driver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    from selenium.webdriver.chrome.service import Service

    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    driver.set_script_timeout(30)
    yield driver
    driver.quit()


@pytest.fixture
def explorer(driver, tmp_path):
    """explorer(root, **options) writes a page and gives it, ready to be opened."""

    def made(root, **options):
        path = tmp_path / "page.html"
        explore(root, path, **options)
        driver.get_log("browser"), driver.get_log("performance")
        return Explorer(driver, path)

    return made


@pytest.fixture(scope="session")
def net():
    """A small CNN with the gradients of its loss."""
    return Trained()
