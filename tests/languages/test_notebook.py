import ast
import json

import pytest

from armready.builds.scripts import scripts
from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.source import Source, Span
from armready.languages.python.notebook import notebook_cells, notebook_shell
from armready.languages.python.parser import parse_python


def opened(text: str) -> File:
    return File(Source.decode("a.ipynb", text.encode()), Kind.NOTEBOOK, Settings())


def notebook(*sources: object, **more: object) -> File:
    cells = [{"cell_type": "code", "outputs": [{"data": {"source": ["!pip install x"]}}], "source": each} for each in sources]
    return opened(
        json.dumps({"metadata": {}, "cells": [{"cell_type": "markdown", "source": ["!pip install y"]}, *cells], **more}, indent=1)
    )


def commands(file: File) -> list[str]:
    return [each.text for each in notebook_shell(file)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (["!pip install a\n", "import a\n", "%pip install b"], ["pip install a", "pip install b"]),
        ("! pip install a \\\n  b\nx = 1", ["pip install a \\\n  b"]),
        (["%%bash\n", "pip install a\n", "pip install b"], ["pip install a\npip install b"]),
        (["%%capture\n", "%conda install -y a"], ["conda install -y a"]),
        (["!{sys.executable} -m pip install a"], ["python -m pip install a"]),
        (["if IN_COLAB:\n", "    !pip install a"], []),
        (["%%writefile setup.sh\n", "!pip install a"], []),
        (["%matplotlib inline\n", "print('!pip')"], []),
    ],
)
def test_shell(source: object, expected: list[str]) -> None:
    assert commands(notebook(source)) == expected


def test_the_place_of_a_word_behind_escapes_and_a_replacement() -> None:
    file = notebook(["!{sys.executable} -m pip install \"é\" 'b' c\n"])
    hosted = scripts(file)[0]
    start = hosted.text.index(" c") + 1
    assert file.source.slice(hosted.span(Span(start, start + 1))) == "c"


def test_python_of_all_cells() -> None:
    file = notebook(["%load_ext a\n", 'x = "a\\n"\n', "y = !ls\n", "help?\n"], "def broken(:", ["%%html\n", "<b>"], 'print("é", x)\nz = 3')
    module = file.parse(parse_python)
    assert [ast.unparse(each) for each in module.tree.body if not isinstance(each, ast.Pass)] == ["x = 'a\\n'", "print('é', x)", "z = 3"]
    last = module.tree.body[-1]
    assert file.source.slice(module.span(last)) == "z = 3"
    call = module.of(ast.Call)[0]
    assert file.source.slice(module.span(call)) == json.dumps('print("é", x)')[1:-1]


def test_first_format() -> None:
    sheet = {"cells": [{"cell_type": "code", "input": "!pip install a", "language": "python"}]}
    assert commands(opened(json.dumps({"nbformat": 3, "worksheets": [sheet]}))) == ["pip install a"]


def test_another_language() -> None:
    assert notebook_cells(notebook("!pip install a", metadata={"kernelspec": {"language": "R"}})) == ()


@pytest.mark.parametrize("text", ["", "[]", '{"cells": 1}', '{"cells": [{"cell_type": "code", "source": ["a', '{"cells": ' + "[" * 100_000])
def test_what_is_no_notebook(text: str) -> None:
    with pytest.raises(ParseProblem):
        notebook_cells(opened(text))
