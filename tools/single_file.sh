#!/bin/sh
# dist/armready.pyz: armready and all it needs in one file, for machines without pip that have this platform and this version of Python.
set -eu
cd "$(dirname "$0")/.."
python=${1:-python3}
site=$(mktemp -d)
trap 'rm -rf "$site"' EXIT
mkdir -p dist
"$python" -m pip install --quiet --require-hashes --requirement requirements.txt --target "$site"
"$python" -m pip install --quiet --no-deps --target "$site" .
"$python" -m shiv --site-packages "$site" --console-script armready --compressed --python '/usr/bin/env python3' --output-file dist/armready.pyz
