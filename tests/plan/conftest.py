"""A small company in one repository: a base image, an application on it, and what runs it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from armready.commands.cli import app

CHAIN = {
    "base/Dockerfile": "FROM --platform=linux/amd64 debian:12\nRUN apt-get update\n",
    "app/Dockerfile": 'FROM registry.example.com/base:1\nCOPY app.py /\nCMD ["/app.py"]\n',
    "app/app.py": "print('hello')\n",
    ".gitlab-ci.yml": """\
base:
  image: docker:27
  services: [docker:27-dind]
  script:
    - docker build -t registry.example.com/base:1 base
    - docker push registry.example.com/base:1
app:
  image: docker:27
  services: [docker:27-dind]
  script:
    - docker build -t registry.example.com/app:1 app
    - docker push registry.example.com/app:1
""",
    "k8s/app.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      nodeSelector:
        kubernetes.io/arch: amd64
      containers:
        - name: app
          image: registry.example.com/app:1
""",
    "k8s/db.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: db}\nspec:\n  containers:\n    - name: db\n      image: mysql:5.7\n",
    "k8s/other.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: other}\nspec:\n  containers:\n    - name: x\n"
    "      image: registry.example.com/other:1\n",
}


@pytest.fixture
def repository(tmp_path: Path):
    """Write files as a repository of their own."""

    def write(files: dict[str, str]) -> Path:
        root = tmp_path / "repository"
        (root / ".git").mkdir(parents=True)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return root

    return write


@pytest.fixture
def armready():
    """Run a command in this process; the code must be 0 or 1."""

    def invoke(root: Path, *arguments: str, codes: tuple[int, ...] = (0, 1)) -> str:
        before = Path.cwd()
        os.chdir(root)
        try:
            result = CliRunner().invoke(app, list(arguments))
        finally:
            os.chdir(before)
        assert result.exit_code in codes, (arguments, result.output, result.exception)
        return result.stdout

    return invoke
