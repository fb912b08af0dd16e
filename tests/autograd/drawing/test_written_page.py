"""What `explore` returns says what it holds, is saved, and opens in a browser."""

import re
import subprocess
import sys
import urllib.parse
import webbrowser
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import Tensor, Value, explore, stack


@pytest.fixture
def opened(monkeypatch):
    """The addresses that a browser was asked to show."""
    addresses = []
    monkeypatch.setattr(webbrowser, "open", lambda url: addresses.append(url) or True)
    return addresses


def path_of(address):
    return Path(urllib.parse.unquote(urllib.parse.urlparse(address).path))


def test_a_page_says_what_it_holds_where_it_lies_and_how_it_is_opened(tmp_path):
    a = Value(2.0, label="a")
    page = explore(a * a + 1)
    assert re.fullmatch(
        r"<Page of 4 nodes, \d\.\d MB; \.save\(path\) writes it, \.open\(\) shows it in a browser>",
        repr(page),
    )
    path = tmp_path / "page.html"
    page.save(path)
    start = f"<Page {path}: 4 nodes, {len(page.html) / 1e6:.1f} MB; "
    assert str(page) == f"{start}open it in a browser, or by .open()>"


def test_layers_are_counted_too():
    model = nn.Sequential(a=nn.Dense(2, 3), b=nn.Dense(3, 1))
    assert repr(explore(model(Tensor([1.0, 2.0])))).startswith("<Page of 23 nodes, 2 layers, ")


def test_samples_and_epochs_are_counted():
    w = Value(2.0, label="w")
    page = explore(
        lambda x, t: (w * x[0] - t) ** 2, samples=[([1.0], 2.0), ([3.0], 4.0)], parameters=[w],
        epochs=[("begun", {w: 1.0}), ("done", {w: 2.0})],
    )  # fmt: skip
    assert page.holds.endswith(" nodes, 2 samples, 2 epochs")


def test_a_page_that_was_saved_is_opened_where_it_lies(tmp_path, opened):
    path = tmp_path / "a page of 100 %.html"
    page = Value(2.0).explore(path).open()
    assert list(map(path_of, opened)) == [path]
    assert page.path == path
    path.unlink()
    page.open()
    assert path_of(opened[1]).read_text("utf-8") == page.html


def test_one_that_was_not_is_written_to_a_temporary_file_once(opened):
    page = Tensor([2.0, 3.0]).explore().open().open()
    first, second = map(path_of, opened)
    assert first == second == page.path
    assert first.read_text("utf-8") == page.html


def test_where_there_is_no_browser_a_line_says_which_file_to_open(monkeypatch, capsys):
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    page = explore(Value(2.0)).open()
    assert capsys.readouterr().out == (
        f"no browser was found here; this is the page to open in one: {page.path}\n"
    )


def test_the_browser_that_the_user_has_chosen_is_run(tmp_path):
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\necho \"$1\" > '{seen}'\n")
    browser.chmod(0o755)
    code = "import autograd; autograd.Value(2.0).explore('p.html').open()"
    environment = {"BROWSER": str(browser), "PYTHONPATH": str(Path(__file__).parents[3])}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    assert path_of(seen.read_text().strip()) == tmp_path / "p.html"


class Neuron:
    """As micrograd has it."""

    def __call__(self, x):
        return x

    def parameters(self):
        return []


def loss_of(x):
    return x


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (nn.ReLU(), "this ReLU has not run; run it on one input first: explore(model(x))"),
        (Neuron(), "this Neuron has not run; run it on one input first: explore(model(x))"),
        (loss_of, "loss_of has not run; run it on one input first: explore(loss_of(x))"),
        (lambda x: x, "f has not run; run it on one input first: explore(f(x))"),
        (Value, "Value has not run; run it on one input first: explore(Value(x))"),
        ([Value(1.0)], "a list is not one result; make one of it: explore(autograd.stack(values))"),
        (np.ones(3), "got a ndarray, which does not know how it was made"),
        (3.0, "x = autograd.Tensor(numbers); explore(f(x))"),
        (None, "got a NoneType"),
        ("loss", "got a str"),
    ],
)
def test_what_has_no_graph_is_refused_with_a_line_to_write_instead(thing, words):
    with pytest.raises(TypeError) as refused:
        explore(thing)
    assert str(refused.value).startswith("explore: ")
    assert words in str(refused.value)


def test_the_line_for_a_list_is_true():
    values = [Value(1.0), Value(2.0)]
    assert explore(stack(values)).holds == "2 nodes"


def test_a_page_that_opens_shows_no_dialog(explorer, net):
    page = explorer(net.loss, samples=[net.image], parameters=net.model.parameters()).open()
    assert page.run("return document.querySelectorAll('dialog').length") > 1
    assert not [dialog for dialog in page.all("dialog") if dialog.is_displayed()]
