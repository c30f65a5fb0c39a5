// Real software in images made of Debian's packages.
import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { debianImages, imageScript } from '../../scripts/debian-images.mjs'
import { engineCall } from '../support/engine-call.ts'
import { ensureTestImages } from '../support/images.ts'
import { TestBerth } from './berth.ts'

const socket = process.env.BERTH_TEST_DOCKER ?? ''
const [postgres, redis] = ['berth-test-postgres:15', 'berth-test-redis:7'] as const

let berth: TestBerth

beforeAll(async () => {
  await ensureTestImages(socket)
  for (const image of [postgres, redis]) await ensureDebianImage(image)
})
beforeEach(() => {
  berth = new TestBerth('software')
})
afterEach(() => berth.close())

async function ensureDebianImage(image: keyof typeof debianImages): Promise<void> {
  if ((await engineCall(socket, 'GET', `/images/${image}/json`)).status === 200) return
  const env = { ...process.env, DOCKER_HOST: socket }
  await promisify(execFile)('bash', [imageScript, 'make', image, ...debianImages[image]], { env })
}

/** The data of a claim of its own; other pods of the host reach the server by the socket on a shared claim. */
function database(note = 'first'): string {
  return `apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db }, annotations: { note: ${note} } }
    spec:
      terminationGracePeriodSeconds: 20
      securityContext: { runAsUser: 999, runAsGroup: 999, fsGroup: 999, fsGroupChangePolicy: OnRootMismatch }
      initContainers:
        - name: init
          image: ${postgres}
          command: [sh, -c, '[ -s /data/pg/PG_VERSION ] || initdb -D /data/pg -A trust -U postgres']
          volumeMounts: [{ name: data, mountPath: /data }]
      containers:
        - name: postgres
          image: ${postgres}
          command: [postgres, -D, /data/pg, -c, unix_socket_directories=/sockets, -c, 'listen_addresses=']
          readinessProbe: { exec: { command: [pg_isready, -h, /sockets] }, periodSeconds: 1 }
          volumeMounts:
            - { name: data, mountPath: /data }
            - { name: sockets, mountPath: /sockets }
      volumes:
        - { name: sockets, persistentVolumeClaim: { claimName: sockets } }
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: sockets }
spec: { accessModes: [ReadWriteMany], resources: { requests: { storage: 1Mi } } }
`
}

async function sql(query: string): Promise<string> {
  const { code, output } = await berth.exec(
    ...(['db-0', 'postgres', 'psql', '-h', '/sockets', '-U', 'postgres', '-P', 'pager=off', '-Atc', query] as const),
  )
  if (code !== 0) throw new Error(`${query}: ${output}`)
  return output.trim()
}

test('PostgreSQL keeps its data over an update, a kill, and over being deleted and coming back', async () => {
  berth.start()
  await berth.synced(berth.repository.commit('Add the database', { 'app/db.yaml': database() }), 90_000)
  await sql('create table orders (id int); insert into orders values (7)')

  const [before] = await berth.containers({ 'berth.dev/container': 'postgres' })
  await berth.synced(berth.repository.commit('Another note', { 'app/db.yaml': database('second') }), 90_000)
  const [after] = await berth.containers({ 'berth.dev/container': 'postgres' })
  expect(after?.Id).not.toBe(before?.Id)
  expect(await sql('select id from orders')).toBe('7')

  await engineCall(socket, 'POST', `/containers/${after?.Id}/kill`)
  await berth.until('the server is back', async () => {
    const [now] = await berth.containers({ 'berth.dev/container': 'postgres' })
    return now?.Id !== after?.Id && (await sql('select id from orders').catch(() => '')) === '7'
  })

  const config = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: left }\n'
  const gone = berth.repository.commit('Without it\n\nBerth-Allow-Prune: yes', {
    'app/db.yaml': null,
    'app/left.yaml': config,
  })
  const app = await berth.synced(gone)
  await berth.until('its pod is gone', async () => (await berth.pods()).length === 0)
  const kept = app.objects.filter(({ message }) => message.startsWith('kept'))
  expect(kept.map(({ name }) => name)).toEqual(['data-db-0', 'sockets'])

  await berth.synced(berth.repository.commit('It comes back', { 'app/db.yaml': database('third') }), 90_000)
  expect(await sql('select id from orders')).toBe('7')
})

function step(kind: 'Job' | 'Deployment', name: string, wave: number, command: string): string {
  const one = kind === 'Deployment' ? `selector: { matchLabels: { app: ${name} } }` : 'backoffLimit: 0'
  return `apiVersion: ${kind === 'Job' ? 'batch/v1' : 'apps/v1'}
kind: ${kind}
metadata: { name: ${name}, annotations: { berth.dev/wave: "${wave}" } }
spec:
  ${one}
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      restartPolicy: ${kind === 'Job' ? 'Never' : 'Always'}
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: ${postgres}
          command: [sh, -c, ${JSON.stringify(command)}]
          volumeMounts: [{ name: sockets, mountPath: /sockets }]
      volumes:
        - { name: sockets, persistentVolumeClaim: { claimName: sockets } }
`
}

const dumps = `apiVersion: batch/v1
kind: CronJob
metadata: { name: dump, annotations: { berth.dev/wave: "2" } }
spec:
  schedule: "@every 5s"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      backoffLimit: 0
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: dump
              image: ${postgres}
              command: [sh, -c, 'pg_dump -h /sockets -U postgres -f /dumps/new.sql && mv /dumps/new.sql /dumps/shop.sql']
              volumeMounts:
                - { name: sockets, mountPath: /sockets }
                - { name: dumps, mountPath: /dumps }
          volumes:
            - { name: sockets, persistentVolumeClaim: { claimName: sockets } }
            - { name: dumps, persistentVolumeClaim: { claimName: dumps } }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: dumps }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`

test('a Job migrates before the Deployment starts, and a CronJob dumps the database', async () => {
  const psql = 'psql -h /sockets -U postgres -v ON_ERROR_STOP=1 -c'
  berth.start()
  const commit = berth.repository.commit('Add a shop', {
    'app/db.yaml': database(),
    'app/migrate.yaml': step('Job', 'migrate', 1, `${psql} 'create table carts (id int)'`),
    'app/shop.yaml': step('Deployment', 'shop', 2, `${psql} 'insert into carts values (1)' && exec sleep 3600`),
    'app/dump.yaml': dumps,
  })
  const app = await berth.synced(commit, 120_000)
  expect(app.objects.find(({ kind }) => kind === 'Job')).toMatchObject({ name: 'migrate', health: 'Healthy' })
  const shops = await berth.containers({ 'berth.dev/container': 'main', 'berth.dev/owner': 'Deployment/shop' })
  expect(shops.map((container) => container.Labels['berth.dev/restarts'])).toEqual(['0'])
  expect(await sql('select id from carts')).toBe('1')

  await berth.until('a dump is there', async () => (await dumpOf('shop.sql')).includes('CREATE TABLE public.carts'))
  // The Job does not run again, whatever becomes of its containers.
  const old = await berth.containers({ 'berth.dev/owner': 'Job/migrate' })
  for (const { Id } of old) await engineCall(socket, 'DELETE', `/containers/${Id}?force=true`)
  await berth.synced(berth.repository.commit('More', { 'app/note.yaml': '# nothing' }))
  expect(await berth.containers({ 'berth.dev/owner': 'Job/migrate' })).toEqual([])
})

/** A file of the claim `dumps`, by a container made for it. */
async function dumpOf(name: string): Promise<string> {
  const volume = (await berth.volumes()).find(({ Name }) => Name.endsWith('_dumps'))
  if (!volume) return ''
  const argv = [
    '-H',
    socket,
    'run',
    '--rm',
    '--network',
    'none',
    '-v',
    `${volume.Name}:/dumps`,
    postgres,
    'cat',
    `/dumps/${name}`,
  ]
  return spawnSync('docker', argv, { encoding: 'utf8' }).stdout
}

function cache(maxmemory: string): string {
  return `apiVersion: v1
kind: ConfigMap
metadata: { name: cache }
data: { maxmemory: "${maxmemory}" }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: cache }
spec:
  selector: { matchLabels: { app: cache } }
  template:
    metadata: { labels: { app: cache } }
    spec:
      terminationGracePeriodSeconds: 5
      initContainers:
        - name: watcher
          restartPolicy: Always
          image: ${redis}
          command: [sh, -c, 'while :; do redis-cli config set maxmemory "$(cat /config/maxmemory)"; sleep 0.2; done']
          volumeMounts: [{ name: config, mountPath: /config }]
      containers:
        - name: redis
          image: ${redis}
          command: [sh, -c, 'exec redis-server --save "" --maxmemory "$(cat /config/maxmemory)"']
          readinessProbe: { exec: { command: [redis-cli, ping] }, periodSeconds: 1 }
          volumeMounts: [{ name: config, mountPath: /config }]
      volumes:
        - { name: config, configMap: { name: cache } }
`
}

test('Redis takes a new configuration from its sidecar without a restart', async () => {
  berth.start()
  await berth.synced(berth.repository.commit('Add a cache', { 'app/cache.yaml': cache('10mb') }), 90_000)
  const [pod = ''] = await berth.pods()
  const limit = async () => (await berth.exec(pod, 'redis', 'redis-cli', 'config', 'get', 'maxmemory')).output
  expect(await limit()).toContain(String(10 * 2 ** 20))
  const before = (await berth.containers()).map(({ Id }) => Id).sort()

  await berth.synced(berth.repository.commit('More memory', { 'app/cache.yaml': cache('20mb') }))
  await berth.until('the new limit', async () => (await limit()).includes(String(20 * 2 ** 20)))
  expect((await berth.containers()).map(({ Id }) => Id).sort()).toEqual(before)
})
