import pytest

from armready.core.finding import Confidence
from armready.knowledge.flags import FlagKind, kind_of_flag
from armready.knowledge.packages import all_pythons, by_import, concerned, good, judge, package
from armready.knowledge.syscalls import by_x86_number
from armready.knowledge.targets import AARCH64, MUSL, Target
from armready.knowledge.wheels import Outcome


def found(name: str, version: str, *pythons: tuple[int, int]) -> set[tuple[str, str]]:
    row = package(name)
    assert row is not None
    targets = tuple(map(Target, pythons)) or all_pythons()
    return {
        (verdict.difference.aarch64.value, verdict.confidence.value)
        for _, verdict in concerned(row, version, targets)
        if verdict.difference
    }


FIRST = [
    ("numpy", "1.19.0"),
    ("cryptography", "3.1"),
    ("grpcio", "1.37.0"),
    ("pyyaml", "5.4.1"),
    ("bcrypt", "3.1.7"),
    ("psutil", "6.0.0"),
    ("tokenizers", "0.9.4"),
    ("tensorflow", "2.10.0"),
    ("torch", "1.8.0"),
    ("jaxlib", "0.4.18"),
    ("bitsandbytes", "0.46.0"),
    ("openvino", "2023.1.0"),
    ("pyside6", "6.5.3"),
]


@pytest.mark.parametrize(("name", "version"), FIRST)
def test_the_first_release_is_good(name: str, version: str) -> None:
    row = package(name)
    assert row is not None
    assert row.arm_glibc == version
    assert any(good(row, version, target) for target in all_pythons()) or name == "numpy"
    assert found(name, version) == set()


def test_what_an_index_says_holds_for_old_major_versions_and_for_the_pythons_that_x86_had() -> None:
    assert found("pyzmq", "18.1.0", (3, 8)) == {("sdist", "high")}
    assert found("pyzmq", "18.1.0", (3, 9), (3, 10)) == set()
    assert found("spacy", "3.2.4") == set()
    assert found("spacy", "3.2.3", (3, 9)) == {("sdist", "high")}


def test_nothing_is_known_of_a_release_before_the_final_one() -> None:
    row = package("h5py")
    assert row is not None
    assert {judge(row, "3.0.0rc1", target).difference for target in all_pythons()} == {None}
    assert {judge(row, "3.11.0", target).difference for target in all_pythons()} != {None}


def test_a_wheel_that_does_not_work_is_not_proposed() -> None:
    row = package("psycopg2-binary")
    assert row is not None
    assert not any(good(row, each, target) for each in ("2.9.1", "2.9.5") for target in all_pythons())
    (verdict,) = {judge(row, "2.8.6", target) for target in all_pythons()[:2]}
    assert verdict.above == "2.9.6"


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("tensorflow", "2.9.1", {("none", "high")}),
        ("tensorflow", "2.15.0.post1", {("none", "high")}),
        ("h5py", "3.11.0", {("sdist", "high")}),
        ("torch", "1.9.1", {("none", "high")}),
        ("ray", "2.22.0", {("none", "high")}),
        ("bitsandbytes", "0.44.1", {("none", "high")}),
        ("openvino", "2023.0.2", {("none", "high")}),
        ("psutil", "5.9.8", {("sdist", "high")}),
        ("psutil", "5.9.1", {("sdist", "high")}),
        ("fiona", "1.9.5", {("sdist", "high")}),
    ],
)
def test_holes_and_old_releases(name: str, version: str, expected: set[tuple[str, str]]) -> None:
    assert found(name, version) == expected


@pytest.mark.parametrize(
    ("name", "version"), [("mysqlclient", "2.2.0"), ("psycopg2", "2.9.9"), ("hypothesis", "6.103.0"), ("pyyaml", "5.3.1")]
)
def test_what_is_compiled_or_pure_on_both_is_silent(name: str, version: str) -> None:
    assert found(name, version) == set()


def test_a_python_that_neither_processor_serves_is_silent() -> None:
    assert found("tensorflow", "2.9.1", (3, 11)) == set()
    assert found("numpy", "1.18.5", (3, 11)) == set()
    assert found("scikit-learn", "0.20.3", (3, 8), (3, 9)) == set()
    assert found("ghalton", "0.6.2", (3, 12)) == set()


def test_a_release_that_the_index_no_longer_has_is_silent() -> None:
    assert found("jaxlib", "0.3.7") == found("jaxlib", "0.4.3") == set()
    assert found("jaxlib", "0.4.13", (3, 11)) == {("none", "high")}
    assert found("jaxlib", "0.4.13", (3, 12)) == set()


def test_only_the_pythons_that_x86_64_has_wheels_for_are_named() -> None:
    row = package("numba")
    assert row is not None
    assert [target.python for target, _ in concerned(row, "0.49.1", all_pythons())] == [(3, 8)]


def test_unknown_stays_unknown() -> None:
    assert package("no-such-package") is None
    row = package("psutil")
    assert row is not None
    assert judge(row, "not a version", Target((3, 11))).difference is None
    assert judge(row, "5.9.8", Target((3, 11), AARCH64, MUSL)).difference is None
    assert found("rpds-py", "0.8.0") <= {(Outcome.SDIST.value, Confidence.LOW.value)}


def test_import_names() -> None:
    assert "scikit-learn-intelex" in by_import()["sklearnex"]
    assert "opencv-python" in by_import()["cv2"]


def test_flags_and_calls() -> None:
    assert kind_of_flag("-mavx2") is FlagKind.X86
    assert kind_of_flag("-march=haswell") is FlagKind.X86
    assert kind_of_flag("-march=native") is FlagKind.NATIVE
    assert kind_of_flag("-xHost") is FlagKind.INTEL
    assert kind_of_flag("-march=armv8-a") is None
    assert kind_of_flag("-O3") is None
    assert by_x86_number()[186] == ("gettid", 178)
    assert by_x86_number()[298] == ("perf_event_open", 241)


def test_a_python_off_the_table_is_judged_by_the_oldest_on_it_with_less_confidence() -> None:
    assert found("scikit-learn", "0.23.2", (3, 8)) == {("sdist", "high")}
    assert found("scikit-learn", "0.23.2", (3, 7)) == {("sdist", "medium")}
    row = package("scikit-learn")
    assert row is not None
    assert judge(row, "0.23.2", Target((3, 7))).above == ""
    for release, python in [("0.24.0", (3, 7)), ("0.20.0", (3, 6)), ("0.23.2", (2, 7)), ("0.23.2", (3, 99))]:
        assert judge(row, release, Target(python)) == (None, Confidence.LOW, "", "")
