// Previews on a real engine: beside each other and production, and gone without a trace.
import { join } from 'node:path'
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
  berth = new TestBerth('previews')
  const previews = { provider: 'branches', interval: '1s', quota: { pods: '3', 'requests.storage': '2Gi' } }
  berth.configure({}, {}, { previews })
})
afterEach(() => berth.close())

/** As restricted pod security wants it. */
const pod = (name: string, more = '') => `
    metadata: { labels: { app: ${name} } }
    spec:
      terminationGracePeriodSeconds: 1
      securityContext: { runAsNonRoot: true, runAsUser: 65534, fsGroup: 65534, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: main
          image: ${testImages.one}
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
${more}`
const web = (message: string, replicas = 1) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:${pod('web', `          env: [{ name: MESSAGE, value: ${message} }]`)}
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 8080 }] }
`
const database = `apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  selector: { matchLabels: { app: db } }
  template:${pod('db', '          volumeMounts: [{ name: data, mountPath: /data }]')}
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`

/** Commits on a branch that begins at main. */
function branch(name: string, files: Readonly<Record<string, string>>): string {
  berth.repository.git('checkout', '-q', '-B', 'work', 'main')
  const oid = berth.repository.commit(name, files)
  berth.repository.git('checkout', '-q', 'main')
  // At no moment is it as main is: that would be a branch that was merged.
  berth.repository.git('branch', '-q', '-f', `preview/${name}`, oid)
  return oid
}

function drop(...names: readonly string[]): void {
  for (const name of names) berth.repository.git('branch', '-q', '-D', `preview/${name}`)
}

async function app(name: string): Promise<AppStatus | undefined> {
  const { address } = runningEngine(join(berth.dir, 'state'))!
  const { apps } = JSON.parse(await ask(address, 'GET', '/status')) as { apps: AppStatus[] }
  return apps.find((one) => one.name === name)
}

async function untilSynced(name: string, commit: string): Promise<void> {
  await berth.until(`${name} at ${commit}`, async () => {
    const found = await app(name)
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

/** Namespaces in which there is any container, network or volume of this installation. */
async function traces(): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`berth.dev/engine=${berth.id}`] }))
  const networks = await engineJson<{ Labels: Record<string, string> }[]>(
    berth.socket,
    'GET',
    `/networks?filters=${filters}`,
  )
  const all = [...(await berth.containers()), ...(await berth.volumes()), ...networks]
  return [...new Set(all.map(({ Labels }) => Labels?.['berth.dev/namespace'] ?? ''))].sort()
}

test('two previews with a database each stay apart, and nothing is left of them', async () => {
  const first = berth.repository.commit('Start', { 'app/web.yaml': web('production'), 'app/db.yaml': database })
  berth.start()
  await berth.synced(first)
  const one = branch('one', { 'app/web.yaml': web('one') })
  const two = branch('two', { 'app/web.yaml': web('two') })
  await Promise.all([untilSynced('app/one', one), untilSynced('app/two', two)])
  const all = ['shop', 'app-one', 'app-two']
  for (const namespace of all) await shell(namespace, 'StatefulSet/db', `echo ${namespace} >/data/who`)
  for (const namespace of all) expect(await shell(namespace, 'StatefulSet/db', 'cat /data/who')).toBe(namespace)
  const address = (namespace: string) =>
    shell(namespace, 'StatefulSet/db', `nslookup web | awk '/^Address/ { print $NF }' | tail -n 1`)
  const addresses = await Promise.all(all.map(address))
  for (const [index, namespace] of all.entries()) {
    expect(addresses[index]).toBe(await shell(namespace, 'Deployment/web', `hostname -i`))
  }
  expect(new Set(addresses).size).toBe(3)
  const processes = 'cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null'
  expect(await shell('app-one', 'StatefulSet/db', processes)).toMatch(/^2048\b/)
  expect(await shell('shop', 'StatefulSet/db', processes)).not.toMatch(/^2048\b/)
  const later = branch('two', { 'app/web.yaml': web('later') })
  await untilSynced('app/two', later)
  expect(await shell('app-two', 'StatefulSet/db', 'cat /data/who')).toBe('app-two')
  branch('three', { 'app/web.yaml': web('three') })
  await berth.until('the third is being made', async () => (await traces()).includes('app-three'))
  const planned = await berth.until('the merge is planned', (production) =>
    Boolean(production.previews?.find(({ id, merge }) => id === 'two' && merge && !merge.stale)),
  )
  const { merge } = planned.previews?.find(({ id }) => id === 'two') ?? {}
  expect(merge).toMatchObject({ base: first, stale: false, refused: false })
  expect(merge?.actions.join()).toMatch(/shop\/Deployment\/web: create pod web-/)
  const listed = await berth.command('preview', 'list', 'app', 'two', '-o', 'json')
  expect(JSON.parse(listed.stdout)).toMatchObject({ previews: [{ app: 'app', id: 'two', is: 'awake', head: later }] })
  const deleted = await berth.command('preview', 'delete', 'app', 'two')
  expect(deleted).toMatchObject({ code: 0, stdout: expect.stringContaining('comes again with the next push') })
  await berth.until('it is deleted', async () => !(await traces()).includes('app-two'))
  drop('one', 'two', 'three')
  await berth.until('they are gone', async () => (await traces()).join() === 'shop')
  expect(await shell('shop', 'StatefulSet/db', 'cat /data/who')).toBe('shop')
  await berth.until('none is listed', ({ previews }) => previews?.length === 0)
  await berth.synced(first)
})

test('hostile branches get nothing, or no more than is theirs, and are told why', async () => {
  const first = berth.repository.commit('Start', { 'app/web.yaml': web('production') })
  berth.start()
  await berth.synced(first)
  branch('hostile', {
    'app/web.yaml': web('mine').replace(
      '          env:',
      `      volumes: [{ name: docker, hostPath: { path: /var/run/docker.sock } }]\n      hostNetwork: true\n#`,
    ),
    'app/root.yaml': web('mine')
      .replaceAll('web', 'root')
      .replace('allowPrivilegeEscalation: false', 'privileged: true'),
  })
  branch('roaming', {
    'app/secret.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: { name: key, namespace: kube-system }\n',
  })
  branch('enormous', { 'app/web.yaml': web('mine', 100_000) })
  branch('greedy', {
    'app/web.yaml': web('mine', 3),
    'app/more.yaml': web('mine', 3).replaceAll('web', 'more'),
    'app/quota.yaml':
      'apiVersion: v1\nkind: ResourceQuota\nmetadata: { name: more }\nspec: { hard: { pods: "100000" } }\n',
  })
  await berth.until('they are judged', async () => {
    const states = await Promise.all(['hostile', 'roaming', 'enormous'].map((name) => app(`app/${name}`)))
    return states.every((state) => state?.sync === 'Refused')
  })
  const problemsOf = async (name: string) => JSON.stringify((await app(`app/${name}`))?.problems)
  expect(await problemsOf('hostile')).toMatch(/volumes\[0\]\.hostPath.*expected a volume of another type/)
  expect(await problemsOf('hostile')).toMatch(/privileged.*expected false/)
  expect(await problemsOf('roaming')).toMatch(/expected a namespace of the application/)
  expect(await problemsOf('enormous')).toMatch(/replicas.*expected at most 3, which is the limit of pods in a preview/)
  await berth.until('the greedy one is at its limit', async () => {
    const greedy = await app('app/greedy')
    return (
      /exceeded quota/.test(JSON.stringify(greedy?.objects)) &&
      /limits of a preview are set by/.test(`${greedy?.ignored}`)
    )
  })
  await berth.until('only what is allowed is there', async () => (await traces()).join() === 'app-greedy,shop')
  const pods = await berth.containers({ 'berth.dev/namespace': 'app-greedy', 'berth.dev/container': 'main' })
  expect(pods.length).toBeLessThanOrEqual(3)
  expect(await berth.synced(first)).toMatchObject({ health: 'Healthy' })
  drop('hostile', 'roaming', 'enormous', 'greedy')
  await berth.until('they are gone', async () => (await traces()).join() === 'shop')
})
