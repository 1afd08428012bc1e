"""The step of the GitHub action that scans: prepare what the steps after it upload, show and return.

Runs with `python -I` and needs nothing but armready and the standard library.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

# GitHub drops the summary of a step that is larger than 1 MiB.
SUMMARY_BYTES = 1_000_000
LEFT_OUT = "\n\n</details>\n\nThe rest is left out: a job summary can hold no more.\n"


def main(environ: Mapping[str, str]) -> None:
    """Scan as the inputs say; write the outputs and the job summary of this step."""
    folder = Path(tempfile.mkdtemp(prefix="armready-", dir=environ["RUNNER_TEMP"]))
    sarif, summary, counts = folder / "armready.sarif", folder / "armready.md", folder / "armready.json"
    command = [sys.executable, "-I", "-m", "armready", "scan", "--format=github"]
    command += [f"--report=sarif={sarif}", f"--report=markdown={summary}", f"--report=json={counts}"]
    code = subprocess.run([*command, *arguments(environ)], check=False).returncode

    outputs = {"sarif": str(sarif), "exit-code": str(code), "upload": "false"}
    if summary.exists():
        append(environ["GITHUB_STEP_SUMMARY"], shortened(summary.read_bytes()))
    if counts.exists():
        outputs |= numbers(json.loads(counts.read_bytes())["summary"])
    if sarif.exists():
        set_category(sarif, category(environ))
        outputs["upload"] = upload(environ)
    append(environ["GITHUB_OUTPUT"], "".join(f"{name}={value}\n" for name, value in outputs.items()).encode())


def arguments(environ: Mapping[str, str]) -> list[str]:
    """Options and paths of the scan. No input is split at blanks, expanded, or taken for an option where a path belongs."""
    options = [f"--fail-on={environ['INPUT_FAIL_ON']}"]
    if environ["INPUT_CHANGED_SINCE"]:
        options.append(f"--changed-since={environ['INPUT_CHANGED_SINCE']}")
    return [*options, *lines(environ["INPUT_ARGS"]), "--", *lines(environ["INPUT_PATHS"])]


def lines(text: str) -> list[str]:
    """The lines that hold something, without the blanks around them."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def shortened(summary: bytes) -> bytes:
    """The summary, cut after a whole line at what GitHub takes."""
    if len(summary) <= SUMMARY_BYTES:
        return summary
    return summary[:SUMMARY_BYTES].rpartition(b"\n")[0] + LEFT_OUT.encode()


def numbers(summary: Mapping[str, int]) -> dict[str, str]:
    """The counts that are outputs of the action."""
    names = {"errors": "errors", "warnings": "warnings", "infos": "infos", "fixable": "fixable_safe"}
    return {output: str(summary[key]) for output, key in names.items()}


def category(environ: Mapping[str, str]) -> str:
    """What tells this analysis from others of the repository: the input, else the name and the folder it runs in."""
    if environ["INPUT_CATEGORY"].strip():
        return environ["INPUT_CATEGORY"].strip()
    root, here = Path(environ["GITHUB_WORKSPACE"]).resolve(), Path.cwd().resolve()
    below = here.relative_to(root).as_posix() if here.is_relative_to(root) else here.name
    return "armready" if below == "." else f"armready/{below}"


def set_category(sarif: Path, name: str) -> None:
    """Write the category into the log: an id that stands there wins over the `category` of the uploading action."""
    log = json.loads(sarif.read_bytes())
    for run in log["runs"]:
        run["automationDetails"] = {"id": f"{name.rstrip('/')}/"}
    sarif.write_text(json.dumps(log, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def upload(environ: Mapping[str, str]) -> str:
    """`true` if the next step is to upload the log. A pull request from a fork runs with a token that may not."""
    if environ["INPUT_UPLOAD_SARIF"] != "true":
        return "false"
    if environ["PULL_REQUEST"] and environ["HEAD_REPOSITORY"] != environ["GITHUB_REPOSITORY"]:
        print("::notice title=armready::A pull request from a fork cannot upload to code scanning; its findings are in the annotations.")
        return "false"
    return "true"


def append(path: str, content: bytes) -> None:
    """Add to a file of the runner."""
    with Path(path).open("ab") as handle:
        handle.write(content)


if __name__ == "__main__":
    main(os.environ)
