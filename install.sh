#!/bin/sh
# Builds pam-alert in a temporary directory, puts it under /usr/lib/pam-alert and
# hands over to "pam-alert install". Running it again upgrades in place.
#
#   ./install.sh [--yes] [--dry-run]
#
# Exit status: 0 done, 1 not done (and why), 2 usage, 3 not root, 4 a step failed.
set -eu

LIB=/usr/lib/pam-alert
COMMAND=/usr/bin/pam-alert
SOURCE=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

fail() {
	status=$1
	shift
	printf 'install.sh: %s\n' "$@" >&2
	exit "$status"
}

has() { command -v "$1" >/dev/null 2>&1; }

# Runs a noisy step quietly; what it said is shown if it fails.
step() {
	printf '  %s\n' "$1"
	shift
	"$@" >"$WORK/step.log" 2>&1 || {
		cat "$WORK/step.log" >&2
		fail 4 "this failed: $*"
	}
}

# What the build needs and this machine lacks.
missing_packages() {
	has gcc && [ -e /usr/include/stdio.h ] || printf ' gcc libc6-dev'
	has make || printf ' make'
	[ -e /usr/include/security/pam_appl.h ] || printf ' libpam0g-dev'
	has npm || printf ' npm'
}

# A copy, so that nothing of root's is left in the source tree.
copy_source() {
	mkdir "$WORK/source"
	tar -C "$SOURCE" --exclude=./node_modules --exclude=./.git --exclude=./dist --exclude=build -cf - . |
		tar -C "$WORK/source" --no-same-owner -xf -
}

fetch_libraries() (
	cd "$WORK/source"
	if [ -d "${HOME:-/root}/.npm" ]; then npm ci; else npm ci --cache "$WORK/npm"; fi
)

build() (
	cd "$WORK/source"
	npm run --silent build
)

# File by file, each replaced as a whole: logins and a running relay go on meanwhile.
# Everything that the entry points need is there before they are.
put_in_place() (
	cd "$WORK/source/dist"
	find . -type d | while read -r dir; do install -d -o root -g root -m 0755 "$LIB/$dir"; done
	{
		find service -type f
		printf '%s\n' pam-auth-update pam-try node pam-alert.cjs pam-alert-hook
	} | while read -r file; do
		mode=0644
		[ -x "$file" ] && mode=0755
		install -o root -g root -m "$mode" "$file" "$LIB/$file.new"
		mv -f "$LIB/$file.new" "$LIB/$file"
	done
	ln -sfn "$LIB/pam-alert.cjs" "$COMMAND"
)

yes='' dry=''
for option in "$@"; do
	case $option in
	-y | --yes) yes=--yes ;;
	--dry-run) dry=--dry-run ;;
	-h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" && exit ;;
	*) fail 2 "usage: ./install.sh [--yes] [--dry-run]" ;;
	esac
done

[ "$(id -u)" -eq 0 ] || fail 3 "this needs root: sudo ./install.sh" "nothing was changed"
case $(uname -m) in
x86_64 | aarch64) ;;
*) fail 1 "there is no Node runtime for $(uname -m) yet; nothing was changed" ;;
esac
[ -n "$yes$dry" ] || [ -t 0 ] || fail 1 "nobody can be asked here: say --yes" "nothing was changed"

upgrade=''
[ ! -e "$COMMAND" ] || upgrade=yes
version=$(sed -n 's/^ *"version": "\(.*\)",$/\1/p' "$SOURCE/package.json" | head -n 1)
packages=$(missing_packages)

printf 'pam-alert %s: whoever logs in, or tries to, your phone knows a second later.\n\n' "$version"
printf 'This will\n'
[ -z "$packages" ] || printf '  install from the distribution, for the build:%s\n' "$packages"
printf '  build the hook and the relay in a temporary directory\n'
printf '  put them under %s, and the command at %s\n' "$LIB" "$COMMAND"
printf '  add the system user pam-alert, and start the relay\n'
printf '  add a profile to PAM with pam-auth-update; the change is shown first\n'
printf '  send a test alert\n'
printf '"pam-alert uninstall" is the exact reverse.\n\n'

if [ -n "$dry" ]; then
	printf 'The profile:\n\n'
	sed 's/^/  /' "$SOURCE/pam/profiles/pam-auth-update"
	[ ! -x "$COMMAND" ] || "$COMMAND" install --dry-run
	printf '\nNothing was changed.\n'
	exit 0
fi

if [ -n "$packages" ] && ! has apt-get; then
	fail 1 "install these, or what they are called here, and run this again:$packages" "nothing was changed"
fi

WORK=$(mktemp -d "${TMPDIR:-/var/tmp}/pam-alert.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
trap 'exit 130' INT TERM HUP
umask 022

if [ -n "$packages" ]; then
	export DEBIAN_FRONTEND=noninteractive
	step 'reading the lists of packages' apt-get update -q
	# shellcheck disable=SC2086 # a list of words
	step "installing$packages" apt-get install -q -y --no-install-recommends $packages
fi
if ! has musl-gcc && has apt-get && apt-get install -q -y --no-install-recommends musl-tools >/dev/null 2>&1; then
	printf '  installing musl-tools, for a smaller hook\n'
fi
step 'copying the source' copy_source
step 'fetching the libraries' fetch_libraries
step 'building' build
step "putting it under $LIB" put_in_place
printf '\n'
rm -rf "$WORK"

"$COMMAND" install $yes || {
	status=$?
	# Nothing half done stays behind; what was there before does.
	[ -n "$upgrade" ] || "$COMMAND" uninstall >/dev/null 2>&1 || true
	exit "$status"
}
