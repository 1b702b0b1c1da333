#!/bin/sh
# Runs a command as root in a private mount and process namespace, where /etc,
# /var, /usr, /home, /root, /run and /dev are its own: whatever it installs,
# starts or breaks, the machine outside stays as it was.
#
#   test/root/enter.sh COMMAND...
set -eu

if [ "${1-}" != --inside ]; then
	layers=$(mktemp -d)
	trap 'rmdir "$layers"' EXIT
	unshare --mount --pid --fork --mount-proc --propagation private "$0" --inside "$layers" "$@"
	exit
fi
layers=$2
shift 2

mount -t tmpfs -o size=3g,mode=0755 tmpfs "$layers"
for dir in /etc /var /usr /home /root; do
	mkdir -p "$layers$dir.new" "$layers$dir.work"
	mount -t overlay overlay -o "lowerdir=$dir,upperdir=$layers$dir.new,workdir=$layers$dir.work" "$dir"
done
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /run/lock /run/sshd

# /dev, for a /dev/log that nobody outside hears.
mkdir -p "$layers/dev/pts" "$layers/dev/shm"
for node in null zero full random urandom tty; do
	: >"$layers/dev/$node"
	mount --bind "/dev/$node" "$layers/dev/$node"
done
mount --bind /dev/pts "$layers/dev/pts"
ln -s pts/ptmx "$layers/dev/ptmx"
ln -s /proc/self/fd "$layers/dev/fd"
mount --rbind "$layers/dev" /dev

exec "$@"
