"""Small locks of the shape of real ones whose result was worked out by hand: what is reported, and that nothing else is."""

from collections.abc import Mapping

import pytest

from tests.python.test_locks import PROJECT, found

ALPINE = {"Dockerfile": "FROM python:3.11-alpine\nCOPY . .\nRUN poetry install\n"}
X86, ARM = "manylinux_2_17_x86_64.manylinux2014_x86_64", "manylinux_2_17_aarch64.manylinux2014_aarch64"
MUSL_X86, MUSL_ARM = "musllinux_1_1_x86_64", "musllinux_1_1_aarch64"
# What one release consists of.
BOTH, X86_AND_SDIST, X86_ALONE, SDIST_ALONE, PURE = "both", "x86 and sdist", "x86 alone", "sdist alone", "pure"


def files(name: str, version: str, shape: str, python: str = "cp311-cp311") -> list[str]:
    stem = f"{name.replace('-', '_')}-{version}"
    sdist = f"{name}-{version}.tar.gz"
    return {
        BOTH: [f"{stem}-{python}-{X86}.whl", f"{stem}-{python}-{ARM}.whl", sdist],
        X86_AND_SDIST: [f"{stem}-{python}-{X86}.whl", f"{stem}-{python}-macosx_11_0_arm64.whl", sdist],
        X86_ALONE: [f"{stem}-{python}-{X86}.whl", f"{stem}-{python}-win_amd64.whl"],
        SDIST_ALONE: [sdist],
        PURE: [f"{stem}-py3-none-any.whl", sdist],
    }[shape]


def package(name: str, version: str, dependencies: Mapping[str, str] | None = None, extra: str = "") -> str:
    below = "".join(f"{each} = {value}\n" for each, value in (dependencies or {}).items())
    table = f"[package.dependencies]\n{below}\n" if below else ""
    return f'[[package]]\nname = "{name}"\nversion = "{version}"\noptional = false\npython-versions = ">=3.8"\n{extra}\n{table}'


def listed(names: list[str]) -> str:
    return "files = [" + ", ".join(f'{{file = "{each}", hash = "sha256:0"}}' for each in names) + "]\n"


def old_lock(shapes: Mapping[tuple[str, str], str], python: str = "cp39-cp39") -> str:
    """Poetry 1.1: the files of all packages stand in one table at the end."""
    packages = "".join(package(name, version, extra='category = "main"') for name, version in shapes)
    table = "".join(
        f'"{name}" = [{", ".join(f"{{file = {each!r}, hash = {chr(39)}sha256:0{chr(39)}}}" for each in files(name, version, shape, python))}]\n'
        for (name, version), shape in shapes.items()
    )
    return packages + "[metadata.files]\n" + table


def new_lock(shapes: Mapping[tuple[str, str], str], python: str = "cp311-cp311") -> str:
    """Poetry 2.0: each package has its files, the markers stand on the edges."""
    return "".join(package(name, version, extra=listed(files(name, version, shape, python))) for (name, version), shape in shapes.items())


def project(names: list[tuple[str, str]], python: str = "^3.11") -> str:
    return PROJECT.replace("^3.11", python) + "".join(f'"{name}" = "{version}"\n' for name, version in names)


def outcomes(manifest: str, lock: str, *, pythons: list[str], more: Mapping[str, str] | None = None) -> list[tuple[str, str | None]]:
    got = found({"pyproject.toml": manifest, "poetry.lock": lock, **(more or {})}, pythons=pythons)
    return [(what, outcome) for what, outcome, _ in got]


@pytest.mark.parametrize(
    ("shapes", "python", "expected"),
    [
        pytest.param(
            {
                ("tensorflow", "2.9.1"): X86_ALONE,
                ("concrete-compiler", "0.6.0"): X86_ALONE,
                ("psutil", "5.9.1"): X86_AND_SDIST,
                ("pyrsistent", "0.18.1"): X86_AND_SDIST,
                ("ruamel.yaml.clib", "0.2.6"): X86_AND_SDIST,
                ("numpy", "1.23.1"): BOTH,
                ("pyperf", "2.4.0"): PURE,
                ("mypy-extensions", "0.4.3"): SDIST_ALONE,
            },
            "3.9",
            [
                ("concrete-compiler==0.6.0", "none"),
                ("psutil==5.9.1", "sdist"),
                ("pyrsistent==0.18.1", "sdist"),
                ("ruamel-yaml-clib==0.2.6", "sdist"),
                ("tensorflow==2.9.1", "none"),
            ],
            id="a compiler without wheels for arm64, dots in names",
        ),
        pytest.param(
            {("numpy", "1.18.5"): X86_ALONE, ("mysqlclient", "1.4.6"): SDIST_ALONE, ("attrs", "20.3.0"): PURE},
            "3.11",
            [],
            id="no wheel on either processor",
        ),
    ],
)
def test_poetry_1(shapes: dict[tuple[str, str], str], python: str, expected: list[tuple[str, str]]) -> None:
    lock = old_lock(shapes)
    assert outcomes(project(list(shapes), "^3.9"), lock, pythons=[python]) == expected


def test_ten_builds_on_an_old_python_and_none_later() -> None:
    names = [(f"native-{letter}", "1.0") for letter in "abcdefghij"]
    old = {**dict.fromkeys(names, X86_AND_SDIST), ("django", "2.2"): PURE}
    got = outcomes(project(list(old), "^3.8"), old_lock(old, "cp38-cp38"), pythons=["3.8"])
    assert got == [(f"{name}=={version}", "sdist") for name, version in names]
    later = {**dict.fromkeys(names, BOTH), ("django", "4.2"): PURE}
    assert outcomes(project(list(later), "^3.8"), old_lock(later, "cp38-cp38"), pythons=["3.8"]) == []


NVIDIA = [f"nvidia-{each}-cu12" for each in ("cublas", "cudnn", "nccl", "nvtx")]
ONLY_X86 = '{version = "*", markers = "platform_system == \\"Linux\\" and platform_machine == \\"x86_64\\""}'


@pytest.mark.parametrize(
    ("native", "expected"),
    [
        (
            {
                ("onnxoptimizer", "0.3.13"): X86_AND_SDIST,
                ("onnxsim", "0.4.36"): X86_AND_SDIST,
                ("praat-parselmouth", "0.4.3"): X86_AND_SDIST,
            },
            [("onnxoptimizer==0.3.13", "sdist"), ("onnxsim==0.4.36", "sdist"), ("praat-parselmouth==0.4.3", "sdist")],
        ),
        (
            {("concrete-runtime", "2.9.0"): X86_ALONE, ("onnxoptimizer", "0.3.13"): X86_AND_SDIST, ("psutil", "5.9.8"): X86_AND_SDIST},
            [("concrete-runtime==2.9.0", "none"), ("onnxoptimizer==0.3.13", "sdist"), ("psutil==5.9.8", "sdist")],
        ),
        ({("deepsearch-glm", "0.19.0"): X86_ALONE}, [("deepsearch-glm==0.19.0", "none")]),
        ({("docling-parse", "3.1.2"): BOTH}, []),
    ],
    ids=["voices", "encrypted", "documents", "documents, later"],
)
def test_nothing_of_the_closure_of_torch(native: dict[tuple[str, str], str], expected: list[tuple[str, str]]) -> None:
    closure = "".join(
        package(name, "12.1", extra=listed([f"{name.replace('-', '_')}-12.1-py3-none-manylinux1_x86_64.whl"])) for name in NVIDIA
    )
    edges = dict.fromkeys([*NVIDIA, "triton"], ONLY_X86)
    triton = package("triton", "2.3.0", extra=listed(files("triton", "2.3.0", X86_ALONE)))
    torch = package("torch", "2.3.0", edges, listed(files("torch", "2.3.0", BOTH)))
    manifest = project([*native, ("torch", "2.3.0")])
    assert outcomes(manifest, new_lock(native) + closure + triton + torch, pythons=["3.11", "3.12"]) == expected


def test_a_hole_in_a_lock_of_a_server_and_what_alpine_adds() -> None:
    shapes = {("h5py", "3.11.0"): X86_AND_SDIST, ("fastapi", "0.111.0"): PURE}
    on_glibc_alone = {
        ("libclang", "18.1.1"): [
            "libclang-18.1.1-py2.py3-none-musllinux_1_2_x86_64.whl",
            "libclang-18.1.1-py2.py3-none-manylinux2014_aarch64.whl",
        ],
        ("pyyaml", "6.0.1"): [f"PyYAML-6.0.1-cp311-cp311-{each}.whl" for each in (X86, ARM, MUSL_X86)],
        ("grpcio", "1.67.1"): [f"grpcio-1.67.1-cp311-cp311-{each}.whl" for each in (X86, ARM, "musllinux_1_1_x86_64")],
    }
    on_both = {
        ("orjson", "3.10.0"): [f"orjson-3.10.0-cp311-cp311-{each}.whl" for each in (X86, ARM, MUSL_X86, MUSL_ARM)],
        ("tritonclient", "2.46.0"): [f"tritonclient-2.46.0-py3-none-{each}.whl" for each in (X86, "any")],
    }
    others = {**on_glibc_alone, **on_both}
    sdists = {key: [*names, f"{key[0]}-{key[1]}.tar.gz"] for key, names in others.items()}
    lock = new_lock(shapes) + "".join(package(*key, extra=listed(names)) for key, names in sdists.items())
    manifest = project([*shapes, *others])
    assert outcomes(manifest, lock, pythons=["3.11"]) == [("h5py==3.11.0", "sdist")]
    # On musl x86-64 compiles h5py too, so that it is no difference there.
    assert outcomes(manifest, lock, pythons=[], more=ALPINE) == [
        ("grpcio==1.67.1", "sdist"),
        ("libclang==18.1.1", "sdist"),
        ("pyyaml==6.0.1", "sdist"),
    ]
