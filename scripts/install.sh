# Sourced by scripts/test and scripts/demo, in the repository's top folder: says what it does, installs what is missing.

step() { printf '\n== %s\n' "$*"; }

fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# Node and npm are what a machine must bring.
need_node() {
  command -v node >/dev/null || fail 'Node.js 20.19 or newer is needed: https://nodejs.org/en/download'
  command -v npm >/dev/null || fail 'npm is needed; it comes with Node.js: https://nodejs.org/en/download'
  node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' ||
    fail "Node.js 20.19 or newer is needed; this is $(node --version)"
}

# need_commands COMMAND=PACKAGE…: those that are missing are installed from Debian's packages.
need_commands() {
  local pair missing=()
  for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
  done
  [ ${#missing[@]} -eq 0 ] && return
  [ "$install" = yes ] || fail "missing, and --no-install was given: Debian packages ${missing[*]}"
  step "install: Debian packages ${missing[*]}"
  install_packages "${missing[@]}" || fail "cannot install ${missing[*]}: see above"
  for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null || fail "${pair#*=} is installed, but there is no ${pair%%=*}"
  done
}

# Debian starts a service as soon as it is installed, and at every boot. What we start ourselves must be all that runs.
install_packages() (
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "root or sudo is needed to install $*"
    as_root=(sudo)
  fi
  command -v apt-get >/dev/null || fail "there is no apt-get here; install by hand: $*"
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null || fail "cannot write $policy"
    "${as_root[@]}" chmod 755 "$policy" || fail "cannot make $policy executable"
  fi
  apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120)
  "${apt[@]}" update </dev/null || fail 'apt-get update failed'
  "${apt[@]}" install -y --no-install-recommends "$@" </dev/null || fail 'apt-get install failed'
  if [ -d /run/systemd/system ]; then
    for service in "$@"; do
      "${as_root[@]}" systemctl disable --now --quiet "$service" 2>/dev/null || true
    done
  fi
)

# npm packages as package-lock.json has them. No package needs its install script. `npm ci` refuses this lock: optional
# packages of other platforms are not in it, because not every registry has them. `npm install --no-save` holds to the same
# versions and leaves the lock as it is.
need_packages() {
  local lock=node_modules/.package-lock.json
  [ -e "$lock" ] && [ ! package-lock.json -nt "$lock" ] && return
  [ "$install" = yes ] || fail 'node_modules is missing or older than package-lock.json, and --no-install was given'
  step 'install: npm packages'
  npm install --no-save --include=dev --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null ||
    fail 'npm install failed: see above'
}
