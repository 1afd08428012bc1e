"""The scripts of a package.json: each is a job."""

from __future__ import annotations

import posixpath

from armready.builds.editor import Editor
from armready.builds.model import Host, HostKind, Job, Needs, Pipeline, Step
from armready.builds.setup import lines
from armready.core.file import File
from armready.core.fix import Edit
from armready.knowledge.runners import Buildx
from armready.languages.yaml.nodes import embedded, get, pairs, parse_yaml, span, text_of

GLOBS = {
    "package-json": ("package.json",),
}

_HOST = Host(HostKind.PERSISTENT, buildx=Buildx.CURRENT, doubt="npm runs on whatever machine calls it")


def read(file: File) -> Pipeline:
    """The scripts of a package.json; one that has no exact place in the file is left out."""
    roots = file.parse(parse_yaml)
    folder = posixpath.dirname(file.path)
    jobs = []
    for index, (key, value) in enumerate(pairs(get(roots[0], "scripts") if roots else None)):
        script = embedded(file, value)
        if script is not None:
            step = Step(span(value), script, shell=index, folder=folder)
            jobs.append(Job(text_of(key) or "", span(key), _HOST, (step,), recipe=True, own_setup=True))
    return Pipeline("npm", tuple(jobs), shares_images=True)


class NpmEditor(Editor):
    """Edit the scripts of a package.json."""

    def prepare(self, job: Job, step: Step, missing: Needs) -> list[Edit] | None:
        """Put the set-up in front of a script, which is one line: a line break would not survive in every shell that npm uses."""
        first = step.script.host_offset(0) if step.script is not None else None
        if step.script is None or first is None:
            return None
        written = step.script.encode("".join(f"({line}) && " for line in lines(job.host, missing, self.file.settings)))
        return None if written is None else [self.file.insert(first, written)]


EDITOR = NpmEditor
