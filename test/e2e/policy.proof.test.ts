// What holds pods back, what is said of it, and what is done before and after they run.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { engineJson } from '../support/engine-call.ts'
import { ensureTestImages, testImages } from '../support/images.ts'
import { TestBerth } from './berth.ts'

let berth: TestBerth
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(() => {
  berth = new TestBerth('policy')
})
afterEach(() => berth.close())

/** `more`: of the container; `pod`: of the pod; both in block style. */
const sleeper = (name: string, replicas: number, more: string, pod = ''): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: ${replicas}
  strategy: { type: Recreate }
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      terminationGracePeriodSeconds: 2
${pod}
      containers:
        - name: main
          image: ${testImages.one}
${more}
---`

async function objectOf(name: string) {
  return (await berth.status()).objects.find((object) => object.name === name)
}

test('quotas, limit ranges and labels of hosts hold pods back in words, and an autoscaler has its own number', async () => {
  const limits = (pods: number): string => `
apiVersion: v1
kind: ResourceQuota
metadata: { name: few }
spec: { hard: { pods: ${pods}, limits.memory: 1Gi } }
---
apiVersion: v1
kind: LimitRange
metadata: { name: usual }
spec: { limits: [{ type: Container, default: { memory: 48Mi }, defaultRequest: { memory: 32Mi } }] }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
  maxReplicas: 3
  metrics: [{ type: Resource, resource: { name: memory, target: { type: AverageValue, averageValue: 1k } } }]
---`
  const command = "          command: [sleep, '100000']"
  const apps = sleeper('held', 2, command) + sleeper('lost', 1, command, '      nodeSelector: { disk: tape }')
  const web = (replicas: number): string => sleeper('web', replicas, command)
  berth.repository.commit('Add', { 'app/limits.yaml': limits(1), 'app/apps.yaml': apps, 'app/web.yaml': web(0) })
  berth.start()
  await berth.until('one pod is held back', async () => (await objectOf('held'))?.ready === '1/2')
  await berth.until('it is said why', async () =>
    /exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1/.test(
      (await objectOf('held'))?.message ?? '',
    ),
  )
  expect(await objectOf('lost')).toMatchObject({
    message: expect.stringMatching(/Pending: 0 of 1 host fits: .*node affinity\/selector$/),
  })
  expect(await objectOf('few')).toMatchObject({ message: 'pods 1/1, limits.memory 48Mi/1Gi' })
  const [main] = await berth.containers({ 'berth.dev/container': 'main' })
  const { HostConfig } = await engineJson<{ HostConfig: { Memory: number } }>(
    ...([berth.socket, 'GET', `/containers/${main?.Id}/json`] as const),
  )
  expect(HostConfig.Memory).toBe(48 * 2 ** 20)

  berth.repository.commit('More', {
    'app/limits.yaml': limits(10),
    'app/apps.yaml': sleeper('held', 2, command),
    'app/web.yaml': web(1),
  })
  await berth.until('the autoscaler has scaled', async () => (await objectOf('web'))?.ready === '3/3')
  const scaled = berth.repository.commit('Fewer', { 'app/web.yaml': web(2) })
  await berth.synced(scaled)
  expect(await objectOf('held')).toMatchObject({ ready: '2/2', health: 'Healthy' })
  expect(await berth.containers({ 'berth.dev/owner': 'Deployment/web', 'berth.dev/container': 'main' })).toHaveLength(3)
  expect(berth.log).not.toMatch(/(?:remove|stop) pod web-/)
  await berth.stop()
  const { stdout, code } = await berth.command('diff')
  expect(stdout).toContain('no differences')
  expect(code).toBe(0)
})

test('hooks: preStop before SIGTERM and within the grace, a postStart that fails restarts its container', async () => {
  const folder = join(berth.dir, 'log')
  mkdirSync(folder)
  const mounts = '          volumeMounts: [{ name: log, mountPath: /log }]'
  const volumes = `      volumes: [{ name: log, hostPath: { path: ${folder}, type: Directory } }]`
  const loop = (name: string): string =>
    `          command: [sh, -c, 'trap "echo TERM >> /log/${name}; exit 0" TERM; while :; do sleep 0.1; done']`
  const hook = (when: string, script: string): string =>
    `          lifecycle: { ${when}: { exec: { command: [sh, -c, '${script}'] } } }`
  const app = (name: string, lifecycle: string): string =>
    sleeper(name, 1, [loop(name), lifecycle, mounts].join('\n'), volumes)
  const first =
    app('polite', hook('preStop', 'echo preStop >> /log/polite')) +
    app('endless', hook('preStop', 'echo preStop >> /log/endless; sleep 100000')) +
    app('second', hook('postStart', 'test -e /log/again || { touch /log/again; exit 1; }'))
  berth.start('--pod-security', 'privileged')
  await berth.synced(berth.repository.commit('Add', { 'app/apps.yaml': first }))
  const [second] = await berth.containers({ 'berth.dev/owner': 'Deployment/second', 'berth.dev/container': 'main' })
  expect(second?.Names.join()).toMatch(/_main_1$/)
  expect(berth.log).toMatch(/restart container main of pod second-\w+-0 .*postStart/i)

  await berth.synced(
    berth.repository.commit('Less\n\nBerth-Allow-Prune: yes', {
      'app/apps.yaml': '\n',
      'app/none.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: none }\n',
    }),
  )
  await berth.until('all are gone', async () => (await berth.containers()).length === 0)
  expect(readFileSync(join(folder, 'polite'), 'utf8')).toBe('preStop\nTERM\n')
  expect(readFileSync(join(folder, 'endless'), 'utf8')).toMatch(/^preStop\n/)
  expect(await berth.volumes()).toEqual([])
})
