"""Builds of one platform that are right as they are: tests, parts of a merged image, images that name their architecture."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence

from armready.builds import references
from armready.builds.events import Build, Merge, Name, Output, repositories, spellings
from armready.builds.history import Chain
from armready.builds.job_images import index
from armready.builds.model import Job
from armready.builds.platforms import names_architecture
from armready.builds.variables import has_expansion, names
from armready.core.startup import regex

# Holds only where the repository builds another one for arm64.
ONE_OF_SEVERAL_DOCKERFILES = "its Dockerfile is for one architecture"


def reasons(chains: Sequence[Chain], merges: Sequence[Merge]) -> dict[Chain, str]:
    """Why the builds of a file are no findings when they are of one platform; empty for those that are."""
    merged = repositories(name for merge in merges for name in (*merge.names, *merge.sources))
    for_arm64 = index((chain, spellings(chain.pushed_names)) for chain in chains if _makes_arm64(chain))
    return {chain: _reason(chain, merged, for_arm64) for chain in chains}


def _reason(chain: Chain, merged: set[str], for_arm64: Mapping[str, Sequence[Chain]]) -> str:
    build, job = chain.build, chain.build.job
    if job.disabled:
        return "the job never runs"
    if not job.host.is_linux or build.platforms.windows:
        return "it builds no Linux image"
    if build.by_digest:
        return "its digest is merged later"
    if build.tool == "skaffold" and _has_cluster(job):
        return "the job makes a cluster of its own, which takes the image from the daemon"
    if job.host.architecture == "arm64" and not build.platforms.given:
        return "the machine is arm64"
    names = chain.pushed_names or list(build.tags)
    if names and all(references.is_test_registry(each) for name in names for each in [name.text, *name.spellings][:3]):
        return "the registry lives only as long as a test"
    if names and all(references.is_cache(name.text) for name in names):
        return "it is only a build cache"
    if names and all(_names_one(name) for name in names):
        return "its name says which architecture it is for"
    if build.dockerfile and names_architecture(posixpath.basename(build.dockerfile)):
        return ONE_OF_SEVERAL_DOCKERFILES
    if job.one_of_several:
        return job.one_of_several
    if _argument_says(build):
        return "a build argument says which architecture it is for"
    if chain.handed_over and _by_buildx(chain) and build.output is Output.DEFAULT:
        return "buildx was not told where to put the result, so whether the push finds it is not known"
    if not merged.isdisjoint(repositories(names)):
        return "it is merged with the images of other architectures"
    if _is_covered(chain, for_arm64):
        return "another build of the file makes the arm64 image"
    return ""


_CLUSTER = regex(r"\b(?:kind create cluster|minikube start|k3d cluster create|kind-action|setup-kind|setup-minikube|setup-k3d)\b")


def _has_cluster(job: Job) -> bool:
    """Whether a job starts a Kubernetes cluster on its own machine."""
    texts = (text for step in job.steps for text in (step.script.text if step.script else "", *(each.tool for each in step.declared)))
    return any(_CLUSTER.search(text) for text in texts)


# What a caller chooses: the stem of a pattern rule in Make, the first argument of a script.
_STEM = regex(r"""["']?(?:\$\*|\$\(\*\)|\$\{?1\}?)["']?""")
_LINUX_STEM = regex(r"(?i)linux[-_/](?:\$\*|\$\(\*\)|\$\{?1\}?)")


def _argument_says(build: Build) -> bool:
    """Whether an argument like `ARCH=$IMAGE_ARCH` takes the architecture from outside, so that the file builds one of several."""
    given = build.invocation.all("build-arg") if build.invocation is not None else []
    for name, equals, value in (each.partition("=") for each in given):
        if equals and re.search(r"(?i)arch", name) and _STEM.fullmatch(value):
            return True
        if equals and re.search(r"(?i)arch", name) and has_expansion(value) and names_architecture(value):
            return not any(variable in build.environment for variable in names(value))
    return False


def _by_buildx(chain: Chain) -> bool:
    call = chain.build.invocation
    return call is not None and call.verb.startswith("buildx")


def _names_one(name: Name) -> bool:
    text = name.text
    last = text.rpartition("/")[2]
    return (
        names_architecture(last)
        or bool(_LINUX_STEM.search(last))
        or any(names_architecture(each.rpartition("/")[2]) for each in name.spellings)
    )


def _makes_arm64(chain: Chain) -> bool:
    build = chain.build
    return chain.is_pushed and (build.platforms.arm64 or (not build.platforms.given and build.job.host.architecture == "arm64"))


def _is_covered(chain: Chain, for_arm64: Mapping[str, Sequence[Chain]]) -> bool:
    """Whether each name that is pushed has an arm64 image from another build. `app:1-arm64` beside `app:1` is none: nothing joins them."""
    names = chain.pushed_names

    def elsewhere(name: Name) -> bool:
        return any(other is not chain for each in spellings([name]) for other in for_arm64.get(each, ())[:2])

    return bool(names) and all(map(elsewhere, names))
