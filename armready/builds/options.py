"""The options of container tools: which take a value, and what their short names stand for.

Those of docker CLI 29 and buildx 0.36, podman 5 and buildah 1.41, read in August 2026.
"""

from __future__ import annotations

import re

from armready.core.startup import regex


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


DOCKER_BUILD_VALUES = words(
    "add-host allow annotation attest build-arg build-context builder cache-from cache-to call cgroup-parent file iidfile "
    "label metadata-file network no-cache-filter output platform policy progress provenance resource sbom secret shm-size ssh "
    "tag target ulimit isolation security-opt memory memory-swap cpu-shares cpu-period cpu-quota cpuset-cpus cpuset-mems "
    "print"
)
PODMAN_BUILD_VALUES = DOCKER_BUILD_VALUES | words(
    "annotation arch os variant authfile build-arg-file cert-dir cpp-flag creds decryption-key device dns dns-option dns- "
    "search env format from group-add hooks-dir http-proxy ignorefile ipc jobs logfile logsplit manifest namespace os-feature "
    "os-version pid retry retry-delay runtime runtime-flag sbom-output sign-by timestamp source-date-epoch unsetenv "
    "unsetlabel userns uts volume cap-add cap-drop layer-label signature-policy storage-driver root"
)
SHORT = {
    "t": "tag",
    "f": "file",
    "o": "output",
    "m": "memory",
    "c": "cpu-shares",
    "q": "quiet",
    "D": "debug",
    "v": "volume",
    "a": "all-tags",
}
GLOBAL_VALUES = words(
    "--config -c --context -H --host -l --log-level --tlscacert --tlscert --tlskey --root --storage-driver --namespace -n "
    "--address -a --url --connection --identity --storage-opt --runroot --tmpdir --events-backend --log-opt"
)
BUILDX_VALUES = frozenset({"--builder"})
COMPOSE_VALUES = words(
    "-f --file -p --project-name --profile --project-directory --env-file --ansi --progress --parallel --context -c -H --host --log-level"
)
PUSH_VALUES = words(
    "platform authfile cert-dir creds compression-format compression-level digestfile encryption-key format sign-by retry retry-delay"
)
MANIFEST_VALUES = words("authfile cert-dir creds digestfile format os arch variant os-version annotation tag file builder progress")
SKAFFOLD_VALUES = words(
    "filename default-repo kube-context kubeconfig tag profile module namespace platform build-image file-output label "
    "config build-artifacts cache-file verbosity"
)
CREATE_VALUES = words("append bootstrap buildkitd-flags buildkitd-config config driver driver-opt name node platform builder") - {
    "append",
    "bootstrap",
}
RUN_VALUES = words(
    "add-host annotation attach blkio-weight cap-add cap-drop cidfile cpus cpu-shares cpuset-cpus detach-keys device dns "
    "entrypoint env env-file expose gpus group-add health-cmd hostname ip ipc label link log-driver log-opt memory mount name "
    "net network network-alias pid platform publish pull restart runtime security-opt shm-size stop-signal stop-timeout "
    "sysctl tmpfs ulimit user userns volume volumes-from workdir"
)
RUN_SHORT = {
    "e": "env",
    "v": "volume",
    "p": "publish",
    "u": "user",
    "w": "workdir",
    "h": "hostname",
    "m": "memory",
    "l": "label",
    "a": "attach",
}
COMPOSE_BUILD_VALUES = frozenset(["build-arg", "builder", "memory", "ssh", "progress", "m", "provenance", "sbom"])
BAKE_VALUES = words("file set builder metadata-file progress provenance sbom allow call list var print") - {"print"}
BUILDCTL_VALUES = words(
    "output progress trace local oci-layout frontend opt no-cache frontend-opt export-cache import-cache secret allow ssh "
    "metadata-file source-policy-file addr"
) - {"no-cache"}
KANIKO_VALUES = words(
    "context dockerfile destination build-arg cache-repo cache-dir cache-ttl context-sub-path custom-platform customPlatform "
    "digest-file git image-name-with-digest-file image-name-tag-with-digest-file label log-format oci-layout-path registry- "
    "certificate registry-mirror skip-tls-verify-registry snapshot-mode snapshotMode tar-path tarPath target use-new-run "
    "verbosity ignore-path image-fs-extract-retry push-retry"
) - {"use-new-run"}
PACK_VALUES = words(
    "builder buildpack env env-file path platform tag cache cache-image descriptor run-image lifecycle-image network volume "
    "workspace previous-image default-process docker-host extension gid pull-policy post-buildpack pre-buildpack sbom-output- "
    "dir creation-time"
)
KO_VALUES = words(
    "platform tags tag image-label sbom sbom-dir jobs image-refs push filename oci-layout-path tarball docker-repo bare base- "
    "import-paths image-annotation image-user"
) - {"push", "bare", "base-import-paths"}
SKOPEO_VALUES = words(
    "authfile src-creds dest-creds src-authfile dest-authfile src-cert-dir dest-cert-dir format multi-arch additional-tag "
    "sign-by src-registry-token dest-registry-token src-username src-password dest-username dest-password retry-times "
    "override-arch override-os override-variant policy"
)
CRANE_VALUES = words("platform image-refs tag tags base annotation label set-digest manifest new_layer append output")
EARTHLY_VALUES = words(
    "platform secret build-arg config env-file buildkit-host remote-cache sat org project arg-file-path secret-file-path"
)

BUILD_LIKE = frozenset({"build", "image build", "builder build", "buildx build", "buildx b", "bud", "image b"})
TOOLS = {
    "docker": "docker",
    "docker.exe": "docker",
    "podman": "podman",
    "podman-remote": "podman",
    "nerdctl": "nerdctl",
    "nerdctl.lima": "nerdctl",
    "finch": "nerdctl",
    "buildah": "buildah",
    "docker-compose": "compose",
    "podman-compose": "compose",
    "docker-buildx": "buildx",
    "buildctl": "buildctl",
    "buildctl-daemonless.sh": "buildctl",
    "img": "img",
    "depot": "depot",
    "kaniko": "kaniko",
    "crane": "crane",
    "gcrane": "crane",
    "skopeo": "skopeo",
    "regctl": "regctl",
    "oras": "oras",
    "manifest-tool": "manifest-tool",
    "ko": "ko",
    "pack": "pack",
    "earthly": "earthly",
    "earth": "earthly",
    "skaffold": "skaffold",
    "goreleaser": "goreleaser",
    "az": "az",
    "gcloud": "gcloud",
    "oc": "oc",
    "heroku": "heroku",
    "aws": "aws",
    "fly": "fly",
    "flyctl": "fly",
    "trivy": "trivy",
    "grype": "grype",
    "syft": "syft",
    "cosign": "cosign",
    "dive": "dive",
    "container-structure-test": "container-structure-test",
    "kind": "kind",
    "minikube": "minikube",
    "k3d": "k3d",
    "microk8s": "microk8s",
    "dgoss": "dgoss",
}
# What the name of a variable ends in that holds the tool.
TOOL_VARIABLES = (
    "docker", "podman", "buildah", "nerdctl", "container_tool", "container_engine", "container_runtime", "container_cli", "container_cmd",
    "container_builder", "oci_runtime", "oci_bin", "cri_bin", "image_builder", "builder", "docker_cmd", "docker_bin", "engine",
    "img_builder", "contengine", "docker_cli", "docker_command",
)  # fmt: skip
TOOL_VARIABLE = regex(
    rf"""^["']?\$[({{]?(?:[A-Z0-9_]*_)?({"|".join(TOOL_VARIABLES)})(?:_?(?:cmd|bin|exe|cli|command))?[)}}]?["']?$""", re.IGNORECASE
)
KANIKO = frozenset({"/kaniko/executor", "/kaniko/warmer", "executor"})
GROUPS = words("image builder buildx compose manifest imagetools context container system builds artifact")
VERBLESS = words("kaniko manifest-tool dive container-structure-test dgoss grype syft earthly heroku fly")
