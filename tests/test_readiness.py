"""Readiness per family, image and workload."""

from __future__ import annotations

import json
from pathlib import Path

FILES = {
    "a/Dockerfile": "FROM amd64/debian:12\n",
    "b/Dockerfile": "FROM debian:12 AS build\nRUN true\nFROM alpine:3.20\nCOPY --from=build /bin/true /bin/true\n",
    ".gitlab-ci.yml": "build:\n  image: docker:27\n  services: [docker:27-dind]\n  script:\n"
    "    - docker build -t registry.example.com/b:1 b\n    - docker push registry.example.com/b:1\n",
    "k8s/all.yaml": """\
apiVersion: v1
kind: Pod
metadata: {name: own}
spec:
  containers: [{name: x, image: "registry.example.com/b:1"}]
---
apiVersion: v1
kind: Pod
metadata: {name: pinned}
spec:
  nodeSelector: {kubernetes.io/arch: amd64}
  containers: [{name: x, image: "nginx:1.27"}]
---
apiVersion: v1
kind: Pod
metadata: {name: free}
spec:
  containers: [{name: x, image: "nginx:1.27"}]
---
apiVersion: v1
kind: Pod
metadata: {name: stranger}
spec:
  containers: [{name: x, image: "registry.example.com/other:1"}]
""",
}


def test_readiness(run, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    _, out, _ = run("scan", "--format", "json", cwd=tmp_path)
    readiness = json.loads(out)["summary"]["readiness"]
    assert readiness["families"]["Images"] == {"ready": 0, "unknown": 0, "doubtful": 0, "blocked": 2}
    images = {image["path"]: image for image in readiness["images"]}
    assert images["a/Dockerfile"]["state"] == "blocked"
    assert images["b/Dockerfile"] == {
        "path": "b/Dockerfile",
        "names": ["registry.example.com/b:1"],
        "bases": ["alpine:3.20"],
        "state": "blocked",
        "because": ["CI101"],
    }
    states = {each["title"]: (each["state"], each["reason"]) for each in readiness["workloads"]}
    assert states["Pod/own"] == ("blocked", "registry.example.com/b:1 is built for amd64 only at .gitlab-ci.yml:5")
    assert states["Pod/pinned"] == ("blocked", "its constraints rule arm64 nodes out")
    assert states["Pod/free"] == ("ready", "")
    assert states["Pod/stranger"] == ("unknown", "nothing is known of registry.example.com/other:1")
