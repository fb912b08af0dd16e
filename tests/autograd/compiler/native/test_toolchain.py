"""Which compiler is taken, which flags and vectors it has, and what is said where there is none."""

import importlib.machinery
import importlib.util
import os
import shlex
from pathlib import Path

import compilers
import pytest

from autograd.compiler.backends.native import build as building
from autograd.compiler.backends.native import cache, toolchain
from autograd.compiler.backends.native.build import BuildError, NoCompilerError
from autograd.compiler.backends.native.toolchain import TARGETS, compiler

# fixtures
new_process = compilers.new_process
cache_folder = compilers.cache_folder
each = compilers.each
real = compilers.real
compiler_that = compilers.compiler_that

CPUINFO = Path("/proc/cpuinfo")


@pytest.fixture
def programs(real, tmp_path, monkeypatch):
    """programs(name, ...) puts compilers of these names on a PATH that has no others, nor zig."""
    folder = tmp_path / "programs"
    folder.mkdir()
    run = f'PATH={shlex.quote(os.environ["PATH"])} exec {real} "$@"'

    def put(*names, body=run):
        for name in names:
            (folder / name).write_text(f"#!/bin/sh\n{body}\n")
            (folder / name).chmod(0o700)
        return folder

    monkeypatch.setenv("PATH", str(folder))
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "ziglang" else find(name)
    )
    return put


def refused(action):
    """The one line that says why there is no compiler."""
    with pytest.raises(NoCompilerError) as caught:
        action()
    told = str(caught.value)
    assert "\n" not in told
    return told


def taken():
    return Path(compiler().command[0]).name


def test_cc_comes_before_gcc_and_gcc_before_clang(programs, new_process):
    folder = programs("cc", "gcc", "clang")
    for name in ("cc", "gcc", "clang"):
        assert taken() == name
        (folder / name).unlink()
    assert 'pip install "glassgrad[native]"' in refused(compiler)


def test_a_compiler_that_does_not_work_is_passed_over(programs):
    programs("cc", body="echo install the developer tools >&2; exit 1")
    assert "failed with status 1: install the developer tools: pip install" in refused(compiler)
    programs("gcc")
    assert taken() == "gcc"


def test_cc_is_respected_and_comes_first(real, compiler_that):
    path = compiler_that("real()")
    assert compiler().command == (str(path),)


def test_cc_is_split_as_builds_do(compiler_that, tmp_path, monkeypatch):
    told = tmp_path / "told"
    path = compiler_that(
        f"open({str(told)!r}, 'w').write(repr(arguments)); real()",
        tmp_path / 'a "folder"\nwith spaces' / "my 'cc'",
    )
    monkeypatch.setenv("CC", f"  {shlex.quote(str(path))}  -DA='b  c' -m64 ")
    assert compiler().command == (str(path), "-DA=b  c", "-m64")
    assert eval(told.read_text())[:3] == ["-DA=b  c", "-m64", "-shared"]


def test_cc_with_a_relative_path_is_the_program_that_is_here(compiler_that, tmp_path, monkeypatch):
    compiler_that("real()", tmp_path / "here" / "cc")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CC", "here/cc")
    assert compiler().command == (str(tmp_path / "here" / "cc"),)


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_cc_is_none(programs, monkeypatch, blank):
    programs("gcc")
    monkeypatch.setenv("CC", blank)
    assert taken() == "gcc"


@pytest.mark.parametrize("wrong", ["no-such-compiler -O2", "'/no/such/compiler'", "''", "'open"])
def test_a_cc_that_is_no_program_is_named_though_there_are_other_compilers(
    programs, monkeypatch, wrong
):
    programs("cc", "gcc")
    monkeypatch.setenv("CC", wrong)
    assert f"CC is {wrong!r}" in refused(compiler)


def test_a_cc_that_fails_is_told_in_its_own_words_though_there_are_others(compiler_that):
    path = compiler_that("sys.exit('no licence')")
    for _ in range(2):
        with pytest.raises(BuildError, match="no licence") as caught:
            compiler()
        assert str(path) in str(caught.value)


def test_a_compiler_that_fails_is_not_asked_twice_in_one_process(
    compiler_that, tmp_path, new_process
):
    told = tmp_path / "told"
    compiler_that(f"open({str(told)!r}, 'a').write('asked '); sys.exit(1)")
    for asked in (1, 1):
        with pytest.raises(BuildError):
            compiler()
        assert told.read_text().split() == ["asked"] * asked
    new_process()
    with pytest.raises(BuildError):
        compiler()
    assert told.read_text().split() == ["asked"] * 2


def test_a_compiler_that_hangs_is_waited_for_once_in_one_process(compiler_that, monkeypatch):
    compiler_that("time.sleep(600)")
    monkeypatch.setattr(building, "TIMEOUT", 0.5)
    with pytest.raises(BuildError, match=r"did not end within 0\.5 seconds"):
        compiler()
    monkeypatch.setattr(building, "TIMEOUT", 300)
    with pytest.raises(BuildError, match=r"did not end within 0\.5 seconds"):
        compiler()


def test_flags_that_are_refused_are_left_out(compiler_that):
    compiler_that(
        "refused = {'-march=native', '-ffp-contract=fast', '-pthread'}\n"
        "wrong = refused & set(arguments)\n"
        "if wrong: sys.exit(f'unknown {wrong}')\n"
        "arguments = [a for a in arguments if a != '-mcpu=native']\n"
        "real()"
    )
    flags = compiler().flags
    assert {"-shared", "-O3", "-mcpu=native", "-fno-math-errno", "-fPIC"} < set(flags)
    assert not {"-march=native", "-ffp-contract=fast", "-pthread"} & set(flags)


def test_the_processor_comes_by_another_flag_on_arm(real, monkeypatch):
    monkeypatch.setattr(toolchain, "is_arm", lambda: True)
    assert toolchain._choices()[1] == ("-mcpu=native", "-march=native")


def test_a_real_compiler_takes_what_we_wish_for(real):
    flags = compiler().flags
    assert {"-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-fPIC"} < {
        *flags
    }
    assert {"-march=native", "-mcpu=native"} & set(flags)


@pytest.mark.skipif(not CPUINFO.exists(), reason="the system has no /proc/cpuinfo")
def test_the_vectors_are_those_of_the_processor(real):
    sets = CPUINFO.read_text().split("\n\n")[0].split()
    expected = (
        "avx512" if "avx512f" in sets else "avx2" if "avx2" in sets
        else "neon" if "asimd" in sets else "plain"
    )  # fmt: skip
    assert compiler().target == TARGETS[expected]


@pytest.mark.parametrize("variable", ["CC", "CFLAGS"])
@pytest.mark.skipif("sse2" not in CPUINFO.read_text().split() if CPUINFO.exists() else True,
                    reason="the processor is no x86-64")  # fmt: skip
@pytest.mark.parametrize(
    ("flags", "name", "width"),
    [("-mno-avx2 -mno-avx512f", "plain", 16), ("-mavx2 -mno-avx512f", "avx2", 32),
     ("-mavx512f", "avx512", 64)],
)  # fmt: skip
def test_the_vectors_are_those_that_the_flags_allow(
    real, monkeypatch, flags, name, width, variable
):  # fmt: skip
    monkeypatch.setenv(variable, f"{real} {flags}" if variable == "CC" else flags)
    assert (compiler().target.name, compiler().target.vector_bytes) == (name, width)


def test_cflags_come_last_and_hold_words_together_as_in_builds(real, monkeypatch):
    monkeypatch.setenv("CFLAGS", " -O1  -DA='b  c' ")
    assert compiler().flags[-2:] == ("-O1", "-DA=b  c")
    assert "-O3" in compiler().flags


def test_cflags_come_last_where_the_compiler_refuses_one_of_ours(compiler_that, monkeypatch):
    compiler_that("'-pthread' in arguments and sys.exit('unknown'); real()")
    monkeypatch.setenv("CFLAGS", "-O1")
    assert compiler().flags[-1] == "-O1"
    assert "-pthread" not in compiler().flags


@pytest.mark.parametrize("blank", ["", "  "])
def test_blank_cflags_are_none(real, monkeypatch, blank):
    flags = compiler().flags
    monkeypatch.setenv("CFLAGS", blank)
    assert compiler().flags == flags


def test_cflags_that_are_refused_are_told_in_the_compilers_words(real, monkeypatch):
    monkeypatch.setenv("CFLAGS", "-fno-such-flag")
    monkeypatch.setenv("CC", real)
    with pytest.raises(BuildError, match="-fno-such-flag"):
        compiler()


def test_cflags_with_an_open_quote_are_named(real, monkeypatch):
    monkeypatch.setenv("CFLAGS", "'open")
    assert 'CFLAGS is "\'open": No closing quotation' in refused(compiler)


def test_a_compiler_that_writes_something_else_has_plain_vectors(compiler_that):
    compiler_that("open(output, 'w').write('garbage')")
    assert compiler().target == TARGETS["plain"]


@pytest.fixture
def unasked(real, new_process, monkeypatch):
    """Afterwards, no compiler can be run."""

    def made():
        new_process()
        monkeypatch.setattr(toolchain, "build", None)

    return made


def test_what_a_compiler_takes_is_found_out_once(unasked):
    first = compiler()
    unasked()
    assert compiler() == first


def test_a_broken_entry_is_found_out_again(real, cache_folder, new_process):
    first = compiler()
    (entry,) = cache_folder.glob("*.json")
    sound = entry.read_bytes()
    for wrong in (b"", b"[]", sound[:-1], sound.replace(b"avx", b"neo")):
        entry.write_bytes(wrong)
        new_process()
        assert compiler() == first
    assert cache.read(entry.name) == sound


def test_without_a_cache_it_is_found_out_in_every_process(real, tmp_path, new_process):
    first = compiler()
    new_process()
    (tmp_path / "cache").rename(tmp_path / "gone")
    (tmp_path / "cache").write_text("not a folder")
    assert compiler() == first


def test_the_identity_changes_with_the_executable_its_arguments_and_the_processor(
    real, compiler_that, monkeypatch
):
    path = compiler_that("real()")
    seen = [compiler().identity]
    assert compiler().identity == seen[0]
    os.utime(path, (1, 1))
    seen.append(compiler().identity)
    path.write_text(path.read_text() + "#")
    os.utime(path, (1, 1))
    seen.append(compiler().identity)
    monkeypatch.setenv("CC", shlex.quote(str(path)) + " -DX")
    seen.append(compiler().identity)
    monkeypatch.setattr(toolchain, "features", lambda: "flags: abacus")
    seen.append(compiler().identity)
    monkeypatch.setattr(toolchain, "_choices", lambda: [("-w",)])
    seen.append(compiler().identity)
    monkeypatch.setenv("CFLAGS", "-O1")
    seen.append(compiler().identity)
    assert len(set(seen)) == 7


def test_the_identity_changes_with_the_compiler_behind_a_wrapper(programs, monkeypatch):
    folder = programs("gcc")
    (folder / "ccache").write_text('#!/bin/sh\nexec "$@"\n')
    (folder / "ccache").chmod(0o700)
    monkeypatch.setenv("CC", "ccache gcc")
    assert compiler().command == (str(folder / "ccache"), "gcc")
    before = compiler().identity
    os.utime(folder / "gcc", (1, 1))
    assert compiler().identity != before


def test_the_package_ziglang_is_the_last_resort(real, tmp_path, monkeypatch, programs):
    folder = programs("clang")
    package = tmp_path / "site" / "ziglang"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    script = (folder / "clang").read_text().replace("\n", '\n[ "$1" = cc ] && shift\n', 1)
    (package / "zig").write_text(script)
    (package / "zig").chmod(0o700)
    monkeypatch.setattr(importlib.util, "find_spec", importlib.machinery.PathFinder.find_spec)
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert taken() == "clang"
    (folder / "clang").unlink()
    assert compiler().command == (str(package / "zig"), "cc")
    (package / "zig").unlink()
    assert "no C compiler found" in refused(compiler)


def test_each_of_the_real_compilers_takes_all_flags(each):
    found = compiler()
    assert each in "".join(found.command)
    assert found.flags == ("-shared", "-O3", *(first for first, *_ in toolchain._choices()))
