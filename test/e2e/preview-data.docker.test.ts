// What previews begin with, and what they do at their end, on a real engine.
import { request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { AppStatus } from '../../src/report/status.ts'
import { ask } from '../../src/server/client.ts'
import { runningEngine } from '../../src/server/state-dir.ts'
import { engineCall, engineJson } from '../support/engine-call.ts'
import { ensureTestImages, testImages } from '../support/images.ts'
import { TestBerth } from './berth.ts'

let berth: TestBerth
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(() => {
  berth = new TestBerth('preview-data')
  berth.configure({}, {}, { previews: { provider: 'branches', interval: '1s' } })
})
afterEach(() => berth.close())

/** As restricted pod security wants it. `more`: of the container. */
const pod = (name: string, mount: string, more = '') => `
    metadata: { labels: { app: ${name} } }
    spec:
      ${more === '' ? '' : 'restartPolicy: Never'}
      terminationGracePeriodSeconds: 1
      securityContext: { runAsNonRoot: true, runAsUser: 65534, fsGroup: 65534, seccompProfile: { type: RuntimeDefault } }
      ${mount === 'files' ? 'volumes: [{ name: files, persistentVolumeClaim: { claimName: files } }]' : ''}
      containers:
        - name: main
          image: ${testImages.one}
          ${more}
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
          ${mount === '' ? '' : `volumeMounts: [{ name: ${mount}, mountPath: /${mount} }]`}`
const request1Gi = '{ accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }'
const database = `apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  selector: { matchLabels: { app: db } }
  template:${pod('db', 'data')}
  volumeClaimTemplates:
    - metadata: { name: data, annotations: { berth.dev/preview-seed: data-db-0 } }
      spec: ${request1Gi}
`
const web = `apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: files, annotations: { berth.dev/preview-seed: Job/fill } }
spec: ${request1Gi}
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:${pod('web', 'files')}
`
const job = (name: string, hook: string, script: string) => `apiVersion: batch/v1
kind: Job
metadata: { name: ${name}, annotations: { berth.dev/preview-hook: ${hook} } }
spec:
  backoffLimit: 0
  template:${pod(name, 'files', `command: [sh, -c, ${script}]`)}
`

/** Commits on a branch that begins at main. */
function branch(name: string, files: Readonly<Record<string, string>>): string {
  berth.repository.git('checkout', '-q', '-B', 'work', 'main')
  const oid = berth.repository.commit(name, files)
  berth.repository.git('checkout', '-q', 'main')
  berth.repository.git('branch', '-q', '-f', `preview/${name}`, oid)
  return oid
}

async function untilSynced(name: string, commit: string): Promise<void> {
  await berth.until(`${name} at ${commit}`, async () => {
    const { address } = runningEngine(join(berth.dir, 'state'))!
    const { apps } = JSON.parse(await ask(address, 'GET', '/status')) as { apps: AppStatus[] }
    const found = apps.find((one) => one.name === name)
    return found?.commit === commit && found.sync === 'Synced' && found.health === 'Healthy'
  })
}

async function shell(namespace: string, owner: string, script: string): Promise<string> {
  const labels = { 'berth.dev/namespace': namespace, 'berth.dev/owner': owner, 'berth.dev/container': 'main' }
  const found = (await berth.containers(labels)).find(({ State }) => State === 'running')
  if (!found) throw new Error(`no pod of ${owner} in ${namespace}`)
  const body = { AttachStdout: true, AttachStderr: true, Tty: true, Cmd: ['sh', '-c', script] }
  const made = await engineJson<{ Id: string }>(berth.socket, 'POST', `/containers/${found.Id}/exec`, body)
  return (await engineCall(berth.socket, 'POST', `/exec/${made.Id}/start`, { Detach: false, Tty: true })).text.trim()
}

/** Ends of containers of one owner, as the engine tells of them: `app-blue 0`. */
function ends(owner: string): { readonly seen: string[]; end(): void } {
  const seen: string[] = []
  const label = [`berth.dev/engine=${berth.id}`, `berth.dev/owner=${owner}`, 'berth.dev/container=main']
  const filters = encodeURIComponent(JSON.stringify({ label, event: ['die'] }))
  const socketPath = berth.socket.replace('unix://', '')
  const asked = request({ socketPath, path: `/events?filters=${filters}` }, (answer) => {
    const lines = createInterface({ input: answer })
    lines.on('line', (line) => {
      const { Actor } = JSON.parse(line) as { Actor: { Attributes: Record<string, string> } }
      seen.push(`${Actor.Attributes['berth.dev/namespace']} ${Actor.Attributes.exitCode}`)
    })
    // It ends when the test does.
    for (const ended of [answer, lines]) ended.on('error', () => {})
  })
  asked.on('error', () => {})
  asked.end()
  return { seen, end: () => asked.destroy() }
}

/** Namespaces in which there is any container or volume of this installation, and helpers without one. */
async function traces(): Promise<string[]> {
  const all = [...(await berth.containers()), ...(await berth.volumes())]
  return [...new Set(all.map(({ Labels }) => Labels?.['berth.dev/namespace'] ?? 'none'))].sort()
}

test('a preview begins with a copy of production, is filled by its Job, and is told to export what it has', async () => {
  const first = berth.repository.commit('Start', {
    'app/db.yaml': database,
    'app/web.yaml': web,
    'app/fill.yaml': job('fill', 'create', '"echo made >/files/made"'),
    'app/export.yaml': job('export', 'delete', '"grep -q changed /files/made"'),
  })
  const exported = ends('Job/export')
  berth.start()
  await berth.synced(first)
  await shell('shop', 'StatefulSet/db', 'echo orders >/data/orders; chmod 640 /data/orders')
  expect(await shell('shop', 'Deployment/web', 'ls /files')).toBe('')
  const blue = branch('blue', { 'app/note.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: note }\n' })
  await untilSynced('app/blue', blue)
  const who = `stat -c '%a %u' /data/orders; cat /data/orders`
  expect((await shell('app-blue', 'StatefulSet/db', who)).split(/\s+/)).toEqual(['660', '65534', 'orders'])
  expect(await shell('app-blue', 'Deployment/web', 'cat /files/made')).toBe('made')
  await shell('app-blue', 'StatefulSet/db', 'echo tests >/data/orders')
  await shell('shop', 'StatefulSet/db', 'echo more >>/data/orders')
  await shell('app-blue', 'Deployment/web', 'echo changed >/files/made')
  const later = branch('blue', { 'app/note.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: other }\n' })
  await untilSynced('app/blue', later)
  expect(await shell('app-blue', 'StatefulSet/db', 'cat /data/orders')).toBe('tests')
  expect((await shell('shop', 'StatefulSet/db', 'cat /data/orders')).split(/\s+/)).toEqual(['orders', 'more'])
  expect(exported.seen).toEqual([])
  berth.repository.git('branch', '-q', '-D', 'preview/blue')
  await berth.until('nothing is left of it', async () => (await traces()).join() === 'shop')
  await expect.poll(() => exported.seen).toEqual(['app-blue 0'])
  exported.end()
  const { apps } = JSON.parse((await berth.command('status', '-o', 'json')).stdout) as { apps: AppStatus[] }
  expect(apps.map(({ name, sync, health }) => `${name} ${sync} ${health}`)).toEqual(['app Synced Healthy'])
  expect(apps[0]?.ignored.join()).toMatch(/Job export: it is run at the end of previews, and nowhere else/)
})
