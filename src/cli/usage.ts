export const usage = `berth: Kubernetes manifests from Git, run on plain Docker hosts

usage: berth COMMAND [FLAGS]

  run                  the engine: follow the repository until stopped
  sync                 one convergence to the head commit          exit 0 healthy, 1 not, 2 cannot
  diff                 what would change, with effects             exit 0 nothing, 1 differences, 2 error
  status [APP]         sync status report                          exit 0 all synced and healthy, 1 not, 2 error
  history [APP]        commits, what each did and how it ended
  rollback [APP]       push a commit that puts the folder back      exit 0 pushed, 1 refused or nothing to do, 2 cannot
  preview [list|open|sleep|wake|delete] [APP] [ID]
                       pull requests and their previews, of the running engine
  validate PATH...     check manifests offline, all problems       exit 0 good, 1 problems
  render               the final objects as YAML, defaults filled

what to run:
  --repo URL           repository: https://, ssh://, user@host:path, git://, file:// or a local path
  --path DIR           folder of the manifests in the repository   (its root)
  --revision REV       branch, tag or commit                       (main; for diff and render also any other)
  -n, --namespace NS   for objects that name none                  (default)
  --pod-security LEVEL privileged, baseline or restricted          (baseline)
  -c, --config FILE    Engine and Application objects, instead of the flags above

where and how:
  --host ENDPOINT      unix:///path or tcp://host:port             ($DOCKER_HOST, else the default socket)
  --engine NAME        installation id                             (from the repository's address)
  --state-dir DIR      local store and journal
  --pause-image IMAGE  image that holds a pod's network            (busybox:stable-musl)
  --network MODE       services: addresses, balancing and Ingress; names: only Docker's names for Services
  --node-image IMAGE   image of the node container                 (berth-node:1)
  --ingress-http PORT  of every host                               (80)
  --ingress-https PORT of every host                               (443)
  --listen ADDRESS     status server of run                        (127.0.0.1:7070, or any free port)
  --interval 30s       how often run asks the repository
  --timeout 5m         how long sync may take
  --to REV             rollback: to this commit                    (the last healthy one)
  --commit SHA         rollback: take only this commit back
  --dry-run            rollback: only say what would be pushed
  -o FORMAT            text, json or markdown
  --watch              status: again at every change
  --log-level LEVEL    debug, info, warn or error
`
