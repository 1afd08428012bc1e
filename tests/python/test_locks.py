import pytest

from armready.core.config import Settings
from armready.python.locked import locked_packages
from armready.python.project import PythonProject, python_project
from armready.testing import analyse_files


def surveyed(files: dict[str, str], **settings: object) -> PythonProject:
    from armready.core.config import from_mapping
    from armready.core.project import Graph, Project
    from armready.run.check_file import read_and_check

    chosen = from_mapping(settings, "test") if settings else Settings()
    tree, registry, analysis = analyse_files(files, chosen)
    graph = Graph(analysis.results, tree, chosen, complete=True, load=lambda path: read_and_check(tree, path, registry).result)
    return python_project(Project(graph, "test"))


def found(files: dict[str, str], **settings: object) -> list[tuple[str, str | None, tuple[str, ...]]]:
    packages = locked_packages(surveyed(files, **settings))
    return sorted((each.what, each.outcome.value if each.outcome else None, each.trail) for each in packages)


def poetry(name: str, version: str, files: tuple[str, ...], dependencies: str = "") -> str:
    listed = "".join(f'    {{file = "{each}", hash = "sha256:0"}},\n' for each in files)
    below = f"[package.dependencies]\n{dependencies}\n" if dependencies else ""
    return (
        f'[[package]]\nname = "{name}"\nversion = "{version}"\noptional = false\npython-versions = ">=3.8"\nfiles = [\n{listed}]\n\n{below}'
    )


PROJECT = '[tool.poetry]\nname = "app"\n[tool.poetry.dependencies]\npython = "^3.11"\n'
NCCL = ("nvidia_nccl_cu12-2.19.3-py3-none-manylinux1_x86_64.whl",)
TORCH = ("torch-2.2.0-cp311-cp311-manylinux1_x86_64.whl", "torch-2.2.0-cp311-cp311-manylinux2014_aarch64.whl")
H5PY = ("h5py-3.11.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "h5py-3.11.0.tar.gz")


def test_the_closure_of_torch_needs_the_markers_on_the_edges() -> None:
    lock = poetry("nvidia-nccl-cu12", "2.19.3", NCCL) + poetry(
        "torch", "2.2.0", TORCH, 'nvidia-nccl-cu12 = {version = "2.19.3", markers = "platform_machine == \'x86_64\'"}\n'
    )
    assert found({"pyproject.toml": PROJECT + 'torch = "^2.2"\n', "poetry.lock": lock}) == []


def test_a_hole_below_a_direct_requirement() -> None:
    lock = poetry("h5py", "3.11.0", H5PY) + poetry("keras", "3.0", ("keras-3.0-py3-none-any.whl",), 'h5py = "*"\n')
    assert found({"pyproject.toml": PROJECT + 'keras = "*"\n', "poetry.lock": lock}) == [("h5py==3.11.0", "sdist", ("keras", "h5py"))]


def test_an_extra_that_nobody_asks_for_is_not_reached() -> None:
    lock = poetry("h5py", "3.11.0", H5PY) + poetry(
        "keras", "3.0", ("keras-3.0-py3-none-any.whl",), 'h5py = {version = "*", optional = true, markers = "extra == \\"hdf\\""}\n'
    )
    assert found({"pyproject.toml": PROJECT + 'keras = "*"\n', "poetry.lock": lock}) == []


def test_without_a_manifest_an_old_poetry_lock_says_nothing() -> None:
    assert found({"poetry.lock": poetry("h5py", "3.11.0", H5PY)}) == []


def test_other_libc() -> None:
    files = (
        "pyyaml-6.0.1-cp311-cp311-musllinux_1_1_x86_64.whl",
        "pyyaml-6.0.1-cp311-cp311-manylinux2014_aarch64.whl",
        "pyyaml-6.0.1.tar.gz",
    )
    lock = poetry("pyyaml", "6.0.1", files)
    project = {"pyproject.toml": PROJECT + 'pyyaml = "*"\n', "poetry.lock": lock}
    assert found(project) == []
    alpine = {**project, "Dockerfile": "FROM python:3.11-alpine\nCOPY . .\nRUN poetry install\n"}
    assert found(alpine) == [("pyyaml==6.0.1", "sdist", ("pyyaml",))]


@pytest.mark.parametrize(
    ("name", "aarch64", "expected"),
    [
        ("grpcio", "manylinux_2_17_aarch64", [("grpcio==1.0", "sdist", ("grpcio",))]),
        ("scipy", "musllinux_1_2_aarch64", []),
    ],
)
def test_on_musl_only_its_own_wheels_count(name: str, aarch64: str, expected: list[object]) -> None:
    wheels = tuple(f"{name}-1.0-cp311-cp311-{platform}.whl" for platform in ("musllinux_1_1_x86_64", aarch64))
    both_compile = poetry("h5py", "3.11.0", H5PY)
    project = {
        "pyproject.toml": PROJECT + f'{name} = "*"\nh5py = "*"\n',
        "poetry.lock": poetry(name, "1.0", (*wheels, f"{name}-1.0.tar.gz")) + both_compile,
        "Dockerfile": "FROM python:3.11-alpine\nCOPY . .\nRUN poetry install\n",
    }
    assert found(project) == expected


def test_one_list_of_two_extras_is_reported_once() -> None:
    text = 'tf = ["tensorflow==2.8.0"]\nsetup(extras_require={"tf": tf, "all": tf})\n'
    assert [each.dependency.name for each in surveyed({"setup.py": text}, pythons=["3.9"]).judged] == ["tensorflow"]


UV = (
    'version = 1\nrequires-python = ">=3.11"\n\n[[package]]\nname = "app"\nversion = "0"\nsource = { editable = "." }\n'
    'dependencies = [{ name = "markupsafe", marker = "platform_machine == \'x86_64\'" }]\n\n'
    '[package.dev-dependencies]\ndev = [{ name = "pyre-check" }]\n\n'
    '[[package]]\nname = "markupsafe"\nversion = "3.0.2"\nsource = { registry = "x" }\n'
    'sdist = { url = "https://f/markupsafe-3.0.2.tar.gz" }\n'
    'wheels = [{ url = "https://f/MarkupSafe-3.0.2-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl" }]\n\n'
    '[[package]]\nname = "pyre-check"\nversion = "0.9.23"\nsource = { registry = "x" }\n'
    'sdist = { url = "https://f/pyre-check-0.9.23.tar.gz" }\n'
    'wheels = [{ url = "https://f/pyre_check-0.9.23-py3-none-manylinux1_x86_64.whl" }]\n'
)


def test_uv_leaves_out_what_a_marker_excludes() -> None:
    assert found({"uv.lock": UV}) == [("pyre-check==0.9.23", "sdist", ("pyre-check",))]


def test_the_policy_of_the_project_counts() -> None:
    forbidden = {"uv.lock": UV, "pyproject.toml": '[project]\nname = "app"\n[tool.uv]\nno-build = true\n'}
    assert found(forbidden) == [("pyre-check==0.9.23", "none", ("pyre-check",))]
    no_wheels = {"uv.lock": UV, "pyproject.toml": '[project]\nname = "app"\n[tool.uv]\nno-binary = true\n'}
    assert found(no_wheels) == []


def test_a_lock_of_an_unknown_shape_is_a_note() -> None:
    _, _, analysis = analyse_files({"uv.lock": 'package = "x"\n', "poetry.lock": "[[package]]\nversion = 1\n"}, Settings())
    notes = [problem for result in analysis.results.values() for problem in result.problems]
    assert len(notes) == 2
    assert not analysis.all_failures
