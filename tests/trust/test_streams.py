"""Standard streams that are closed, full or not read: one line, an exit code that means something, no traceback."""

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.trust.conftest import FIXABLE, MENDED

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full")


@pytest.fixture
def redirected(tmp_path):
    """Run armready in a shell's redirection."""
    (tmp_path / "Dockerfile").write_text(FIXABLE)

    def run(redirection, *arguments, stdin=b""):
        command = ["sh", "-c", f'"$@" {redirection}', "sh", sys.executable, "-m", "armready", *arguments]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=tmp_path, input=stdin, capture_output=True, env=env, check=False, timeout=120)
        assert b"Traceback" not in done.stderr
        assert b"Exception ignored" not in done.stderr
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    return run


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
@pytest.mark.parametrize(
    "command",
    [["scan"], ["scan", "--format", "json"], ["rules"], ["rule", "DF101"], ["--version"], ["config"], ["facts"], ["cache", "dir"]],
)
def test_output_that_cannot_be_written_is_an_error(redirected, redirection, command):
    code, out, err = redirected(redirection, *command)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("armready: standard output")


def test_help_too(redirected):
    assert redirected(">/dev/full", "scan", "--help")[0] == 2


def test_a_fix_whose_report_nobody_can_get_writes_nothing(redirected, tmp_path):
    for arguments in (["fix"], ["fix", "--diff"]):
        code, _, err = redirected(">&-", *arguments)
        assert (code, err) == (2, "armready: standard output is closed; --output FILE writes the report to a file\n")
    assert (tmp_path / "Dockerfile").read_text() == FIXABLE


def test_a_wrong_format_writes_nothing(redirected, tmp_path):
    assert redirected("", "fix", "--format", "x")[0] == 2
    assert (tmp_path / "Dockerfile").read_text() == FIXABLE


def test_standard_output_is_not_needed_for_a_report_in_a_file(redirected, tmp_path):
    assert redirected(">&-", "scan", "--output", "report")[0] == 1
    assert "DF101" in (tmp_path / "report").read_text()
    assert redirected(">&-", "fix", "--output", "report")[0] == 0
    assert (tmp_path / "Dockerfile").read_text() == MENDED


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", ">/dev/null 2>&-", "<&- 2>&-"])
def test_standard_error_changes_no_result(redirected, redirection, tmp_path):
    code, out, _ = redirected(redirection, "scan", "--format", "concise")
    assert code == 1
    assert out.count("DF101] ") == (0 if "null" in redirection else 1)
    assert redirected(redirection, "scan", "nowhere")[0] == 2
    assert redirected(redirection, "fix", "--output", "report")[0] == 0
    assert (tmp_path / "Dockerfile").read_text() == MENDED


def test_no_file_takes_the_number_of_a_closed_stream(redirected, tmp_path):
    assert redirected("<&- >&- 2>&-", "fix", "--output", "report")[0] == 0
    assert (tmp_path / "Dockerfile").read_text() == MENDED
    assert redirected("<&- >&- 2>&-", "scan", "nowhere")[0] == 2


@pytest.mark.parametrize("command", [["scan", "-", "--stdin-filename", "Dockerfile"], ["fix", "-", "--stdin-filename", "Dockerfile"]])
def test_standard_input_that_is_closed(redirected, command):
    code, out, err = redirected("<&-", *command)
    assert (code, out) == (2, "")
    assert "standard input" in err


def test_a_reader_that_went_away(redirected):
    code, _, err = redirected("| true; exit 0", "rules", "--format", "json")
    assert (code, err) == (0, "")


def test_too_little_memory_to_begin_is_one_line(tmp_path, run_script):
    script = (
        "import sys\nclass Finder:\n    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'armready.commands.cli': raise MemoryError\n"
        "sys.meta_path.insert(0, Finder())\nfrom armready.__main__ import main\nmain()"
    )
    assert run_script(script, "scan", cwd=tmp_path) == (2, "", "armready: there is not enough memory for this run\n")
