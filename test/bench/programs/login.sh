#!/bin/sh
# What many write first: a line in a file.
printf '%s %s %s\n' "$PAM_TYPE" "$PAM_USER" "$PAM_RHOST" >>"$1"
