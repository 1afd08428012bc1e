"""Trees and circumstances that were made to hurt, on disk and through the command line: python benchmarks/attack_disk.py [NAME...]

Each run must end with 0, 1 or 2, without a traceback or an internal error, within its time. Prints what it took.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

DOCKERFILE = "FROM --platform=linux/amd64 alpine:3.20\nCMD /app\n"
POD = (
    "apiVersion: v1\nkind: Pod\nmetadata: {{name: p{n}}}\nspec:\n"
    "  nodeSelector: {{kubernetes.io/arch: amd64}}\n  containers: [{{name: a, image: a/b}}]\n"
)
SECONDS = 900

CIRCLES = {
    "extends of configurations": {"armready.toml": "extend = 'b.toml'\n", "b.toml": "extend = 'armready.toml'\n"},
    "include of GitLab": {
        ".gitlab-ci.yml": "include: [{local: a.yml}]\nx:\n  extends: y\n  script: [docker push a/b]\n",
        "a.yml": "include: [{local: .gitlab-ci.yml}, {local: a.yml}]\ny:\n  extends: x\n",
    },
    "needs of jobs": {
        ".github/workflows/a.yml": "on: push\njobs:\n"
        "  a: {needs: b, runs-on: ubuntu-latest, steps: [{run: docker push a/b}]}\n"
        "  b: {needs: a, runs-on: ubuntu-latest, steps: [{run: docker push a/b}]}\n  c: {uses: ./.github/workflows/a.yml}\n",
    },
    "stages": {
        "Dockerfile": "FROM b AS a\nCOPY --from=b /x /x\nFROM a AS b\n"
        "COPY --from=a /x /x\nFROM ${A} AS c\nARG A=${B}\nARG B=${A}\nFROM c AS c\n"
    },
    "compose": {
        "docker-compose.yml": "include: [docker-compose.yml, b.yml]\n"
        "services:\n  a:\n    extends: {file: b.yml, service: a}\n    build: .\n",
        "b.yml": "services:\n  a:\n    extends: {file: docker-compose.yml, service: a}\n    platform: linux/amd64\n",
    },
    "kustomize": {
        "a/kustomization.yaml": "resources: [../b, ../a]\nbases: [../b]\n",
        "b/kustomization.yaml": "resources: [../a]\ncomponents: [../a]\npatches: [{path: kustomization.yaml}]\n",
    },
    "requirement files": {
        "requirements.txt": "-r b.txt\n-c requirements.txt\nmkl==2024.0\n",
        "b.txt": "-r requirements.txt\n-r b.txt\n",
        "Dockerfile": "FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt\n",
    },
    "make targets and scripts": {
        "Makefile": "a: b\n\t$(MAKE) b\n\t./a.sh\nb: a\n\t$(MAKE) a\n\tdocker push a/b\nX = $(Y)\nY = $(X)\n",
        "a.sh": "#!/bin/sh\nmake a\n. ./a.sh\n./a.sh\nf() { f; }\nf\n",
        "justfile": "a: b\n  just b\nb: a\n  just a\n",
        "package.json": '{"scripts": {"a": "npm run b", "b": "npm run a && docker push a/b"}}',
    },
}


def lay(root: Path, files: dict[str, str]) -> None:
    """Write the files of a tree."""
    (root / ".git").mkdir(exist_ok=True)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def start(root: Path, *arguments: str, limit: int = 0) -> subprocess.Popen[bytes]:
    """Begin a run, which may have so many bytes of address space."""

    def limited() -> None:
        if limit:
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    command = (sys.executable, "-m", "armready", *arguments)
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limited)


def problem_of(run: subprocess.Popen[bytes], codes: tuple[int, ...] = (0, 1, 2), *, internal: bool = False) -> str:
    """Wait for a run; what is wrong with it, or nothing."""
    try:
        _, err = run.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        run.kill()
        return f"longer than {SECONDS} s"
    words = err[-300:].decode("utf-8", "replace")
    if run.returncode not in codes:
        return f"exit code {run.returncode}: {words}"
    wrong = (b"Traceback",) if internal else (b"Traceback", b"internal error")
    return words if any(each in err for each in wrong) else ""


def both(root: Path) -> str:
    """Scan and fix."""
    return problem_of(start(root, "scan")) or problem_of(start(root, "fix", "--unsafe-fixes"))


def circles(root: Path) -> str:
    """Everything that can refer to itself."""
    for name, files in CIRCLES.items():
        folder = root / name.replace(" ", "-")
        folder.mkdir()
        lay(folder, files)
        problem = both(folder)
        if problem:
            return f"{name}: {problem}"
    return ""


def many_files(root: Path) -> str:
    """50,000 files."""
    for number in range(50_000):
        folder = root / f"d{number // 500}"
        folder.mkdir(exist_ok=True)
        (folder / f"Dockerfile.{number}").write_text(DOCKERFILE if not number % 100 else "FROM alpine:3.20\n", encoding="utf-8")
    lay(root, {})
    return problem_of(start(root, "scan", "--no-cache"), (1,))


def many_findings(root: Path) -> str:
    """100,000 findings, in the formats that hold them all."""
    for number in range(200):
        lay(root, {f"{number}.yaml": "---\n".join(POD.format(n=at) for at in range(500))})
    formats = [f"--report={name}={root / name}" for name in ("json", "sarif", "html", "junit", "gitlab")]
    return problem_of(start(root, "scan", "--min-severity", "info", "--format", "markdown", *formats))


def vanishing_files(root: Path) -> str:
    """Files that come and go while they are read."""
    names = [f"d/Dockerfile.{number}" for number in range(2_000)]
    lay(root, dict.fromkeys(names, DOCKERFILE))
    stop = threading.Event()

    def disturb() -> None:
        while not stop.is_set():
            for name in names[::3]:
                (root / name).unlink(missing_ok=True)
            for name in names[::3]:
                (root / name).write_text(DOCKERFILE, encoding="utf-8")

    other = threading.Thread(target=disturb)
    other.start()
    try:
        return problem_of(start(root, "scan", "--no-cache")) or problem_of(start(root, "fix", "--no-cache"))
    finally:
        stop.set()
        other.join()


def low_memory(root: Path) -> str:
    """Too little memory, from hardly any to enough."""
    lay(
        root,
        {f"{number}/Dockerfile": DOCKERFILE * 200 for number in range(50)}
        | {"a.yaml": "---\n".join(POD.format(n=at) for at in range(500))},
    )
    for megabytes in (90, 120, 200, 400):
        for command in ("scan", "fix"):
            problem = problem_of(start(root, command, "--no-cache", "--jobs", "2", limit=megabytes << 20), internal=True)
            if problem:
                return f"{command} with {megabytes} MB: {problem}"
    return ""


def read_only(root: Path) -> str:
    """A file system that cannot be written."""
    lay(root, {"Dockerfile": DOCKERFILE})
    done = subprocess.run(("mount", "--bind", "-o", "ro", str(root), str(root)), check=False, capture_output=True)
    remounted = subprocess.run(("mount", "-o", "remount,ro,bind", str(root)), check=False, capture_output=True)
    if done.returncode or remounted.returncode:
        return "not tried: no right to mount"
    try:
        problem = (
            problem_of(start(root, "scan"), (1,)) or problem_of(start(root, "fix"), (1, 2)) or problem_of(start(root, "baseline"), (2,))
        )
        return problem or ("" if (root / "Dockerfile").read_text() == DOCKERFILE else "it was written")
    finally:
        subprocess.run(("umount", str(root)), check=False)


def killed_worker(root: Path) -> str:
    """A worker that is killed while it reads: the run ends with 2 and names a file."""
    lay(root, {f"{number}/Dockerfile": DOCKERFILE * 400 for number in range(300)})
    run = start(root, "scan", "--no-cache", "--jobs", "2")
    for _ in range(2_000):
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text(encoding="ascii").split() if run.poll() is None else []
        if children:
            time.sleep(0.3)
            os.kill(int(children[0]), signal.SIGKILL)
            break
        time.sleep(0.005)
    return problem_of(run, (2,), internal=True)


def two_fixes(root: Path) -> str:
    """Two fixes at once: each file is as it was or as it should be."""
    names = [f"{number}/Dockerfile" for number in range(300)]
    lay(root, dict.fromkeys(names, DOCKERFILE))
    runs = [start(root, "fix", "--no-cache") for _ in range(2)]
    problems = [problem for run in runs if (problem := problem_of(run))]
    texts = {(root / name).read_text(encoding="utf-8") for name in names}
    if texts - {DOCKERFILE, DOCKERFILE.replace("--platform=linux/amd64 ", "")}:
        problems.append(f"a file holds {sorted(texts)[0][:80]!r}")
    left = [str(path) for path in root.rglob(".Dockerfile.*")]
    return (problems or left or [""])[0]


SCENARIOS: tuple[Callable[[Path], str], ...] = (
    *(circles, many_files, many_findings, vanishing_files, low_memory, read_only, killed_worker, two_fixes),
)


def main() -> int:
    wanted = sys.argv[1:] or [each.__name__ for each in SCENARIOS]
    failed = False
    for each in SCENARIOS:
        if each.__name__ not in wanted:
            continue
        with tempfile.TemporaryDirectory() as folder:
            begun = time.monotonic()
            problem = each(Path(folder))
            print(f"{each.__name__:16} {time.monotonic() - begun:6.1f} s  {problem or 'held'}", flush=True)
            failed |= bool(problem)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
