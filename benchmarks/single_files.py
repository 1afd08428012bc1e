"""One file of each kind, of any number of blocks: python benchmarks/single_files.py [--blocks 300] [KIND...]

Prints the time of a scan of N blocks, of 4N, and their ratio, for which 4 is growth in proportion; in the process, without its start.
"""

from __future__ import annotations

import argparse
import gc
import time
from typing import NamedTuple

from armready.commands.cli import YOUNG_OBJECTS
from armready.core.config import Settings
from armready.core.tree import MemoryTree
from armready.run.passes import analyse
from armready.run.registry import Registry


class Kind(NamedTuple):
    """A file: its path, a block in which `~` is the block's number, and what stands around the blocks."""

    path: str
    block: str
    before: str = ""
    between: str = ""
    after: str = ""

    def text(self, blocks: int) -> str:
        """The file of so many blocks."""
        return self.before + self.between.join(self.block.replace("~", str(number)) for number in range(blocks)) + self.after


KINDS = {
    "RUN lines": Kind(
        "Dockerfile",
        "RUN apt-get update \\\n    && curl -fsSL https://example.com/t~-linux-amd64.tar.gz | tar xz\nCOPY a~ /b\n",
        "FROM python:3.12\nARG TARGETARCH\n",
    ),
    "stages": Kind(
        "Dockerfile", "FROM python:3.12 AS s~\nARG A~=amd64\nRUN curl -L https://example.com/$A~/a && make\nCOPY --from=s0 /a /b\n"
    ),
    "workflow": Kind(
        ".github/workflows/a.yml",
        "  j~:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: docker/build-push-action@v5\n        with:\n          push: true\n"
        "          tags: acme/a~:latest\n      - run: docker build -t acme/b~ . && docker push acme/b~\n",
        "on: push\njobs:\n",
    ),
    "gitlab": Kind(
        ".gitlab-ci.yml",
        "j~:\n  image: docker:24\n  services: [docker:24-dind]\n  script:\n    - docker build -t acme/a~ .\n    - docker push acme/a~\n",
    ),
    "circleci": Kind(
        ".circleci/config.yml",
        "  j~:\n    machine: true\n    steps:\n      - run: docker build -t acme/a~ . && docker push acme/a~\n",
        "version: 2.1\njobs:\n",
    ),
    "azure": Kind(
        "azure-pipelines.yml",
        "- script: docker build -t acme/a~ . && docker push acme/a~\n- task: Docker@2\n  inputs:\n    command: buildAndPush\n"
        "    repository: a~\n",
        "pool:\n  vmImage: ubuntu-latest\nsteps:\n",
    ),
    "jenkins": Kind(
        "Jenkinsfile",
        '  stage("s~") { steps { sh "docker build -t acme/a~ . && docker push acme/a~" } }\n',
        "pipeline {\n agent any\n stages {\n",
        after=" }\n}\n",
    ),
    "shell": Kind(
        "a.sh",
        'if [ "$(uname -m)" = x86_64 ]; then\n  docker build -t acme/a~ .\n  docker push acme/a~\nfi\n'
        "curl -LO https://example.com/a~-linux-amd64.tgz\n",
        "#!/bin/bash\n",
    ),
    "makefile": Kind("Makefile", "b~:\n\tdocker build -t acme/a~ .\n\tdocker push acme/a~\n\tGOARCH=amd64 go build ./x~\n"),
    "package.json": Kind("package.json", '"s~": "docker build -t acme/a~ . && docker push acme/a~"', '{"scripts": {', ",", "}}\n"),
    "goreleaser": Kind(".goreleaser.yml", '  - image_templates: ["acme/a~:latest"]\n    goarch: amd64\n', "dockers:\n"),
    "compose": Kind("compose.yml", "  s~:\n    image: mysql:5.7\n    platform: linux/amd64\n    build: .\n", "services:\n"),
    "manifests": Kind(
        "k.yaml",
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a~\nspec:\n  template:\n    spec:\n      nodeSelector:\n"
        "        kubernetes.io/arch: amd64\n      containers:\n        - name: c\n          image: nginx:1.25\n",
    ),
    "values": Kind(
        "values.yaml",
        'c~:\n  image:\n    repository: nginx\n    tag: "1.~"\n  nodeSelector:\n    kubernetes.io/arch: amd64\n',
    ),
    "requirements": Kind("requirements.txt", "package~==~.0\nmkl==2024.0\n"),
    "uv.lock": Kind(
        "uv.lock",
        '[[package]]\nname = "p~"\nversion = "1.~"\nsource = { registry = "https://pypi.org/simple" }\nwheels = [\n'
        '  { url = "https://example.com/p~-1.~-cp312-cp312-manylinux_2_17_x86_64.whl", hash = "sha256:00" },\n]\n',
        "version = 1\n",
    ),
    "python": Kind(
        "setup.py",
        'def f~():\n    if platform.machine() == "x86_64":\n        import mkl\n        return "amd64"\n',
        "import platform\n",
    ),
}
REGISTRY = Registry(Settings())


def seconds(kind: Kind, blocks: int) -> float:
    """The processor time of a scan."""
    tree = MemoryTree({kind.path: kind.text(blocks).encode()})
    gc.collect()
    start = time.process_time()
    analyse(tree, [kind.path], REGISTRY, complete=True, today=None)
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--blocks", type=int, default=300)
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args()
    gc.set_threshold(YOUNG_OBJECTS)
    for name in options.kinds:
        kind = KINDS[name]
        seconds(kind, 3)
        pairs = [(seconds(kind, options.blocks), seconds(kind, 4 * options.blocks)) for _ in range(options.pairs)]
        small, large = min(one for one, _ in pairs), min(other for _, other in pairs)
        print(f"{name:14} {small:8.3f} s {large:8.3f} s {large / small:6.2f}   target <= 4.2", flush=True)


if __name__ == "__main__":
    main()
