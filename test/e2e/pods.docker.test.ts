// Init containers, sidecars, volumes and ends of pods, on a real engine.
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureTestImages, testImages } from '../support/images.ts'
import { TestBerth } from './berth.ts'

let berth: TestBerth
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(() => {
  berth = new TestBerth('pods')
})
afterEach(() => berth.close())

const config = (level: string): string => `apiVersion: v1
kind: ConfigMap
metadata: { name: conf }
data: { level: ${level} }
`

const staged = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 5
      securityContext: { fsGroup: 2000 }
      initContainers:
        - name: first
          image: ${testImages.one}
          command: [sh, -c, 'echo first >>/work/order; echo hello >/work/page']
          volumeMounts: [{ name: work, mountPath: /work }]
        - name: helper
          image: ${testImages.one}
          restartPolicy: Always
          command: [sh, -c, 'echo helper >>/work/order; touch /work/up; exec sleep 100000']
          startupProbe: { exec: { command: [test, -e, /work/up] }, periodSeconds: 1 }
          volumeMounts: [{ name: work, mountPath: /work }]
        - name: second
          image: ${testImages.one}
          command: [sh, -c, 'test -e /work/up && echo second >>/work/order']
          volumeMounts: [{ name: work, mountPath: /work }]
      containers:
        - name: main
          image: ${testImages.one}
          readinessProbe: { httpGet: { path: /ready, port: 8080 }, periodSeconds: 1 }
          volumeMounts:
            - { name: work, mountPath: /work }
            - { name: work, mountPath: /etc/page, subPath: page }
            - { name: conf, mountPath: /conf }
      volumes:
        - { name: work, emptyDir: {} }
        - { name: conf, configMap: { name: conf } }
`

test('containers start in their order, share a volume, and see a changed ConfigMap without a restart', async () => {
  const first = berth.repository.commit('Add web', { 'app/web.yaml': staged, 'app/conf.yaml': config('info') })
  berth.start()
  await berth.synced(first)
  const [pod = ''] = await berth.pods()
  expect((await berth.exec(pod, 'main', 'cat', '/work/order')).output).toBe('first\nhelper\nsecond\n')
  expect((await berth.exec(pod, 'main', 'cat', '/etc/page')).output).toBe('hello\n')
  expect((await berth.exec(pod, 'main', 'stat', '-c', '%g', '/work/order')).output).toBe('2000\n')
  expect((await berth.exec(pod, 'main', 'cat', '/conf/level')).output).toBe('info')
  const before = (await berth.containers()).map(({ Id }) => Id).sort()

  berth.repository.commit('Tell more', { 'app/conf.yaml': config('debug') })
  await berth.until('the file has changed', async () => {
    return (await berth.exec(pod, 'main', 'cat', '/conf/level')).output === 'debug'
  })
  expect((await berth.containers()).map(({ Id }) => Id).sort()).toEqual(before)
})

const once = `apiVersion: v1
kind: Pod
metadata: { name: once }
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 3
  initContainers:
    - { name: helper, image: ${testImages.one}, restartPolicy: Always, command: [sh, -c, 'trap "exit 0" TERM; while :; do sleep 0.1; done'] }
  containers:
    - { name: main, image: ${testImages.one}, command: [sh, -c, 'echo done'] }
`

test('a pod that has done its work ends, and its sidecar after it', async () => {
  const commit = berth.repository.commit('Add once', { 'app/once.yaml': once })
  berth.start()
  await berth.synced(commit)
  await berth.until('the sidecar has ended', async () => {
    const helpers = await berth.containers({ 'berth.dev/container': 'helper' })
    return helpers.length === 1 && helpers.every(({ State }) => State === 'exited')
  })
  expect((await berth.status()).objects.find(({ kind }) => kind === 'Pod')).toMatchObject({ message: 'Succeeded' })
})

const claiming = (name: string): string => `apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: main
      image: ${testImages.one}
      command: [sh, -c, 'echo ${name} >>/data/log; exec sleep 100000']
      volumeMounts: [{ name: data, mountPath: /data, subPath: deep/down }]
  volumes: [{ name: data, persistentVolumeClaim: { claimName: data } }]
`

test('the data of a claim outlives its pods', async () => {
  const first = berth.repository.commit('Add one', { 'app/pod.yaml': claiming('one') })
  berth.start()
  await berth.synced(first)
  const second = berth.repository.commit('Now two', { 'app/pod.yaml': claiming('two') })
  await berth.synced(second)
  await berth.until('the first pod is gone', async () => (await berth.pods()).join() === 'two')
  await berth.until('both have written', async () => {
    return (await berth.exec('two', 'main', 'cat', '/data/log')).output === 'one\ntwo\n'
  })
})
