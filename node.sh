#!/bin/sh
# The shell of every npm script (.npmrc): puts the pinned Node first on the PATH.
# npm links it into node_modules/.bin, but npm 9, which Debian 12 has, removes
# the link again with the package of the other architecture.
PATH=$(echo "$PWD"/node_modules/node-linux-*/bin):$PATH
export PATH
exec /bin/sh "$@"
