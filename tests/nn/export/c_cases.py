"""C99 files, compiled with every warning an error, and run on samples."""

import shutil
import subprocess

import numpy as np
import pytest

FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]
FLAGS += ["-Wshadow", "-Wconversion", "-Wdouble-promotion", "-Wmissing-prototypes"]
SANITIZED = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

MAIN = """\
#include <stdio.h>
#include "{name}.c"

int main(void) {{
    static {kind} sample[{macro}_INPUTS], made[{macro}_OUTPUTS];
    while (fread(sample, sizeof sample, 1, stdin) == 1) {{
        {name}(sample, made);
        fwrite(made, sizeof made, 1, stdout);
    }}
    return 0;
}}
"""


def program(folder, compiler, flags=("-O1",), name="model", kind="float"):
    """The path of a program that reads samples and writes what `name.c` in a folder makes of them.

    The test is skipped where the compiler is not installed.
    """
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    main, made = folder / "main.c", folder / compiler
    main.write_text(MAIN.format(name=name, macro=name.upper(), kind=kind))
    command = [compiler, *FLAGS, *flags, str(main), "-o", str(made), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return made


def run(made, x, dtype=np.float32):
    """What a program makes of samples (n, ...): (n, numbers)."""
    done = subprocess.run([made], input=x.astype(dtype).tobytes(), capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    return np.frombuffer(done.stdout, dtype).reshape(len(x), -1)
