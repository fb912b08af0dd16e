"""The demos that teach run as their users run them, and what they print is true."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WITHOUT_NUMPY = """
import runpy, sys
sys.modules["numpy"] = None  # importing it is an ImportError
sys.path.insert(0, {root!r})
sys.argv = ["pure_python.py", "--epochs", "3"]
runpy.run_path({demo!r}, run_name="__main__")
"""


def run(*arguments):
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode == 0:
        assert done.stderr == ""
    return done


def printed(*arguments):
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def losses(text):
    return [float(x) for x in re.findall(r"^epoch +\d+  loss ([\d.]+)", text, re.MULTILINE)]


def accuracies(text):
    return [float(x) for x in re.findall(r"^test accuracy ([\d.]+)%", text, re.MULTILINE)]


def counts(text):
    """The rows of each confusion table."""
    tables = [table.partition("\n")[2] for table in text.split("taken for")[1:]]
    return [
        [
            [int(n.replace("·", "0")) for n in row.split()]
            for row in re.findall(r"^ +\S.*? \d{1,2}((?: +[\d·]+)+)$", table, re.MULTILINE)
        ]
        for table in tables
    ]


@pytest.fixture(scope="module")
def lesson():
    """What pure_python.py prints where NumPy cannot be imported."""
    demo = str(ROOT / "demos/pure_python.py")
    return printed("-c", WITHOUT_NUMPY.format(root=str(ROOT), demo=demo))


def test_zeros_and_ones_are_told_apart_without_numpy(lesson):
    assert accuracies(lesson)[0] >= 98
    assert losses(lesson)[-1] < losses(lesson)[0] / 5


def test_the_paths_of_one_weight_add_up_to_its_gradient(lesson):
    rows = re.findall(r"^ +(\d +\d(?: +-?\d+\.\d+){6})$", lesson, re.MULTILINE)
    assert len(rows) == 9
    total = 0.0
    for row in rows:
        i, j, *factors, product = map(float, row.split())
        assert 0 <= min(i, j) <= max(i, j) <= 5
        expected = 1.0
        for factor in factors:
            expected *= factor
        assert product == pytest.approx(expected, abs=2e-3)  # the factors have three decimals
        total += product
    found = re.search(r"sum (\S+), and by backward (\S+)", lesson)
    summed, gradient = map(float, found.groups())
    assert summed == gradient == pytest.approx(total, abs=1e-5)
    assert gradient != 0


def test_a_smaller_network_and_another_seed_learn_too():
    text = printed("demos/pure_python.py", "--kernels", "2", "--epochs", "2", "--seed", "3")
    assert len(losses(text)) == 2
    assert accuracies(text)[0] > 90


@pytest.fixture(scope="module")
def clothes():
    return printed("demos/fashion.py", "--epochs", "3")


def test_two_kinds_of_clothes_are_told_apart_by_hand_and_ten_by_the_trainer(clothes):
    two, ten = accuracies(clothes)
    assert two > 85
    assert ten > 60
    first = losses(clothes)[:3]
    assert first == sorted(first, reverse=True)


def test_the_accuracy_is_that_of_the_table(clothes):
    tables = counts(clothes)
    assert [len(table) for table in tables] == [2, 10]
    for table, accuracy in zip(tables, accuracies(clothes), strict=True):
        assert all(sum(row) == 30 for row in table)
        right = sum(row[k] for k, row in enumerate(table))
        assert accuracy == pytest.approx(100 * right / (30 * len(table)), abs=0.05)


def test_the_network_is_chosen_by_its_share_of_the_validation_images(clothes):
    found = dict(re.findall(r"^  ([a-z ]+?) +[\d,]+ weights +([\d.]+)% right$", clothes, re.M))
    chosen = re.search(r"^([a-z ]+): trained anew on all 600$", clothes, re.M)[1]
    assert len(found) == 3
    assert float(found[chosen]) == max(map(float, found.values()))


def test_the_classes_decide_between_the_loop_and_the_trainer():
    pair = printed("demos/fashion.py", "--classes", "9", "7", "--epochs", "1")
    assert "Ankle boot or Sneaker?" in pair
    assert len(accuracies(pair)) == 1
    assert "Adam" not in pair


def test_the_images_can_come_from_a_folder():
    root = str(ROOT / "demos/data/mnist-10k")
    text = printed("demos/fashion.py", "--classes", "0", "1", "--epochs", "1", "--root", root)
    assert "2115 to test" in text
    assert accuracies(text)[0] > 98


@pytest.mark.parametrize("classes", [["3"], ["3", "3"], ["3", "12"], ["x"]])
def test_wrong_classes_are_refused_by_name(classes):
    done = run("demos/fashion.py", "--classes", *classes)
    assert done.returncode == 2
    assert "--classes" in done.stderr


def test_a_folder_without_the_files_is_one_line(tmp_path):
    done = run("demos/fashion.py", "--root", str(tmp_path))
    assert done.returncode == 1
    assert str(tmp_path) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_missing_extra_is_one_line():
    code = (
        "import runpy, sys; sys.modules['pooch'] = None; sys.argv = ['fashion.py', '--full'];"
        f"sys.path.insert(0, {str(ROOT)!r});"
        f"runpy.run_path({str(ROOT / 'demos/fashion.py')!r}, run_name='__main__')"
    )
    done = run("-c", code)
    assert done.returncode == 1
    assert "pip install" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("demo", ["pure_python.py", "fashion.py"])
def test_help_explains_every_option(demo):
    text = printed(f"demos/{demo}", "--help")
    source = (ROOT / "demos" / demo).read_text(encoding="utf-8")
    options = re.findall(r'add\("(--\w+)"', source)
    assert len(options) >= 4
    for option in options:
        assert re.search(rf"^  {option}\b.*\s+\w+", text, re.MULTILINE)
