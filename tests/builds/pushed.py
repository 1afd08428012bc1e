"""Small pipelines that push an image, and what is said of them."""

from armready.core.config import Settings
from armready.core.finding import Finding, Severity
from armready.testing import analyse_files

DOCKERFILE = "FROM alpine:3.20\nCOPY run.sh /run.sh\n"
SETTINGS = Settings(min_severity=Severity.INFO, pedantic=True)
EMULATOR = "docker run --privileged --rm tonistiigi/binfmt --install arm64"
BUILD_AND_PUSH = ("docker build -t example/app:1 .", "docker push example/app:1")


def gitlab(*script: str, job: str = "", image: str = "docker:27", services: str = "[docker:27-dind]", emulator: str = EMULATOR) -> str:
    """A job that has its emulator already: a fix that had to add one would be unsafe for that alone."""
    lines = "".join(f"    - {line}\n" for line in (*filter(None, [emulator]), *(script or BUILD_AND_PUSH)))
    return f"build:\n  image: {image}\n  services: {services}\n{job}  script:\n{lines}"


def github(*script: str, job: str = "", machine: str = "ubuntu-latest") -> str:
    steps = "".join(f"      - run: {line}\n" for line in script or BUILD_AND_PUSH)
    return f"on: push\njobs:\n  image:\n    runs-on: {machine}\n{job}    steps:\n{steps}"


def findings(files: dict[str, str], settings: Settings = SETTINGS) -> list[Finding]:
    """What CI101 says of a repository, whose Dockerfile is harmless unless it brings one."""
    _, _, analysis = analyse_files({"Dockerfile": DOCKERFILE, **files}, settings)
    return [finding for finding in analysis.findings if finding.code == "CI101"]


def finding(pipeline: str, dockerfile: str = DOCKERFILE, settings: Settings = SETTINGS, **files: str) -> Finding:
    """What CI101 says of one pipeline of GitLab, or of GitHub where it has `runs-on`."""
    path = ".github/workflows/image.yml" if "runs-on:" in pipeline else ".gitlab-ci.yml"
    (found,) = findings({path: pipeline, "Dockerfile": dockerfile, **files}, settings)
    return found
