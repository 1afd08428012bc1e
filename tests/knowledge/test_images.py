import re
from collections import Counter

import pytest

from armready.core.config import Settings, UserImage
from armready.core.finding import Confidence
from armready.knowledge.images import Reference, Where, arch_in_name, cpu_baseline, verdict
from armready.knowledge.tables import front_coded, front_decoded, table
from armready.knowledge.verdicts import Basis, Has

NO = [
    "mysql:5.7",
    "mysql:8.0-debian",
    "centos:6",
    "centos:7.6.1810",
    "openjdk:17-alpine",
    "eclipse-temurin:17-jre-alpine",
    "debian:jessie",
    "alpine:3.5",
    "node:6.0",
    "python:3.5.2",
    "golang:1.7",
    "nginx:1.11",
    "elasticsearch:7.7.0",
    "kibana:7.12.0",
    "logstash:7.12.0",
    "neo4j:4.3",
    "sonarqube:8.9-community",
    "influxdb:1.11-meta",
    "percona:5.7",
    "percona:8",
    "percona",
    "archlinux",
    "archlinux:base",
    "amazonlinux:1",
    "fedora:25",
    "cassandra:2.2",
    "swift:5.5",
    "maven:3-jdk-7",
    "chronograf:1.8-alpine",
    "gradle:7-jdk11-alpine",
    "ibmjava:8",
    "rocket.chat:3.0",
    "teamspeak",
    "jenkins:2.60",
    "java:8",
    "sentry:9",
]
YES = [
    "mysql:8.0",
    "centos:7",
    "openjdk:8-jdk-alpine",
    "eclipse-temurin:21-jre-alpine",
    "amazoncorretto:17-alpine",
    "debian:stretch",
    "alpine:3.6",
    "node:6",
    "golang:1.8",
    "elasticsearch:7.8.0",
    "kibana:7.13.1",
    "logstash:7.13.1",
    "neo4j:4.4",
    "sonarqube:9.9-community",
    "influxdb:1.8",
    "amazonlinux:2",
    "python:3.8-slim",
    "python:3.12",
    "node:20-alpine",
    "nginx",
    "redis:7",
    "busybox",
    "scratch",
]


def of(text: str, **settings: object):
    return verdict(text, Settings(**settings))


@pytest.mark.parametrize("text", NO)
def test_never_listed_for_arm64(text: str) -> None:
    found = of(text)
    assert (found.arm64, found.amd64, found.confidence) == (Has.NO, Has.YES, Confidence.HIGH)
    assert text.partition(":")[0] in found.reason
    assert found.as_of in found.reason


@pytest.mark.parametrize("text", YES)
def test_listed_for_arm64(text: str) -> None:
    assert of(text).multi_arch


@pytest.mark.parametrize("text", ["python:3.99", "eclipse-temurin:99-jre-alpine"])
def test_a_tag_newer_than_the_facts_follows_its_series(text: str) -> None:
    assert (of(text).arm64, of(text).confidence) == (Has.YES, Confidence.MEDIUM)


@pytest.mark.parametrize("text", ["eclipse-temurin:8u999-b01-jre-alpine", "percona:99"])
def test_a_series_without_arm64(text: str) -> None:
    assert of(text).arm64 is Has.NO


@pytest.mark.parametrize(
    "text",
    ["python:no-such-thing", "node:${V}", "quay.io/some/thing:1", "$REG/app:1", "$IMAGE", "${ARCH}/alpine", "nginx@sha256:1", "", ":", "@"],
)
def test_unknown_is_a_verdict(text: str) -> None:
    assert (of(text).arm64, of(text).confidence) == (Has.UNKNOWN, Confidence.LOW)


def test_a_digest_may_name_one_architecture() -> None:
    assert (of("nginx:1.25@sha256:1").arm64, of("nginx:1.25@sha256:1").confidence) == (Has.YES, Confidence.MEDIUM)
    assert (of("mysql:5.7@sha256:1").arm64, of("mysql:5.7@sha256:1").confidence) == (Has.NO, Confidence.HIGH)


@pytest.mark.parametrize(
    "text, first",
    [
        ("mysql:5.7", "mysql:8.0"),
        ("mysql:8.0-debian", "mysql:8.0"),
        ("eclipse-temurin:17-jre-alpine", "eclipse-temurin:17-jre"),
        ("docker.io/library/mysql:5.7", "docker.io/library/mysql:8.0"),
        ("public.ecr.aws/docker/library/alpine:3.5", "public.ecr.aws/docker/library/alpine:3.6"),
        ("centos:6", "quay.io/centos/centos:stream9"),
        ("java:8", "eclipse-temurin:8"),
        ("jenkins", "jenkins/jenkins"),
        ("debian:jessie", "debian:stretch"),
        ("mailhog/mailhog:v1.0.1", "axllent/mailpit"),
        ("postgis/postgis:15-3.3", "imresamu/postgis"),
        ("jboss/keycloak", "quay.io/keycloak/keycloak"),
        ("google/cloud-sdk:400.0.0", "gcr.io/google.com/cloudsdktool/google-cloud-cli"),
        ("selenium/standalone-chrome:114.0", "selenium/standalone-chromium"),
        ("gvenzl/oracle-xe", "gvenzl/oracle-free"),
    ],
)
def test_alternatives(text: str, first: str) -> None:
    assert of(text).alternatives[0] == first


def test_every_alternative_of_the_same_image_has_arm64() -> None:
    for text in NO:
        for alternative in of(text).alternatives:
            assert of(alternative).arm64 is not Has.NO, (text, alternative)


def test_images_without_an_alternative_say_what_to_do() -> None:
    found = of("mcr.microsoft.com/mssql/server:2022-latest")
    assert (found.arm64, found.confidence, found.alternatives) == (Has.NO, Confidence.HIGH, ())
    assert "amd64 node pool" in found.advice


@pytest.mark.parametrize(
    "text, arm64, confidence",
    [
        ("confluentinc/cp-kafka:7.1.1", Has.NO, Confidence.HIGH),
        ("confluentinc/cp-kafka:7.2.0", Has.YES, Confidence.HIGH),
        ("confluentinc/cp-kafka", Has.YES, Confidence.HIGH),
        ("minio/minio:RELEASE.2019-01-01T00-00-00Z", Has.NO, Confidence.HIGH),
        ("minio/minio:RELEASE.2023-01-01T00-00-00Z", Has.YES, Confidence.HIGH),
        ("selenium/hub:4", Has.YES, Confidence.MEDIUM),
        ("selenium/hub:4.10", Has.NO, Confidence.HIGH),
        ("nvidia/cuda:10.2-base", Has.NO, Confidence.HIGH),
        ("nvidia/cuda:11.4.0-base", Has.UNKNOWN, Confidence.LOW),
        ("nvidia/cuda:12.1.0-base", Has.YES, Confidence.HIGH),
        ("apache/airflow:2.2.0", Has.NO, Confidence.HIGH),
        ("apache/airflow:2.3.0", Has.UNKNOWN, Confidence.LOW),
        ("apache/airflow:2.8.0", Has.YES, Confidence.HIGH),
        ("gvenzl/oracle-free:23-slim", Has.UNKNOWN, Confidence.LOW),
        ("cypress/base:18.16.0", Has.UNKNOWN, Confidence.LOW),
        ("docker.elastic.co/logstash/logstash:7.17.23", Has.NO, Confidence.HIGH),
        ("docker.elastic.co/logstash/logstash:7.17.20", Has.YES, Confidence.HIGH),
        ("bitnami/redis:7", Has.UNKNOWN, Confidence.LOW),
        ("rocm/dev-ubuntu-22.04:6.2", Has.NO, Confidence.MEDIUM),
        ("cimg/node:18.0", Has.NO, Confidence.LOW),
        ("k8s.gcr.io/kube-proxy:v1.11.0", Has.NO, Confidence.HIGH),
        ("registry.k8s.io/kube-proxy:v1.28.0", Has.YES, Confidence.HIGH),
    ],
)
def test_other_images(text: str, arm64: Has, confidence: Confidence) -> None:
    assert (of(text).arm64, of(text).confidence) == (arm64, confidence)


@pytest.mark.parametrize(
    "text",
    [
        "mcr.microsoft.com/windows/servercore:1809",
        "mcr.microsoft.com/dotnet/sdk:6.0-nanoserver-1809-amd64",
        "golang:1.22-windowsservercore",
    ],
)
def test_windows(text: str) -> None:
    assert of(text).basis is Basis.WINDOWS
    assert arch_in_name(Reference.parse(text)) is None


def test_cpu_baseline() -> None:
    assert "ARMv8.2" in cpu_baseline(Reference.parse("mongo:5.0"))
    assert cpu_baseline(Reference.parse("mongo:4.4.18")) is None
    assert of("mongo:5.0").multi_arch


@pytest.mark.parametrize(
    "text, registry, repository, tag, digest",
    [
        ("mysql", "docker.io", "library/mysql", None, None),
        ("docker.io/mysql:8", "docker.io", "library/mysql", "8", None),
        ("index.docker.io/library/mysql:8", "docker.io", "library/mysql", "8", None),
        ("registry.hub.docker.com/bitnami/redis", "docker.io", "bitnami/redis", None, None),
        ("localhost:5000/a/b:1", "localhost:5000", "a/b", "1", None),
        ("localhost/a:1", "localhost", "a", "1", None),
        ("reg.corp:443/x@sha256:ab", "reg.corp:443", "x", None, "sha256:ab"),
        ("a/b:1@sha256:ab", "docker.io", "a/b", "1", "sha256:ab"),
        ("public.ecr.aws/docker/library/golang:1.22", "docker.io", "library/golang", "1.22", None),
        ("public.ecr.aws/lambda/python:3.9", "public.ecr.aws", "lambda/python", "3.9", None),
        ("mirror.gcr.io/alpine", "docker.io", "library/alpine", None, None),
        ("swr.example.cn/kubesre/docker.io/golang:1", "docker.io", "library/golang", "1", None),
        ("${CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX}/node:20", "docker.io", "library/node", "20", None),
        ("$CI_DEPENDENCY_PROXY_DIRECT_GROUP_IMAGE_PREFIX/a/b", "docker.io", "a/b", None, None),
        ("hub.corp/proxy/node:20", "docker.io", "library/node", "20", None),
        ("k8s.gcr.io/pause:3.1", "registry.k8s.io", "pause", "3.1", None),
        ("$REG/app:${TAG:-1.0}", "", "app", "${TAG:-1.0}", None),
        (
            "{{ .Values.image.repository }}:{{ .Values.image.tag }}",
            "docker.io",
            "{{ .Values.image.repository }}",
            "{{ .Values.image.tag }}",
            None,
        ),
    ],
)
def test_references(text: str, registry: str, repository: str, tag: str | None, digest: str | None) -> None:
    found = Reference.parse(text, ("hub.corp/proxy",))
    assert (found.registry, found.repository, found.tag, found.digest) == (registry, repository, tag, digest)
    assert found.text == text


def test_unresolved_parts() -> None:
    assert Reference.parse("$REG/app:${TAG}").unresolved == {"registry", "tag"}
    assert Reference.parse("reg.io/$APP").unresolved == {"repository"}
    assert Reference.parse("node:${V}").official == "node"
    assert Reference.parse("${IMAGE}").official is None
    assert of("percona:${V}").arm64 is Has.NO


def test_with_tag_keeps_the_spelling() -> None:
    assert Reference.parse("docker.io/library/mysql:5.7@sha256:1").with_tag("8.0").text == "docker.io/library/mysql:8.0"


@pytest.mark.parametrize(
    "text, arch, where, stripped, known",
    [
        ("amd64/python:3.12", "amd64", Where.NAMESPACE, "python:3.12", True),
        ("docker.io/amd64/debian:12", "amd64", Where.NAMESPACE, "docker.io/debian:12", True),
        ("amd64/debian:11-slim@sha256:1", "amd64", Where.NAMESPACE, "debian:11-slim", True),
        ("i386/debian", "386", Where.NAMESPACE, "debian", True),
        ("arm64v8/alpine:3", "arm64", Where.NAMESPACE, "alpine:3", True),
        ("arm32v7/alpine:3", "arm", Where.NAMESPACE, "alpine:3", True),
        ("mcr.microsoft.com/dotnet/sdk:8.0-jammy-amd64", "amd64", Where.TAG, "mcr.microsoft.com/dotnet/sdk:8.0-jammy", True),
        ("public.ecr.aws/lambda/python:3.9-x86_64", "amd64", Where.TAG, "public.ecr.aws/lambda/python:3.9", True),
        ("gcr.io/distroless/static:latest-amd64", "amd64", Where.TAG, "gcr.io/distroless/static:latest", True),
        (
            "fluent/fluentd-kubernetes-daemonset:v1.14.6-debian-kafka2-amd64-1.0",
            "amd64",
            Where.TAG,
            "fluent/fluentd-kubernetes-daemonset:v1.14.6-debian-kafka2-1.0",
            True,
        ),
        ("corp.io/app:1.2-linux-amd64", "amd64", Where.TAG, "corp.io/app:1.2", False),
        ("corp.io/app:amd64-1.2", "amd64", Where.TAG, "corp.io/app:1.2", False),
        ("corp.io/app:amd64", "amd64", Where.TAG, "corp.io/app", False),
        ("corp.io/app:${V}-arm64", "arm64", Where.TAG, "corp.io/app:${V}", False),
        ("k8s.gcr.io/pause-amd64:3.1", "amd64", Where.REPOSITORY, "k8s.gcr.io/pause:3.1", True),
        ("k8s.gcr.io/defaultbackend-amd64:1.5", "amd64", Where.REPOSITORY, None, True),
        ("homeassistant/amd64-base", "amd64", Where.REPOSITORY, None, False),
        ("nvidia/cuda-arm64:11.4", "arm64", Where.REPOSITORY, "nvidia/cuda:11.4", True),
        ("registry.x.io/x/amd64/y:1", "amd64", Where.REPOSITORY, "registry.x.io/x/y:1", False),
    ],
)
def test_arch_in_name(text: str, arch: str, where: Where, stripped: str | None, known: bool) -> None:
    found = arch_in_name(Reference.parse(text))
    assert (found.arch, found.where, found.stripped.text if found.stripped else None, found.known) == (arch, where, stripped, known)


@pytest.mark.parametrize(
    "text",
    [
        "python:3.12",
        "multiarch/qemu-user-static:x86_64-aarch64",
        "messense/rust-musl-cross:x86_64-musl",
        "ghcr.io/cross-rs/x86_64-unknown-linux-gnu:main",
        "a/arm64ish:1",
        "tonistiigi/binfmt",
    ],
)
def test_no_arch_in_name(text: str) -> None:
    assert arch_in_name(Reference.parse(text)) is None


def test_stripping_a_namespace_leads_to_an_image_without_arm64() -> None:
    found = arch_in_name(Reference.parse("amd64/openjdk:7"))
    assert verdict(found.stripped, Settings()).arm64 is Has.NO


def test_names_judge_one_architecture() -> None:
    assert (of("amd64/python:3").arm64, of("amd64/python:3").amd64) == (Has.NO, Has.YES)
    assert (of("arm64v8/python:3").arm64, of("arm64v8/python:3").amd64) == (Has.YES, Has.NO)
    assert of("corp.io/app:1-amd64").confidence is Confidence.MEDIUM


def test_the_user_knows_best() -> None:
    images = {
        "reg.corp/app": UserImage(("linux/amd64", "linux/arm64")),
        "$REG/app": UserImage(("amd64",), "licensed for x86"),
        "*/legacy-*": UserImage(("amd64",)),
        "mysql:5.7": UserImage(("amd64", "arm64")),
        "old.corp/*": UserImage(("amd64",), "", "2001-01-01"),
        "{{ .Values.repo }}": UserImage(("amd64", "arm64")),
    }
    assert of("reg.corp/app:1.2", images=images).multi_arch
    assert of("$REG/app:$TAG", images=images).arm64 is Has.NO
    assert "licensed for x86" in of("$REG/app:$TAG", images=images).reason
    assert of("x.io/a/legacy-db:1", images=images).arm64 is Has.NO
    assert of("docker.io/library/mysql:5.7", images=images).multi_arch
    assert of("mysql:5.6", images=images).arm64 is Has.NO
    assert of("old.corp/app", images=images).arm64 is Has.UNKNOWN
    assert of("{{ .Values.repo }}:{{ .Values.tag }}", images=images).multi_arch
    assert of("reg.corp/app:1.2", images=images).basis is Basis.USER


def test_mirrors() -> None:
    assert of("hub.corp/proxy/mysql:5.7").arm64 is Has.UNKNOWN
    assert of("hub.corp/proxy/mysql:5.7", mirrors=("hub.corp/proxy",)).arm64 is Has.NO


def test_the_official_table() -> None:
    official = table("official_images")
    rows = official.rows()
    assert len(rows) == 181
    assert [row["image"] for row in rows] == sorted(row["image"] for row in rows)
    assert Counter(row["status"] for row in rows) == {"all": 23, "some": 130, "none": 28}
    assert sum(len(front_decoded(row["no_arm64"])) for row in rows) > 24_000
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", official.as_of)
    assert official.find("mysq") is None
    assert official.find("mysql")["since_arm64"] == "2022-02-18"


def test_other_rows_are_well_formed() -> None:
    for row in table("other_images").rows():
        assert row["arm64"] in {"yes", "no", "partial", "suffix", "arch", "broken", "cpu", "windows", "unknown"}
        assert row["confidence"] in {"read", "second", "unread"}
        assert row["confidence"] == "unread" or row["source"].startswith("https://")


def test_front_coding() -> None:
    words = ["3.5", "3.5.2", "3.5.2-alpine", "a" * 50, "a" * 50 + "b"]
    assert front_decoded(front_coded(words)) == words


def test_hostile_text_is_judged() -> None:
    for text in ("{{" * 20_000, "$" * 40_000, "a-" * 20_000, "/" * 40_000, "<<" * 20_000, "x:" + "amd64-" * 8_000):
        of(text)
