"""Nothing of the engine or of eager training needs more than the standard library (and tqdm)."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

BLOCKED = """
import importlib.abc, runpy, sys

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ImportError(name + " is blocked")

sys.meta_path.insert(0, Blocked())
sys.path.insert(0, {root!r})
{code}
"""


def run(code, *blocked):
    script = BLOCKED.format(blocked=set(blocked), root=str(ROOT), code=code)
    alone = {k: v for k, v in os.environ.items() if not k.startswith("COV")}  # nothing measures it
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, env=alone
    )


def test_importing_needs_the_standard_library_alone():
    done = run(
        "import autograd, nn\n"
        "extra = {m.partition('.')[0] for m in sys.modules} - sys.stdlib_module_names\n"
        "print(sorted(m for m in extra if not m.startswith('_')))",
        "numpy",
        "tqdm",
    )
    assert done.stderr == ""
    assert "numpy" not in done.stdout
    assert done.stdout.strip() in ("['autograd', 'nn']", "['autograd', 'nn', 'sitecustomize']")


def test_zero_against_one_trains_to_a_hundred_percent_without_numpy():
    done = run(
        "sys.argv = ['train_digits.py', '--classes', '0', '1', '--epochs', '4']\n"
        f"runpy.run_path({str(ROOT / 'demos/train_digits.py')!r}, run_name='__main__')",
        "numpy",
    )
    assert done.returncode == 0, done.stderr
    assert "test accuracy 100.00%" in done.stdout


def test_the_block_is_real():
    assert "numpy is blocked" in run("import numpy", "numpy").stderr
