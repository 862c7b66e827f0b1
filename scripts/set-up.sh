#!/usr/bin/env bash
# Installs what the tests need beside npm's packages, from Debian, where it is absent. May run any number of times.
set -euo pipefail

# Another python3 may come first on PATH, and Debian's packages are for Debian's own.
PYTHON=/usr/bin/python3
CHROMIUM=/usr/bin/chromium

packages=()
skipped=()
# need PACKAGE TESTS COMMAND…: the package is absent when the command fails
need() {
  local package=$1 tests=$2
  shift 2
  if ! "$@" >/dev/null 2>&1; then
    packages+=("$package")
    skipped+=("$tests ($package)")
  fi
}

need ffmpeg "video and audio" ffmpeg -version
need chromium "the browser extension" test -x "$CHROMIUM"
need python3 "archives read by Python" "$PYTHON" -c ""
need python3-requests "the Python client of the Control page" "$PYTHON" -c "import requests"

if [ ${#packages[@]} -eq 0 ]; then
  exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  printf -v list '%s, ' "${skipped[@]}"
  echo "not installed, so these tests fail or are skipped: ${list%, }" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
