// What pods read and keep, through a day of commits.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureTestImages, testImages } from '../support/images.ts'
import { TestBerth } from './berth.ts'

let berth: TestBerth
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(() => {
  berth = new TestBerth('volumes')
})
afterEach(() => berth.close())

const settings = (level: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { level: "${level}", other: same }\n`

const secret = 'apiVersion: v1\nkind: Secret\nmetadata: { name: word }\nstringData: { key: hush }\n'

/** A Deployment of one pod that sleeps, with these mounts and volumes in flow style. */
const sleeper = (name: string, mounts: readonly string[], volumes: readonly string[], annotations = '{}'): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, annotations: ${annotations} }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: ${testImages.one}
          command: [sleep, '100000']
          volumeMounts: [${mounts.join(', ')}]
      volumes: [${volumes.join(', ')}]
---`

const claim = (name: string, more: string): string => `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: ${name} }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } }, ${more} }
---`

async function podOf(owner: string): Promise<string> {
  const [container] = await berth.containers({ 'berth.dev/owner': `Deployment/${owner}` })
  return container?.Labels['berth.dev/pod'] ?? ''
}

async function shell(owner: string, script: string): Promise<string> {
  return (await berth.exec(await podOf(owner), 'main', 'sh', '-c', script)).output
}

async function containersOf(owner: string): Promise<string[]> {
  return (await berth.containers({ 'berth.dev/owner': `Deployment/${owner}` })).map(({ Id }) => Id).sort()
}

const level =
  '{ name: c, configMap: { name: settings, defaultMode: 0440, items: [{ key: level, path: deep/level, mode: 0400 }] } }'
const reads = '{ name: c, mountPath: /c }'

test('files follow their ConfigMap as each Deployment wants; memory, paths of the host and parts are mounted', async () => {
  const folder = join(berth.dir, 'host')
  mkdirSync(folder)
  writeFileSync(join(folder, 'seen'), 'by the host')
  const follow = sleeper(
    'follow',
    [
      ...[reads, '{ name: c, mountPath: /level, subPath: deep/level }', '{ name: word, mountPath: /word }'],
      ...['{ name: memory, mountPath: /memory }', '{ name: host, mountPath: /host }', '{ name: me, mountPath: /me }'],
    ],
    [
      ...[level, '{ name: word, secret: { secretName: word } }'],
      '{ name: memory, emptyDir: { medium: Memory, sizeLimit: 1Mi } }',
      `{ name: host, hostPath: { path: ${folder}, type: Directory } }`,
      '{ name: me, downwardAPI: { items: [{ path: name, fieldRef: { fieldPath: metadata.name } }] } }',
    ],
  )
  const roll = sleeper('roll', [reads], [level], '{ berth.dev/on-config-change: roll }')
  const still = sleeper('still', [reads], [level], '{ berth.dev/on-config-change: ignore }')
  berth.repository.commit('Add', { 'app/apps.yaml': follow + roll + still, 'app/settings.yaml': settings('1') })
  berth.start('--pod-security', 'privileged')
  const waiting = await berth.until('one waits for its Secret, and says so', ({ objects }) =>
    objects.some(({ name, message }) => name === 'follow' && message.includes('Secret shop/word not found')),
  )
  expect(waiting.message).toBe('Deployment follow: CreateContainerConfigError: Secret shop/word not found')
  await berth.synced(berth.repository.commit('Add the word', { 'app/word.yaml': secret }))

  const pod = await podOf('follow')
  expect(await shell('follow', 'cat /c/deep/level /level /word/key /host/seen /me/name; ls /c')).toBe(
    `11hushby the host${pod}deep\n`,
  )
  expect(await shell('follow', 'stat -L -c %a /c/deep/level /word/key')).toBe('400\n644\n')
  expect(await shell('follow', 'df -Pk /memory /word | grep -c ^tmpfs; df -Pk /memory | grep -o 1024')).toMatch(
    /^2\n1024/,
  )
  await shell('follow', 'echo back > /host/written')
  expect(readFileSync(join(folder, 'written'), 'utf8')).toBe('back\n')

  const [followed, rolled, ignored] = await Promise.all(['follow', 'roll', 'still'].map(containersOf))
  const changed = berth.repository.commit('Level 2', { 'app/settings.yaml': settings('2') })
  await berth.until('the file has changed', async () => (await shell('follow', 'cat /c/deep/level')) === '2')
  await berth.synced(changed)
  expect(await Promise.all(['follow', 'roll', 'still'].map((name) => shell(name, 'cat /c/deep/level')))).toEqual([
    ...['2', '2', '1'],
  ])
  expect(await containersOf('follow')).toEqual(followed)
  expect(await containersOf('roll')).not.toEqual(rolled)
  expect(await containersOf('still')).toEqual(ignored)
  // As in Kubernetes: a part that was mounted stays what it was.
  expect(await shell('follow', 'cat /level')).toBe('1')

  await berth.stop()
  const { stdout, code } = await berth.command('diff', '--pod-security', 'privileged')
  expect(stdout).toContain('no differences')
  expect(code).toBe(0)
})

test('data outlives what used it: kept without its claim, taken again, shared, deleted only where that was agreed', async () => {
  const folder = join(berth.dir, 'static')
  mkdirSync(folder)
  const storage = `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: short }
provisioner: berth.dev/local
reclaimPolicy: Delete
---
apiVersion: v1
kind: PersistentVolume
metadata: { name: static }
spec: { capacity: { storage: 5Gi }, accessModes: [ReadWriteOnce], storageClassName: manual, hostPath: { path: ${folder} } }
---`
  const uses = (name: string): string => `{ name: ${name}, persistentVolumeClaim: { claimName: ${name} } }`
  const data = claim('data', '')
  const one = sleeper('one', ['{ name: data, mountPath: /data }'], [uses('data')])
  const two = sleeper(
    'two',
    [
      '{ name: data, mountPath: /data, subPath: part }',
      ...['fixed', 'brief'].map((name) => `{ name: ${name}, mountPath: /${name} }`),
    ],
    ['data', 'fixed', 'brief'].map(uses),
  )
  const base = storage + one.replace(uses('data'), '{ name: data, emptyDir: {} }')
  const whole =
    storage + data + claim('fixed', 'storageClassName: manual') + claim('brief', 'storageClassName: short') + one + two
  berth.start('--pod-security', 'privileged')
  const first = await berth.synced(berth.repository.commit('Add', { 'app/all.yaml': whole }))
  const claims = first.objects.filter(({ kind }) => kind === 'PersistentVolumeClaim')
  expect(claims.map(({ name, message }) => `${name}: ${message}`)).toEqual([
    ...['brief: Bound on local', 'data: Bound on local', 'fixed: Bound on local to volume static'],
  ])
  await shell('two', 'echo shared > /data/file; echo fixed > /fixed/file; echo brief > /brief/file')
  expect(await shell('one', 'cat /data/part/file')).toBe('shared\n')
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('fixed\n')
  const kept = (await berth.volumes()).map(({ Name }) => Name).filter((name) => /_data$|_fixed$/.test(name))
  expect(kept).toHaveLength(2)

  const less = berth.repository.commit('Less\n\nBerth-Allow-Prune: yes', { 'app/all.yaml': base })
  const after = await berth.synced(less)
  const left = after.objects.filter(({ kind }) => kind === 'PersistentVolumeClaim')
  expect(left.map(({ name, message }) => `${name}: ${message}`)).toEqual([
    'data: kept: 1Gi on local; it is taken again when the claim comes back',
    'fixed: kept: 1Gi on local; it is taken again when the claim comes back',
  ])
  await berth.until('the volume of the class that deletes is gone', async () =>
    (await berth.volumes()).every(({ Name }) => !Name.endsWith('_brief')),
  )
  await berth.synced(berth.repository.commit('All again', { 'app/all.yaml': whole }))
  expect(await shell('two', 'cat /data/file /fixed/file; ls /brief')).toBe('shared\nfixed\n')
})
