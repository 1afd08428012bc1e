"""How long 200 look-ups take against a registry on this machine: `python -m benchmarks.lookups` (needs `docker-registry`)."""

import tempfile
import time
from pathlib import Path

from armready.core.reference import Reference
from armready.online.auth import Credentials
from armready.online.lookup import look_up_images
from armready.online.registry import RegistryClient
from armready.online.web import Web
from tests.integration.registries import OCI, registry

REPOSITORIES, TAGS = 20, 10


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, registry(Path(folder)) as running:
        for number in range(REPOSITORIES):
            running.index(f"app/{number}", "0", ["linux/amd64", "linux/arm64"])
            content = running.request("GET", f"/v2/app/{number}/manifests/0", Accept=OCI["index"]).read()
            for tag in range(1, TAGS):
                running.request("PUT", f"/v2/app/{number}/manifests/{tag}", content, Content_Type=OCI["index"])
        references = [Reference.parse(f"{running.host}/app/{number}:{tag}") for number in range(REPOSITORIES) for tag in range(TAGS)]
        start = time.perf_counter()
        _, tally = look_up_images(references, RegistryClient(Web(), Credentials({})), None)
        print(f"{tally.summary}: {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main()
