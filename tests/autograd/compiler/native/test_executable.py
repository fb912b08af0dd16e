"""What can go wrong while machine code runs: threads, forks, interrupts, odd batches, odd names."""

import copy
import ctypes
import gc
import math
import multiprocessing
import pickle
import random
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import compilers
import numpy as np
import pytest

import autograd
import nn
from autograd import Primitive, Tensor, apply, scope
from autograd.compiler.backends.native import executable, toolchain
from autograd.compiler.backends.native.library import load, own_text

# fixtures
new_process = compilers.new_process
cache_folder = compilers.cache_folder
real = compilers.real

IMAGES = np.random.default_rng(5).standard_normal((100, 1, 7, 7)).astype(np.float32)
needs_compiler = pytest.mark.skipif(not compilers.REAL, reason="there is no C compiler here")


@pytest.fixture
def shared(monkeypatch):
    """As many threads as asked for, however little there is to do."""
    monkeypatch.setattr(executable, "SHARE_SECONDS", 1e-12)


def compiled(kind="convolution", **options):
    """A program whose rows have margins, sums and a maximum; or another one."""
    random.seed(9)
    layers = {
        "convolution": [nn.Conv2D(1, 3, 3, padding=1), nn.ReLU(), nn.MaxPool(2), nn.Flatten(),
                        nn.Dense(27, 4), nn.Tanh()],
        "dense": [nn.Flatten(), nn.Dense(49, 20), nn.Sigmoid(), nn.Dense(20, 3)],
    }  # fmt: skip
    net = nn.Sequential(*layers[kind])

    def function(x):
        y = net(x)
        return (y * y).mean(), y

    options = {"threads": 2, "backend": "native", **options}
    return autograd.compile(function, IMAGES[0], parameters=net.parameters(), **options)


def bits(program, images=IMAGES):
    """All that comes out of a batch, to be compared bit by bit."""
    loss, gradients = program.value_and_grad(images)
    numbers = [*gradients, *program.outputs, *program(images)]
    return [loss, *(array.tobytes() for array in numbers)]


pytestmark = [needs_compiler, pytest.mark.usefixtures("shared")]


# --- the same bits -------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_batch_gives_the_same_bits_each_time_and_in_each_program(threads, dtype):
    first = compiled(threads=threads, dtype=dtype)
    assert first.runner.shares(len(IMAGES)) == threads
    expected = bits(first)
    again = compiled(threads=threads, dtype=dtype)
    for program in [first, again] * 10:
        assert bits(program) == expected


def test_batches_may_grow_and_shrink():
    sizes = [1, 40, 3, 100, 8, 16, 17, 100, 1]
    expected = {n: bits(compiled(), IMAGES[:n]) for n in sizes}
    program = compiled()
    for n in sizes:
        assert bits(program, IMAGES[:n]) == expected[n]


@pytest.mark.parametrize(
    "odd",
    [
        lambda x: x.astype(np.float64),
        lambda x: np.repeat(x, 3, axis=0)[::3],
        lambda x: np.asfortranarray(x),
        lambda x: x[::-1].copy()[::-1],
        lambda x: x.astype(">f4"),
        lambda x: x.tolist(),
        lambda x: np.frombuffer(x.tobytes(), x.dtype).reshape(x.shape),  # read-only
        lambda x: np.frombuffer(b"-" + x.tobytes(), np.uint8)[1:].view(x.dtype).reshape(x.shape),
    ],
    ids=["float64", "steps", "Fortran", "backwards", "endian", "lists", "read-only", "unaligned"],
)
def test_batches_may_lie_in_memory_as_they_like(odd):
    program = compiled()
    assert bits(program, odd(IMAGES)) == bits(program)


@pytest.mark.parametrize("kind", [bool, np.int8, np.uint64, np.float16])
def test_batches_may_be_whole_numbers_and_truths(kind):
    program = compiled()
    whole = np.abs(np.round(IMAGES)).astype(kind)
    assert bits(program, whole) == bits(program, whole.astype(np.float32))


# --- several threads of Python -------------------------------------------------------------------


def test_threads_run_one_program_and_another_at_the_same_time():
    programs = [compiled(kind, threads=t) for kind in ("convolution", "dense") for t in (1, 2, 3)]
    expected = [bits(program) for program in programs]
    with ThreadPoolExecutor(6) as pool:
        for k, found in pool.map(lambda k: (k % 6, bits(programs[k % 6])), range(240)):
            assert found == expected[k]


def test_a_program_that_is_dropped_while_another_thread_runs_it_goes_on():
    program = compiled()
    expected, found, begun = bits(program), [], threading.Event()

    def run(program):
        for _ in range(50):
            begun.set()
            found.append(bits(program))

    threads = [threading.Thread(target=run, args=(program,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    begun.wait(60)
    del program
    for _ in range(5):
        gc.collect()
        bits(compiled("dense"))
    for thread in threads:
        thread.join(60)
    assert found == [expected] * 100


# --- other processes -----------------------------------------------------------------------------

TRAINING = """
import os, sys
started = []
EVENTS = ("subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system")
sys.addaudithook(lambda event, args: event in EVENTS and started.append(str(args[:1])))
import nn
data = nn.data.digits().take(range(64))
model = nn.Sequential(nn.Conv2D(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Dense(72, 10))
trainer = nn.Trainer(model, nn.CrossEntropyLoss(), nn.SGD(model.parameters(), lr=0.1))
trainer.fit(data, data, epochs=2, progress=False)
print([name for name in started if os.environ["CC"] not in name])
print("multiprocessing.shared_memory" in sys.modules)
"""


def test_training_starts_the_compiler_and_no_other_process(real, cache_folder, monkeypatch):
    """So that it goes wherever Python is embedded or frozen, and leaves no memory behind."""
    monkeypatch.setenv("CC", real)
    command = [sys.executable, "-c", TRAINING]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\nFalse\n"
    assert list(cache_folder.glob("*.so"))


# --- interrupts ----------------------------------------------------------------------------------


def test_an_interrupt_comes_through_and_leaves_the_program_sound():
    program = compiled()
    expected = bits(program)
    timer = threading.Timer(0.05, lambda: signal.raise_signal(signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs may ignore it
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        list(iter(lambda: bits(program), None))
    timer.join()
    signal.signal(signal.SIGINT, before)
    assert bits(program) == expected


def test_an_interrupt_while_memory_grows_leaves_the_program_sound(monkeypatch):
    """The margins of images are written once, where a larger batch needs more memory."""
    program = compiled()
    expected = bits(compiled())

    class Interrupting:
        def __getattr__(self, name):
            if name == "prepare":
                raise KeyboardInterrupt
            return getattr(library, name)

    library = program.runner._library
    monkeypatch.setattr(program.runner, "_library", Interrupting())
    with pytest.raises(KeyboardInterrupt):
        program(IMAGES)
    monkeypatch.setattr(program.runner, "_library", library)
    assert bits(program) == expected


# --- forks ---------------------------------------------------------------------------------------


def in_a_fork(action):
    """What an action gives in a child of this process, which must end by itself."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sender.send(action()))
    child.start()
    assert receiver.poll(60), "the child hangs"
    found = receiver.recv()
    child.join(60)
    assert child.exitcode == 0
    return found


def forking(test):
    """A test that forks, where the system can; Python warns of the threads of the test's runner."""
    can = hasattr(signal, "SIGALRM")
    quiet = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
    return pytest.mark.skipif(not can, reason="the system has no fork")(quiet(test))


@forking
@pytest.mark.parametrize("started", [True, False], ids=["threads", "no threads"])
def test_a_fork_runs_old_programs_and_new_ones(started):
    program, other = compiled(), compiled("dense", threads=3)
    expected = bits(compiled(threads=2)), bits(compiled("dense", threads=3))

    def grandchild():
        return bits(program) == expected[0]

    def child():
        mine = bits(program), bits(other)
        new = bits(compiled()), bits(compiled("dense", threads=3))
        return mine == new == expected, in_a_fork(grandchild)

    if not started:  # a child has none of its parent's, and this one forks before it starts any
        assert in_a_fork(lambda: in_a_fork(child)) == (True, True)
    assert in_a_fork(child) == (True, True)
    assert (bits(program), bits(other)) == expected


JOBS = """
#include <stdint.h>
typedef void (*Task)(void *, int64_t);
static void add(void *sum, int64_t k) {
    for (volatile int64_t i = 0; i < 300 * (k + 1); i++);
    __atomic_fetch_add((int64_t *)sum, k, __ATOMIC_RELAXED);
}
int64_t jobs(void (*parallel)(Task, void *, int64_t), int64_t count) {
    int64_t sum = 0;
    for (int64_t k = 0; k < count; k++) parallel(add, &sum, 4);
    return sum;
}
"""


@forking
def test_jobs_end_however_threads_come_and_go():
    """Each lets others go first where it says that it joins, and where it says that it leaves."""

    def child():
        text = own_text("threads.c")
        for change in ("add(&working", "sub(&working"):
            assert f"__atomic_fetch_{change}" in text
            text = text.replace(
                f"__atomic_fetch_{change}", f"sched_yield(), __atomic_fetch_{change}"
            )
        parallel = ctypes.cast(load(text).parallel, ctypes.c_void_p)
        return load(JOBS).jobs(parallel, ctypes.c_int64(50_000))

    assert in_a_fork(child) == 50_000 * 6


@forking
def test_a_fork_while_other_threads_run_is_sound():
    programs = [compiled(threads=3) for _ in range(3)]
    expected = bits(programs[0])
    stop = threading.Event()

    def run(program):
        while not stop.is_set():
            bits(program)

    threads = [threading.Thread(target=run, args=(program,)) for program in programs[:2]]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            assert in_a_fork(lambda: bits(programs[2])) == expected
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


# --- compilers that are missing, operations of one's own -----------------------------------------


def test_a_program_is_built_once_and_taken_from_the_cache_after(
    real, cache_folder, new_process, monkeypatch
):
    expected = bits(compiled())
    assert list(cache_folder.glob("*.so"))
    new_process()
    monkeypatch.setattr("autograd.compiler.backends.native.library.build", None)
    monkeypatch.setattr(toolchain, "build", None)
    assert bits(compiled()) == expected


def test_without_a_compiler_auto_is_numpy_and_native_says_what_cc_is(cache_folder, monkeypatch):
    monkeypatch.setenv("CC", "/nothing/cc")
    program = compiled(backend="auto", dtype="float64")
    assert program.backend == "numpy"
    with pytest.raises(RuntimeError, match=r"compile: CC is '/nothing/cc'.*pip install"):
        compiled()
    with pytest.raises(RuntimeError, match='runs on numpy; compile with backend="native"'):
        _ = program.source


def test_an_operation_of_the_users_own_that_is_made_of_the_tables_runs_natively():
    swish = Primitive("swish", "s", lambda x: x / (1 + autograd.exp(-x)), lambda y, x: (y / x + y,))
    w = Tensor([0.5, 2.0])

    def function(x):
        return sum(apply(swish, z) for z in w * x)

    programs = [
        autograd.compile(function, [1.0, 1.0], parameters=[w], backend=b, dtype="float64")
        for b in ("numpy", "native")
    ]
    batch = np.random.default_rng(3).standard_normal((9, 2))
    reference, native = (program.value_and_grad(batch) for program in programs)
    assert native[0] == pytest.approx(reference[0], rel=1e-12)
    assert native[1][0] == pytest.approx(reference[1][0], rel=1e-12)


def test_an_operation_of_the_users_own_that_c_cannot_say_runs_on_numpy_or_is_named():
    """Of numbers that are not known it is unknown, as of floats and arrays: not of the table."""
    row = Primitive("my gamma", "Γ", lambda x: x.conjugate() + 1, lambda *_: (1.0,))

    def made(backend):
        return autograd.compile(
            lambda x: apply(row, x * 1.0), 2.0, backend=backend, dtype="float64"
        )

    assert made("auto").backend == "numpy"
    assert made("auto")([3.0, 5.0]).tolist() == [4.0, 6.0]
    with pytest.raises(RuntimeError, match="compile: C cannot say my gamma"):
        made("native")


@pytest.mark.parametrize(
    "name",
    ['"quoted\\"', "*/ #error ended", "line\n#error next", "Größe ∑ 層", "\\\n", "??/", "a//b", ""],
)
def test_scopes_and_labels_are_words_in_comments_and_nothing_else(name):
    w = Tensor([1.0, 2.0, 3.0], label=name)

    def function(x):
        with scope(name or "empty"):
            y = (w * x).tanh().sum()
        y.label = name
        return y

    program = autograd.compile(
        function, [1.0] * 3, parameters=[w], backend="native", dtype="float64"
    )
    assert program([[0.0, 0.5, 0.0]]).tolist() == pytest.approx([math.tanh(1.0)])
    lines = program.source.splitlines()
    assert not [line for line in lines if line.startswith("#error")]
    assert program.source.count("/*") == program.source.count("*/")
    assert '"quoted' not in program.source


def test_folders_may_have_any_names(real, tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSGRAD_CACHE_DIR", str(tmp_path / 'a "b" */ ü\n'))
    assert compiled().backend == "native"


# --- copies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["numpy", "native"])
@pytest.mark.parametrize("again", [copy.deepcopy, pickle.dumps])
def test_a_program_is_neither_copied_nor_pickled(backend, again):
    with pytest.raises((TypeError, ValueError, AttributeError), match="pickle"):
        again(compiled(backend=backend))
