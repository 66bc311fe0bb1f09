#!/bin/sh
# Fetches the front-end files that stand in the repository, with their licences, from npm. (`make vendor`)
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fetch PACKAGE VERSION FOLDER FILE...
fetch() {
  package=$1 version=$2 folder=$3
  shift 3
  archive=$(npm pack --silent --pack-destination "$work" "$package@$version")
  mkdir -p "$folder"
  for file in "$@"; do
    tar -xzOf "$work/$archive" "package/$file" > "$folder/$(basename "$file")"
  done
  echo "$package $version" > "$folder/VERSION"
}

fetch uplot 1.6.32 static/vendor/uplot dist/uPlot.iife.min.js dist/uPlot.min.css LICENSE
fetch axe-core 4.10.3 tests/vendor/axe-core axe.min.js LICENSE
