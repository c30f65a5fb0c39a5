// Where things are in the node container. The state volume outlives it; all that its programs start from is in there.

export const statePath = '/state'

/** What files are prepared in begins with this; emptied when a container starts. */
export const stagePath = `${statePath}/.stage`

/** HAProxy is started on this whole folder, `*.cfg` in alphabetical order. */
export const haproxyFolder = `${statePath}/haproxy`
/** Of HAProxy's master process. */
export const masterSocket = `${statePath}/run/master.sock`
/** The same of the container before, while that one finishes what it has; else it does not answer. */
export const oldMasterSocket = `${statePath}/run/master.old.sock`
/** To be bound by the configuration: `stats socket … level admin expose-fd listeners`. A new container takes the listening sockets over from it. */
export const workerSocket = `${statePath}/run/haproxy.sock`

/** Run with `sh`: loads the packet rules. */
export const rulesScript = `${statePath}/nft/apply.sh`
/** Run with `sh`: its status tells whether the packet rules are loaded. */
export const rulesCheck = `${statePath}/nft/check.sh`
/** Run with `sh`: gives HAProxy the ports and addresses that it cannot have by itself. */
export const redirectsFile = 'nft/redirects.sh'
/** What HAProxy says of its start and of what it refuses. */
export const haproxyLog = `${statePath}/run/haproxy.log`
/** Run with `sh`: replaces itself by the DNS server, in the foreground. SIGTERM ends it. */
export const dnsScript = `${statePath}/dns/run.sh`
/** Run with `sh`: gives the DNS server its address again, if somebody took it away. */
export const dnsCheck = `${statePath}/dns/check.sh`
/** Run with `sh`: ends the DNS server once it has answered what it was asked. */
export const dnsEnd = `${statePath}/dns/end.sh`
/** Of this very container: its DNS server answers everybody. */
export const dnsReady = '/dev/shm/berth-dns/ready'

/** The newest node container that is up; older ones finish. */
export const ownerFile = `${statePath}/run/owner`
/** What Services were given, as JSON. */
export const allocationsFile = `${statePath}/allocations.json`
