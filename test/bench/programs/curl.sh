#!/bin/bash
# What many paste: the event as JSON to a server. Quotes in a name would break it, as they do there.
[ "$PAM_TYPE" = open_session ] || exit 0
/usr/bin/curl -s -o /dev/null -m 5 -H 'Content-Type: application/json' \
	-d "{\"id\":\"$$-$RANDOM-$RANDOM-$RANDOM\",\"user\":\"$PAM_USER\",\"rhost\":\"$PAM_RHOST\",\"service\":\"$PAM_SERVICE\"}" "$1"
