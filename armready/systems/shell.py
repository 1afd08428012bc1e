"""Shell scripts: one job with one step, on whatever machine calls it. Docker Hub runs `hooks/build` and then pushes what it built."""

from __future__ import annotations

import posixpath

from armready.builds.model import Declared, Host, HostKind, Job, Pipeline, Step, Verb
from armready.core.embedded import Embedded
from armready.core.file import File
from armready.core.source import Span
from armready.core.startup import regex
from armready.knowledge.runners import Buildx

GLOBS = {
    "shell": ("*.sh", "*.bash", "*.ksh", "*.zsh", "*.envrc", "*.bats"),
}

_OTHER_SHEBANG = regex(r"#!(?!.*(?:sh|bats)\b)")
HOST = Host(HostKind.PERSISTENT, buildx=Buildx.CURRENT, doubt="a script runs on whatever machine calls it")
# What Docker Hub builds an automated build with, and what it calls the image.
_HUB_HOOK = regex(r"(?:^|/)hooks/build$")
_HUB_IMAGE = regex(r"\$\{?IMAGE_NAME\b\}?|\$\{?DOCKER_REPO\}?:\$\{?DOCKER_TAG\b\}?")
_HUB_VARIABLES = {"IMAGE_NAME": ("${DOCKER_REPO}:${DOCKER_TAG}",)}
_HUB_PUSHES = (
    "Docker Hub pushes what the hook leaves in the daemon: let the hook push both platforms, and put a `hooks/push` that does nothing"
)


def read(file: File) -> Pipeline:
    """The script as a job."""
    if _OTHER_SHEBANG.match(file.text):
        return Pipeline("shell", ())
    whole = Span(0, len(file.text))
    if _HUB_HOOK.search(file.path):
        return _hook(file, whole)
    step = Step(whole, Embedded.whole(file.text), folder=None if "cd " in file.text[:2000] else "")
    return Pipeline("shell", (Job(file.path, whole, HOST, (step,)),), shares_images=True)


def _hook(file: File, whole: Span) -> Pipeline:
    """A build hook, which runs in the folder of the Dockerfile, and the push that follows it."""
    folder = posixpath.dirname(posixpath.dirname(file.path))
    steps = [Step(whole, Embedded.whole(file.text), folder=folder, environment=_HUB_VARIABLES, detect_only=_HUB_PUSHES)]
    named = _HUB_IMAGE.search(file.text)
    if named is not None:
        push = Declared(verb=Verb.PUSH, span=Span(*named.span()), tool="Docker Hub", tags=("${IMAGE_NAME}",))
        steps.append(Step(push.span, declared=(push,), environment=_HUB_VARIABLES))
    return Pipeline("shell", (Job(file.path, whole, HOST, tuple(steps)),), shares_images=True)
