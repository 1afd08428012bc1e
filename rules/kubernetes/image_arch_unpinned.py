"""An image exists for one architecture, and nothing keeps its pod off the others.

## What it finds

A workload with an image that is known to exist for amd64 alone (or for arm64 alone): by a dated fact, by the configuration, or
because the CI of this very repository builds it for one platform. And nothing in the workload keeps it off nodes of the other
architecture. Not where the name says so: KUB111 tells that, unless the file's name has the architecture too. Multi-arch images, images that nobody can judge offline, Windows pods,
and clusters whose arm nodes are tainted (`arm-nodes-tainted`, the default on GKE) never give a finding.

## Why it stops arm64

As soon as the cluster has arm64 nodes, the scheduler puts the pod on one of them, and the container ends with `exec format error`.

## What to do

Select the nodes the image can run on, or build the image for both. Where the CI of this repository is the reason, mend CI first: a selector
would pin the fleet to amd64.

## Fix safety

Safe for a fact about exactly this image: the selector can only exclude nodes on which the pod could not start. Unsafe for Pods
and Jobs, whose spec is immutable once applied, and for Helm values. Only shown where the repository's own CI is the
reason, where only the name tells, and in test data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from armready.core.classify import is_test_data
from armready.core.config import Platform, Settings, Target
from armready.core.finding import Confidence, Finding, Related, Severity
from armready.core.fix import Applicability, Fix
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.knowledge.arch import Arch, tokens
from armready.kubernetes.facts import Workload, WorkloadImage
from armready.kubernetes.nodes import NodePool, RuntimeClass
from armready.kubernetes.own_images import OwnBuild, build_of, own_builds
from armready.kubernetes.placement import EVERY
from armready.kubernetes.reporting import SCHEDULING

_DEPLOYMENT = """
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: db
    spec:
      template:
        spec:
    {}
          containers:
          - name: db
            image: {}
"""


def _deployment(image: str, *lines: str) -> str:
    return _DEPLOYMENT.format("@", image).replace("    @\n", "".join(f"          {line}\n" for line in lines))


class ImageArchUnpinned(ProjectRule):
    code = "KUB110"
    name = "image-arch-unpinned"
    summary = "An image exists for one architecture, and nothing keeps its pod off the others"
    severity = Severity.WARNING
    reads = (Workload,)
    kinds = SCHEDULING
    examples = (
        Example(
            "known image",
            path="db.yaml",
            bad=_deployment("«mysql:5.7»"),
            fixed=_deployment("mysql:5.7", "nodeSelector:", "  kubernetes.io/arch: amd64"),
            severity=Severity.WARNING,
        ),
        Example(
            "test data",
            path="pkg/testdata/db.yaml",
            bad=_deployment("«mysql:5.7»"),
            severity=Severity.INFO,
            fixed=_deployment("mysql:5.7", "nodeSelector:", "  kubernetes.io/arch: amd64"),
            applicability=Applicability.DISPLAY,
        ),
        Example(
            "beside another label, on EKS",
            path="db.yaml",
            bad=_deployment("«mysql:5.7»", "nodeSelector:", "  disktype: ssd"),
            fixed=_deployment("mysql:5.7", "nodeSelector:", "  disktype: ssd", "  kubernetes.io/arch: amd64"),
            settings={"platform": "eks"},
            severity=Severity.ERROR,
        ),
        Example(
            "a pod is immutable",
            path="pod.yaml",
            bad="apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: x\n    image: «mysql:5.7»\n",
            fixed="apiVersion: v1\nkind: Pod\nspec:\n"
            "  nodeSelector:\n    kubernetes.io/arch: amd64\n  containers:\n  - name: x\n    image: mysql:5.7\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "the repository's own decision",
            path="app.yaml",
            bad=_deployment("«registry.example.com/legacy:3»"),
            fixed=_deployment("registry.example.com/legacy:3", "nodeSelector:", "  kubernetes.io/arch: amd64"),
            settings={"images": {"registry.example.com/legacy": ["amd64"]}},
        ),
        Example(
            "the repository's own CI",
            path="app.yaml",
            bad=_deployment("«registry.example.com/team/app:1»"),
            files={
                ".gitlab-ci.yml": "build:\n  image: docker:27\n  services: [docker:27-dind]\n  script:\n"
                "    - docker build --platform linux/amd64 -t registry.example.com/team/app:1 .\n"
                "    - docker push registry.example.com/team/app:1\n",
                "Dockerfile": "FROM nginx:1.27\n",
            },
            severity=Severity.WARNING,
        ),
        Example("placed by hand", path="db.yaml", bad=_deployment("«mysql:5.7»", "nodeName: node-1"), severity=Severity.INFO),
        Example(
            "its RuntimeClass keeps it on amd64 nodes",
            path="db.yaml",
            good=_deployment("mysql:5.7", "runtimeClassName: kata"),
            files={
                "class.yaml": "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: kata}\nhandler: kata\n"
                "scheduling: {nodeSelector: {kubernetes.io/arch: amd64}}\n"
            },
            breaks=("runtimeClassName: kata\n      ", ""),
        ),
        Example(
            "its node pool has amd64 nodes only",
            path="db.yaml",
            good=_deployment("mysql:5.7", "nodeSelector: {karpenter.sh/nodepool: general}"),
            files={
                "pool.yaml": "apiVersion: karpenter.sh/v1\nkind: NodePool\nmetadata: {name: general}\nspec:\n  template:\n    spec:\n"
                "      requirements: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]\n"
            },
            breaks=("nodeSelector: {karpenter.sh/nodepool: general}\n      ", ""),
        ),
        Example(
            "pinned",
            path="db.yaml",
            good=_deployment("mysql:5.7", "nodeSelector: {kubernetes.io/arch: amd64}"),
            breaks=("nodeSelector: {kubernetes.io/arch: amd64}\n      ", ""),
        ),
        Example("multi-arch image", path="db.yaml", good=_deployment("mysql:8.4"), breaks=("8.4", "5.7")),
        Example(
            "unknown image",
            path="db.yaml",
            good=_deployment("registry.example.com/team/app:1"),
            breaks=("registry.example.com/team/app:1", "mysql:5.7"),
        ),
        Example(
            "KUB111 says it of the name",
            path="app.yaml",
            good=_deployment("registry.example.com/team/app-amd64:1"),
            breaks=("registry.example.com/team/app-amd64:1", "mysql:5.7"),
        ),
        Example("the file is one of several", path="app-amd64.yaml", bad=_deployment("«registry.example.com/team/app-amd64:1»")),
        Example("tainted arm nodes", path="db.yaml", good=_deployment("mysql:5.7"), settings={"platform": "gke"}, breaks=("platform", "")),
        Example(
            "own image for both",
            path="app.yaml",
            good=_deployment("registry.example.com/team/app:1"),
            files={
                ".gitlab-ci.yml": "build:\n  image: docker:27\n  services: [docker:27-dind]\n  script:\n"
                "    - docker buildx build --platform linux/amd64,linux/arm64 -t registry.example.com/team/app:1 --push .\n",
            },
            breaks=("arm64", "amd64"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        settings = project.settings
        if settings.target is not Target.MIXED:
            return
        builds = own_builds(project)
        classes = {each.name: each.architectures for _, each in project.facts(RuntimeClass)}
        pools = {each.title.partition("/")[2]: each.architectures for _, each in project.facts(NodePool)}
        for _, workload in ((path, _resolved(each, classes, pools)) for path, each in project.facts(Workload)):
            if (settings.tainted and not workload.tolerates_arm) or workload.names_taint:
                continue
            for arch, other in (("amd64", "arm64"), ("arm64", "amd64")):
                if workload.allows(other):
                    yield from self._of_facts(workload, arch, other, settings)
            if workload.allows("arm64"):
                yield from self._of_own_ci(workload, builds)

    def _of_facts(self, workload: Workload, arch: str, other: str, settings: Settings) -> Iterator[Finding]:
        for image in [each for each in workload.only(arch) if not _told_by_name(each)][:1]:
            yield self.finding(
                image.location,
                f"{image.reason}; nothing keeps {workload.title} off {other} nodes, where it ends with exec format error.",
                severity=Severity.INFO if is_test_data(image.location.path) else _severity(workload, arch, settings),
                confidence=image.sure,
                fix=_fix(workload, image, arch),
                cause=f"{image.reason} {other}",
            )

    def _of_own_ci(self, workload: Workload, builds: dict[str, OwnBuild]) -> Iterator[Finding]:
        for image in workload.images:
            build = build_of(builds, image.text) if image.unknown else None
            if build is None or build.arm64:
                continue
            fix = workload.fix_for("amd64")
            why = f"Make the build for both architectures first: {build.place}."
            yield self.finding(
                image.location,
                f"{image.text} is built for amd64 only in {build.place}; nothing keeps {workload.title} off arm64 nodes, where it ends "
                "with exec format error.",
                severity=Severity.INFO if workload.opaque else Severity.WARNING,
                confidence=Confidence.HIGH if build.certain else Confidence.MEDIUM,
                fix=fix.demoted(Applicability.DISPLAY, why) if fix is not None else None,
                related=(Related(build.location, "built here for amd64 only"),),
                cause=f"built as {build.name}",
            )
            return


def _told_by_name(image: WorkloadImage) -> bool:
    """Whether KUB111 says of the image that its name is for one architecture, as it does unless the name of the file says so too."""
    return image.from_name and not any(token.arch in (Arch.AMD64, Arch.ARM64) for token in tokens(image.location.path))


def _resolved(workload: Workload, classes: dict[str, frozenset[str]], pools: dict[str, frozenset[str]]) -> Workload:
    """The workload with what the RuntimeClass and the node pools that it names say of architectures, where the repository has them."""
    nodes = workload.allowed or EVERY
    nodes &= classes.get(workload.runtime_class, EVERY)
    known = [pools[name] for name in workload.pools if name in pools]
    nodes &= frozenset[str]().union(*known) if known and len(known) == len(workload.pools) else EVERY
    if nodes == (workload.allowed or EVERY):
        return workload
    return replace(workload, allowed=nodes, opaque=workload.opaque and not known)


def _severity(workload: Workload, arch: str, settings: Settings) -> Severity:
    if workload.opaque or not workload.schedulable:
        return Severity.INFO
    untainted = settings.platform is Platform.EKS or settings.arm_nodes_tainted is False
    return Severity.ERROR if arch == "arm64" or untainted else Severity.WARNING


def _fix(workload: Workload, image: WorkloadImage, arch: str) -> Fix | None:
    fix = workload.fix_for(arch)
    if fix is None or workload.opaque:
        return None
    if image.sure is not Confidence.HIGH:
        trust = Applicability.DISPLAY if image.from_name else Applicability.UNSAFE
        fix = fix.demoted(trust, f"Only a name or a pattern tells that {image.text} exists for {arch} alone.")
    return fix
