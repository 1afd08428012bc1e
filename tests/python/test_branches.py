import pytest

from armready.classify import Kind
from armready.config import Settings
from armready.file import File
from armready.python.branches import branchings
from armready.source import Source

HEAD = (
    "import os, platform, struct, subprocess, sys\nfrom platform import machine, processor, system\n"
    "from sysconfig import get_platform, get_config_var\n"
)

CASES = [
    ('arch = "arm64" if os.uname().machine == "arm64" else "amd64"', "x86"),
    ('x = "linux_x86_64" if machine() == "x86_64" else f"linux_{machine()}"', ""),
    ('if machine() in ("x86_64", "AMD64"):\n    args.append("-march=x86-64")', ""),
    ('if system() == "Darwin" and machine() == "x86_64":\n    x = "x86_64"', ""),
    ('{"x86_64": "amd64", "i386": "386"}[machine()]', "missing"),
    ('{"x86_64": "amd64", "aarch64": "arm64"}[machine()]', ""),
    ('m = machine()\nif m == "x86_64":\n    a = "amd64"\nelif m == "arm64":\n    a = "arm64"\nelse:\n    raise ValueError', "spelt"),
    ('if os.uname()[4].startswith("arm"):\n    a = "arm"\nelse:\n    a = "x64"', "x86"),
    ('a = "arm64" if "arm" in machine() else "x86_64"', "x86"),
    ('a = "arm64" if machine().startswith("aarch64") else "x86_64"', ""),
    ('if get_platform() == "linux-x86_64":\n    a = 1\nelse:\n    raise SystemExit', "refused"),
    ('a = "x64" if processor() == "x86_64" else "x86"', "processor"),
    ('if machine().endswith("64"):\n    a = "tool-x86_64"\nelse:\n    a = "tool-i386"', "x86"),
    ('a = "linux64" if "64" in machine() else "linux32"', "x86"),
    ('a = "amd64" if sys.maxsize > 2**32 else "386"', "bitness"),
    ('a = "amd64" if struct.calcsize("P") * 8 == 64 else "386"', "bitness"),
    ('assert machine() == "x86_64"', "refused"),
    ('if machine() not in ("x86_64", "amd64", "AMD64"):\n    raise RuntimeError("x")', "refused"),
    ('if machine() == "x86_64":\n    raise RuntimeError("not supported on amd64")', ""),
    ('def f():\n    a = machine()\n    if a == "x86_64":\n        return "amd64"\n    raise OSError', "refused"),
    ('M = {"x86_64": "amd64"}\ndef f():\n    return M[platform.machine().lower()]', "missing"),
    ('if sys.platform == "win32":\n    a = "win-amd64" if sys.maxsize > 2**32 else "win32"', ""),
    ('a = subprocess.check_output(["uname", "-m"]).decode().strip()\nb = "arm64" if a == "arm64" else "amd64"', "x86"),
    ('def is_x86():\n    return machine() == "x86_64"\nif not is_x86():\n    raise OSError', "refused"),
    ('def f(m):\n    return "arm64" if m == "arm64" else "amd64"', ""),
    ('for m in names:\n    a = "arm64" if m == "arm64" else "amd64"', ""),
    ('a = "x" if get_config_var("MULTIARCH") == "x86_64-linux-gnu" else "amd64-fallback"', "x86"),
    ('try:\n    a = {"x86_64": "amd64"}[machine()]\nexcept KeyError:\n    a = machine()', ""),
    ('print("amd64" if machine() == "x86_64" else "unknown processor")', ""),
]


@pytest.mark.parametrize(("code", "expected"), CASES)
def test_way_of_aarch64(code: str, expected: str) -> None:
    file = File(Source("app.py", HEAD + code + "\n"), Kind.PYTHON, Settings())
    assert [found.way.value for found in branchings(file)] == ([expected] if expected else [])


def test_deep_nesting_ends() -> None:
    code = "x = " + "(" * 60 + "machine()" + ")" * 60 + "\n" + "a = " + " + ".join(["machine()"] * 500) + "\n"
    file = File(Source("app.py", HEAD + code + 'if a == "x":\n    pass\n'), Kind.PYTHON, Settings())
    assert branchings(file) == ()
