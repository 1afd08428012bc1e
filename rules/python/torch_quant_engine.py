"""Quantized PyTorch code asks for an engine of x86.

## What it finds

`torch.backends.quantized.engine = "fbgemm"` (or `"x86"`), and default configurations for those engines.

## Why it stops arm64

The engines are not in the builds for arm64: "Didn't find engine for operation quantized::…".

## What to do

Choose from `torch.backends.quantized.supported_engines`: on arm64 that is `qnnpack` or `onednn`. The configuration must fit the engine.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.needles import needles_of
from armready.core.rule import Example, FileRule
from armready.python.branches import is_test
from armready.python.reachable import called_name
from armready.python.sources import keyword, sources

_ENGINES = ("fbgemm", "x86")
_DEFAULTS = ("get_default_qconfig", "get_default_qat_qconfig", "get_default_qconfig_mapping", "get_default_qat_qconfig_mapping")


class TorchQuantEngine(FileRule):
    code = "PY237"
    name = "torch-quant-engine"
    summary = "Quantized PyTorch code asks for an engine of x86"
    severity = Severity.WARNING
    kinds = frozenset({Kind.PYTHON, Kind.NOTEBOOK})
    needles = (b"quantized.engine", *needles_of(_DEFAULTS))
    examples = (
        Example("engine", path="quantize.py", bad='import torch\n\ntorch.backends.quantized.engine = «"fbgemm"»\n'),
        Example(
            "configuration",
            path="quantize.py",
            bad="from torch.ao.quantization import get_default_qconfig\n\nq = get_default_qconfig(«'x86'»)\n",
        ),
        Example(
            "by a name",
            path="quantize.py",
            bad="import torch\n\nENGINE = 'fbgemm'\nq = torch.ao.quantization.get_default_qconfig(backend=«ENGINE»)\n",
        ),
        Example(
            "portable",
            path="quantize.py",
            good='import torch\n\ntorch.backends.quantized.engine = "qnnpack"\nengine = "fbgemm"\n',
            breaks=('"qnnpack"', '"fbgemm"'),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        code = file.parse(sources)
        for node in code.module.nodes:
            value: ast.expr | None = None
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
                value = node.value if code.module.source(node.targets[0]).endswith("backends.quantized.engine") else None
            elif isinstance(node, ast.Call) and called_name(node).rpartition(".")[2] in _DEFAULTS:
                value = node.args[0] if node.args else keyword(node, "backend")
            if value is not None and code.text(value) in _ENGINES and code.reaches(node) and not code.uncertain(node):
                message = f"The engine `{code.text(value)}` is not in PyTorch's builds for arm64."
                yield self.finding(file.location(code.span(value)), message)
