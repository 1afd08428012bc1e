"""Tools in URLs: identity, version, whether there is an arm64 file."""

from __future__ import annotations

import pytest

from armready.knowledge.tools import as_of, identify


@pytest.mark.parametrize(
    ("url", "name", "version", "arm64"),
    [
        ("https://github.com/stedolan/jq/releases/download/jq-1.6/jq-linux64", "jq", "1.6", False),
        ("https://github.com/jqlang/jq/releases/download/jq-1.7.1/jq-linux64", "jq", "1.7.1", True),
        ("https://github.com/mikefarah/yq/releases/latest/download/yq_linux_amd64", "yq", "latest", True),
        ("https://github.com/docker/compose/releases/download/1.29.2/docker-compose-Linux-x86_64", "Docker Compose", "1.29.2", False),
        ("https://github.com/docker/compose/releases/download/v2.24.0/docker-compose-linux-x86_64", "Docker Compose", "2.24.0", True),
        ("https://github.com/protocolbuffers/protobuf/releases/download/v25.1/protoc-25.1-linux-x86_64.zip", "protoc", "25.1", True),
        (
            "https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize%2Fv3.8.5/kustomize_v3.8.5_linux_amd64.tar.gz",
            "kustomize",
            "3.8.5",
            False,
        ),
        ("https://get.helm.sh/helm-v3.14.0-linux-amd64.tar.gz", "helm", "3.14.0", True),
        ("https://get.helm.sh/helm-${HELM_VERSION}-linux-amd64.tar.gz", "helm", None, True),
        ("https://dl.k8s.io/release/v1.29.0/bin/linux/amd64/kubectl", "kubectl", "1.29.0", True),
        ("https://storage.googleapis.com/kubernetes-release/release/${V}/bin/linux/amd64/kubectl", "kubectl", None, None),
        ("https://nodejs.org/dist/v20.1.0/node-v20.1.0-linux-x64.tar.xz", "Node.js", "20.1.0", True),
        ("https://releases.hashicorp.com/terraform/1.5.7/terraform_1.5.7_linux_amd64.zip", "terraform", "1.5.7", True),
        ("https://github.com/instrumenta/kubeval/releases/latest/download/kubeval-linux-amd64.tar.gz", "kubeval", "latest", False),
        ("https://github.com/krallin/tini/releases/download/${TINI_VERSION}/tini-static-amd64", "tini", None, True),
        ("https://dl.google.com/linux/direct/google-chrome-stable_current_amd64.deb", "Google Chrome", "latest", True),
        (
            "https://dl.google.com/linux/chrome/deb/pool/main/g/google-chrome-stable/google-chrome-stable_100.0.4896.127-1_amd64.deb",
            "Google Chrome",
            "100.0.4896.127",
            False,
        ),
        ("https://chromedriver.storage.googleapis.com/2.41/chromedriver_linux64.zip", "ChromeDriver", "2.41", False),
        ("https://repo.anaconda.com/miniconda/Miniconda3-latest-Linux-x86_64.sh", "Miniconda", "latest", True),
        ("https://golang.org/dl/go1.22.1.linux-amd64.tar.gz", "Go", "1.22.1", True),
        ("https://download.docker.com/linux/static/stable/x86_64/docker-20.10.9.tgz", "Docker's static binaries", "20.10.9", True),
        ("https://github.com/grafana/loki/releases/download/v2.9.0/logcli-linux-amd64.zip", "logcli", "2.9.0", True),
        ("https://github.com/just-containers/s6-overlay/releases/download/v1.21/s6-overlay-amd64.tar.gz", "s6-overlay", "1.21", True),
    ],
)
def test_identify(url: str, name: str, version: str | None, arm64: bool | None) -> None:
    found = identify(url)
    assert found is not None
    assert (found.tool.name, found.version, found.has_arm64) == (name, version, arm64)


def test_unknown() -> None:
    assert identify("https://example.com/x-linux-amd64") is None
    assert identify("https://github.com/some/thing/releases/download/v1/x-linux-amd64") is None


@pytest.mark.parametrize(
    ("product", "url", "near"),
    [
        (
            "Google Chrome",
            "https://dl.google.com/linux/direct/google-chrome-beta_current_amd64.deb",
            "chrome-remote-desktop_current_amd64.deb",
        ),
        (
            "Google Chrome",
            "https://dl.google.com/linux/direct/google-chrome-stable_current_amd64.deb",
            "google-earth-pro-stable_current_amd64.deb",
        ),
        ("cloud-sql-proxy", "https://dl.google.com/cloudsql/cloud_sql_proxy.linux.amd64", "cloud_sql_server.linux.amd64"),
        (
            "the .NET SDK",
            "https://download.visualstudio.microsoft.com/download/pr/0/1/dotnet-sdk-8.0.1-linux-x64.tar.gz",
            "vs_community.exe",
        ),
        ("oc", "https://mirror.openshift.com/pub/openshift-v4/x86_64/clients/ocp/4.9/openshift-client-linux.tar.gz", "helm-linux-amd64"),
        ("hugo (extended)", "https://github.com/gohugoio/hugo/releases/download/v0.90.0/hugo_extended_0.90.0_Linux-64bit.tar.gz", ""),
        ("hugo", "https://github.com/gohugoio/hugo/releases/download/v0.90.0/hugo_0.90.0_Linux-64bit.tar.gz", ""),
        ("terraform", "https://releases.hashicorp.com/terraform/1.5.7/terraform_1.5.7_linux_amd64.zip", ""),
        ("terraform-ls", "https://releases.hashicorp.com/terraform-ls/0.31.0/terraform-ls_0.31.0_linux_amd64.zip", ""),
        ("Miniconda", "https://repo.anaconda.com/miniconda/Miniconda3-latest-Linux-x86_64.sh", "Miniforge3-latest-Linux-x86_64.sh"),
        ("Anaconda", "https://repo.anaconda.com/archive/Anaconda3-2022.05-Linux-x86_64.sh", "Navigator-2022.05-Linux-x86_64.sh"),
        ("AWS CLI v2", "https://awscli.amazonaws.com/awscli-exe-linux-x86_64.zip", "awslogs-linux-x86_64.zip"),
        ("helm", "https://get.helm.sh/helm-v3.14.0-linux-amd64.tar.gz", "chartmuseum-v0.14.0-linux-amd64.tar.gz"),
        ("Go", "https://dl.google.com/go/go1.22.1.linux-amd64.tar.gz", "getgo/installer_linux"),
        ("kind", "https://kind.sigs.k8s.io/dl/v0.20.0/kind-linux-amd64", "kindnet-linux-amd64"),
        ("snyk", "https://static.snyk.io/cli/latest/snyk-linux", "cli-docs-linux"),
        ("pulumi", "https://get.pulumi.com/releases/sdk/pulumi-v3.0.0-linux-x64.tar.gz", "pulumictl-v3.0.0-linux-x64.tar.gz"),
        ("sqlc", "https://downloads.sqlc.dev/sqlc_1.20.0_linux_amd64.tar.gz", "sqlcheck_1.20.0_linux_amd64.tar.gz"),
        ("tailscale", "https://pkgs.tailscale.com/stable/tailscale_1.50.0_amd64.tgz", "derper_1.50.0_amd64.tgz"),
        ("SteamCMD", "https://steamcdn-a.akamaihd.net/client/installer/steamcmd_linux.tar.gz", "steam_latest.deb"),
    ],
)
def test_near_names_are_other_products(product: str, url: str, near: str) -> None:
    found = identify(url)
    assert found is not None
    assert found.tool.name == product
    if near:
        other = identify(f"{url.rpartition('/')[0]}/{near}")
        assert other is None or other.tool.name != product


def test_libc() -> None:
    found = identify("https://github.com/BurntSushi/ripgrep/releases/download/14.1.0/ripgrep-14.1.0-x86_64-unknown-linux-musl.tar.gz")
    assert found is not None
    assert found.tool.changes_libc


def test_date() -> None:
    assert as_of() >= "2026-08-22"
