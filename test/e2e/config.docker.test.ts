import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureTestImages } from '../support/images.ts'
import { deployment, TestBerth } from './berth.ts'

let berth: TestBerth
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(() => {
  berth = new TestBerth('config')
})
afterEach(() => berth.close())

const settings = (level: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { level: "${level}" }\n`
const secret = 'apiVersion: v1\nkind: Secret\nmetadata: { name: word }\ndata: { key: AP8= }\n'

const mounted = `          env:
            - { name: LEVEL, valueFrom: { configMapKeyRef: { name: settings, key: level } } }
            - { name: POD, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
          volumeMounts:
            - { name: all, mountPath: /all }
            - { name: logs, mountPath: /logs, subPathExpr: of-$(POD) }
      volumes:
        - { name: logs, emptyDir: {} }
        - name: all
          projected:
            defaultMode: 0440
            sources:
              - configMap: { name: settings }
              - secret: { name: word, items: [{ key: key, path: deep/key, mode: 0400 }] }
              - downwardAPI: { items: [{ path: labels, fieldRef: { fieldPath: metadata.labels } }] }
              - serviceAccountToken: { path: token }`

test('what pods read waits until it is there, comes into place, follows changes, and stays when it vanishes', async () => {
  const web = deployment({ replicas: 1, more: mounted }).replace(
    'metadata: { name: web }',
    'metadata: { name: web, annotations: { berth.dev/on-config-change: update } }',
  )
  berth.repository.commit('Add web', { 'app/web.yaml': web, 'app/settings.yaml': settings('1') })
  berth.start()
  await berth.until('the pod waits for its Secret', ({ objects }) =>
    objects.some(({ message }) => message.includes('Secret shop/word not found')),
  )
  const whole = berth.repository.commit('Add the word', { 'app/word.yaml': secret })
  await berth.synced(whole)

  const [pod = ''] = await berth.pods()
  const shell = async (script: string) => (await berth.exec(pod, 'main', 'sh', '-c', script)).output
  expect(await shell('cat /all/level; echo; stat -L -c %a /all/level /all/deep/key')).toBe('1\n440\n400\n')
  expect(await shell('cat /all/labels')).toMatch(/^app="web"\npod-template-hash="[a-z0-9]+"$/)
  expect(await shell('od -An -tx1 /all/deep/key; ls -1 /all')).toBe(' 00 ff\ndeep\nlabels\nlevel\n')
  const before = (await berth.containers()).map(({ Id }) => Id).sort()

  const changed = berth.repository.commit('Level 2', { 'app/settings.yaml': settings('2') })
  await berth.until('the file has changed', async () => (await shell('cat /all/level')) === '2')
  await berth.synced(changed)
  expect(await shell('echo $LEVEL')).toBe('1\n')

  const less = berth.repository.commit('Take the word away\n\nBerth-Allow-Prune: yes', { 'app/word.yaml': null })
  await berth.synced(less)
  expect(await shell('od -An -tx1 /all/deep/key; cat /all/level')).toBe(' 00 ff\n2')
  expect((await berth.containers()).map(({ Id }) => Id).sort()).toEqual(before)
})
