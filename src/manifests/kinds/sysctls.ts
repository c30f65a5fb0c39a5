import { found } from '../found.ts'
import type { Path } from '../position.ts'
import type { Review } from '../review.ts'
import type { PodSpec } from '../types.ts'

const ofNetwork = /^net\./
const ofIpc = /^(?:kernel\.(?:shm|msg|sem)[a-z_]*|fs\.mqueue\.[a-z_]+)$/

/** Kernel settings that belong to a namespace of the pod; all others would change the host. */
export function reviewSysctls({ securityContext, hostNetwork, hostIPC }: PodSpec, path: Path, review: Review): void {
  const seen = new Set<string>()
  for (const [index, { name }] of (securityContext?.sysctls ?? []).entries()) {
    const at = [...path, 'securityContext', 'sysctls', index, 'name']
    const plain = name.replaceAll('/', '.')
    const network = ofNetwork.test(plain)
    if (!/^[a-z0-9][-_a-z0-9]*(?:\.[a-z0-9*][-_a-z0-9*]*)+$/i.test(plain) || !(network || ofIpc.test(plain))) {
      review.problem(
        at,
        `expected a setting of the network (net.) or of IPC (kernel.shm, kernel.msg, kernel.sem, fs.mqueue.), found ${found(name)}`,
      )
    } else if (network ? hostNetwork : hostIPC) {
      review.problem(at, `expected a setting that the pod does not share with the host, found ${found(name)}`)
    }
    if (seen.has(plain)) review.problem(at, `expected each setting once, found ${found(name)} again`)
    seen.add(plain)
  }
}
