import pytest

from armready.knowledge.targets import AARCH64, GLIBC, MUSL, X86_64, Target, fits, marker_holds, platforms
from armready.knowledge.wheels import Outcome, difference, file_name, outcome, wheel_tag
from armready.python.dependencies import from_poetry, upper_bound
from armready.python.locks import differences

ARM = Target((3, 13))


@pytest.mark.parametrize(
    ("tag", "target", "expected"),
    [
        ("cp39-abi3-manylinux_2_28_aarch64", ARM, True),
        ("cp314-abi3-manylinux_2_28_aarch64", ARM, False),
        ("py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64", ARM, True),
        ("cp313-cp313-manylinux_2_34_aarch64", ARM, True),
        ("cp313-cp313-manylinux_2_40_aarch64", ARM, False),
        ("cp313-cp313-musllinux_1_1_aarch64", ARM, False),
        ("cp313-cp313-musllinux_1_1_aarch64", Target((3, 13), AARCH64, MUSL), True),
        ("cp313-cp313-manylinux_2_28_aarch64", Target((3, 13), AARCH64, MUSL), False),
        ("cp313-cp313-macosx_11_0_universal2", ARM, False),
        ("cp311-cp311-manylinux_2_28_aarch64", Target((3, 11), AARCH64, GLIBC, (2, 26)), False),
        ("cp38-cp38-manylinux1_x86_64", Target((3, 8), X86_64), True),
        ("py2.py3-none-any", ARM, True),
        ("nonsense", ARM, False),
    ],
)
def test_tags(tag: str, target: Target, expected: bool) -> None:
    assert fits(tag, target) is expected


def test_aarch64_has_no_legacy_formats() -> None:
    names = platforms(Target((3, 12)))
    assert "manylinux2014_aarch64" in names
    assert not any("manylinux1_" in name or "manylinux2010_" in name for name in names)


def test_file_names() -> None:
    assert file_name("https://h/a/torch-2.0%2Bcpu-cp311-cp311-linux_x86_64.whl#sha256=0") == "torch-2.0+cpu-cp311-cp311-linux_x86_64.whl"
    assert wheel_tag("openvino-2023.1.0-12185-cp311-cp311-manylinux2014_x86_64.whl") == "cp311-cp311-manylinux2014_x86_64"
    assert wheel_tag("a-1.0.tar.gz") is None


def test_differences_are_what_counts() -> None:
    x86 = "a-1-cp311-cp311-manylinux2014_x86_64.whl"
    on_311 = Target((3, 11))
    assert difference([x86, "a-1.tar.gz"], on_311) == (Outcome.WHEEL, Outcome.SDIST)
    assert difference([x86], on_311) == (Outcome.WHEEL, Outcome.NONE)
    assert difference([x86, "a-1.tar.gz"], on_311, builds=False).blocks
    assert not difference([x86, "a-1-py3-none-any.whl"], on_311).matters
    assert not difference(["a-1.tar.gz"], on_311).matters
    assert not difference([x86], Target((3, 12))).matters
    assert not difference([x86, "a-1.tar.gz"], on_311, wheels=False).matters
    assert outcome([], on_311) is Outcome.NONE


def test_counterparts_need_no_evaluation_and_agree_with_it() -> None:
    files = ["a-1-cp311-cp311-manylinux2014_x86_64.whl", "a-1-cp311-cp311-manylinux2014_aarch64.whl", "a-1.tar.gz"]
    assert differences(files) == ()
    newer = ["a-1-cp311-cp311-manylinux2014_x86_64.whl", "a-1-cp311-cp311-manylinux_2_34_aarch64.whl"]
    assert differences(newer) == ()
    newest = [newer[0], "a-1-cp311-cp311-manylinux_2_40_aarch64.whl"]
    assert [(python, libc, what.aarch64) for python, libc, what in differences(newest)] == [((3, 11), GLIBC, Outcome.NONE)]


def test_markers() -> None:
    assert marker_holds("platform_machine == 'aarch64'", ARM) is True
    assert marker_holds("platform_machine in 'x86_64 amd64'", ARM) is False
    assert marker_holds("'64' in platform_machine", ARM) is True
    assert marker_holds("platform_machine == 'arm64'", ARM, system="darwin") is True
    assert marker_holds("extra == 'gpu'", ARM) is False
    assert marker_holds("extra == 'gpu'", ARM, "gpu") is True
    assert marker_holds("extra == 'extra-5-proj-cu'", ARM) is False
    assert marker_holds("platform_release >= '5'", ARM) is None
    assert marker_holds("not a marker", ARM) is None


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [("^1.2.3", ">=1.2.3,<2"), ("^0.19.0", ">=0.19.0,<0.20"), ("~1.2", ">=1.2,<1.3"), ("1.4", "==1.4"), ("*", ""), ("^1 || ^2", "")],
)
def test_poetry_constraints(constraint: str, expected: str) -> None:
    assert from_poetry(constraint) == expected


def test_upper_bounds() -> None:
    assert str(upper_bound(">=2.3,<2.10")[0]) == "2.10"  # type: ignore[index]
    assert upper_bound(">=1") is None
    assert upper_bound("~=2.9.0")[1] is False  # type: ignore[index]
    assert str(upper_bound("==1.4.*")[0]) == "1.5"  # type: ignore[index]
