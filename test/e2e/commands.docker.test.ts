import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureTestImages, testImages } from '../support/images.ts'
import { deployment, TestBerth } from './berth.ts'

let berth: TestBerth
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(() => {
  berth = new TestBerth('commands')
})
afterEach(() => berth.close())

test('diff tells what sync then does, in the same words, and touches nothing', async () => {
  berth.repository.commit('Add', { 'app/web.yaml': deployment() })
  const before = await berth.command('diff')
  expect(before.stderr).toBe('')
  expect(before.code).toBe(1)
  expect(before.stdout).toContain('Deployment shop/web')
  expect(await berth.containers()).toEqual([])

  const sync = await berth.command('sync', '--timeout', '110s')
  expect(sync.code).toBe(0)
  expect(sync.stdout).toMatch(/Synced\s+Healthy/)
  expect((await berth.command('diff')).code).toBe(0)
  expect((await berth.command('status')).code).toBe(0)

  berth.repository.commit('Version 2', { 'app/web.yaml': deployment({ image: testImages.two }) })
  const planned = (JSON.parse((await berth.command('diff', '-o', 'json')).stdout) as Diff).apps[0]?.objects.flatMap(
    ({ actions }) => actions.map(({ text }) => text),
  )
  expect((await berth.command('sync', '--timeout', '110s')).code).toBe(0)
  const history = JSON.parse((await berth.command('history', '-o', 'json')).stdout) as { changes: string[] }[]
  expect([...(history[0]?.changes ?? [])].sort()).toEqual([...(planned ?? [])].sort())
  expect(planned?.length).toBeGreaterThanOrEqual(6)
})

const kinds = (image: string): string => `apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{ name: main, image: ${image}, volumeMounts: [{ name: settings, mountPath: /settings }] }]
      volumes: [{ name: settings, configMap: { name: settings } }]
`
const settings = (level: number): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { level: "${level}" }\n`
const nightly = `apiVersion: batch/v1
kind: CronJob
metadata: { name: nightly }
spec:
  schedule: '0 3 1 1 *'
  jobTemplate:
    spec: { template: { spec: { restartPolicy: Never, containers: [{ name: main, image: ${testImages.one} }] } } }
`
const claim = `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: now }
provisioner: berth.dev/local
reclaimPolicy: Retain
volumeBindingMode: Immediate
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { storageClassName: now, accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`

test('diff tells of files in place, of sets, of schedules and of claims', async () => {
  berth.repository.commit('Add', {
    ...{ 'app/db.yaml': kinds(testImages.one), 'app/settings.yaml': settings(1), 'app/claim.yaml': claim },
  })
  expect((await berth.command('sync', '--timeout', '110s')).code).toBe(0)
  const told = async (): Promise<string> => {
    const { stdout } = await berth.command('diff')
    return stdout.replace(/(revision )[a-z0-9]{10}/g, '$1HASH').replace(/20\d\d-01-01/, 'NEXT')
  }
  berth.repository.commit('Level 2', { 'app/settings.yaml': settings(2) })
  expect((await told()).split('\n').slice(2)).toEqual([
    '  ConfigMap shop/settings: nothing to do',
    '    ~ data.level: 1 -> 2',
    '',
    '  StatefulSet shop/db: in place, nothing restarts',
    '    update config of pod db-0 (volume settings)',
    '',
  ])
  const more = { 'app/db.yaml': kinds(testImages.two), 'app/nightly.yaml': nightly, 'app/claim.yaml': null }
  berth.repository.commit('All\n\nBerth-Allow-Prune: yes', more)
  expect((await told()).split('\n').slice(2)).toEqual([
    '  StorageClass now: nothing to do',
    '    ~ removed',
    '',
    '  ConfigMap shop/settings: nothing to do',
    '    ~ data.level: 1 -> 2',
    '',
    '  CronJob shop/nightly: nothing to do',
    '    ~ new',
    '    next run NEXTT03:00:00Z',
    '',
    '  PersistentVolumeClaim shop/data: nothing to do',
    '    ~ removed',
    '    kept: 1Gi on local; it is taken again when the claim comes back',
    '',
    '  StatefulSet shop/db: downtime',
    `    ~ spec.template.spec.containers[main].image: ${testImages.one} -> ${testImages.two}`,
    '    stop pod db-0 (old revision HASH)',
    '    remove pod db-0 (it has ended)',
    '    create pod db-0 on local (1 replica wanted)',
    '',
  ])
  const planned = JSON.parse((await berth.command('diff', '-o', 'json')).stdout) as Diff
  expect((await berth.command('sync', '--timeout', '110s')).code).toBe(0)
  const history = JSON.parse((await berth.command('history', '-o', 'json')).stdout) as { changes: string[] }[]
  expect(history[0]?.changes).toEqual(
    planned.apps.flatMap(({ objects }) => objects.flatMap(({ actions }) => actions.map(({ text }) => text))),
  )
  expect(await told()).toContain('no differences')
})

interface Diff {
  readonly apps: readonly { readonly objects: readonly { readonly actions: readonly { readonly text: string }[] }[] }[]
}

test('sync ends with 1 on a refused commit and 2 when the repository cannot be reached', async () => {
  berth.repository.commit('Broken', { 'app/web.yaml': 'kind: Deployment\n' })
  const refused = await berth.command('sync', '--timeout', '110s')
  expect(refused.code).toBe(1)
  expect(refused.stdout).toMatch(/web\.yaml:1: /)
  const { rmSync } = await import('node:fs')
  rmSync(berth.repository.dir, { recursive: true })
  const unreachable = await berth.command('sync', '--timeout', '20s')
  expect(unreachable.code).toBe(2)
})

test.each(['diff', 'status', 'sync'])('%s without a Docker engine ends with 2 and says what to do', async (command) => {
  berth.repository.commit('Add', { 'app/web.yaml': deployment() })
  const { code, stdout, stderr } = await berth.command(command, '--host', `unix://${berth.dir}/none.sock`)
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toContain('give its address in --host or DOCKER_HOST')
})

test('status without an engine looks at Git and Docker itself', async () => {
  berth.repository.commit('Add', { 'app/web.yaml': deployment({ replicas: 1 }) })
  const status = await berth.command('status', '-o', 'json')
  expect(status.code).toBe(1)
  expect(JSON.parse(status.stdout).apps[0]).toMatchObject({
    sync: 'OutOfSync',
    objects: [{ kind: 'Deployment', ready: '0/1' }],
  })
})

test('render shows defaults and no Secret values', async () => {
  berth.repository.commit('Add', {
    'app/web.yaml': deployment({ replicas: 1 }),
    'app/secret.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: { name: db }\nstringData: { password: hunter2 }\n',
  })
  const { stdout, code } = await berth.command('render')
  expect(code).toBe(0)
  expect(stdout).toContain('maxSurge: 25%')
  expect(stdout).toContain('namespace: shop')
  expect(stdout).not.toMatch(/hunter2|aHVudGVyMg/)
})

test('a second engine on one state directory is refused by name', async () => {
  const commit = berth.repository.commit('Add', { 'app/web.yaml': deployment({ replicas: 1 }) })
  berth.start()
  await berth.synced(commit)
  const second = await berth.command('run')
  expect(second.code).toBe(2)
  expect(second.stderr).toContain('already runs')
  const next = berth.repository.commit('Two', { 'app/web.yaml': deployment({ replicas: 2 }) })
  const sync = await berth.command('sync', '--timeout', '110s', '-o', 'json')
  expect(sync.code).toBe(0)
  expect(JSON.parse(sync.stdout).apps[0].commit).toBe(next)
})
