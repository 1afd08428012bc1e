"""A synthetic monorepo of any size, with the mix of kinds of a real one: python benchmarks/generate.py FOLDER SERVICES.

One service is 14 files. The text is made here; names and versions differ between services, so that nothing is found in a memo.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

_DOCKERFILE = """FROM python:3.12-slim AS build
ARG TARGETARCH
RUN apt-get update && apt-get install -y --no-install-recommends curl gcc
RUN curl -fsSL https://example.com/tool{n}-linux-amd64.tar.gz | tar xz -C /usr/local
COPY requirements.txt .
RUN pip install -r requirements.txt
FROM python:3.12-slim
COPY --from=build /usr/local /usr/local
COPY src/ /app/
CMD ["python", "/app/main.py"]
"""
_WORKFLOW = """name: service {n}
on: push
jobs:
  image:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: docker/login-action@v3
      - uses: docker/build-push-action@v5
        with:
          context: services/s{n}
          push: true
          tags: acme/s{n}:latest
"""
_DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: s{n}
spec:
  template:
    spec:
      nodeSelector:
        kubernetes.io/arch: amd64
      containers:
        - name: app
          image: acme/s{n}:latest
"""
_SCRIPT = """#!/bin/sh
set -e
if [ "$(uname -m)" = x86_64 ]; then arch=amd64; else arch=arm64; fi
docker build -t acme/s{n}:dev .
docker push acme/s{n}:dev
"""
_SOURCE = """import os


def handler{i}(event):
    return {{"service": {n}, "module": {i}, "home": os.environ.get("HOME")}}
"""


def service(n: int) -> Iterator[tuple[str, str]]:
    """The files of one service."""
    yield f"services/s{n}/Dockerfile", _DOCKERFILE.format(n=n)
    yield f".github/workflows/s{n}.yml", _WORKFLOW.format(n=n)
    yield f"services/s{n}/deploy/deployment.yaml", _DEPLOYMENT.format(n=n)
    yield f"services/s{n}/requirements.txt", f"requests==2.{n % 30}.0\nnumpy==1.{n % 26}.0\n"
    yield f"services/s{n}/push.sh", _SCRIPT.format(n=n)
    yield f"services/s{n}/Makefile", f"image:\n\tdocker build -t acme/s{n} .\ntest:\n\tpytest\n"
    yield f"services/s{n}/README.md", f"# Service {n}\n"
    yield f"services/s{n}/compose.yml", f"services:\n  s{n}:\n    build: .\n  db:\n    image: postgres:16\n"
    for i in range(6):
        yield f"services/s{n}/src/m{i}.py", _SOURCE.format(n=n, i=i)


def generate(folder: Path, services: int) -> None:
    """Write the repository."""
    (folder / ".git").mkdir(parents=True, exist_ok=True)
    for n in range(services):
        for name, text in service(n):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    generate(Path(sys.argv[1]), int(sys.argv[2]))
