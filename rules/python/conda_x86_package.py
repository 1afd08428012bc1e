"""A conda package exists for x86-64 only.

## What it finds

MKL and its kin, `blas=*=mkl`, Intel's packages, and packages whose names carry the platform (`gcc_linux-64`, `_libgcc_mutex=0.1=main`), in
`environment.yml`, in the requirements of conda recipes, and in `conda install` of Dockerfiles, CI and scripts. Lines that a comment selects for `linux64`, recipes that
skip an architecture, and commands under a test of the architecture are left alone.

## Why it stops arm64

No channel has them for linux-aarch64: the environment cannot be solved.

## What to do

Leave them out: NumPy and SciPy come with OpenBLAS on arm64. The compilers are `gcc_linux-aarch64` there, or `c-compiler` on both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.classify import INSTALL_KINDS, Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.needles import literals
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.languages.yaml.nodes import get, parse_yaml, places, text_of
from armready.python.commands import conda_commands
from armready.python.recipes import recipe_packages

_NAMES = re.compile(
    r"(?:mkl(?:[-_](?:service|fft|random|umath|include|devel|static))?|intel-openmp|intelpython\w*|icc_rt|scikit-learn-intelex|daal4py|dpcpp\S*"
    r"|ld_impl_linux-64|(?:gcc|gxx|gfortran|sysroot|binutils|kernel-headers|clang|clangxx)\w*_linux-64|libgcc-devel_linux-64|cuda-\w+_linux-64)$"
)
_BUILD = re.compile(r"(?:blas|libblas|libcblas|liblapack)\s*==?[^\s=]*=\S*mkl|_libgcc_mutex=0\.1=main")


class CondaX86Package(FileRule):
    code = "PY150"
    name = "conda-x86-package"
    summary = "A conda package exists for x86-64 only"
    severity = Severity.ERROR
    kinds = INSTALL_KINDS | {Kind.CONDA_ENV, Kind.CONDA_RECIPE}
    needles = literals(_NAMES, _BUILD)
    examples = (
        Example("MKL", path="environment.yml", bad="dependencies:\n  - python=3.11\n  - «mkl=2024.0»\n  - «blas=*=mkl»\n"),
        Example("compiler", path="environment.yml", bad="dependencies:\n  - «gcc_linux-64»\n"),
        Example(
            "in a Dockerfile", path="Dockerfile", bad="FROM a\nRUN conda install -y -c conda-forge numpy «mkl-service» && conda clean -a\n"
        ),
        Example(
            "recipe",
            path="recipe/meta.yaml",
            bad="""
            {% set version = "1.0" %}
            package:
              name: solver
            requirements:
              build:
                - {{ compiler('c') }}
              host:
                - python
                - «mkl-devel 2024.*»
            test:
              requires:
                - mkl
            """,
        ),
        Example(
            "recipe with selectors",
            path="recipe/meta.yaml",
            good="""
            package:
              name: solver
            requirements:
              host:
                - mkl-devel  # [x86]
                {% if blas == "mkl" %}
                - mkl
                {% endif %}
                - libblas
            """,
        ),
        Example(
            "recipe for x86-64 alone",
            path="meta.yaml",
            good="package:\n  name: solver\nbuild:\n  skip: true  # [not linux64]\nrequirements:\n  run:\n    - mkl\n",
            breaks=("build:\n  skip: true  # [not linux64]\n", ""),
        ),
        Example(
            "recipe with conditions",
            path="recipe.yaml",
            good="package:\n  name: a\nrequirements:\n  run:\n    - if: linux64\n      then:\n        - mkl\n    - python\n",
        ),
        Example(
            "on a runner of x86-64",
            path=".github/workflows/a.yml",
            good="""
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: |
                      if [ "${{ runner.arch }}" = "X64" ]; then
                        conda install -y mkl
                      fi
            """,
        ),
        Example("another command", path="Dockerfile", good="FROM a\nRUN conda install -y nomkl -n mkl && pip uninstall mkl\n"),
        Example(
            "others",
            path="environment.yml",
            good="channels:\n  - intel\ndependencies:\n  - blas=*=openblas\n  - nomkl\n  - mkl  # [linux64]\n  - pip:\n      - six\n",
            breaks=("  # [linux64]\n  - pip:\n      - six", ""),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for text, span in _packages(file):
            name = re.split(r"[\s=<>!\[]", text.rpartition("::")[2], maxsplit=1)[0]
            if _NAMES.match(name) or _BUILD.match(text):
                message = f"`{text}` exists for x86-64 only, so the environment cannot be solved on arm64."
                yield self.finding(file.location(span), message)


def _packages(file: File) -> Iterator[tuple[str, Span]]:
    if file.kind is Kind.CONDA_RECIPE:
        yield from recipe_packages(file)
        return
    if file.kind is not Kind.CONDA_ENV:
        for command in file.parse(conda_commands):
            yield from command.packages
        return
    for root in parse_yaml(file):
        for place in places(get(root, "dependencies")):
            text = text_of(place.value)
            line = file.source.slice(file.source.line_span(file.source.line_index(place.span.start)))
            if text is not None and not re.search(r"#\s*\[.{0,200}(?:linux64|x86)|sel\(linux64\)", line):
                yield text, place.span
