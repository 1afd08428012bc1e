"""One pipeline, written for sixteen CI systems: the same verdict at the same command."""

import pytest

from armready.core.config import Settings
from armready.core.finding import Severity
from armready.run.passes import Filters, report
from armready.testing import analyse_files
from tests.metamorphic.pipelines import FORMS, WRITERS, Pipeline

SETTINGS = Settings(min_severity=Severity.INFO, pedantic=True)
BUILD, PUSH = "docker build -t example/app:1 .", "docker push example/app:1"
BUILDX = "docker buildx build --push -t example/app:1"
SCRIPT = f"#!/bin/sh\n{BUILD}\n{PUSH}\n"

# What a pipeline is called -> the pipeline, and the code of its finding with the text that stands there.
PIPELINES = {
    "build and push": (Pipeline((BUILD, PUSH)), {("CI101", BUILD)}),
    "one step": (Pipeline((f"{BUILD} && {PUSH}",)), {("CI101", BUILD)}),
    "a tag between": (
        Pipeline(("docker build -t app .", "docker tag app example/app:1", PUSH)),
        {("CI101", "docker build -t app .")},
    ),
    "variable": (
        Pipeline(('docker build -t "$IMAGE" .', 'docker push "$IMAGE"'), {"IMAGE": "example/app:1"}),
        {("CI101", 'docker build -t "$IMAGE" .')},
    ),
    "platform in a variable": (
        Pipeline((f"{BUILDX} --platform $PLATFORM .",), {"PLATFORM": "linux/amd64"}),
        {("CI102", f"{BUILDX} --platform $PLATFORM .")},
    ),
    "one platform": (Pipeline((f"{BUILDX} --platform linux/amd64 .",)), {("CI102", f"{BUILDX} --platform linux/amd64 .")}),
    "both platforms": (Pipeline((f"{BUILDX} --platform linux/amd64,linux/arm64 .",)), set()),
    "only built": (Pipeline((BUILD,)), set()),
    "only built, another pushed": (Pipeline((BUILD, "docker push example/other:1")), set()),
    "named for it": (Pipeline(("docker build -t example/app:1-amd64 .", "docker push example/app:1-amd64")), set()),
    "a script": (Pipeline(("./build.sh",), files={"build.sh": SCRIPT}), {("CI101", BUILD)}),
    "a script through a shell": (Pipeline(("sh build.sh",), files={"build.sh": SCRIPT}), {("CI101", BUILD)}),
    "a target": (Pipeline(("make image",), files={"Makefile": f"image:\n\t{BUILD}\n\t{PUSH}\n"}), {("CI101", BUILD)}),
    "sudo": (Pipeline((f"sudo {BUILD}", f"sudo {PUSH}")), {("CI101", f"sudo {BUILD}")}),
    "docker image": (
        Pipeline(("docker image build -t example/app:1 .", "docker image push example/app:1")),
        {("CI101", "docker image build -t example/app:1 .")},
    ),
    "podman": (Pipeline(("podman build -t q.io/a/b:1 .", "podman push q.io/a/b:1")), {("CI101", "podman build -t q.io/a/b:1 .")}),
    "download": (
        Pipeline(("curl -LO https://get.helm.sh/helm-v3.14.0-linux-amd64.tar.gz",)),
        {("DF140", "amd64")},
    ),
}


def verdict(system, pipeline):
    path, write = (WRITERS | FORMS)[system]
    files = {"Dockerfile": "FROM alpine:3.20\nCOPY run.sh /run.sh\n", path: write(pipeline), **pipeline.files}
    _, registry, analysis = analyse_files(files, SETTINGS)
    assert not [problem for result in analysis.results.values() for problem in result.problems]
    findings = report(analysis, registry, Filters()).findings
    shown = [each for each in findings if each.code in ("CI101", "CI102", "CI116", "DF140")]
    return {(each.code, files[each.path][each.location.span.start : each.location.span.end]) for each in shown}


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize("system", [*WRITERS, *FORMS])
def test_the_same_pipeline_gets_the_same_verdict(system, name):
    pipeline, expected = PIPELINES[name]
    assert verdict(system, pipeline) == expected


def test_every_system_is_there():
    assert len(WRITERS) == 16
