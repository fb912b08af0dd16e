"""The explorer in a real browser: a slider goes through the epochs of a training."""

import random
import re

import pytest
from browsing import Net, close, number

import autograd
import nn

HOME, END, LEFT, RIGHT = "\ue011", "\ue010", "\ue012", "\ue014"


class Training:
    """Four epochs of a small CNN, and its loss for one digit."""

    def __init__(self):
        random.seed(1)
        digits = nn.data.digits().subset([0, 1, 2, 3]).take(range(48))
        images = [[[row[1:7] for row in image[0][1:7]]] for image in digits.images]
        self.model, self.loss = Net(), nn.CrossEntropyLoss()
        self.epochs = nn.Epochs(self.model)
        trainer = nn.Trainer(self.model, self.loss, nn.Adam(self.model.parameters(), lr=0.02))
        trainer.fit((images, digits.labels), epochs=4, callbacks=[self.epochs], progress=False)
        self.image, self.label = images[0], digits.labels[0]

    def root(self):
        return self.loss(self.model(self.image), self.label)

    def at(self, k):
        """Loss, and its gradient for a weight, with the numbers of an epoch: the engine's."""
        now = self.model.state_dict()
        names = {part: name for name, part in self.model.named_state()}
        self.model.load_state_dict({names[p]: x for p, x in self.epochs[k][1].items()})
        loss = self.root()
        (gradient,) = autograd.grad(loss, [self.model.conv1.weight[0, 0, 1, 2]])
        self.model.load_state_dict(now)
        return loss.data, gradient.data


@pytest.fixture(scope="module")
def training():
    return Training()


@pytest.fixture
def page(explorer, training):
    return explorer(training.root(), epochs=training.epochs).open()


def seen(page):
    """Loss, and its gradient for a weight: the page's."""
    return page.run("""
        const { graph } = explorer;
        const weight = graph.tensors.find((t) => t.name === "conv1.weight").entries[5];
        return [graph.data[graph.roots[0]], graph.adjoint[weight]];
    """)


def agrees(page, true):
    return seen(page) == pytest.approx(list(true), rel=1e-9)


def slider(page):
    return page.one(".epochs input")


def test_every_epoch_is_the_engines_graph_with_its_numbers(page, training):
    assert slider(page).get_attribute("value") == "4"
    assert agrees(page, training.at(4))
    for k, key in [(3, LEFT), (0, HOME), (1, RIGHT), (2, RIGHT), (4, END)]:
        slider(page).send_keys(key)
        assert page.text(".epochs output") == training.epochs[k][0]
        assert agrees(page, training.at(k)), k
    losses = [training.at(k)[0] for k in range(5)]
    assert max(losses) > 2 * min(losses), "the epochs differ"
    assert not page.complaints()


def test_views_follow(page, training):
    page.press("/", "conv1.weight[0,0,1,2]", "\ue007")
    for k, key in [(0, HOME), (2, [RIGHT, RIGHT])]:
        slider(page).send_keys(*key)
        loss, gradient = training.at(k)
        assert close(number(page.text(".edits .root b")), loss)
        text = page.text(".node-pane")
        shown = re.search(r"∂loss/∂conv1.weight\[0,0,1,2\] = ([-−+.e\d]+)", text)[1]
        assert close(number(shown), gradient)


def test_a_drag_is_one_step_of_the_history(page, training):
    from selenium.webdriver.common.action_chains import ActionChains

    chain, width = ActionChains(page.driver), slider(page).size["width"]
    chain.move_to_element_with_offset(slider(page), width // 2 - 8, 0).click_and_hold()
    for _ in range(5):
        chain.move_by_offset(-width // 5, 0)
    chain.release().perform()
    assert page.text(".epochs output") == training.epochs[0][0]
    page.one("[aria-label=undo]").click()
    assert page.text(".epochs output") == training.epochs[4][0]
    assert slider(page).get_attribute("value") == "4"
    assert agrees(page, training.at(4))
    page.one("[aria-label=redo]").click()
    assert agrees(page, training.at(0))


def test_it_plays_from_the_start_to_the_end(page, training):
    button = page.one(".epochs button")
    assert button.get_attribute("aria-label") == "play the training"
    button.click()
    assert page.text(".epochs output") == training.epochs[0][0]
    assert button.get_attribute("aria-label") == "pause the training"
    page.wait("return document.querySelector('.epochs input').value === '2'")
    button.click()
    assert button.text == "▶"
    assert agrees(page, training.at(2))
    button.click()
    page.wait("return document.querySelector('.epochs button').textContent === '▶'")
    assert agrees(page, training.at(4))


def test_a_changed_weight_is_said_and_undone(page, training):
    slider(page).send_keys(LEFT)
    page.run("explorer.live.set(explorer.epochs.leaves[0], 9)")
    assert page.text(".epochs output") == f"{training.epochs[3][0]}; changed since"
    page.one("[aria-label=undo]").click()
    assert page.text(".epochs output") == training.epochs[3][0]


def test_the_address_holds_the_epoch_and_what_was_changed_since(page, training):
    slider(page).send_keys(HOME)
    page.wait("return location.hash.includes('epoch=0')")
    assert "set=" not in page.run("return location.hash")
    page.run("explorer.live.set(explorer.epochs.leaves[2], 0.5)")
    page.wait("return location.hash.includes('set=')")
    fragment, numbers = page.run("return location.hash.slice(1)"), seen(page)
    assert fragment.count(":") == 1
    page.open(fragment)
    assert seen(page) == numbers
    assert page.text(".epochs output") == f"{training.epochs[0][0]}; changed since"
    page.run("location.hash = 'epoch=3'")
    page.wait("return document.querySelector('.epochs input').value === '3'")
    assert agrees(page, training.at(3))
    page.run("location.hash = 'epoch=12'")
    page.wait("return document.querySelector('.epochs input').value === '4'")
    assert agrees(page, training.at(4))


def test_a_page_without_epochs_has_no_slider(explorer, training):
    assert not explorer(training.root()).open().all(".epochs")
