#!/bin/sh
# Serves files on PORT. Settings, all by environment:
#   MESSAGE      the text of /            (default: version $VERSION)
#   READY_AFTER  seconds until /ready answers 200 instead of 404; "never"
#   EXIT_AFTER   seconds until the process ends by itself, with EXIT_CODE
#   TERM_DELAY   seconds to go on serving after SIGTERM; "never" ignores it
# /ready follows the file /tmp/www/ready, so that a test may remove and make it.
www=/tmp/www
mkdir -p "$www"
echo "${MESSAGE:-version $VERSION}" >"$www/index.html"
echo "serving version $VERSION on port ${PORT:-8080}"

leave() {
  [ "${TERM_DELAY:-0}" = never ] && return
  sleep "${TERM_DELAY:-0}"
  kill "$server" 2>/dev/null
  exit 0
}
trap leave TERM INT

httpd -f -p "${PORT:-8080}" -h "$www" &
server=$!
[ "${READY_AFTER:-0}" = 0 ] && echo ready >"$www/ready"
case ${READY_AFTER:-0} in
  0 | never) ;;
  *) (sleep "$READY_AFTER" && echo ready >"$www/ready") & ;;
esac
if [ -n "$EXIT_AFTER" ]; then
  sleep "$EXIT_AFTER" &
  wait $!
  echo "ending with code ${EXIT_CODE:-0}"
  kill "$server" 2>/dev/null
  exit "${EXIT_CODE:-0}"
fi
while kill -0 "$server" 2>/dev/null; do wait "$server"; done
exit 1
