import { expect, test } from 'vitest'
import { GitError } from '../../src/sync/errors.ts'
import {
  done,
  engine,
  intervalMs,
  journal,
  open,
  pass,
  repository,
  runtime,
  status,
} from '../support/engine-fixture.ts'

const verify = { mode: 'head', keys: ['/etc/berth/keys'] } as const
const valid = { valid: true, key: 'SHA256:ada' } as const
const expected = 'expected a signature by one of the keys of source.verify'

const web = (replicas: number): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template: { metadata: { labels: { app: web } }, spec: { containers: [{ name: app, image: "app:1" }] } }
`

function push(replicas: number, signature?: { readonly valid: true; readonly key: string }): string {
  const oid = repository.push('Scale', { 'web.yaml': web(replicas) })
  if (signature) repository.signatures.set(oid, signature)
  return oid
}

const podCount = (): number => runtime.pods().length

test('G14 an unsigned head is refused in words, told once, and what was verified last keeps running', async () => {
  const good = push(2, valid)
  await open({ verify }).start()
  await pass(5_000)
  expect([status().sync, status().commit]).toEqual(['Synced', good])
  const bad = push(5)
  await pass(3 * intervalMs)
  expect(status()).toMatchObject({ sync: 'Refused', commit: good, head: bad })
  expect(status().message).toBe(
    `${bad.slice(0, 7)} is not applied: unsigned: ${expected}; ${good.slice(0, 7)} keeps running`,
  )
  expect(journal.history('shop').map(({ commit, result, message }) => [commit, result, message])).toEqual([
    [bad, 'refused', `unsigned: ${expected}`],
    [good, 'synced', ''],
  ])
  expect(podCount()).toBe(2)
})

test('a head that was refused is applied once its key is among the keys', async () => {
  const oid = push(2)
  repository.signatures.set(oid, { valid: false, reason: 'signed by an unknown key SHA256:eve' })
  await open({ verify }).start()
  await pass(5_000)
  expect(status().message).toContain(`signed by an unknown key SHA256:eve: ${expected}; what runs stays as it is`)
  repository.signatures.set(oid, valid)
  await pass(2 * intervalMs)
  expect([status().sync, status().commit]).toEqual(['Synced', oid])
})

test('keys that cannot be read keep everything as it is, until they can', async () => {
  const good = push(2, valid)
  await open({ verify }).start()
  await pass(5_000)
  const next = push(3, valid)
  const { signature } = repository
  repository.signature = () =>
    Promise.reject(new GitError('BAD_CREDENTIALS', '/etc/berth/keys', 'the public keys cannot be read'))
  await pass(3 * intervalMs)
  expect(status()).toMatchObject({ sync: 'Unknown', commit: good, message: 'the public keys cannot be read' })
  repository.signature = signature
  await pass(60_000)
  expect([status().sync, status().commit]).toEqual(['Synced', next])
})

test('a commit that ran unsigned before signatures were asked for goes on running, and nothing of it is removed', async () => {
  push(2)
  await open().start()
  await pass(5_000)
  await engine.close()
  runtime.restart()
  done.length = 0
  await open({ verify }).start()
  await pass(3 * intervalMs)
  expect([status().sync, podCount()]).toEqual(['Refused', 2])
  expect(status().message).toContain(`is not applied: unsigned: ${expected}; what runs stays as it is`)
  const signed = push(3, valid)
  await pass(2 * intervalMs)
  expect([status().sync, status().commit, podCount()]).toEqual(['Synced', signed, 3])
  expect(done.filter((text) => /stop|remove/.test(text))).toEqual([])
})
