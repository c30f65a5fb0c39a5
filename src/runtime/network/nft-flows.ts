// UDP has no connections: a client's packets follow the way that its first one took until the kernel has forgotten it.
import { passMark } from './nft-isolation.ts'
import type { KernelPort } from './nft-services.ts'

/** More at once are cheaper done as one. */
const mostSingly = 20

const all = `-D -p udp -m ${passMark}/${passMark}`

/**
 * Arguments of `conntrack` that end flows to pods that take nothing new any more, and flows that began before their Service had a pod.
 * `before` undefined: not known, so all flows through Services choose again.
 */
export function flowsToForget(before: readonly KernelPort[] | undefined, after: readonly KernelPort[]): string[] {
  const now = after.filter(({ protocol }) => protocol === 'udp')
  if (before === undefined) return now.length > 0 ? [all] : []
  const then = new Map(before.filter(({ protocol }) => protocol === 'udp').map((port) => [port.name, port]))
  const kept = new Map(now.map((port) => [port.name, port]))
  const ended = [...then.values()].flatMap((port) => {
    const left = new Set(kept.get(port.name)?.backends.map(text))
    const gone = port.backends.filter((backend) => !left.has(text(backend)))
    return gone.map(
      ({ address, port: number }) => `-D -p udp -m ${passMark}/${passMark} -r ${address} --reply-port-src ${number}`,
    )
  })
  const begun = now
    .filter((port) => port.backends.length > 0 && (then.get(port.name)?.backends.length ?? 0) === 0)
    .flatMap(({ clusterIP, externalIPs, port, nodePort, balanced }) => [
      ...[clusterIP, ...externalIPs].map((address) => `-D -p udp -d ${address} --orig-port-dst ${port}`),
      ...(nodePort > 0 ? [`-D -p udp --orig-port-dst ${nodePort}`] : []),
      ...(balanced ? [`-D -p udp --orig-port-dst ${port}`] : []),
    ])
  const stale = [...new Set(ended)]
  return [...(stale.length > mostSingly ? [all] : stale), ...begun.slice(0, mostSingly * 5)]
}

function text({ address, port }: { readonly address: string; readonly port: number }): string {
  return `${address} ${port}`
}
