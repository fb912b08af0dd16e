"""`scale.py` trains on several devices and in processes, and says clearly what goes wrong."""

import builtins
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import scale
import scale_paper
import scale_processes
from benchmark_nets import Net

import nn

ROOT = Path(__file__).parents[2]
has_jax = importlib.util.find_spec("jax") is not None
needs_jax = pytest.mark.skipif(not has_jax, reason='needs JAX: pip install "glassgrad[jax]"')

# scale.py with a network that is compiled in little time
SMALL = """
import contextlib, io, json, sys
import nn
import scale

def small(n, width):
    return nn.Sequential(
        nn.Conv2D(1, 3, 7, stride=7), nn.BatchNorm2D(3), nn.ReLU(), nn.Flatten(), nn.Dense(48, 10)
    )

scale.resnet = small
"""
TOLD = """
def told(line):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            scale.main(line.split())
        except SystemExit as left:
            return left.code
    return said.getvalue()

print(json.dumps([told(line) for line in json.loads(sys.argv[1])]))
"""
DYING = f"""
import os, signal, sys, time
k = int(sys.argv[sys.argv.index("--process") + 1])
if k == 0:
    print("[Gloo] Rank 0 is connected to 1 peer ranks.")
    print("epoch  1  loss 2.3\\nepoch  2  loss 2.2", flush=True)
way = sys.argv[1].split(",")[k]
if way == "killed":
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)
if way in ("lost", "wrong"):
    time.sleep(1.0 if way == "lost" else 0.5)  # who is lost was there before
    print(f"scale.py: {{way}}", file=sys.stderr)
    sys.exit({scale_processes.LOST} if way == "lost" else 1)
time.sleep(0 if way == "done" else 60)
"""


@pytest.fixture
def script(tmp_path, monkeypatch):
    """script(text) is a file beside the demos' modules, which is run for scale.py."""
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{ROOT / 'demos'}")

    def made(text):
        path = tmp_path / "script.py"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setattr(scale_processes, "DEMO", path)
        return path

    return made


def losses(text):
    return re.findall(r"^epoch +\d+  loss ([\d.]+)", text, re.MULTILINE)


@needs_jax
def test_devices_are_measured_and_what_cannot_be_done_is_told_in_a_line(script, tmp_path):
    kept = tmp_path / "run.safetensors"
    always = "--simulated 4 --images 64 --batch-size 16"
    lines = [
        f"{always} --epochs 2 --devices 1 4",
        f"{always} --epochs 1 --devices 4 --checkpoint {kept}",
        f"{always} --epochs 2 --devices 2 --checkpoint {kept}",
        f"{always} --devices 8",
        f"{always} --devices 3",
    ]
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script(SMALL + TOLD)), json.dumps(lines)],
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    both, begun, ended, *errors = json.loads(done.stdout)
    rows = re.findall(r"^\| (\d) \| [\d,]+ \| \d+% \|$", both, re.MULTILINE)
    assert rows == ["1", "4"]
    assert losses(both)[:2] == losses(both)[2:] == losses(begun) + losses(ended)
    assert errors[0].startswith("scale.py: devices: 8 are asked for, there are 4: cpu:0, cpu:1")
    assert "batch_size 16 is no multiple of 3 devices" in errors[1]


@needs_jax
def test_processes_train_together(script, capfd):
    script(SMALL + "scale.main()")
    options = ["--simulated", "2", "--images", "64", "--epochs", "2"]
    assert scale_processes.run(2, options, None) is None
    told, _ = capfd.readouterr()
    assert told.startswith("4 devices\nepoch  1  loss")
    assert len(losses(told)) == 2
    assert "| 4 |" in told


@pytest.mark.parametrize(
    ("ways", "said"),
    [
        ("killed,waits", "process 0 of 2 died (SIGKILL) after epoch 2, and the others were ended."),
        ("waits,killed", "process 1 of 2 died (SIGKILL) after epoch 2, and the others were ended."),
        ("lost,killed", "process 1 of 2 died (SIGKILL) after epoch 2, and the others were ended."),
        ("waits,wrong", "wrong"),
        ("lost,wrong", "wrong"),
        ("lost,lost", "lost"),
    ],
)
def test_a_process_that_dies_ends_the_others_and_a_line_says_which_and_when(script, ways, said):
    script(DYING)
    told = scale_processes.run(2, [ways], "run.safetensors")
    if "killed" in ways:
        said += " Run the command again: it goes on from run.safetensors, on any number of devices."
    assert told == f"scale.py: {said}"


def test_processes_that_are_done_say_nothing_more(script, capsys):
    script(DYING)
    assert scale_processes.run(2, ["done,done"], None) is None
    assert capsys.readouterr().out == "epoch  1  loss 2.3\nepoch  2  loss 2.2\n"


def test_without_a_checkpoint_the_line_says_how_to_keep_one(script):
    script(DYING)
    told = scale_processes.run(2, ["killed,waits"], None)
    assert told.endswith(
        "Run the command again; with --checkpoint FILE, it would go on from there."
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--coordinator", "there:1"], "--coordinator needs --process and --of"),
        (["--checkpoint", "c", "--devices", "1", "2"], "give one number of --devices"),
        (["--devices", "0"], "--devices"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, said, capsys):
    with pytest.raises(SystemExit):
        scale.main(options)
    assert said in capsys.readouterr().err


def test_a_resnet_has_as_many_layers_as_it_is_called():
    model = scale.resnet(3, 2)
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2D | nn.Dense)]
    assert len(layers) - 2 == 20  # without the two that fit shortcuts to what they are added to


@needs_jax
@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        (
            "JaxRuntimeError",
            75,
            "another process is lost (Gloo: closed). Run the command again: it",
        ),
        ("ValueError", 1, "Gloo: closed"),
        ("KeyError", 1, "Traceback"),
    ],
)
def test_a_process_that_fails_among_others_waits_for_nobody(
    monkeypatch, capsys, kind, status, said
):
    import jax

    def failing():
        raise {**vars(builtins), **vars(jax.errors)}[kind]("Gloo: closed\nmore")

    def left(status):
        raise SystemExit(status)

    monkeypatch.setattr(jax.distributed, "initialize", lambda *place, **settings: None)
    monkeypatch.setattr(os, "_exit", left)
    with pytest.raises(SystemExit, match=str(status)):
        scale_processes.member(("there:1", 2, 0), "run.safetensors", failing)
    assert capsys.readouterr().err.startswith(f"scale.py: {said}")


# --- on paper -------------------------------------------------------------------------------------

WORK = scale_paper.Work(numbers=1_000_000, forward=10**9, reverse=2 * 10**9, waits=5, speed=100)


def test_a_ring_sends_nearly_twice_the_gradient():
    assert [WORK.all_reduced(n) for n in (1, 2, 4)] == [0, 4e6, 6e6]


def test_a_batch_hides_the_all_reduce_where_its_reverse_pass_takes_as_long():
    link = scale_paper.Link("slow", bandwidth=1e6, latency=0.5)
    assert link.seconds(WORK, 4) == 6 + 2 * 2 * 0.5
    # at 3·10⁹ operations a second, an image's reverse pass takes 2/3 s
    assert scale_paper.hidden(WORK, link, 4, 3e9) == 12


def test_the_table_has_a_line_for_each_number_of_devices():
    lines = scale_paper.table({"a net": WORK}).splitlines()
    assert "1,000,000 parameters" in lines[0]
    assert "100 images a second here, 300 GFLOP/s" in lines[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]
    assert len({len(row) for row in rows}) == 1
    assert [row[1] for row in rows[2:]] == ["1", "2", "8", "64", "1,000"]
    assert rows[3][2:5] == ["4 MB", "192 GFLOP", "300 µs"]
    assert rows[2][5:] == ["–"] * 5


def test_the_table_of_the_readme_is_that_of_the_numbers_above_it():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^- (.+?): (.+ parameters; .+) here, .+$", text, re.MULTILINE)
    works = {
        name: scale_paper.Work(*[int(n.replace(",", "")) for n in re.findall(r"[\d,]+\d|\d", line)])
        for name, line in lines
    }
    assert [*works] == [*scale_paper.NETS]
    assert scale_paper.table(works) in text


@pytest.mark.parametrize(("number", "text"), [(0, "0 B"), (999.9, "1 kB"), (1.5e-5, "15 µB")])
def test_numbers_are_told_in_three_digits(number, text):
    assert scale_paper.metric(number, "B") == text


@needs_jax
def test_the_plan_counts_work_and_the_sums_that_are_waited_for():
    def build(of):
        stem = of.convolution(1, 2, 3, 1, 0, True), of.batch_norm(2), of.relu()
        return of.sequential(*stem, of.flatten(), of.dense(8, 10))

    found = scale_paper.work(Net((1, 4, 4), build, {}))
    convolution, dense = 2 * 4 * 9, 8 * 10  # multiply-adds
    assert found.numbers == 2 * 9 + 2 + 2 * 2 + 80 + 10
    assert found.forward == 2 * (convolution + dense)
    assert found.reverse == 2 * (convolution + 2 * dense)  # nobody asks for the image's gradient
    assert found.waits == 4  # mean and variance, and their adjoints
    assert found.speed > 0
