"""The explorer in a real browser: axe-core finds nothing that keeps somebody out."""

import os
from pathlib import Path

import pytest
from browsing import expression

AXE = os.environ.get("AXE", "")  # .ci/run gets it

RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(({violations}) => done(
  violations.map(({id, nodes}) => [id, ...nodes.slice(0, 3).map(n => n.html.slice(0, 160))])
), (error) => done([String(error)]));
"""


def violations(page):
    return page.driver.execute_async_script(RUN)


CNN = [
    "layer=CrossEntropyLoss",
    "node=conv1.weight[0,0,1,1]&show=%7Cgradient%7C",
    "layer=conv1&step=300&grain=scalar",
]
EXPRESSION = ["node=a&step=2", "as=around&node=c"]


@pytest.mark.skipif(not AXE, reason="AXE does not name axe-core's axe.min.js")
@pytest.mark.parametrize("window", [(1440, 900), (390, 844)])
@pytest.mark.parametrize("fragments", [CNN, EXPRESSION], ids=["cnn", "expression"])
def test_axe_finds_nothing(sized, net, fragments, window):
    page = sized(net.loss if fragments is CNN else expression()[-1], *window)
    page.run(Path(AXE).read_text(encoding="utf-8"))
    for scheme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        for fragment in fragments:
            page.run("location.hash = arguments[0]", fragment)
            assert violations(page) == [], f"{scheme}, {fragment}"
        for key in "?i":
            page.press(key)
            assert violations(page) == [], f"{scheme}, the dialog of {key}"
            page.press("\ue00c")
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
