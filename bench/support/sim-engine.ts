import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { createLog } from '../../src/base/log.ts'
import { Engine } from '../../src/engine.ts'
import { Journal } from '../../src/journal/journal.ts'
import { noCredentials, noRollback } from '../../src/manifests/config-delivery.ts'
import { defaultNetwork } from '../../src/manifests/config-network.ts'
import { MemoryRepository } from '../../test/support/memory-repository.ts'
import { SimRuntime } from './sim-runtime.ts'

export const serverImage = 'registry.example.com/team/server:1'
const workloadsPerNamespace = 100

/** The engine with all its parts but Git and Docker. */
export interface SimEngine extends AsyncDisposable {
  readonly engine: Engine
  readonly runtime: SimRuntime
  readonly repository: MemoryRepository
}

/** As many Deployments of three pods each, one file each, and a ConfigMap per namespace that they read; all of them run. */
export async function settledSimEngine(workloads: number, intervalMs: number): Promise<SimEngine> {
  const stateDir = mkdtempSync(join(tmpdir(), 'berth-bench-'))
  const log = createLog('warn', console.error, systemClock.now)
  const repository = new MemoryRepository()
  const runtime = new SimRuntime(serverImage)
  const application = {
    ...{ name: 'bench', repoURL: 'memory', revision: 'main', path: '', namespace: 'default' },
    ...{
      credentials: noCredentials,
      verify: undefined,
      rollback: noRollback,
      forge: undefined,
      notes: false,
      previews: undefined,
    },
    ...{ intervalMs, prune: true, pruneBudget: '25%', selfHeal: true, podSecurity: 'baseline' as const },
  }
  const engine = new Engine({
    settings: {
      ...{ id: 'bench', hosts: [], stateDir, pauseImage: 'pause' },
      network: { ...defaultNetwork, mode: 'names', zone: 'cluster.local' },
      applications: [application],
    },
    runtime,
    journal: Journal.open(stateDir, log),
    openRepository: async () => repository,
    clock: systemClock,
    log,
    random: () => 0.5,
  })
  repository.add(allFiles(workloads))
  await engine.start()
  await until(() => engine.quiet && engine.outcome() === 'synced')
  repository.forgetContents()
  return {
    engine,
    runtime,
    repository,
    async [Symbol.asyncDispose]() {
      await engine.close()
      rmSync(stateDir, { recursive: true })
    },
  }
}

/** That of the simulated engine before its first commit is changed. */
export function allFiles(workloads: number): Record<string, string> {
  const numbers = Array.from({ length: workloads }, (_none, number) => number)
  const namespaces = numbers.filter((number) => number % workloadsPerNamespace === 0).map(namespaceOf)
  return Object.fromEntries([
    ...namespaces.map((name) => [`${name}/config.yaml`, configMap(name)]),
    ...numbers.map((number) => [fileOf(number), deployment(number, 1)]),
  ])
}

export function fileOf(number: number): string {
  return `${namespaceOf(number)}/server-${number}.yaml`
}

function namespaceOf(number: number): string {
  return `team-${Math.floor(number / workloadsPerNamespace)}`
}

function configMap(namespace: string): string {
  return `apiVersion: v1
kind: ConfigMap
metadata: { name: settings, namespace: ${namespace} }
data:
  LOG_LEVEL: info
  DATABASE: postgres://db.${namespace}.svc.cluster.local/main
`
}

/** Workload `number` in its `version`. */
export function deployment(number: number, version: number): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: server-${number}
  namespace: ${namespaceOf(number)}
  labels: { app.kubernetes.io/name: server-${number}, app.kubernetes.io/part-of: shop }
spec:
  replicas: 3
  selector:
    matchLabels: { app: server-${number} }
  template:
    metadata:
      labels: { app: server-${number}, app.kubernetes.io/name: server-${number} }
    spec:
      containers:
        - name: main
          image: ${serverImage}
          imagePullPolicy: IfNotPresent
          ports:
            - { name: http, containerPort: 8080 }
          env:
            - { name: VERSION, value: "${version}" }
            - { name: POD_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
          envFrom:
            - configMapRef: { name: settings }
          resources:
            requests: { cpu: 10m, memory: 32Mi }
            limits: { memory: 64Mi }
`
}

/** Looks every few milliseconds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((done) => setTimeout(done, 5))
}
