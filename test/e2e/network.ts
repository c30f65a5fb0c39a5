// Berths whose Services are served, and pods that ask them.
import { engineCall, engineJson } from '../support/engine-call.ts'
import { testNodeImage } from '../support/node-image.ts'
import { TestBerth } from './berth.ts'

export interface NetworkChoice {
  /** Second number of the ranges of pods (10.x) and of Services (10.x+1): each installation on one network has its own. */
  readonly range: number
  readonly socket?: string
  readonly inside?: (argv: readonly string[]) => string[]
  readonly nodeImage?: string
}

/** A Berth with a node container, and without ports for Ingresses, which only one installation can have. */
export function servicesBerth(name: string, choice: NetworkChoice): TestBerth {
  const { range, socket = process.env.BERTH_TEST_DOCKER, inside, nodeImage = testNodeImage } = choice
  const berth = new TestBerth(name, socket, inside)
  berth.network = 'services'
  berth.configure(
    {},
    {
      ...{ podCIDR: `10.${range}.0.0/16`, serviceCIDR: `10.${range + 1}.0.0/16`, nodeImage },
      ingress: { httpPort: 0, httpsPort: 0 },
    },
  )
  return berth
}

/** Removes a Berth and, if it has the network of this machine, what its node container left there. */
export async function closeServices(berth: TestBerth, { range }: NetworkChoice): Promise<void> {
  await berth.stop('SIGKILL')
  const [node] = await nodes(berth)
  if (node) {
    const table = berth.id.replaceAll('-', '_')
    await runIn(
      berth,
      node.Id,
      `rm -f /state/nft/*.sh /state/dns/run.sh; nft delete table ip berth_${table}; ip address del 10.${range + 1}.0.10/32 dev lo; ip route del local 10.${range + 1}.0.0/16 dev lo`,
    )
  }
  await berth.close()
}

/** Its node containers, the newest first. */
export async function nodes(berth: TestBerth): Promise<{ readonly Id: string; readonly State: string }[]> {
  return (await berth.containers()).filter(({ Labels }) => Labels['berth.dev/node'] !== undefined)
}

/** Runs a script as root in a container; answers what it printed. */
export async function runIn(berth: TestBerth, container: string, script: string): Promise<string> {
  const made = await engineJson<{ Id: string }>(berth.socket, 'POST', `/containers/${container}/exec`, {
    ...{ AttachStdout: true, AttachStderr: true, Tty: true, Cmd: ['sh', '-c', script] },
  })
  const answer = await engineCall(berth.socket, 'POST', `/exec/${made.Id}/start`, { Detach: false, Tty: true })
  return answer.text.replaceAll('\r', '')
}

/** A bare Pod with the tools of the node image, in which a test asks. */
export function client(name = 'client', more = ''): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: ${name} }${more} }
spec:
  terminationGracePeriodSeconds: 1
  containers: [{ name: main, image: '${testNodeImage}', command: [sleep, infinity] }]
`
}

export function service(name: string, spec: string, metadata = ''): string {
  return `apiVersion: v1
kind: Service
metadata: { name: ${name}${metadata} }
spec: ${spec}
`
}

/**
 * Asks each `name:port` over HTTP from within a pod: the last line of what it answers, or `- ` with socat's words. What does not connect
 * within `seconds` is not reached.
 */
export async function askAll(
  berth: TestBerth,
  targets: readonly string[],
  pod = 'client',
  seconds = 5,
): Promise<string[]> {
  const script = `for target; do
  answer=$(printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 20 socat -t10 - TCP4:$target,connect-timeout=${seconds},shut-none 2>/tmp/words | tail -n 1)
  [ -n "$answer" ] || answer="- $(sed -n 's/.* E //p' /tmp/words)"
  echo "$answer"
done`
  const { output } = await berth.exec(pod, 'main', 'sh', '-c', script, 'ask', ...targets)
  return linesOf(output)
}

/** Addresses that names have by the search path of a pod, sorted; `-`: none. */
export async function lookUpAll(berth: TestBerth, names: readonly string[], pod = 'client'): Promise<string[]> {
  const script = `for name; do
  answer=$(dig +search +short +time=5 +tries=1 "$name" A | grep -E '^[0-9.]+$' | sort | tr '\\n' ' ')
  echo "\${answer:--}"
done`
  const { output } = await berth.exec(pod, 'main', 'sh', '-c', script, 'look', ...names)
  return linesOf(output)
}

/** Address of a pod on its namespace's network. */
export async function podAddress(berth: TestBerth, pod: string): Promise<string> {
  const [sandbox] = await berth.containers({ 'berth.dev/pod': pod, 'berth.dev/container': '' })
  const found = await engineJson<{ NetworkSettings: { Networks: Record<string, { IPAddress: string }> } }>(
    ...([berth.socket, 'GET', `/containers/${sandbox?.Id}/json`] as const),
  )
  return Object.values(found.NetworkSettings.Networks)[0]?.IPAddress ?? ''
}

function linesOf(output: string): string[] {
  return output
    .trim()
    .split('\n')
    .map((line) => line.trim())
}
