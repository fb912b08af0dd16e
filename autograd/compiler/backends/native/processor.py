"""What is known of the processor, so that no machine runs code that was built for another."""

import ctypes
import functools
import os
import platform
import sys

# what the kernel says of a processor, on x86-64 and ARM; the rest of it changes all the time
NAMES = (
    "vendor_id", "cpu family", "model", "model name", "stepping", "flags",
    "CPU implementer", "CPU architecture", "CPU variant", "CPU part", "CPU revision", "Features",
)  # fmt: skip


@functools.cache
def features() -> str:
    """System, architecture, and as much as the system tells of the processor's instructions."""
    windows = os.environ.get("PROCESSOR_IDENTIFIER", "")
    known = [sys.platform, platform.machine(), hex(sys.maxsize), windows]
    return "\n".join([*known, *_told_by_linux(), *_told_by_macos()])


def is_arm() -> bool:
    """Whether the processor is one of ARM's."""
    return platform.machine().lower().startswith(("arm", "aarch64"))


def _told_by_linux() -> list[str]:
    """Lines about the first processor; the file is long where there are many, and not read on."""
    told = []
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if not line.strip():
                    break
                if line.partition("\t")[0].strip() in NAMES:
                    told.append(line.strip())
    except OSError:
        pass
    return told


def _told_by_macos() -> list[str]:
    if sys.platform != "darwin":
        return []
    library, told = ctypes.CDLL(None), []
    for name in (
        b"machdep.cpu.brand_string",
        b"machdep.cpu.features",
        b"machdep.cpu.leaf7_features",
    ):
        text, size = ctypes.create_string_buffer(4096), ctypes.c_size_t(4096)
        if not library.sysctlbyname(name, text, ctypes.byref(size), None, 0):
            told.append(text.value.decode(errors="replace"))
    return told
