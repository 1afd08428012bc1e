import pytest

from armready.core.finding import Confidence
from armready.knowledge.instances import machine


@pytest.mark.parametrize(
    "name",
    ["m6g.large", "c7gn.xlarge", "r8gd", "t4g.micro", "im4gn.large", "is4gen", "x2gd.medium", "g5g.xlarge", "hpc7g", "i8g", "a1.medium"],
)
def test_graviton(name: str) -> None:
    assert machine(name).arch == "arm64"


@pytest.mark.parametrize(
    "name, counterpart",
    [
        ("m5.large", "m7g"),
        ("c5.xlarge", "c7g"),
        ("r5", "r7g"),
        ("t3.medium", "t4g"),
        ("g4dn.xlarge", ""),
        ("p4d.24xlarge", ""),
        ("m7i-flex.large", "m7g"),
        ("u-6tb1.metal", ""),
    ],
)
def test_x86_with_its_counterpart(name: str, counterpart: str) -> None:
    found = machine(name)
    assert (found.arch, found.arm64_counterpart, found.confidence) == ("amd64", counterpart, Confidence.HIGH)


@pytest.mark.parametrize(
    "name, provider, arch, confidence",
    [
        ("t2a-standard-4", "gcp", "arm64", Confidence.HIGH),
        ("c4a", "gcp", "arm64", Confidence.HIGH),
        ("n2-standard-8", "gcp", "amd64", Confidence.HIGH),
        ("Standard_D4ps_v5", "azure", "arm64", Confidence.LOW),
        ("Standard_E8pds_v6", "azure", "arm64", Confidence.LOW),
        ("Standard_B2pts_v2", "azure", "arm64", Confidence.LOW),
        ("Standard_D4s_v5", "azure", "amd64", Confidence.LOW),
        ("VM.Standard.A1.Flex", "oci", "arm64", Confidence.LOW),
        ("VM.Standard.E4.Flex", "oci", "amd64", Confidence.LOW),
        ("ecs.g8y.large", "alibaba", "arm64", Confidence.LOW),
    ],
)
def test_other_clouds(name: str, provider: str, arch: str, confidence: Confidence) -> None:
    found = machine(name, provider)
    assert (found.arch, found.confidence) == (arch, confidence)


@pytest.mark.parametrize("name", ["mac2.metal", "", "whatever", "${TYPE}"])
def test_unknown(name: str) -> None:
    assert machine(name) is None
