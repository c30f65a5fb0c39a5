import { expect, test, vi } from 'vitest'
import { GitError } from '../src/sync/errors.ts'
import {
  defaults,
  engine,
  forgetJournal,
  open,
  pass,
  repositories,
  repository,
  runtime,
  status,
} from './support/engine-fixture.ts'
import { FakeRepository } from './support/fake-repository.ts'

const web = `apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec: { containers: [{ name: main, image: "app:1" }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
`

/** Tells the names of the Services in each table that the hosts were given since. */
function tables(): () => string[][] {
  const { mock } = vi.spyOn(runtime, 'setNetwork')
  return () => mock.calls.map(([table]) => table.services.map((row) => row.name))
}

test('a Berth that lost its state takes no Service away before it could read what is wanted', async () => {
  repository.push('Add web', { 'web.yaml': web })
  await open().start()
  await pass(5000)
  await engine.close()

  forgetJournal()
  repository.fault = new GitError('UNREACHABLE', 'memory', 'no route')
  const given = tables()
  await open().start()
  await pass(5000)
  expect(given()).toEqual([])
  expect(status().warnings).toContain('the network stays as it was until application shop was read')
  repository.fault = undefined
  await pass(120_000)
  expect(given().at(0)).toEqual(['web'])
  expect(status().warnings).toEqual([])
})

test('an application that never ran holds up nobody', async () => {
  repository.push('Add web', { 'web.yaml': web })
  const broken = new FakeRepository()
  broken.fault = new GitError('UNREACHABLE', 'memory', 'no route')
  repositories.set('broken', broken)
  const given = tables()
  await open({}, [{ ...defaults, name: 'broken' }]).start()
  await pass(5000)
  expect(given().at(-1)).toEqual(['web'])
})

test('no Service takes the address of another one by its external addresses', async () => {
  const other = `apiVersion: v1
kind: Service
metadata: { name: victim }
spec: { clusterIP: 10.96.0.77, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: thief }
spec: { externalIPs: [10.96.0.77, 192.0.2.9], ports: [{ port: 80 }] }
`
  repository.push('Add two', { 'two.yaml': other })
  const { mock } = vi.spyOn(runtime, 'setNetwork')
  await open().start()
  await pass(5000)
  const rows = mock.calls.at(-1)?.[0].services ?? []
  expect(rows.map(({ name, externalIPs }) => [name, externalIPs])).toEqual([
    ['thief', ['192.0.2.9']],
    ['victim', []],
  ])
})
