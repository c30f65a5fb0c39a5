// What containers say of their end is told by the status and the history.
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureTestImages, testImages } from '../support/images.ts'
import { TestBerth } from './berth.ts'

let berth: TestBerth
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(() => {
  berth = new TestBerth('messages')
})
afterEach(() => berth.close())

const container = (name: string, script: string, more: string): string =>
  `{ name: ${name}, image: ${testImages.one}, command: [sh, -c, '${script}'], ${more} }`

const written = 'terminationMessagePath: /dev/ended'
const logged = 'terminationMessagePolicy: FallbackToLogsOnError'
const token = 'env: [{ name: TOKEN, valueFrom: { secretKeyRef: { name: shop, key: token } } }]'

const manifests = `apiVersion: v1
kind: Secret
metadata: { name: shop }
stringData: { token: swordfish }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      securityContext: { runAsUser: 1000 }
      containers: [${container('web', 'echo "bad token $TOKEN" > /dev/ended; exit 1', `${written}, ${token}`)}]
---
apiVersion: batch/v1
kind: Job
metadata: { name: migrate }
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [${container('main', 'echo no such table; exit 3', logged)}]
---
apiVersion: v1
kind: Pod
metadata: { name: once }
spec:
  restartPolicy: Never
  initContainers: [${container('setup', 'echo no disk > /dev/ended; exit 4', written)}]
  containers: [${container('main', 'exit 0', '')}]
`

test('what containers say of their end is told where their ends are', async () => {
  berth.repository.commit('Add what fails', { 'app/all.yaml': manifests })
  berth.start()
  const says = (name: string, text: string) =>
    berth.until(`${name} says ${text}`, ({ objects }) =>
      objects.some((object) => object.name === name && object.message.includes(text)),
    )
  await says('migrate', 'pod migrate')
  const job = (await berth.status()).objects.find(({ name }) => name === 'migrate')
  expect(job?.message).toMatch(/^BackoffLimitExceeded: .*: container main ended: Error, exit code 3: no such table$/)
  await says('once', 'Failed: Init:Error: container setup ended: Error, exit code 4: no disk')
  await says('web', 'restarted once: bad token ***')
  const { stdout } = await berth.command('history')
  // Whichever failed first is why the commit ended badly.
  expect(stdout).toMatch(/Error, exit code (3: no such table|4: no disk|1: bad token)/)
  expect(berth.log).toContain('Error, exit code 1: bad token ***')
  expect(stdout + berth.log).not.toContain('swordfish')

  await berth.stop('SIGKILL')
  berth.start()
  await says('once', 'Error, exit code 4: no disk')
  await says('web', 'bad token ***')
})
