"""Libraries of C texts: built once, kept, checked, and loaded, whatever the disk does."""

import ctypes
import gc
import math
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import compilers
import numpy as np
import pytest

from autograd.compiler.backends.native import cache, library
from autograd.compiler.backends.native.library import (
    BuildError,
    NativeError,
    NoCompilerError,
    load,
)

# fixtures
new_process = compilers.new_process
cache_folder = compilers.cache_folder
each = compilers.each
real = compilers.real
compiler_that = compilers.compiler_that
temporary = compilers.temporary

TEXT = "int number(void) { return 7; }\n"
ASK = """
import sys
from autograd.compiler.backends.native.library import load
print(load(sys.argv[1]).number())
"""


@pytest.fixture
def unbuilt(monkeypatch):
    """Calling it means that from now on, no compiler can be run."""
    return lambda: monkeypatch.setattr(library, "build", None)


def entries(folder):
    return sorted(folder.glob("*.so"))


def in_another_process(text=TEXT, script=ASK, **options):
    return subprocess.run(
        [sys.executable, "-c", script, text], capture_output=True, text=True, timeout=300, **options
    )


def test_a_text_becomes_functions(real):
    assert load(TEXT).number() == 7
    half = load("double half(double x) { return x / 2; }").half
    half.restype, half.argtypes = ctypes.c_double, [ctypes.c_double]
    assert half(3.0) == 1.5


def test_the_same_text_is_the_same_library(real, unbuilt):
    first = load(TEXT)
    unbuilt()
    assert load(TEXT) is load(TEXT, "another name") is first


def test_the_next_process_takes_it_from_the_cache(real, new_process, unbuilt, cache_folder):
    load(TEXT)
    assert len(entries(cache_folder)) == 1
    new_process()
    unbuilt()
    assert load(TEXT).number() == 7


def test_a_warm_load_runs_no_other_program(real):
    watched = (
        "import sys\n"
        "bad = ('subprocess.Popen', 'os.fork', 'os.exec', 'os.posix_spawn', 'os.system')\n"
        "sys.addaudithook(lambda name, _: print(name) if name in bad else None)\n" + ASK
    )
    cold = in_another_process(script=watched).stdout.split()
    warm = in_another_process(script=watched).stdout.split()
    assert "subprocess.Popen" in cold
    assert cold[-1:] == warm == ["7"]


def test_another_text_is_another_library(real, cache_folder):
    assert load(TEXT.replace("7", "8")).number() == 8
    assert load(TEXT).number() == 7
    assert len(entries(cache_folder)) == 2


def test_another_compiler_or_other_arguments_make_another_library(real, monkeypatch):
    text = "#ifndef X\n#define X 1\n#endif\nint number(void) { return X; }"
    assert load(text).number() == 1
    monkeypatch.setenv("CC", f"{shlex.quote(real)} -DX=2")
    assert load(text).number() == 2


def test_the_text_may_hold_any_characters(real):
    assert load("// Δ 猫 \U0001f600 \\\\ \" ' $(touch x) `touch x` %s\r\n" + TEXT).number() == 7


def test_the_name_is_what_the_compiler_calls_the_text(real):
    with pytest.raises(BuildError, match=r"lenet\.c:1"):
        load("#error no", "lenet")


@pytest.mark.parametrize(
    "name", ["", "../../x", "-o", "a\nb", "a b;c", "x" * 400, "é", "\0", "con", "a/b\\c"]
)
def test_any_name_will_do(real, new_process, tmp_path, name):
    assert load(f"// {len(name)}\n" + TEXT, name).number() == 7
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache"]


def test_folders_may_have_odd_names(real, tmp_path, monkeypatch):
    for variable, name in (
        ("GLASSGRAD_CACHE_DIR", "a 'cache'\n\"$(x)\" é"),
        ("TMPDIR", "t 'm'\np"),
    ):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / name))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert load(TEXT).number() == 7


def test_threads_that_load_at_the_same_time_get_the_same_library(real):
    with ThreadPoolExecutor(4) as pool:
        libraries = list(pool.map(load, [TEXT] * 4))
    assert all(found is libraries[0] for found in libraries)
    assert libraries[0].number() == 7


def test_processes_that_load_at_the_same_time_all_succeed(real, cache_folder):
    running = [
        subprocess.Popen([sys.executable, "-c", ASK, TEXT], stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    assert [process.communicate(timeout=300)[0].strip() for process in running] == [b"7"] * 4
    assert len(entries(cache_folder)) == 1
    assert cache.find(entries(cache_folder)[0].name)


@pytest.fixture
def kept(real, cache_folder):
    """The cache's file of a library that another process has built."""
    assert in_another_process().stdout == "7\n"
    (entry,) = entries(cache_folder)
    return entry


@pytest.mark.parametrize(
    "broken",
    [
        lambda sound: b"",
        lambda sound: b"garbage",
        lambda sound: sound[:-1],
        lambda sound: sound[: len(sound) // 2],
        lambda sound: bytes(len(sound)),
    ],
    ids=["empty", "garbage", "without its last byte", "half", "zeros"],
)
def test_a_broken_entry_is_built_again(kept, broken):
    sound = kept.read_bytes()
    kept.write_bytes(broken(sound))
    assert load(TEXT).number() == 7
    assert cache.read(kept.name) == sound


@pytest.mark.skipif(sys.platform != "linux", reason="libraries have another format here")
def test_an_entry_that_is_no_library_for_this_machine_is_built_again(kept):
    sound = kept.read_bytes()
    cache.store(kept.name, sound[:18] + b"\xff\xff" + sound[20:])  # the machine, in ELF
    assert load(TEXT).number() == 7
    assert cache.read(kept.name) == sound


def test_an_entry_of_another_text_is_not_believed(kept, cache_folder):
    eight = TEXT.replace("7", "8")
    in_another_process(eight)
    (other,) = set(entries(cache_folder)) - {kept}
    for suffix in ("", ".sha256"):
        os.replace(f"{other}{suffix}", f"{kept}{suffix}")
    assert load(TEXT).number() == 7


def no_folder(cache_folder, tmp_path, monkeypatch):
    cache_folder.parent.write_text("not a folder")


def full_disk(cache_folder, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.files, "replace", full)


def not_executable(cache_folder, tmp_path, monkeypatch):
    """As on a file system that is mounted with noexec."""
    true = ctypes.CDLL

    def refused(path):
        if str(cache_folder) in path:
            raise OSError("failed to map segment from shared object")
        return true(path)

    monkeypatch.setattr(ctypes, "CDLL", refused)


def pruned(cache_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "BYTES", 10)


@pytest.mark.parametrize("fault", [no_folder, full_disk, not_executable, pruned])
def test_where_nothing_can_be_kept_it_is_built_for_this_process(
    real, cache_folder, tmp_path, monkeypatch, temporary, recwarn, capfd, fault
):
    fault(cache_folder, tmp_path, monkeypatch)
    found = load(TEXT)
    assert found.number() == 7
    assert load(TEXT) is found
    assert not any(temporary.iterdir())
    assert not recwarn.list
    assert capfd.readouterr() == ("", "")


def test_a_library_whose_file_is_deleted_while_it_is_used_goes_on(real, cache_folder):
    found = load(TEXT)
    shutil.rmtree(cache_folder.parent)
    gc.collect()
    assert found.number() == 7
    assert load(TEXT.replace("7", "8")).number() == 8


SLOW = """
static volatile int go = 1;
void stop(void) { go = 0; }
long run(void) { long k = 0; while (go) k++; return k; }
"""


def test_a_library_that_is_dropped_while_its_function_runs_goes_on(real, new_process):
    found = load(SLOW)
    run, stop = found.run, found.stop
    thread = threading.Thread(target=run)
    thread.start()
    del found, run
    new_process()  # nothing of ours knows it any more
    gc.collect()
    time.sleep(0.05)
    assert thread.is_alive()
    stop()
    thread.join(60)
    assert not thread.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_fork_can_use_and_load_libraries(real):
    script = (
        "import os, sys\n"
        "from autograd.compiler.backends.native.library import load\n"
        "found = load(sys.argv[1])\n"
        "if os.fork() == 0:\n"
        "    same = load(sys.argv[1]) is found\n"
        "    other = load(sys.argv[1].replace('7', '8'))\n"
        "    os._exit(10 * found.number() + other.number() if same else 1)\n"
        "print(os.waitstatus_to_exitcode(os.wait()[1]), found.number())"
    )
    assert in_another_process(script=script).stdout == "78 7\n"


def test_a_text_that_does_not_compile_is_told_with_its_text(real, cache_folder):
    with pytest.raises(BuildError) as caught:
        load("int number(void) { return seventy; }")
    told = str(caught.value)
    assert "program.c:1" in told
    assert "seventy" in told
    assert "report it" in told
    assert 'backend="numpy"' in told
    assert caught.value.source == "int number(void) { return seventy; }"
    assert not entries(cache_folder)


FAULTS = {
    "fails": "if 'real' in text: sys.exit('no licence')",
    "writes nothing": "if 'real' in text: sys.exit()",
    "writes garbage": "if 'real' in text: open(output, 'wb').write(b'garbage'); sys.exit()",
    "writes an empty file": "if 'real' in text: open(output, 'wb'); sys.exit()",
    "is killed": "if 'real' in text: os.kill(os.getpid(), 9)",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_compiler_that_succeeds_when_tried_and_then_fails_is_an_error(
    real, compiler_that, temporary, new_process, fault
):
    path = compiler_that(f"text = open(source).read()\n{FAULTS[fault]}\nreal()")
    for _ in range(2):
        with pytest.raises(BuildError) as caught:
            load("// real\n" + TEXT)
        assert str(path) in str(caught.value)
        assert not any(temporary.iterdir())
        new_process()
    assert load(TEXT).number() == 7


def test_what_was_built_and_cannot_be_loaded_says_so(real, compiler_that):
    compiler_that(f"text = open(source).read()\n{FAULTS['writes garbage']}\nreal()")
    with pytest.raises(BuildError, match="wrote a library that cannot be loaded"):
        load("// real\n" + TEXT)


@pytest.mark.skipif(os.name != "posix", reason="the system has no limit of file sizes")
def test_a_disk_that_is_full_is_an_error_and_no_crash(real, cache_folder):
    script = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "before = resource.getrlimit(resource.RLIMIT_FSIZE)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))\n"
        "from autograd.compiler.backends.native.library import NativeError, load\n"
        "try:\n"
        "    load(sys.argv[1])\n"
        "except NativeError as error:\n"
        "    print('told', type(error).__name__)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, before)"
    )
    done = in_another_process(script=script)
    assert done.stdout.startswith("told"), done.stderr
    assert not cache_folder.exists() or not list(cache_folder.iterdir())


def test_no_compiler_is_an_error_of_one_line(cache_folder, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(NoCompilerError, match="no-such-compiler") as caught:
        load(TEXT)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, NativeError)


VECTORS = """
#include <math.h>
#include <pthread.h>
typedef float v __attribute__((vector_size(32)));
static inline v splat(float a) { return (v){} + a; }
void twice_plus_root(const float *x, float *y, int n) {
    for (int k = 0; k < n; k += 8) {
        v a = *(const v *)(x + k), b;
        for (int s = 0; s < 8; s++) b[s] = sqrtf(a[s]);
        *(v *)(y + k) = splat(2.0f) * a + b;
    }
}
int sound(double x) { return x != x && !(x == x) && isnan(x) && 0.0 * x != 0.0; }
"""


def aligned(n):
    """Floats where vectors of 32 bytes may lie."""
    room = np.zeros(n + 8, np.float32)
    return room[-room.ctypes.data % 32 // 4 :][:n]


def test_each_of_the_real_compilers_computes_vectors(each):
    found = load(VECTORS)
    x, y = aligned(24), aligned(24)
    x[:] = range(24)
    found.twice_plus_root(ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data), 24)
    np.testing.assert_allclose(y, 2 * x + np.sqrt(x), rtol=1e-6)
    assert found.sound(ctypes.c_double(math.nan)) == 1
