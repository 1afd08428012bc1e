"""The packages of the servers are for them alone."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = ("pygls", "lsprotocol", "cattrs", "mcp", "pydantic", "anyio", "starlette", "asyncio")


def _python(code: str, folder: Path):
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)}, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_no_other_command_imports_what_the_servers_need(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM --platform=linux/amd64 alpine:3.20\n")
    code = (
        "import sys, atexit\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "from armready.commands.cli import main\n"
        "sys.argv[1:] = ['scan', '.']\n"
        "main()\n"
    )
    result, out, err = _python(code, tmp_path)
    assert result == 1, out
    assert {name.partition(".")[0] for name in err.split()}.isdisjoint(HEAVY)


def test_a_server_without_its_extra_says_how_to_get_it(tmp_path):
    for command, package, extra in (("server", "pygls", "editor"), ("mcp", "mcp", "mcp")):
        code = (
            f"import sys\nsys.modules[{package!r}] = None\nfrom armready.commands.cli import main\nsys.argv[1:] = [{command!r}]\nmain()\n"
        )
        result, out, err = _python(code, tmp_path)
        assert (result, out) == (2, "")
        assert f"armready[{extra}]" in err
