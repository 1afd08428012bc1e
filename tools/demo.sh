#!/bin/sh
# Scan and fix a copy of the sample repository, and show what happened to it.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$here/fixtures/projects/before-migration/input" "$work/shop"
cd "$work/shop"
git init --quiet .

printf '\n$ armready scan\n'
armready scan --format text --min-severity info || true
printf '\n$ armready fix --unsafe-fixes --diff\n'
armready fix --unsafe-fixes --diff || true
printf '\n$ armready fix --unsafe-fixes\n'
armready fix --unsafe-fixes --format text || true
