from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.file import File
from armready.core.source import Source, Span
from armready.kubernetes.scripts import container_scripts

TEXT = """\
apiVersion: v1
kind: Pod
metadata: {name: x}
spec:
  containers:
  - name: one
    image: alpine:3.20
    command: ["/bin/sh", "-ec"]
    args:
    - |
      curl -LO https://example.com/tool-amd64
      ./tool-amd64
    lifecycle:
      postStart: {exec: {command: [sh, -c, echo hello]}}
  - name: two
    command: [python, -c, print(1)]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: y}
data:
  run.sh: |
    #!/bin/sh
    uname -m
  run.py: |
    #!/usr/bin/env python3
  other: text
"""


def opened(text: str, kind: Kind = Kind.KUBERNETES) -> File:
    return File(Source("a.yaml", text), kind, Settings())


def test_commands_hooks_and_config_maps():
    file = opened(TEXT)
    found = list(container_scripts(file))
    assert [(each.name, each.embedded.text.splitlines()[0]) for each in found] == [
        ("one", "curl -LO https://example.com/tool-amd64"),
        ("one", "echo hello"),
        ("run.sh", "#!/bin/sh"),
    ]
    start = found[0].embedded.text.index("amd64")
    host = found[0].embedded.host_span(Span(start, start + 5))
    assert TEXT[slice(*host)] == "amd64"


def test_actions_of_a_template_stay_in_the_script():
    text = (
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: x\n    command:\n    - sh\n    - -c\n    - echo {{ .Values.x }} amd64\n"
    )
    (found,) = container_scripts(opened(text, Kind.HELM_TEMPLATE))
    assert found.embedded.text == "echo {{ .Values.x }} amd64"


def test_scripts_of_argo_and_tekton():
    argo = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n  templates:\n  - name: t\n    script:\n"
        "      image: alpine\n      command: [sh]\n      source: echo 1\n"
    )
    tekton = "apiVersion: tekton.dev/v1\nkind: Task\nspec:\n  steps:\n  - name: s\n    image: alpine\n    script: echo 2\n"
    assert [each.embedded.text for each in container_scripts(opened(argo))] == ["echo 1"]
    assert [each.embedded.text for each in container_scripts(opened(tekton))] == ["echo 2"]
