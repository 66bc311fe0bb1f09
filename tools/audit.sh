#!/bin/sh
# Looks for known holes in what requirements.lock installs. (`make audit`) Exit code 1: there are some; 3: the database of
# advisories cannot be had, and nothing was looked at.
set -eu
cd "$(dirname "$0")/.."
venv=$1
found=$(mktemp)
trap 'rm -f "$found"' EXIT
"$venv/bin/pip-audit" --disable-pip --no-deps --progress-spinner off --format json --output "$found" \
  --requirement requirements.lock || [ -s "$found" ] || exit 3
"$venv/bin/python" - "$found" <<'PYTHON'
import json
import sys

packages = json.load(open(sys.argv[1]))["dependencies"]
audited = [package for package in packages if "skip_reason" not in package]
if not audited:
    print("The database of advisories cannot be had: nothing was audited.")
    sys.exit(3)
print(f"{len(audited)} of {len(packages)} packages were audited.")
holes = [(package, hole) for package in audited for hole in package["vulns"]]
for package, hole in holes:
    versions = ", ".join(hole["fix_versions"]) or "no version"
    print(f"{package['name']} {package['version']}: {hole['id']}, mended in {versions}")
sys.exit(bool(holes))
PYTHON
