import { expect, test } from 'vitest'
import type { ObjectStatus } from '../src/reconcile/plan/action.ts'
import { Settling } from '../src/settling.ts'

const web = 'shop/Deployment/web'
const good: ObjectStatus = {
  ...{ kind: 'Deployment', namespace: 'shop', name: 'web', ready: '1/1', message: '' },
  ...{ sync: 'Synced', health: 'Healthy', failed: false },
}
const failed: ObjectStatus = { ...good, health: 'Degraded', failed: true, message: 'CrashLoopBackOff' }

function world() {
  const said: string[] = []
  let status: ObjectStatus | undefined
  const settling = new Settling({
    story: { settled: () => said.push('settled'), finish: (result) => said.push(result) },
    reverting: { calm: () => {}, failed: () => said.push('failed') },
    statusOf: () => status,
    stays: () => false,
    lookAgain: () => said.push('look again'),
  })
  const looked = (now: ObjectStatus): void => {
    status = now
    settling.looked(web)
  }
  return { said, settling, looked }
}

test('a look that began before the commit does not speak of it', () => {
  const { said, settling, looked } = world()
  settling.wants('c1', [web], [])
  looked(failed)
  looked(failed)
  expect(said).toEqual(['look again', 'degraded', 'failed'])
  settling.wants('c2', [web], [])
  said.length = 0
  looked(failed)
  looked(good)
  expect(said).toEqual(['look again', 'settled'])
  expect(settling.isSettled).toBe(true)
})

test('what recovered in between has to fail twice again', () => {
  const { said, settling, looked } = world()
  settling.wants('c1', [web], [])
  looked(failed)
  looked({ ...good, health: 'Progressing' })
  looked(failed)
  expect(said).toEqual(['look again', 'look again'])
  expect(settling.isSettled).toBe(false)
})

test('what another application owns now is not waited for', () => {
  const { said, settling } = world()
  settling.wants('c1', [web], [])
  settling.handedOver(web)
  settling.handedOver(web)
  expect(said).toEqual(['settled'])
})
