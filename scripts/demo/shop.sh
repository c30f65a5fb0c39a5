#!/bin/sh
# The shop's server: a page that says which version it is, and /ready once it serves.
www=/tmp/www
mkdir -p "$www"
echo "${SHOP_PART:-shop} version $VERSION${GREETING:+: $GREETING}" >"$www/index.html"
echo "$SHOP_PART version $VERSION serves on port 8080${POD_NAME:+ as $POD_NAME}${API_KEY:+, with its key}"
httpd -f -p 8080 -h "$www" &
server=$!
trap 'kill "$server"; exit 0' TERM INT
echo ready >"$www/ready"
wait "$server"
exit 1
