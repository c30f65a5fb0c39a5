import { expect, test } from 'vitest'
import { done, engine, forgetJournal, open, pass, repository, runtime, status } from './support/engine-fixture.ts'

const claim = `apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], storageClassName: CLASS, resources: { requests: { storage: 1Gi } } }
`
const disposable = `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: disposable }
provisioner: berth.dev/local
reclaimPolicy: Delete
volumeBindingMode: WaitForFirstConsumer
`
const config = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: web }\ndata: { level: "LEVEL" }\n'

function web(volume: string, replicas = 1): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers: [{ name: main, image: "app:1", volumeMounts: [{ name: it, mountPath: /it }] }]
      volumes: [{ name: it, ${volume} }]
`
}

const onClaim = web('persistentVolumeClaim: { claimName: data }')
const volumes = (): string[] => runtime.volumes().map(({ subject, host }) => `${subject} on ${host}`)
const messageOf = (kind: string): string | undefined => status().objects.find((object) => object.kind === kind)?.message

test('the data of a claim that vanishes is kept, told of, and found again, also without a memory', async () => {
  const local = claim.replace('CLASS', 'local')
  repository.push('Add', { 'claim.yaml': local, 'web.yaml': onClaim, 'other.yaml': config })
  await open({ pruneBudget: '100%' }).start()
  await pass(15_000)
  expect(volumes()).toEqual(['PersistentVolumeClaim/data on one'])
  expect(messageOf('PersistentVolumeClaim')).toBe('Bound on one')
  repository.push('Remove', { 'claim.yaml': null, 'web.yaml': null })
  await pass(30_000)
  expect([runtime.pods(), volumes()]).toEqual([[], ['PersistentVolumeClaim/data on one']])
  expect(messageOf('PersistentVolumeClaim')).toMatch(/^kept: 1Gi on one/)
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })

  await engine.close()
  forgetJournal()
  runtime.restart()
  repository.push('Bring it back', { 'claim.yaml': local, 'web.yaml': onClaim })
  await open().start()
  await pass(20_000)
  expect(messageOf('PersistentVolumeClaim')).toBe('Bound on one')
  expect(done.filter((text) => /volume/.test(text))).toEqual([])
})

test('data goes only where its class says so and a commit asks for just that', async () => {
  const files = { 'claim.yaml': claim.replace('CLASS', 'disposable'), 'class.yaml': disposable, 'other.yaml': config }
  repository.push('Add', { ...files, 'web.yaml': onClaim })
  await open({ pruneBudget: '100%' }).start()
  await pass(15_000)
  repository.push('Remove', { 'claim.yaml': null, 'web.yaml': null })
  await pass(30_000)
  expect(volumes()).toEqual(['PersistentVolumeClaim/data on one'])
  repository.push('Really\n\nBerth-Allow-Prune: PersistentVolumeClaim/data', { 'other.yaml': `${config}# really` })
  await pass(30_000)
  expect(volumes()).toEqual([])
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
})

test('a changed ConfigMap reaches the files of running pods, which go on running', async () => {
  const withConfig = web('configMap: { name: web }')
  repository.push('Add', { 'config.yaml': config.replace('LEVEL', '1'), 'web.yaml': withConfig })
  await open().start()
  await pass(15_000)
  const [before] = runtime.pods()
  repository.push('Change', { 'config.yaml': config.replace('LEVEL', '2') })
  await pass(20_000)
  const [after] = runtime.pods()
  expect(after?.uid).toBe(before?.uid)
  expect(after?.contents.get('it')).not.toBe(before?.contents.get('it'))
  expect(done.at(-1)).toMatch(/^update config of pod web-/)
})

test('pods of several objects together stay within a quota', async () => {
  const quota = 'apiVersion: v1\nkind: ResourceQuota\nmetadata: { name: few }\nspec: { hard: { pods: "3" } }\n'
  const other = web('emptyDir: {}', 2).replaceAll('web', 'api')
  repository.push('Add', { 'quota.yaml': quota, 'web.yaml': web('emptyDir: {}', 2), 'api.yaml': other })
  await open().start()
  let most = 0
  for (let step = 0; step < 60; step += 1) {
    await pass(500)
    most = Math.max(most, runtime.pods().length)
  }
  expect(most).toBe(3)
  expect(messageOf('ResourceQuota')).toBe('pods 3/3')
  expect(status().message).toMatch(/exceeded quota: few/)
  repository.push('More room', { 'quota.yaml': quota.replace('"3"', '"4"') })
  await pass(30_000)
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
})

test('a Job that ran is not run again, and what is remembered of it goes with it', async () => {
  const job = `apiVersion: batch/v1
kind: Job
metadata: { name: migrate }
spec: { template: { spec: { restartPolicy: Never, containers: [{ name: main, image: "done:1" }] } } }
`
  repository.push('Add', { 'job.yaml': job, 'other.yaml': config })
  await open({ pruneBudget: '100%' }).start()
  await pass(20_000)
  expect(messageOf('Job')).toMatch(/^Complete/)
  const docker = runtime.engines.get('one')
  for (const box of [...(docker?.boxes.values() ?? [])]) docker?.remove(box)
  await engine.close()
  forgetJournal()
  runtime.restart()
  await open({ pruneBudget: '100%' }).start()
  await pass(20_000)
  expect([messageOf('Job'), runtime.pods()]).toEqual([expect.stringMatching(/^Complete/), []])
  repository.push('Remove', { 'job.yaml': null })
  await pass(20_000)
  expect(volumes()).toEqual([])
})
