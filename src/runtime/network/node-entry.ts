import { basePath } from './haproxy-base.ts'
import {
  dnsCheck,
  dnsEnd,
  dnsReady,
  dnsScript,
  haproxyFolder,
  haproxyLog,
  masterSocket,
  oldMasterSocket,
  ownerFile,
  redirectsFile,
  rulesCheck,
  rulesScript,
  stagePath,
  statePath,
  workerSocket,
} from './node-paths.ts'

/** How long an old container may finish what it has, s. */
const longestFinish = 3600

/**
 * What the node container runs, as `sh -c`. Environment: BERTH_SERVICE_CIDR; BERTH_NODE_SINCE, a whole number that is larger for a newer
 * container. It starts HAProxy and the DNS server once they have their files, and again when they end, and keeps the packet rules loaded.
 * A newer container takes the listening sockets over; the older one then finishes what it has and ends.
 */
export const nodeEntry = `set -u
haproxy=0 dns=0 rules=0 before=none owns=no
# Tenths of a second since the start, and when each was last begun.
now=100 haproxy_at=0 dns_at=0 rules_at=100

alive() { [ "$1" != 0 ] && kill -0 "$1" 2>/dev/null; }
answers() { socat -u OPEN:/dev/null "UNIX-CONNECT:$1" 2>/dev/null; }
inode() { ls -i "$1" 2>/dev/null | { read -r number rest; echo "$number"; }; }
pause() { sleep "$1" & wait $!; }
newer() {
  owner=0
  [ -r ${ownerFile} ] && read -r owner <${ownerFile}
  [ "$owner" -gt "$BERTH_NODE_SINCE" ]
}
# The last file to be written.
configured() { [ -e ${statePath}/${basePath} ]; }

route() { ip route replace local "$BERTH_SERVICE_CIDR" dev lo; }
load_rules() { [ ! -e ${rulesScript} ] || sh ${rulesScript}; }
check_rules() {
  route
  [ ! -e ${rulesCheck} ] || sh ${rulesCheck} || load_rules
  [ ! -e ${statePath}/${redirectsFile} ] || sh ${statePath}/${redirectsFile}
}
check_all() {
  check_rules
  [ ! -e ${dnsCheck} ] || sh ${dnsCheck}
}

start_haproxy() {
  haproxy_at=$now
  before=$(inode ${masterSocket})
  set --
  if answers ${workerSocket}; then
    ln -f ${masterSocket} ${oldMasterSocket}
    set -- -x ${workerSocket}
  fi
  : >${haproxyLog}
  haproxy -W -db -S ${masterSocket},mode,600 -f ${haproxyFolder} "$@" >>${haproxyLog} 2>&1 &
  haproxy=$!
}
# A port that another program has, or a file that HAProxy does not take, must not keep it from serving the others. Berth puts it right
# once it is there: it sees by the description that the configuration is not the one that it made.
set_aside() {
  [ $haproxy != 0 ] && [ -e ${haproxyLog} ] || return 0
  cat ${haproxyLog} >&2
  grep -q 'Loading success' ${haproxyLog} && return
  grep ALERT ${haproxyLog} | grep -o '${haproxyFolder}/[^]:]*[.]cfg:[0-9]*' | sort -u | while IFS=: read -r file line; do
    [ "$file" != ${statePath}/${basePath} ] && [ -e "$file" ] || continue
    if sed -n "$line"p "$file" | grep -q '^  bind '; then
      sed -i "$line"'s/^/#/' "$file"
    else
      mv -f "$file" "$file.refused"
    fi
    grep -q '^  description .*-partial$' ${statePath}/${basePath} ||
      sed -i 's/^  description .*/&-partial/' ${statePath}/${basePath}
  done
}
start_dns() {
  dns_at=$now
  sh ${dnsScript} &
  dns=$!
}
look() {
  if ! alive $haproxy && [ $((now - haproxy_at)) -ge 10 ] && configured; then
    set_aside
    start_haproxy
  fi
  if ! alive $dns && [ $((now - dns_at)) -ge 10 ] && [ -e ${dnsScript} ]; then start_dns; fi
  if ! alive $rules && [ $((now - rules_at)) -ge 300 ]; then
    rules_at=$now
    check_all &
    rules=$!
  fi
}

haproxy_up() { ! configured || { alive $haproxy && [ "$(inode ${masterSocket})" != "$before" ] && answers ${masterSocket}; }; }
dns_up() { [ ! -e ${dnsScript} ] || { alive $dns && [ -e ${dnsReady} ]; }; }
take_over() {
  echo "$BERTH_NODE_SINCE" >${ownerFile}.new
  mv -f ${ownerFile}.new ${ownerFile} && owns=yes
}

end_dns() { sh ${dnsEnd} || kill -TERM $dns; }

# Ends both in an orderly way, within so many seconds.
finish() {
  trap - TERM INT
  alive $haproxy && kill -USR1 $haproxy
  if alive $dns; then end_dns & fi
  left=$(($1 * 10))
  while [ $left -gt 0 ] && { alive $haproxy || alive $dns; }; do
    pause 0.1
    left=$((left - 1))
  done
  exit 0
}

trap 'finish 5' TERM INT
if newer; then exit 0; fi
rm -rf ${stagePath}*
mkdir -p ${statePath}/run ${haproxyFolder} ${statePath}/maps ${statePath}/nft ${statePath}/dns
mkdir -p -m 700 ${statePath}/certs
check_rules
while :; do
  look
  if [ $owns = no ] && haproxy_up && dns_up; then take_over; fi
  if newer; then finish ${longestFinish}; fi
  if [ $owns = yes ] && [ $haproxy != 0 ] && [ $dns != 0 ]; then
    pause 1
    now=$((now + 10))
  else
    pause 0.1
    now=$((now + 1))
  fi
done
`
