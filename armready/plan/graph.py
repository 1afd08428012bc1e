"""From facts and findings to the graph: workloads, the images they run, their builds, Dockerfiles, base images and packages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from armready.builds import references
from armready.builds.facts import ImageBuild
from armready.core.classify import LOCK_KINDS, MANIFEST_KINDS
from armready.core.facts import DockerfileFact, ImageFact, StageFact
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability
from armready.core.project import join
from armready.core.startup import dataclass, regex
from armready.knowledge.images import verdict
from armready.knowledge.verdicts import Basis, Has
from armready.kubernetes.facts import Workload
from armready.kubernetes.own_images import may_make_arm64
from armready.plan.model import Graph, Node, Sort, Status

if TYPE_CHECKING:
    from armready.core.config import Settings
    from armready.core.source import Location
    from armready.run.passes import Analysis

_QUOTED = regex(r"`([^`]{1,200})`")
_PACKAGE_KINDS = MANIFEST_KINDS | LOCK_KINDS


@dataclass(frozen=True)
class Picture:
    """The graph, and the findings that stand against each node.

    Attributes:
        graph: of the repository.
        against: key -> findings, for the nodes that have any.
        replaced: the images of others that a fix where they are used takes away or keeps on amd64.
    """

    graph: Graph
    against: Mapping[str, tuple[Finding, ...]]
    replaced: frozenset[str]


def picture(analysis: Analysis, findings: Iterable[Finding], settings: Settings) -> Picture:
    """The graph of what both passes found.

    Args:
        analysis: of the repository.
        findings: those that count.
        settings: the effective ones.
    """
    making = _Making(analysis, settings)
    return making.made([each for each in findings if each.severity is not Severity.INFO and each.confidence is not Confidence.LOW])


def applicable(finding: Finding) -> bool:
    """Whether armready can make the change."""
    return finding.fix is not None and finding.fix.applicability is not Applicability.DISPLAY


class _Making:
    """A graph under construction."""

    def __init__(self, analysis: Analysis, settings: Settings) -> None:
        self.analysis = analysis
        self.settings = settings
        self.nodes: dict[str, Node] = {}
        self.places: dict[str, list[tuple[str, Location]]] = {}
        self.uses: dict[str, list[Location]] = {}
        self.names: Counter[str] = Counter()
        self.builds = [fact for result in analysis.results.values() for fact in result.facts.of(ImageBuild)]
        self.dockerfiles = {path: fact for path, result in analysis.results.items() for fact in result.facts.of(DockerfileFact)}

    def made(self, findings: list[Finding]) -> Picture:
        """Everything in the order of the data, then the findings on top of it."""
        pushed = self._builds()
        for path, fact in self.dockerfiles.items():
            self._dockerfile(path, fact, pushed)
        for path, result in self.analysis.results.items():
            for workload in result.facts.of(Workload):
                if workload.is_workload:
                    self._workload(path, workload, pushed)
        against = self._attach(findings)
        self._own_statuses(against)
        for key in [key for key, node in self.nodes.items() if node.sort is Sort.PACKAGE]:
            self._copied(self.nodes[key])
        self._drop_idle(against)
        mended = {each.location for each in findings if applicable(each)}
        replaced = frozenset(key for key, places in self.uses.items() if not mended.isdisjoint(places))
        return Picture(Graph(dict(sorted(self.nodes.items()))), against, replaced)

    def _key(self, sort: Sort, *parts: str) -> str:
        """A key that stays the same while lines move; the second of one name gets a number."""
        plain = ":".join((sort.value, *parts))
        self.names[plain] += 1
        return plain if self.names[plain] == 1 else f"{plain}#{self.names[plain]}"

    def _builds(self) -> dict[str, str]:
        """The builds that push, with the images they make. Returns the names of images with the keys of their nodes."""
        pushed: dict[str, str] = {}
        for build in self.builds:
            if build.job.hidden or not any(push.shown for push in build.pushes):
                continue
            name = next(push.shown for push in build.pushes if push.shown)
            path = build.location.path
            key = self._key(Sort.BUILD, path, name)
            dockerfile = build.inputs.dockerfile
            needs = (f"{Sort.DOCKERFILE}:{dockerfile}",) if dockerfile in self.dockerfiles else ()
            only = not build.exempt and not may_make_arm64(build)
            self.nodes[key] = Node(
                key=key,
                sort=Sort.BUILD,
                title=name,
                path=path,
                line=build.location.region.line,
                own=Status.BLOCKED if only else Status.READY,
                reason="it is built for amd64 only" if only else "",
                needs=needs,
            )
            self.places.setdefault(path, []).append((key, build.location))
            self._image(build, key, pushed)
        return pushed

    def _image(self, build: ImageBuild, key: str, pushed: dict[str, str]) -> None:
        """The images that a build pushes, one a name; several builds of one name are one image."""
        for push in filter(lambda each: each.shown, build.pushes):
            for spelling in push.spellings or (push.text,):
                name = references.repository(spelling)
                image = f"{Sort.IMAGE}:{name}"
                before = self.nodes.get(image)
                needs = (*(before.needs if before else ()), key)
                self.nodes[image] = Node(
                    key=image,
                    sort=Sort.IMAGE,
                    title=_familiar(name),
                    needs=tuple(dict.fromkeys(needs)),
                    any_of=True,
                    path=build.location.path,
                )
                pushed.setdefault(spelling, image)
                pushed.setdefault(name, image)

    def _dockerfile(self, path: str, fact: DockerfileFact, pushed: Mapping[str, str]) -> None:
        key = f"{Sort.DOCKERFILE}:{path}"
        needs = [self._base(image, pushed) for stage in fact.needed() or fact.stages for image in _images(stage)]
        self.nodes[key] = Node(
            key=key, sort=Sort.DOCKERFILE, title=path, path=path, line=1, needs=tuple(dict.fromkeys(filter(None, needs)))
        )
        self.places[path] = [(key, stage.location) for stage in fact.stages]

    def _base(self, image: ImageFact, pushed: Mapping[str, str]) -> str:
        """The key of an image that a Dockerfile builds on: one of the repository's own, by its whole name, or one of others."""
        name = references.normalise(image.text)
        own = pushed.get(name)
        if own is None and (":$" in name or ":{{" in name or "@" in name):
            own = pushed.get(references.repository(name))
        return own or self._foreign(image.text, Sort.BASE, image.location)

    def _foreign(self, text: str, sort: Sort, location: Location) -> str:
        known = verdict(text, self.settings)
        if text == "scratch" or known.basis is Basis.WINDOWS:
            return ""
        name = references.normalise(text)
        key = f"{Sort.BASE}:{name}"
        self.uses.setdefault(key, []).append(location)
        before = self.nodes.get(key)
        if before is None or before.sort is not sort:
            own, reason = _judged(known.arm64, known.confidence, known.basis, known.reason)
            sort = Sort.BASE if before is not None else sort
            self.nodes[key] = Node(key=key, sort=sort, title=_shown(text), own=own, reason=reason, options=known.alternatives)
        return key

    def _workload(self, path: str, workload: Workload, pushed: Mapping[str, str]) -> None:
        key = self._key(Sort.WORKLOAD, path, workload.title)
        needs = []
        for image in workload.images:
            own = pushed.get(references.repository(image.text))
            needs.append(own or self._foreign(image.text, Sort.IMAGE, image.location))
        status, reason = _placement(workload)
        self.nodes[key] = Node(
            key=key,
            sort=Sort.WORKLOAD,
            title=workload.title,
            path=path,
            line=workload.location.region.line,
            own=status,
            reason=reason,
            needs=tuple(dict.fromkeys(filter(None, needs))),
        )
        self.places.setdefault(path, []).extend((key, each) for each in (workload.location, *(image.location for image in workload.images)))

    def _attach(self, findings: list[Finding]) -> dict[str, tuple[Finding, ...]]:
        """The findings by the node they stand against. What is said of an image and cannot be mended in its place is the image's."""
        images = {location: key for key, places in self.uses.items() for location in places if self.nodes[key].own is Status.BLOCKED}
        against: dict[str, list[Finding]] = {}
        for finding in findings:
            key = images.get(finding.location) if not applicable(finding) else None
            against.setdefault(key or self._node_of(finding), []).append(finding)
        return {key: tuple(found) for key, found in against.items()}

    def _node_of(self, finding: Finding) -> str:
        path = finding.path
        result = self.analysis.results.get(path)
        places = self.places.get(path)
        if result is not None and result.kind in _PACKAGE_KINDS and finding.code.startswith("PY"):
            return self._package(finding)
        if not places:
            return self._source(finding)
        titled = [key for key, _ in places if self.nodes[key].sort is Sort.WORKLOAD and f"{self.nodes[key].title} " in finding.message]
        if titled:
            return titled[0]
        start = finding.location.span.start
        return min(places, key=lambda each: (_distance(each[1], start), each[0]))[0]

    def _package(self, finding: Finding) -> str:
        quoted = _QUOTED.search(finding.message)
        title = quoted[1] if quoted else finding.name
        key = f"{Sort.PACKAGE}:{finding.path}:{title}"
        self.nodes.setdefault(key, Node(key=key, sort=Sort.PACKAGE, title=title, path=finding.path, line=finding.location.region.line))
        return key

    def _source(self, finding: Finding) -> str:
        key = f"{Sort.SOURCE}:{finding.path}"
        self.nodes.setdefault(key, Node(key=key, sort=Sort.SOURCE, title=finding.path, path=finding.path, line=1))
        return key

    def _own_statuses(self, against: Mapping[str, tuple[Finding, ...]]) -> None:
        for key, found in against.items():
            node = self.nodes[key]
            worse = Status.BLOCKED if any(each.severity is Severity.ERROR for each in found) else Status.DOUBTFUL
            if worse.rank > node.own.rank:
                self.nodes[key] = replace(node, own=worse, reason=found[0].message)

    def _copied(self, package: Node) -> None:
        """Let the Dockerfiles wait that copy the file in which a package stands."""
        contexts: dict[str, set[str]] = {}
        for build in self.builds:
            if build.inputs.dockerfile and build.inputs.context is not None:
                contexts.setdefault(build.inputs.dockerfile, set()).add(build.inputs.context)
        for path, fact in self.dockerfiles.items():
            folders = contexts.get(path) or {path.rpartition("/")[0]}
            copies = {copy for stage in fact.needed() or fact.stages for copy in stage.copies}
            if any(_copies(package.path, folder, copy) for folder in folders for copy in copies):
                key = f"{Sort.DOCKERFILE}:{path}"
                self.nodes[key] = replace(self.nodes[key], needs=(*self.nodes[key].needs, package.key))

    def _drop_idle(self, against: Mapping[str, tuple[Finding, ...]]) -> None:
        """Leave out what is ready and what nothing needs: images of others that only a node that is gone has used."""
        needed = {each for node in self.nodes.values() for each in node.needs}
        for key, node in list(self.nodes.items()):
            if node.sort is Sort.BASE and key not in needed and key not in against:
                del self.nodes[key]


def _images(stage: StageFact) -> list[ImageFact]:
    """The images that an arm64 build of a stage takes from."""
    if stage.is_windows or stage.platform == "build" or (stage.platform == "constant" and not stage.ships):
        return []
    return [image for image in (stage.base, *stage.images) if image is not None and not image.varies]


def _judged(arm64: Has, confidence: Confidence, basis: Basis, reason: str) -> tuple[Status, str]:
    if arm64 is Has.NO:
        status = Status.STAYS if basis is Basis.USER else Status.BLOCKED if confidence is Confidence.HIGH else Status.DOUBTFUL
        return status, reason
    if arm64 is Has.YES and confidence is not Confidence.LOW:
        return Status.READY, ""
    return Status.UNKNOWN, reason


def _placement(workload: Workload) -> tuple[Status, str]:
    """What is known of a workload by itself; its images are nodes of their own."""
    stuck = [image for image in workload.images if image.only == "amd64" and not image.plain]
    if not workload.allows("arm64"):
        if any(image.sure is Confidence.HIGH for image in stuck):
            return Status.STAYS, f"{stuck[0].text} is for amd64 only, and its pods stay on amd64 nodes"
        return Status.BLOCKED, "its constraints rule arm64 nodes out"
    return Status.READY, ""


def _familiar(name: str) -> str:
    return name.removeprefix("docker.io/").removeprefix("library/")


def _shown(text: str) -> str:
    return text.partition("@")[0] or text


def _distance(location: Location, start: int) -> int:
    if location.span.start <= start < location.span.end:
        return 0
    return min(abs(location.span.start - start), abs(location.span.end - start)) + 1


def _copies(path: str, context: str, copy: str) -> bool:
    """Whether a COPY from a context takes a file: by its name, or with the folder in which it lies."""
    from fnmatch import fnmatchcase

    place = join("" if context == "." else context, copy.lstrip("/") or ".")
    if place is None:
        return False
    folder = path.rpartition("/")[0]
    return path == place or (folder or ".") == place or fnmatchcase(path, place)
