"""Native mode for GitHub: the build runs once on a machine of each architecture, and a job of its own joins the images."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from armready.builds import references
from armready.builds.model import Declared, Verb
from armready.builds.variables import has_expansion
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.startup import regex
from armready.knowledge.actions import BUILDX, is_commit, partner
from armready.knowledge.runners import GITHUB_AMD64, GITHUB_ARM
from armready.languages.yaml import edit as yaml_edit
from armready.languages.yaml.nodes import (
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    get,
    in_flow_style,
    key_of,
    merged_pairs,
    pairs,
    places,
    span,
    text_of,
)
from armready.systems.github_actions import action_of

_REFUSED_KEYS = {
    "strategy": "the job has a matrix of its own",
    "container": "the job runs in a container",
    "environment": "the job has an environment, which would be asked for more than once",
    "concurrency": "the job has a concurrency group, so its two runs would stop each other",
    "outputs": "other jobs use the job's outputs",
    "services": "the job has services",
}
_STEP_CONTEXT = regex(r"\b(?:env|steps|matrix|runner|job|secrets)\.")


class _Refused(Exception):
    """Why native mode does not fit."""


def native(file: File, jobs: Node | None, name: str, job: MappingNode, build: Declared, builds: int) -> list[Edit] | str:
    """The edits that split a job into one build for each architecture and a merge, or the reason why it is not done."""
    try:
        return list(_Split(file, jobs, name, job, build, builds).edits())
    except _Refused as refused:
        return str(refused)


class _Split:
    def __init__(self, file: File, jobs: Node | None, name: str, job: MappingNode, build: Declared, builds: int) -> None:
        self.file, self.jobs, self.name, self.job, self.build = file, jobs, name, job, build
        steps = get(job, "steps")
        if not isinstance(steps, SequenceNode) or in_flow_style(steps) or in_flow_style(job):
            raise _Refused("the job is written in flow style")
        self.steps = steps
        self.merge = f"merge-{name}"
        self.index = next((index for index, step in enumerate(steps.value) if self._is_build(step)), -1)
        self._check(builds)
        self.step = steps.value[self.index]
        if get(self.step, "if") is not None:
            raise _Refused("the build stands under a condition of its own")
        inputs = get(self.step, "with")
        if not isinstance(inputs, MappingNode) or in_flow_style(inputs):
            raise _Refused("the inputs of the build are written in flow style")
        self.inputs = inputs
        self.repository = self._repository()

    def _is_build(self, step: Node) -> bool:
        uses = get(step, "uses")
        return uses is not None and span(uses) == self.build.span

    def _check(self, builds: int) -> None:
        for key, why in _REFUSED_KEYS.items():
            if get(self.job, key) is not None:
                raise _Refused(why)
        if self.build.verb is not Verb.BUILD or not self.build.tool.endswith("/build-push-action") or self.index < 0:
            raise _Refused("native mode is made for docker/build-push-action")
        if builds != 1:
            raise _Refused("the job builds more than one image")
        if self.index != len(self.steps.value) - 1:
            raise _Refused("steps follow the build, and what they need is known only after the merge")
        if get(self.jobs, self.merge) is not None:
            raise _Refused(f"there is a job {self.merge} already")
        if any(is_commit(version) for step in self.steps.value for _, version in [action_of(step)]):
            raise _Refused("the workflow pins its actions by commit, and no commits of the artifact actions are known here")

    def _repository(self) -> str:
        """The one repository that all tags name."""
        names = self._metadata_images() or list(self.build.tags)
        found = {self._without_tag(name) for name in names if not name.startswith("${{ steps.")}
        if len(found) != 1:
            raise _Refused("the tags name more than one repository, or none that can be told")
        return found.pop()

    def _metadata_images(self) -> list[str]:
        if not self._by_metadata():
            return []
        step = self._metadata_step()
        return [line.strip() for line in (text_of(get(step, "with", "images")) or "").splitlines() if line.strip()]

    def _by_metadata(self) -> bool:
        return any(re.fullmatch(r"\$\{\{\s*steps\.[\w-]+\.outputs\.tags\s*\}\}", tag) for tag in self.build.tags)

    def _metadata_step(self) -> Node | None:
        return next((step for step in self.steps.value if "metadata" in action_of(step)[0]), None)

    def _without_tag(self, name: str) -> str:
        tag = references.tag(name)
        return name[: -len(tag) - 1] if tag else name

    # Edits.

    def edits(self) -> Iterator[Edit]:
        runs_on = next(key for key, _ in pairs(self.job) if key_of(key) == "runs-on")
        label = get(self.job, "runs-on")
        yield self._must(yaml_edit.insert_lines(self.file, self.job, self._matrix(), before=runs_on))
        if not isinstance(label, ScalarNode):
            raise _Refused("runs-on is a list")
        yield self._must(yaml_edit.set_scalar(self.file, label, "${{ matrix.runner }}"))
        yield from self._input_edits()
        yield from self._cache_edits()
        if get(self.step, "id") is None:
            first = self.step.value[0][0]
            yield self._must(yaml_edit.insert_lines(self.file, self.step, ["id: build"], before=first))
        yield from self._needs()
        yield self._tail()

    def _must(self, edit: Edit | None) -> Edit:
        if edit is None:
            raise _Refused("the job is written in a way that cannot be edited exactly")
        return edit

    def _matrix(self) -> list[str]:
        return [
            "strategy:",
            "  fail-fast: false",
            "  matrix:",
            "    include:",
            f"      - {{platform: linux/amd64, arch: amd64, runner: {GITHUB_AMD64}}}",
            f"      - {{platform: linux/arm64, arch: arm64, runner: {GITHUB_ARM}}}",
        ]

    def _input_edits(self) -> Iterator[Edit]:
        push = text_of(get(self.inputs, "push")) or "true"
        outputs = f"outputs: type=image,name={self.repository},push-by-digest=true,name-canonical=true,push={push}"
        if get(self.inputs, "outputs") is not None or get(self.inputs, "load") is not None:
            raise _Refused("the build has an output of its own")
        lines = ["platforms: ${{ matrix.platform }}", outputs]
        kept = []
        for key, value in pairs(self.inputs):
            name = key_of(key)
            if name in ("tags", "push"):
                yield self._must(yaml_edit.remove_pair(self.file, self.inputs, key))
            elif name == "platforms":
                yield self._must(yaml_edit.set_scalar(self.file, value, "${{ matrix.platform }}"))
                lines = [outputs]
            else:
                kept.append(key)
        if not kept:
            raise _Refused("the build has no other inputs than its tags")
        yield self._must(yaml_edit.insert_lines(self.file, self.inputs, lines, before=kept[0]))

    def _cache_edits(self) -> Iterator[Edit]:
        for name in ("cache-from", "cache-to"):
            node = get(self.inputs, name)
            text = text_of(node)
            if node is not None and text and "type=gha" in text and "scope=" not in text and "\n" not in text.strip():
                yield self._must(yaml_edit.set_scalar(self.file, node, f"{text},scope=${{{{ matrix.arch }}}}"))

    def _needs(self) -> Iterator[Edit]:
        """Jobs that waited for the build wait for the merge."""
        for _, other in merged_pairs(self.jobs):
            needs = get(other, "needs")
            for node in needs.value if isinstance(needs, SequenceNode) else [needs] if needs is not None else []:
                if text_of(node) == self.name:
                    yield self._must(yaml_edit.set_scalar(self.file, node, self.merge))

    def _tail(self) -> Edit:
        """The steps that keep the digest, and the merge job behind them."""
        place = places(self.steps)[-1]
        dash = self.file.text.rfind("-", 0, place.span.start)
        indent = " " * yaml_edit.column(self.file, dash)
        job_indent = " " * self.job_key().start_mark.column
        newline = self.file.source.newline
        lines = [f"{indent}{line}" for line in self._digest_steps()]
        lines += ["", *(f"{job_indent}{line}" if line else "" for line in self._merge_job())]
        end = self.file.source.line_span(self.file.source.line_index(max(place.span.end - 1, place.span.start))).end
        return self.file.insert(end, "".join(f"{newline}{line}" for line in lines))

    def job_key(self) -> Node:
        """The key of the job."""
        return next(key for key, value in pairs(self.jobs) if value is self.job)

    def _identity(self) -> str:
        return text_of(get(self.step, "id")) or "build"

    def _digest_steps(self) -> list[str]:
        return [
            "- name: Keep the digest",
            "  env:",
            f"    DIGEST: ${{{{ steps.{self._identity()}.outputs.digest }}}}",
            "  run: |",
            '    mkdir -p "$RUNNER_TEMP/digests"',
            '    touch "$RUNNER_TEMP/digests/${DIGEST#sha256:}"',
            "- uses: actions/upload-artifact@v4",
            "  with:",
            "    name: digest-${{ matrix.arch }}",
            "    path: ${{ runner.temp }}/digests/*",
            "    if-no-files-found: error",
            "    retention-days: 1",
        ]

    def _merge_job(self) -> list[str]:
        lines = [f"{self.merge}:", f"  needs: {self.name}", f"  runs-on: {GITHUB_AMD64}"]
        condition = self._condition()
        if condition:
            lines.append(f"  if: {condition}")
        lines += [f"  {line}" for line in self._copied(self.job, "permissions")]
        lines += ["  steps:", *(f"    {line}" for line in self._merge_steps())]
        return lines

    def _condition(self) -> str:
        push = text_of(get(self.inputs, "push")) or ""
        own = text_of(get(self.job, "if")) or ""
        parts = [
            re.sub(r"^\s*\$\{\{\s*|(?<!\s)\s*\}\}\s*$", "", each) for each in (own, push) if has_expansion(each) or (each is own and each)
        ]
        if any(_STEP_CONTEXT.search(part) for part in parts):
            raise _Refused("whether the build pushes depends on what only its own steps know")
        if not parts:
            return ""
        return parts[0] if len(parts) == 1 else " && ".join(f"({part})" for part in parts)

    def _copied(self, mapping: Node, key: str) -> list[str]:
        """A pair as it is written, without its indentation."""
        found = next(((each, value) for each, value in pairs(mapping) if key_of(each) == key), None)
        if found is None:
            return []
        each, value = found
        text = self.file.text[each.start_mark.index : max(span(value).end, each.end_mark.index)]
        return _outdented(text, each.start_mark.column)

    def _step_lines(self, step: Node) -> list[str]:
        index = self.steps.value.index(step)
        place = places(self.steps)[index]
        dash = self.file.text.rfind("-", 0, place.span.start)
        return _outdented(self.file.text[dash : place.span.end], yaml_edit.column(self.file, dash))

    def _merge_steps(self) -> list[str]:
        lines = [
            "- uses: actions/download-artifact@v4",
            "  with:",
            "    path: ${{ runner.temp }}/digests",
            "    pattern: digest-*",
            "    merge-multiple: true",
        ]
        for step in self.steps.value[: self.index]:
            if re.search(r"login|amazon-ecr|configure-aws-credentials|google-github-actions/auth", action_of(step)[0]):
                lines += self._step_lines(step)
        lines.append(f"- uses: {BUILDX}@v{partner(BUILDX, 6).major}")
        tags = [*self.build.tags]
        metadata = self._metadata_step() if self._by_metadata() else None
        if metadata is not None:
            lines += self._step_lines(metadata)
        return [*lines, *_join_step(self.repository, tags)]


def _outdented(text: str, column: int) -> list[str]:
    first, *rest = text.splitlines()
    return [first, *(line[column:] if not line[:column].strip() else line for line in rest)]


def _join_step(repository: str, tags: Sequence[str]) -> list[str]:
    named = [f"    TAGS: {tags[0]}"] if len(tags) == 1 else ["    TAGS: |-", *(f"      {tag}" for tag in tags)]
    return [
        "- name: Join the images under their tags",
        "  working-directory: ${{ runner.temp }}/digests",
        "  env:",
        f"    IMAGE: {repository}",
        *named,
        "  run: |",
        '    mapfile -t tags <<< "$TAGS"',
        "    set -- *",
        '    docker buildx imagetools create "${tags[@]/#/--tag=}" "${@/#/$IMAGE@sha256:}"',
    ]
