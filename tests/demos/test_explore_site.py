"""The web site is built, and clicked through in a real browser."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder that the script writes, in its short form."""
    folder = tmp_path_factory.mktemp("www") / "site"
    done = subprocess.run(
        [sys.executable, "demos/explore_site.py", "--out", str(folder), "--quick"],
        cwd=ROOT, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for path in folder.iterdir():
        assert str(path) in done.stdout
    return folder


def test_it_is_four_files_of_which_none_is_large(site):
    sizes = {path.name: path.stat().st_size for path in site.iterdir()}
    assert sizes.keys() == {"index.html", "digits.html", "mnist.html", "moons.html"}
    assert max(sizes.values()) < 2_000_000


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("digits", r"A CNN reads a (\d) as a (\d)"),
        ("mnist", r"LeNet reads a (\d) as a (\d)"),
        ("moons", r"micrograd's MLP on two moons"),
    ],
)
def test_each_page_is_opened_from_the_index_and_answers(site, driver, name, title):
    from browsing import Explorer

    page = Explorer(driver, site / f"{name}.html")
    for log in ("browser", "performance"):
        driver.get_log(log)
    driver.get((site / "index.html").as_uri())
    link = page.one(f"a[href='{name}.html']")
    text = link.text
    found = re.fullmatch(title, text)
    assert found
    assert len({*found.groups()}) == len(found.groups()), "it is misread"
    link.click()
    page.wait("return document.body.dataset.ready")
    assert page.text("h1") == driver.title == text
    root = "return explorer.graph.data[explorer.graph.roots[0]]"
    before = page.run(root)
    assert before > 0, "there is a loss, so there are gradients"
    page.run("explorer.state.set({ node: explorer.graph.roots[0] })")
    assert page.all("#details h2")
    page.one("#learn button").click()
    assert page.text("#learn button") == "one step"
    assert page.run(root) < before
    if page.all(".epochs"):
        page.one(".epochs input").send_keys("\ue011")  # Home: before the training
        assert page.run(root) != before
    assert not page.complaints()
    assert all(url.startswith(("file:", "data:", "blob:")) for url in page.requests())


def test_the_workflow_builds_and_publishes_it():
    workflow = (ROOT / ".github/workflows/pages.yml").read_text("utf-8")
    (command,) = re.findall(r"run: (python demos/.*)", workflow)
    folder = re.search(r"--out (\S+)", command)[1]
    assert command == f"python demos/explore_site.py --out {folder}"
    assert f"path: {folder}\n" in workflow
    for action in ("upload-pages-artifact", "deploy-pages"):
        assert f"actions/{action}@v" in workflow
