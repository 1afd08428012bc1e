import pytest

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.file import File
from armready.core.source import Source
from armready.python.branches import branchings

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
    ('a = "arm64" if os.uname()[-1] == "arm64" else "amd64"', "x86"),
    ('a = "arm64" if subprocess.run(["uname", "-m"], text=True).stdout.strip() == "arm64" else "amd64"', "x86"),
    ('a = subprocess.Popen("uname -m", shell=True).communicate()[0].decode().strip()\nb = {"x86_64": "amd64"}[a]', "missing"),
    ('a = subprocess.run(["make"], text=True).stdout\nb = "arm64" if a == "arm64" else "amd64"', ""),
    ('def is_arm():\n    """Apple."""\n    m = machine()\n    return m == "arm64"\na = "arm64" if is_arm() else "amd64"', "x86"),
    (
        'def arch():\n    if machine() == "x86_64":\n        return "x64"\n    return "other"\nif arch() != "x64":\n    raise OSError',
        "refused",
    ),
    ('a, m = system(), machine()\nb = "arm64" if m == "arm64" else "amd64"', "x86"),
    ('a, *_, m = os.uname()\nb = "arm64" if m == "arm64" else "amd64"', ""),
    ("class A:\n    def __init__(self):\n        self.m = machine()\n    def f(self):\n        assert self.m == 'x86_64'", "refused"),
    ("class A:\n    def __init__(self, m):\n        self.m = m or machine()\n    def f(self):\n        assert self.m == 'x86_64'", ""),
    ("class A:\n    m = machine()\n    def g(self, m):\n        self.m = m\n    def f(self):\n        assert self.m == 'x86_64'", ""),
    ('a = "arm64" if any(each in machine() for each in ("arm", "ARM")) else "amd64"', "x86"),
    ('import re\na = "arm64" if re.match("^arm", machine()) else "amd64"', "x86"),
    ('import re\na = "arm64" if re.match("(a|a)*(a|a)*$", machine() * 5) else "amd64"', ""),
    ('match machine():\n    case "x86_64":\n        a = 1\n    case _:\n        raise OSError', "refused"),
    ('match machine():\n    case "x86_64" | "aarch64":\n        a = 1\n    case _:\n        raise OSError', ""),
    ('match machine():\n    case "x86_64" if a:\n        a = 1\n    case _:\n        raise OSError', ""),
    ('a = "amd64"\nif machine() == "arm64":\n    a = "arm64"', "x86"),
    ('a = "amd64"\nif machine() == "arm64":\n    a = "arm64"\nif machine() == "aarch64":\n    a = "arm64"', ""),
    (
        'def f():\n    m = machine()\n    if m == "x86_64":\n        return 1\n    if m == "arm64":\n        return 2\n    raise OSError(m)',
        "spelt",
    ),
    ('def f():\n    if machine() == "x86_64":\n        return 1\n    if a == "b":\n        return 2\n    raise OSError(m)', ""),
    ('def f():\n    if machine() == "arm64":\n        return "arm64"\n    log(1)\n    return "amd64"', "x86"),
    ('a = {"arm64": "arm64"}.get(machine(), "amd64")', "x86"),
    ('M = {"Linux": {"x86_64": "a"}, "Darwin": {"arm64": "b"}}\na = M[system()][machine()]', "missing"),
    ('M = {"Linux": {"x86_64": "a", "aarch64": "b"}, "Darwin": {"arm64": "b"}}\na = M[system()][machine()]', ""),
    ('M = {"x86_64": 1}\nif machine() not in M:\n    raise OSError', "refused"),
    ('import argparse\np = argparse.ArgumentParser()\nif machine() != "x86_64":\n    p.error("no")', "refused"),
    ('def f():\n    if machine() != "x86_64":\n        print("only for x86-64")\n        return False\n    return True', "refused"),
    ('def f():\n    if machine() != "x86_64":\n        print("slow")\n        return False\n    return True', ""),
    ('import ctypes\na = "amd64" if ctypes.sizeof(ctypes.c_void_p) == 8 else "386"', "bitness"),
    ('a = {"64bit": "amd64", "32bit": "386"}[platform.architecture()[0]]', "bitness"),
]


@pytest.mark.parametrize(("code", "expected"), CASES)
def test_way_of_aarch64(code: str, expected: str) -> None:
    file = File(Source("app.py", HEAD + code + "\n"), Kind.PYTHON, Settings())
    assert [found.way.value for found in branchings(file)] == ([expected] if expected else [])


def test_deep_nesting_ends() -> None:
    code = "x = " + "(" * 60 + "machine()" + ")" * 60 + "\n" + "a = " + " + ".join(["machine()"] * 500) + "\n"
    file = File(Source("app.py", HEAD + code + 'if a == "x":\n    pass\n'), Kind.PYTHON, Settings())
    assert branchings(file) == ()


def test_functions_that_call_each_other_are_evaluated_once() -> None:
    code = "def f0():\n    return machine()\n" + "".join(f"def f{n}():\n    return f{n - 1}() + f{n - 1}()\n" for n in range(1, 40))
    file = File(Source("app.py", HEAD + code + 'if f39() == "x":\n    raise OSError\n'), Kind.PYTHON, Settings())
    assert branchings(file) == ()
