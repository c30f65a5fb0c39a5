import type { Key } from '../../src/base/key.ts'
import type { PodSpec } from '../../src/manifests/types.ts'
import { emptyConfig } from '../../src/reconcile/plan/empty-config.ts'
import type { ContainerConfig } from '../../src/runtime/live.ts'
import { podAddress } from '../../src/runtime/pod-address.ts'
import type { PodRef, Runtime, SandboxSpec } from '../../src/runtime/port.ts'
import { patience } from '../support/patience.ts'

export function podSpec(container: Partial<PodSpec['containers'][number]> = {}): PodSpec {
  return {
    containers: [
      {
        name: 'web',
        image: 'berth-test:1',
        imagePullPolicy: 'IfNotPresent',
        resources: {},
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        ...container,
      },
    ],
    dnsPolicy: 'ClusterFirst',
    enableServiceLinks: true,
    restartPolicy: 'Always',
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
  }
}

export function sandboxSpec(given: Partial<SandboxSpec> = {}): SandboxSpec {
  return {
    app: 'shop',
    owner: 'Deployment/web',
    template: 'abc',
    commit: '0123456789',
    labels: { app: 'web' },
    annotations: { note: 'ünï "quoted"\nline' },
    spec: podSpec(),
    hostname: 'web-abc-0',
    ports: [],
    volumes: [],
    ...given,
  }
}

export const webKey: Key = 'shop/Deployment/web'

/** Everything left to the image. */
export function plainConfig(given: Partial<ContainerConfig> = {}): ContainerConfig {
  return { ...emptyConfig, name: 'web', image: 'berth-test:1', oomScoreAdjust: 1000, ...given }
}

/** Everything set. */
export function fullConfig(given: Partial<ContainerConfig> = {}): ContainerConfig {
  return plainConfig({
    command: ['/bin/sh', '-c'],
    args: [`echo $MESSAGE at ${podAddress}; trap 'exit 0' TERM; while :; do sleep 60 & wait $!; done`],
    workingDir: '/tmp',
    env: [
      { name: 'MESSAGE', value: `I am ${podAddress}`, secret: false },
      { name: 'PATH', value: '/usr/sbin:/usr/bin:/sbin:/bin', secret: false },
      { name: 'TOKEN', value: 'a=b=c', secret: true },
      { name: 'EMPTY', value: '', secret: false },
    ],
    user: '1000:2000',
    groups: ['3000', '2001'],
    tty: false,
    stdin: true,
    stdinOnce: true,
    readOnlyRootFilesystem: true,
    noNewPrivileges: true,
    addCapabilities: ['NET_BIND_SERVICE'],
    dropCapabilities: ['ALL'],
    seccomp: 'unconfined',
    resources: { cpuRequestMillis: 250, cpuLimitMillis: 1500, memoryLimitBytes: 64 * 1024 * 1024 },
    oomScoreAdjust: -997,
    ...given,
  })
}

/** Network, sandbox and container, all running. */
export async function runPod(
  runtime: Runtime,
  pod: PodRef,
  config: ContainerConfig = plainConfig(),
  sandbox: SandboxSpec = sandboxSpec(),
): Promise<void> {
  await runtime.ensureNetwork(pod.host, pod.namespace)
  await runtime.createSandbox(pod, sandbox)
  await runtime.startContainer(pod, '')
  await runtime.createContainer(pod, config)
  await runtime.startContainer(pod, config.name)
}

/** Waits for facts, in proofs longer, looking each time the runtime says that some changed. */
export function until(runtime: Runtime, holds: () => boolean, what: string, withinMs = 60_000): Promise<void> {
  if (holds()) return Promise.resolve()
  const limitMs = withinMs * patience
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer)
      stop()
    }
    const timer = setTimeout(() => {
      end()
      reject(new Error(`still not so after ${limitMs / 1000} s: ${what}\n${JSON.stringify(runtime.pods(), null, 1)}`))
    }, limitMs)
    const stop = runtime.watch(() => {
      if (!holds()) return
      end()
      resolve()
    })
  })
}
