"""The programs that build: docker with Buildx, podman or buildah, whichever the user has. Nothing is pushed, and no image is left behind.

This is the only module that executes what a repository says. The programs are those of the user, never of the tree (`run/programs.py`);
they run in a folder of our own, and what they write is a file there.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Protocol
from uuid import uuid4

from armready.core.errors import UsageError
from armready.core.startup import dataclass
from armready.run.programs import environment, program
from armready.verify.images import Image

_MOST_LOG = 64 << 20
_GRACE_SECONDS = 20.0
_CLEARING = 120.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended.

    Attributes:
        code: its exit code.
        log: all that it wrote.
        timed_out: it was ended because it took too long.
        seconds: how long it took.
    """

    code: int
    log: str
    timed_out: bool
    seconds: float

    @property
    def good(self) -> bool:
        """Whether it did what it was asked for."""
        return self.code == 0 and not self.timed_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to build.

    Attributes:
        image: the image.
        platform: for which.
        root: of the repository.
        work: a folder of our own, where the result goes.
        options: more options of the user for the builder.
        seconds: how long it may take.
    """

    image: Image
    platform: str
    root: Path
    work: Path
    options: tuple[str, ...] = ()
    seconds: float = 3600.0

    @property
    def layout(self) -> Path:
        """Where the image layout goes."""
        return self.work / "layout"


class Engine(Protocol):
    """What builds."""

    name: str

    def build(self, order: Order) -> Outcome:
        """Build an image into an image layout."""
        ...

    def run(self, order: Order, digest: str, command: Sequence[str]) -> Outcome:
        """Run a command in the image that was built."""
        ...


def find_engine(root: Path, builder: str = "") -> Engine:
    """The user's own engine.

    Args:
        root: the repository, whose programs are not the user's.
        builder: of Buildx; empty for the one in use.

    Raises:
        UsageError: there is none.
    """
    docker = program("docker", root)
    if docker is not None and _call([docker, "buildx", "version"], root, Path("/"), 30).good:
        return Docker(docker, builder)
    if builder:
        raise UsageError("--builder needs docker with Buildx")
    for name, kind in (("podman", Podman), ("buildah", Buildah)):
        found = program(name, root)
        if found is not None:
            return kind(found)
    missing = "docker is there, and its plug-in Buildx is not" if docker is not None else "there is no docker, podman or buildah"
    raise UsageError(f"{missing}: verify builds with the engine that you have")


class Docker:
    """docker with Buildx: the result goes from the builder into a folder, and the daemon keeps nothing of it."""

    name = "docker buildx"

    def __init__(self, path: str, builder: str) -> None:
        self._head = [path, "buildx", "build", "--progress", "plain", *(("--builder", builder) if builder else ())]

    def build(self, order: Order) -> Outcome:
        """Build an image into an image layout."""
        output = f"type=oci,tar=false,dest={order.layout}"
        command = [*self._head, "--platform", order.platform, "--output", output, *_inputs(order), *order.options, _context(order)]
        return _call(command, order.root, order.work, order.seconds)

    def run(self, order: Order, digest: str, command: Sequence[str]) -> Outcome:
        """Run a command in the image that was built, as a step of a build of its own."""
        folder = order.work / "run"
        folder.mkdir(exist_ok=True)
        (folder / "Dockerfile").write_text(f"FROM armready-verified\nRUN {json.dumps(list(command))}\n", encoding="utf-8")
        image = f"armready-verified=oci-layout://{order.layout}@{digest}"
        head = [*self._head, "--platform", order.platform, "--no-cache", "--output", "type=cacheonly", "--build-context", image]
        return _call([*head, *order.options, str(folder)], order.root, order.work, order.seconds)


class Podman:
    """podman: the image gets a name of our own, is saved, and is removed."""

    name = "podman"

    def __init__(self, path: str) -> None:
        self._path = path

    def build(self, order: Order) -> Outcome:
        """Build an image into an image layout."""
        return _build_and_save(self._path, order, lambda tag: ["save", "--format", "oci-dir", "--output", str(order.layout), tag])

    def run(self, order: Order, digest: str, command: Sequence[str]) -> Outcome:
        """Run a command in the image that was built."""
        del digest
        pulled = _call([self._path, "pull", "--quiet", f"oci:{order.layout}"], order.root, order.work, order.seconds)
        identity = pulled.log.split()[-1] if pulled.good and pulled.log.split() else ""
        if not identity:
            return pulled
        start = [self._path, "run", "--rm", "--platform", order.platform, "--entrypoint", command[0], identity, *command[1:]]
        try:
            return _call(start, order.root, order.work, order.seconds)
        finally:
            _call([self._path, "rmi", "--force", identity], order.root, order.work, _CLEARING)


class Buildah:
    """buildah: as podman, with its own words."""

    name = "buildah"

    def __init__(self, path: str) -> None:
        self._path = path

    def build(self, order: Order) -> Outcome:
        """Build an image into an image layout."""
        return _build_and_save(self._path, order, lambda tag: ["push", tag, f"oci:{order.layout}:latest"])

    def run(self, order: Order, digest: str, command: Sequence[str]) -> Outcome:
        """Run a command in the image that was built."""
        del digest
        name = f"armready-verify-{uuid4().hex}"
        start = [self._path, "from", "--platform", order.platform, "--name", name, f"oci:{order.layout}"]
        made = _call(start, order.root, order.work, order.seconds)
        if not made.good:
            return made
        try:
            return _call([self._path, "run", name, "--", *command], order.root, order.work, order.seconds)
        finally:
            _call([self._path, "rm", name], order.root, order.work, _CLEARING)


def _build_and_save(path: str, order: Order, save: Callable[[str], list[str]]) -> Outcome:
    """Build under a name that nobody has, write the image into the layout, and remove it."""
    tag = f"localhost/armready-verify:{uuid4().hex}"
    command = [path, "build", "--platform", order.platform, "--tag", tag, *_inputs(order), *order.options, _context(order)]
    built = _call(command, order.root, order.work, order.seconds)
    if not built.good:
        return built
    try:
        saved = _call([path, *save(tag)], order.root, order.work, order.seconds)
    finally:
        _call([path, "rmi", "--force", tag], order.root, order.work, _CLEARING)
    return built if saved.good else saved


def inside(root: Path, path: str) -> Path:
    """A path of the repository.

    Raises:
        UsageError: it leads out of the repository, or is not there.
    """
    found = root / path
    try:
        real = found.resolve(strict=True)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    if not real.is_relative_to(root.resolve()):
        raise UsageError(f"{path}: it leads out of the repository")
    return real


def _inputs(order: Order) -> list[str]:
    """The options that say what is built."""
    arguments = [part for each in order.image.arguments for part in ("--build-arg", each)]
    target = ["--target", order.image.target] if order.image.target else []
    return ["--file", str(inside(order.root, order.image.dockerfile)), *target, *arguments]


def _context(order: Order) -> str:
    return str(inside(order.root, order.image.context))


def _call(command: Sequence[str], root: Path, folder: Path, seconds: float) -> Outcome:
    """Run a program of the user with its output in a file, and end it with all that it started when it takes too long."""
    begin = time.monotonic()
    with TemporaryFile() as out:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment(root), "BUILDKIT_PROGRESS": "plain", "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        timed_out = False
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            if process.poll() is None:
                _end(process)
        size = out.seek(0, os.SEEK_END)
        out.seek(max(0, size - _MOST_LOG))
        log = out.read(_MOST_LOG).decode("utf-8", "replace")
    return Outcome(process.returncode, log, timed_out, time.monotonic() - begin)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and its children; they get some time to clear away what they began."""
    for wanted in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        with suppress(OSError):
            os.killpg(process.pid, wanted) if hasattr(os, "killpg") else process.kill()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
            return
