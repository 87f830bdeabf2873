#!/bin/sh
# Installs what make needs on Debian and its relatives, where that takes no password; elsewhere says what
# there will be less of. Called by make: debian-packages.sh tests | venv
set -eu
purpose=$1

if [ "$(id -u)" = 0 ]; then
  as_root=env
elif sudo -n true 2>/dev/null; then
  as_root='sudo -n'
else
  as_root=
fi

# The packages that the tests use, of the newest version installed or else the one this release carries.
test_packages() {
  major=$(ls /usr/lib/postgresql 2>/dev/null | sort -n | tail -n 1)
  [ -n "$major" ] || major=$(apt-cache depends postgresql 2>/dev/null \
    | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p')
  [ -n "$major" ] || major=15
  echo "postgresql-$major postgresql-$major-pgtap postgresql-$major-plpgsql-check pgbouncer"
}

missing() {
  case $purpose in
    venv) packages=python3-venv ;;
    tests) packages=$(test_packages) ;;
  esac
  for package in $packages; do
    dpkg -s "$package" >/dev/null 2>&1 || printf '%s ' "$package"
  done
}

wanted=$(missing)
[ -n "$wanted" ] || exit 0
if [ -n "$as_root" ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  $as_root apt-get update -qq </dev/null || true
  for package in $(missing); do
    echo "--- installing $package"
    $as_root apt-get install -y -qq --no-install-recommends "$package" </dev/null >/dev/null 2>&1 || true
  done
  wanted=$(missing)
  [ -n "$wanted" ] || exit 0
fi

echo "not installed here: $wanted"
if [ "$purpose" = venv ]; then
  echo "install it, or point make at another Python: make PYTHON=/path/to/python3" >&2
  exit 1
fi
echo "the tests run on the PostgreSQL that there is; what needs these packages is skipped"
