"""What the explorer's tests share: a page in the browser, a trained net, numbers that are read."""

import base64
import importlib
import json
import math
import random
import re
import shutil
import zlib
from pathlib import Path

import numpy as np
import pytest

import autograd
import nn
from autograd import Value

PICTURES = Path(__file__).parents[1] / ".ci" / "artefacts"  # not committed
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--window-size=1400,1000", "--force-color-profile=srgb",
]  # fmt: skip


def executable(*names):
    return next((path for path in map(shutil.which, names) if path), None)


def browser():
    """Debian's Chromium, driven by selenium; skips where one of them is absent."""
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
    service = importlib.import_module("selenium.webdriver.chrome.service").Service(chromedriver)
    driver = webdriver.Chrome(options=options, service=service)
    driver.set_script_timeout(30)
    return driver


class Explorer:
    """One page in the browser: what a person would do, and what they would read."""

    def __init__(self, driver, path):
        self.driver = driver
        self.path = path

    def open(self, fragment=""):
        """Open the page from disk, and wait until it is drawn."""
        self.driver.get("about:blank")
        self.driver.get(f"{self.path.as_uri()}{'#' if fragment else ''}{fragment}")
        self.wait("return document.body.dataset.ready")
        return self

    def wait(self, script):
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, 20, 0.02).until(lambda d: d.execute_script(script))

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def one(self, selector):
        return self.driver.find_element("css selector", selector)

    def text(self, selector):
        """The text of an element, shown or not."""
        return self.run("return document.querySelector(arguments[0])?.textContent", selector)

    def texts(self, selector):
        return self.run(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector
        )

    def card(self, name):
        """The card with this title."""
        return next(
            c for c in self.all(".card") if c.find_element("css selector", "b").text == name
        )

    def press(self, *keys):
        from selenium.webdriver.common.action_chains import ActionChains

        for key in keys:
            ActionChains(self.driver, duration=0).send_keys(key).perform()

    def chord(self, key):
        """Press a key while Control is held."""
        from selenium.webdriver.common.action_chains import ActionChains

        chain = ActionChains(self.driver, duration=0)
        chain.key_down("\ue009").send_keys(key).key_up("\ue009").perform()

    def to_the_result(self):
        """Where the forward pass is done and the reverse pass begins."""
        self.one('.player button[title^="to the result"]').click()

    def map(self, tensor, column=""):
        """The overlay of a tensor's heat maps, which takes clicks and keys."""
        return self.one(f'{column} figure[data-tensor="{tensor}"] canvas.overlay')

    def point(self, overlay, place, click=False):
        """Move the mouse to the middle of an entry, and click there."""
        from selenium.webdriver.common.action_chains import ActionChains

        size = overlay.size
        x, y = self.run("return arguments[0].maps.centre(arguments[1])", overlay, place)
        self.run("arguments[0].scrollIntoView({block: 'center'})", overlay)
        chain = ActionChains(self.driver, duration=0)
        chain.move_to_element_with_offset(overlay, x - size["width"] / 2, y - size["height"] / 2)
        (chain.click() if click else chain).perform()

    def over(self, element):
        """Move the mouse to the middle of an element."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver, duration=0).move_to_element(element).perform()

    def click(self):
        """Click where the mouse is."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver, duration=0).click().perform()

    def size(self, width, height, touch=False):
        """Give the page a window of a size, until it is given another or `unsized`."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        return self

    def unsized(self):
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def picture(self, name):
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(PICTURES / f"{name}.png"))

    def complaints(self):
        """What the console says that is no debug message."""
        return [e["message"] for e in self.driver.get_log("browser") if e["level"] != "DEBUG"]

    def requests(self):
        """Every address that was asked for since the last call."""
        events = [json.loads(e["message"])["message"] for e in self.driver.get_log("performance")]
        sent = [e["params"] for e in events if e["method"] == "Network.requestWillBeSent"]
        return [p["request"]["url"] for p in sent]


class Net(nn.Module):
    """A small CNN that keeps what its layers made."""

    def __init__(self):
        rng = random.Random(3)
        self.conv1 = nn.Conv2D(1, 3, 3, rng=rng)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool(2)
        self.head = nn.Dense(12, 4, rng=rng)

    def forward(self, x):
        self.made = {"conv1": self.conv1(x)}
        self.made["relu1"] = self.relu1(self.made["conv1"])
        self.made["pool1"] = self.pool1(self.made["relu1"])
        self.made["head"] = self.head(self.made["pool1"].flatten())
        return self.made["head"]


class Trained:
    """The CNN and its loss for one real digit, after backward()."""

    def __init__(self):
        self.model = Net()
        self.image = [[row[1:7] for row in nn.data.digits().images[7][0][1:7]]]
        self.loss = nn.CrossEntropyLoss()(self.model(self.image), 2)
        self.loss.backward()
        self.made = self.model.made

    def program(self):
        loss = nn.CrossEntropyLoss()
        examples = self.image, [0.0] * 4
        return autograd.compile(
            lambda x, t: loss(self.model(x), t), *examples, parameters=self.model.parameters()
        )


def expression():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    c = a * b
    c.label = "c"
    y = (c - a / b).tanh() + a
    y.label = "y"
    y.backward()
    return a, b, c, y


def number(text):
    return float(text.replace("−", "-"))


def close(shown, true, digits=4):
    """Whether a number that is shown with some digits is the true one."""
    return math.isclose(shown, true, rel_tol=0.6 * 10 ** (1 - digits), abs_tol=1e-12)


def colour(page, overlay, place):
    """The painted colour in the middle of an entry."""
    script = """
    const [x, y] = arguments[0].maps.centre(arguments[1]);
    const picture = arguments[0].maps.picture.getContext("2d");
    return [...picture.getImageData(x - 1, y + 3, 1, 1).data];
    """
    return page.run(script, overlay, place)


def ringed(page, overlay):
    """The places of the entries whose upper left corner is painted on the overlay."""
    script = """
    const {maps} = arguments[0];
    const context = arguments[0].getContext("2d");
    const half = maps.plan.cell / 2;
    return [...maps.numbers.keys()].filter((place) => {
      const [x, y] = maps.centre(place);
      return context.getImageData(x - half + 1, y - half + 4, 1, 1).data[3] > 100;
    });
    """
    return page.run(script, overlay)


KINDS = {"u1": np.uint8, "i4": np.int32, "f4": np.float32, "f8": np.float64}


def carried(page):
    """The header and the arrays of a page, unpacked by the tests alone."""
    packed = re.search(r'id="graph">([^<]*)<', page.html)[1]
    blob = zlib.decompress(base64.b64decode(packed))
    end = 4 + int.from_bytes(blob[:4], "little")
    header, arrays = json.loads(blob[4:end]), {}
    for name, kind, count in header["arrays"]:
        dtype = np.dtype(KINDS[kind])
        planes = np.frombuffer(blob[end : end + count * dtype.itemsize], np.uint8)
        array = planes.reshape(dtype.itemsize, count).T.copy().view(dtype).ravel()
        arrays[name] = np.cumsum(array, dtype=np.int32) if kind == "i4" else array
        end += count * dtype.itemsize
    assert end == len(blob)
    return header, arrays
