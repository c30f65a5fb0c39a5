import { expect } from 'vitest'
import { volumeName } from '../../src/runtime/labels.ts'
import type { PreviewSettings } from '../../src/settings.ts'
import { Dice } from '../sim/dice.ts'
import { ours } from '../sim/fake-docker.ts'
import { engine, open, pass, repository, runtime, status } from './engine-fixture.ts'

const previews: PreviewSettings = {
  ...{ provider: 'branches', branches: 'preview/*', images: undefined, targetBranch: undefined },
  ...{ labels: [], drafts: false, max: 100, maxAwake: 100, ttlMs: 72 * 3_600_000, sleepAfterMs: 8 * 3_600_000 },
  ...{ keepLabel: 'keep', sleepLabel: 'sleep', approveLabel: 'ok', hostTemplate: '{{id}}.{{host}}', host: undefined },
  ...{ podSecurity: 'baseline', quota: { pods: '20' }, intervalMs: 1_000 },
  ...{ comments: true, statuses: true, hookTimeoutMs: 60_000 },
}
const web = (image: string) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: "${image}" }] }
`
const claim = `apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data, annotations: { berth.dev/preview-seed: data } }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: Pod
metadata: { name: db }
spec:
  containers: [{ name: main, image: "app:1", volumeMounts: [{ name: data, mountPath: /data }] }]
  volumes: [{ name: data, persistentVolumeClaim: { claimName: data } }]
`
const hook = (image: string) => `apiVersion: batch/v1
kind: Job
metadata: { name: end, annotations: { berth.dev/preview-hook: delete } }
spec: { template: { spec: { restartPolicy: Never, containers: [{ name: main, image: "${image}" }] } } }
`
const dataOf = (namespace: string) => {
  const subject = 'PersistentVolumeClaim/data'
  const key = volumeName(ours, { namespace, subject, detail: '' })
  return { key, volumes: runtime.engines.get('one')!.volumes }
}
/** What pods of previews find in their claims: all that production has, or the preview is not as it is to be. */
const found = () =>
  runtime
    .pods()
    .filter(({ owner, namespace }) => owner === 'Pod/db' && namespace !== 'shop')
    .map(({ namespace }) => dataOf(namespace))
    .map(({ key, volumes }) => volumes.get(key)?.data)
const traces = () => {
  const pods = runtime.pods().map(({ namespace, name }) => `${namespace} pod ${name}`)
  const volumes = runtime.volumes().map(({ namespace, subject }) => `${namespace} ${subject}`)
  const networks = runtime.hostFacts().flatMap((host) => [...host.networks].map((name) => `${name} network`))
  return [...pods, ...volumes, ...networks].filter((trace) => !trace.startsWith('shop '))
}

/** Plays `steps` pushes and deletions of up to `names` previews, with restarts; in the end nothing is left. */
export async function previewStorm(seed: number, steps: number, names: number): Promise<void> {
  const dice = new Dice(seed)
  repository.push('Start', { 'web.yaml': web('app:1'), 'db.yaml': claim })
  await open({ previews }).start()
  await pass(6_000)
  const { key, volumes } = dataOf('shop')
  volumes.set(key, { ...volumes.get(key)!, data: 'orders' })
  runtime.faults = { before: 0.05, after: 0.05 }
  const there = new Set<string>()
  let most = 0
  let seeded = 0
  for (let step = 0; step < steps; step++) {
    const name = `b${dice.between(1, names)}`
    if (there.has(name) && dice.chance(0.5)) {
      there.delete(name)
      repository.drop(`preview/${name}`)
    } else {
      there.add(name)
      const image = dice.chance(0.2) ? 'crash:1' : dice.chance(0.2) ? 'none:1' : 'app:2'
      repository.pushTo(`preview/${name}`, `${step}`, {
        'web.yaml': web(image),
        'db.yaml': dice.chance(0.5) ? claim : null,
        'end.yaml': dice.chance(0.3) ? hook(dice.chance(0.8) ? 'done:1' : 'crash:1') : null,
      })
    }
    await pass(250 * dice.between(0, 5))
    most = Math.max(most, engine.status().length)
    const datas = found()
    seeded += datas.length
    for (const data of datas) expect(data).toBe('orders')
    if (step % 20 !== 19) continue
    await engine.close()
    runtime.restart()
    await open({ previews }).start()
  }
  expect(most).toBeGreaterThan(names / 5)
  expect(seeded).toBeGreaterThan(0)
  for (const name of there) repository.drop(`preview/${name}`)
  runtime.faults = { before: 0, after: 0 }
  await pass(180_000)
  expect(traces()).toEqual([])
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy', previews: [] })
  expect(engine.status()).toHaveLength(1)
}
